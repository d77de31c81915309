#include "simulator/script.hpp"

#include "core/catalogue.hpp"
#include "core/options.hpp"
#include "core/transaction_form.hpp"
#include "simulator/lie_conditions.hpp"
#include "simulator/script_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

namespace faultlab::simulator {
namespace {

constexpr std::array<DeedEntry, deed_count> table{{
    // clang-format off
    {Deed::Cut, "cut", "until links", "nothing gets through these links"},
    {Deed::Drop, "drop", "until links messages", "such messages are lost"},
    {Deed::Hold, "hold", "until links messages", "such messages come only when it ends"},
    {Deed::Repeat, "repeat", "until links messages amount",
     "so many of each kind come once more when it ends"},
    {Deed::SlowLinks, "slow-links", "until links amount", "messages take so many ns more"},
    {Deed::Loss, "loss", "until links amount", "so many of a thousand messages are lost"},
    {Deed::Duplicates, "duplicates", "until amount", "so many of a thousand messages come twice"},
    {Deed::Disorder, "disorder", "until", "messages of a link overtake each other"},
    {Deed::Delay, "delay", "until amount", "messages take up to so many ns"},
    {Deed::Pause, "pause", "until nodes", "does nothing"},
    {Deed::Crash, "crash", "until in-step nodes amount", "is killed"},
    {Deed::PowerCut, "power-cut", "until in-step nodes amount", "loses its power"},
    {Deed::LostDisk, "lost-disk", "until nodes", "is killed, and comes back with an empty disk"},
    {Deed::SlowDisk, "slow-disk", "until nodes amount", "has a disk so many times slower"},
    {Deed::StalledZone, "stalled-zone", "until nodes zone", "completes nothing there"},
    {Deed::FullDisk, "full-disk", "until nodes", "cannot write"},
    {Deed::ReadError, "read-error", "nodes zone", "fails at the next read there"},
    {Deed::WriteError, "write-error", "nodes zone", "fails at the next write there"},
    {Deed::SyncError, "sync-error", "nodes zone", "fails at the next sync there"},
    {Deed::Misdirect, "misdirect", "nodes zone amount", "writes next to another place"},
    {Deed::Misread, "misread", "until nodes zone amount", "reads next from another place"},
    {Deed::Rot, "rot", "nodes zone amount", "has a part of the disk that rots"},
    {Deed::ClockRate, "clock-rate", "until nodes amount", "has a clock of another rate"},
    {Deed::WallClock, "wall-clock", "until nodes amount", "has a wall clock so many ns off"},
    {Deed::TimerRate, "timer-rate", "until nodes timer amount", "has a timer of another rate"},
    {Deed::ClientCrash, "client-crash", "nodes", "dies and starts again without memory"},
    {Deed::Lie, "lie", "until links messages amount changes when refused-by truth skip",
     "says something else than it made"},
    {Deed::FalseCheckpoint, "false-checkpoint", "until links",
     "hands a checkpoint out that nobody made"},
    // clang-format on
}};

constexpr bool in_order() {
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (table[i].deed != static_cast<Deed>(i)) return false;
    }
    return true;
}
static_assert(in_order());

const DeedEntry& entry_of(Deed deed) {
    return table[static_cast<std::size_t>(deed)];
}

bool has(const DeedEntry& entry, std::string_view part) {
    return fmt::format(" {} ", entry.parts).find(fmt::format(" {} ", part)) != std::string::npos;
}

// --- writing

std::string line_of(const Strike& strike) {
    const DeedEntry& entry = entry_of(strike.deed);
    std::string line = fmt::format("fault {} at {}", entry.name, milliseconds(strike.at));
    if (has(entry, "until") && strike.until != Strike::to_the_end)
        line += " until " + milliseconds(strike.until);
    if (!strike.in_step.empty()) line += " in-step " + strike.in_step;
    if (!strike.nodes.empty()) line += " nodes " + list(strike.nodes);
    if (!strike.links.empty()) line += " links " + list(strike.links);
    if (!strike.messages.empty()) line += " messages " + list(strike.messages);
    if (has(entry, "zone")) line += fmt::format(" zone {}", replica::name(strike.zone));
    if (has(entry, "timer")) line += fmt::format(" timer {}", replica::name(strike.timer));
    if (strike.amount != 0) line += fmt::format(" amount {}", strike.amount);
    if (!strike.changes.empty()) line += " changes " + list(strike.changes);
    if (!strike.when.empty()) line += " when " + strike.when;
    if (!strike.refused_by.empty()) line += " refused-by " + strike.refused_by;
    if (strike.truth_first) line += " truth first";
    if (strike.skip != 0) line += fmt::format(" skip {}", strike.skip);
    return line;
}

std::string line_of(const ScriptOp& operation) {
    std::string line = fmt::format(
        "op {} at {} client c{}", operation.op.f, milliseconds(operation.at), operation.client + 1);
    if (operation.node != 0) line += fmt::format(" node n{}", operation.node);
    if (!operation.op.key.is_absent()) line += " key " + to_json(operation.op.key);
    if (!operation.op.arg.is_absent()) line += " arg " + to_json(operation.op.arg);
    return line;
}

// --- reading

/// Pairs of a name and a value.
using Parts = std::map<std::string, std::string, std::less<>>;

/// The words of each line. Spaces and ends of lines count for nothing within a JSON text.
std::vector<std::vector<std::string>> lines_of(std::string_view text) {
    std::vector<std::vector<std::string>> lines(1);
    std::string word;
    bool quoted = false;
    bool escaped = false;
    bool comment = false;
    const auto end_word = [&] {
        if (!word.empty()) lines.back().push_back(std::exchange(word, {}));
    };
    for (const char c : text) {
        const bool ends = c == '\n' || (c == ';' && !quoted && !comment);
        if (ends) {
            end_word();
            lines.emplace_back();
            quoted = escaped = comment = false;
        } else if (comment || (!quoted && c == '#')) {
            comment = true;
        } else if (!quoted && (c == ' ' || c == '\t' || c == '\r')) {
            end_word();
        } else {
            word += c;
            if (c == '"' && !escaped) quoted = !quoted;
            escaped = c == '\\' && !escaped;
        }
    }
    end_word();
    return lines;
}

Error wrong(std::string_view what, std::string_view value) {
    return usage_error(
        fmt::format("a script's {} cannot be '{}'", what, value),
        "faultlab shrink prints scripts; docs/reference/simulator.md tells the form");
}

template <class Number>
Result<Number> number_of(std::string_view what, std::string_view digits) {
    Number number{};
    const char* const end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, number);
    if (error != std::errc() || stopped != end || digits.empty()) return wrong(what, digits);
    return number;
}

Result<Nanos> time_of(std::string_view text) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    FAULTLAB_TRY(const Nanos whole, number_of<Nanos>("time", text.substr(0, dot)));
    constexpr Nanos most = 1'000'000'000;
    if (whole < 0 || whole > most) return wrong("time", text);
    std::string fraction(text.substr(std::min(dot + 1, text.size())));
    if (fraction.size() > 6) return wrong("time", text);
    fraction.append(6 - fraction.size(), '0');
    FAULTLAB_TRY(const Nanos rest, number_of<Nanos>("time", fraction));
    return whole * millisecond + rest;
}

Result<Endpoint> endpoint_of(std::string_view text) {
    if (text.size() < 2 || (text[0] != 'n' && text[0] != 'c')) return wrong("node", text);
    FAULTLAB_TRY(const Endpoint number, number_of<Endpoint>("node", text.substr(1)));
    const bool client = text[0] == 'c';
    const Endpoint most = client ? endpoints_most - client_base : client_base - 1;
    if (number < 1 || number > most) return wrong("node", text);
    return client ? client_base + number - 1 : number;
}

Result<Link> link_of(std::string_view text) {
    const std::size_t arrow = std::min(text.find('>'), text.size());
    FAULTLAB_TRY(const Endpoint from, endpoint_of(text.substr(0, arrow)));
    FAULTLAB_TRY(const Endpoint to, endpoint_of(text.substr(std::min(arrow + 1, text.size()))));
    return Link{from, to};
}

Result<Command> command_of(std::string_view text) {
    for (std::uint8_t i = 0; i <= replica::last_command; ++i) {
        if (text == replica::name(static_cast<Command>(i))) return static_cast<Command>(i);
    }
    return wrong("message", text);
}

/// "conflict-tail:1:77": by name or number, how much, and what its choices are drawn from.
Result<replica::Mutation> change_of(std::string_view text) {
    std::vector<std::string_view> words;
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t colon = std::min(rest.find(':'), rest.size());
        words.push_back(rest.substr(0, colon));
        rest.remove_prefix(std::min(colon + 1, rest.size()));
    }
    replica::Mutation change;
    if (words.size() > 2 && words.back() == "unsealed") {
        change.seals = false;
        words.pop_back();
    }
    if (words.size() < 2 || words.size() > 3) return wrong("change", text);
    const auto all = replica::mutators();
    const auto numbered = std::ranges::find_if(
        all, [&words](const replica::MutatorEntry& entry) { return words[0] == entry.id; });
    if (numbered != all.end()) {
        change.mutator = numbered->mutator;
    } else {
        FAULTLAB_TRY(const replica::MutatorEntry* const entry, find_entry(all, "change", words[0]));
        change.mutator = entry->mutator;
    }
    FAULTLAB_TRY(change.amount, number_of<std::int64_t>("change", words[1]));
    if (words.size() == 3) {
        FAULTLAB_TRY(change.seed, number_of<std::uint64_t>("change", words[2]));
    }
    // Of what makes messages longer, or more of them.
    constexpr std::int64_t most = 100'000;
    const bool grows = change.mutator == replica::Mutator::LongTail ||
                       change.mutator == replica::Mutator::Duplicate;
    if (grows && change.amount > most) return wrong("change", text);
    return change;
}

/// "A8".
bool is_rule(std::string_view text) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' &&
           std::ranges::all_of(text.substr(1), is_digit);
}

bool is_event(std::string_view text) {
    for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(EventKind::BugFired); ++i) {
        if (text == replica::name(static_cast<EventKind>(i))) return true;
    }
    return false;
}

template <class Item>
Result<void> read_list(std::string_view text, Result<Item> (*read)(std::string_view), auto& to) {
    for (const std::string& part : split_list(text)) {
        FAULTLAB_TRY(Item item, read(part));
        to.push_back(item);
    }
    std::ranges::sort(to);
    return {};
}

Result<void> read_part(Strike& strike, std::string_view name, std::string_view value) {
    if (name == "at" || name == "until") {
        FAULTLAB_TRY((name == "at" ? strike.at : strike.until), time_of(value));
        return {};
    }
    if (name == "nodes") return read_list<Endpoint>(value, endpoint_of, strike.nodes);
    if (name == "links") return read_list<Link>(value, link_of, strike.links);
    if (name == "messages") return read_list<Command>(value, command_of, strike.messages);
    if (name == "in-step") {
        if (!is_event(value) && !command_of(value)) return wrong("step", value);
        strike.in_step = value;
        return {};
    }
    if (name == "zone") {
        for (std::size_t i = 0; i < zone_count; ++i) {
            strike.zone = static_cast<Zone>(i);
            if (value == replica::name(strike.zone)) return {};
        }
        return wrong("zone", value);
    }
    if (name == "timer") {
        for (std::size_t i = 0; i < timer_count; ++i) {
            strike.timer = static_cast<Timer>(i);
            if (value == replica::name(strike.timer)) return {};
        }
        return wrong("timer", value);
    }
    if (name == "changes") {
        for (const std::string& part : split_list(value)) {
            FAULTLAB_TRY(replica::Mutation change, change_of(part));
            strike.changes.push_back(change);
        }
        return {};
    }
    if (name == "when") {
        FAULTLAB_TRY(const LieCondition* const entry,
                     find_entry(lie_conditions(), "condition", value));
        strike.when = entry->name;
        return {};
    }
    if (name == "refused-by") {
        if (!is_rule(value)) return wrong("rule", value);
        strike.refused_by = value;
        return {};
    }
    if (name == "truth") {
        if (value != "first") return wrong("truth", value);
        strike.truth_first = true;
        return {};
    }
    if (name == "skip") {
        FAULTLAB_TRY(strike.skip, number_of<std::uint64_t>("skip", value));
        return {};
    }
    FAULTLAB_TRY(strike.amount, number_of<std::int64_t>("amount", value));
    return {};
}

/// What no world can be told to do.
Result<void> check_amount(const Strike& strike) {
    const auto within = [&](std::int64_t least, std::int64_t most) -> Result<void> {
        if (strike.amount >= least && strike.amount <= most) return {};
        return usage_error(fmt::format("amount {} of {}: not from {} to {}",
                                       strike.amount,
                                       table[static_cast<std::size_t>(strike.deed)].name,
                                       least,
                                       most));
    };
    constexpr std::int64_t unbounded = std::numeric_limits<std::int64_t>::max();
    switch (strike.deed) {
        case Deed::ClockRate:
        case Deed::TimerRate: return within(1, 1'000'000);
        case Deed::Loss:
        case Deed::Duplicates: return within(0, 1000);
        case Deed::SlowDisk: return within(1, 1'000'000);
        case Deed::WallClock: return {};
        default: return within(0, unbounded);
    }
}

/// Of one replica, to others.
Result<void> check_lie(const Strike& strike) {
    if (strike.deed == Deed::Lie && strike.changes.empty()) return wrong("changes", "");
    if (strike.links.empty()) return wrong("links", "");
    for (const Link& link : strike.links) {
        if (is_client(link.from) || is_client(link.to) || link.from != strike.links.front().from)
            return wrong("link of a lie", word(link));
    }
    return {};
}

Result<Parts> parts_of(const std::vector<std::string>& words, std::size_t skip) {
    Parts parts;
    if ((words.size() - skip) % 2 != 0) return wrong("line", fmt::format("{} …", words.back()));
    for (std::size_t i = skip; i + 1 < words.size(); i += 2)
        parts[words[i]] = words[i + 1];
    return parts;
}

Result<Strike> strike_of(const std::vector<std::string>& words) {
    FAULTLAB_TRY(const DeedEntry* const entry,
                 find_entry(std::span<const DeedEntry>(table), "fault", words[1]));
    FAULTLAB_TRY(const Parts parts, parts_of(words, 2));
    Strike strike{.deed = entry->deed};
    for (const auto& [name, value] : parts) {
        if (name != "at" && !has(*entry, name)) return wrong("part of " + words[1], name);
        FAULTLAB_DO(read_part(strike, name, value));
    }
    const bool clients = entry->deed == Deed::ClientCrash;
    for (const Endpoint node : strike.nodes) {
        if (is_client(node) != clients) return wrong("node", word(node));
    }
    if (has(*entry, "nodes") && strike.nodes.empty()) return wrong("nodes", "");
    FAULTLAB_DO(check_amount(strike));
    if (is_lie(strike.deed)) FAULTLAB_DO(check_lie(strike));
    if (!has(*entry, "until")) strike.until = strike.at;
    if (strike.until < strike.at) return wrong("end", milliseconds(strike.until));
    return strike;
}

Result<ScriptOp> operation_of(const std::vector<std::string>& words) {
    FAULTLAB_TRY(const Parts parts, parts_of(words, 2));
    ScriptOp operation{.op = {.f = words[1]}};
    for (const auto& [name, value] : parts) {
        if (name == "at") {
            FAULTLAB_TRY(operation.at, time_of(value));
        } else if (name == "client") {
            FAULTLAB_TRY(const Endpoint client, endpoint_of(value));
            if (!is_client(client)) return wrong("client", value);
            operation.client = static_cast<std::int32_t>(client - client_base);
        } else if (name == "node") {
            FAULTLAB_TRY(operation.node, endpoint_of(value));
        } else if (name == "key") {
            FAULTLAB_TRY(operation.op.key, value_from_json(value));
        } else if (name == "arg") {
            FAULTLAB_TRY(operation.op.arg, value_from_json(value));
        } else {
            return wrong("part of an operation", name);
        }
    }
    if (words[1] == "txn") {
        const Value::List* const steps = operation.op.arg.list();
        auto transaction = steps == nullptr ? std::nullopt : transaction_from(*steps);
        if (!transaction) return wrong("transaction", to_json(operation.op.arg));
        operation.op.arg = Value(*std::move(transaction));
    }
    return operation;
}

Result<void> read_line(Script& script, const std::vector<std::string>& words) {
    if (words.size() < 2) return wrong("line", words[0]);
    if (words[0] == "draws") {
        FAULTLAB_TRY(script.draws, number_of<std::uint64_t>("draws", words[1]));
    } else if (words[0] == "stop") {
        FAULTLAB_TRY(script.stop, time_of(words[1]));
    } else if (words[0] == "fault") {
        FAULTLAB_TRY(Strike strike, strike_of(words));
        script.strikes.push_back(std::move(strike));
    } else if (words[0] == "op") {
        FAULTLAB_TRY(ScriptOp operation, operation_of(words));
        script.operations.push_back(std::move(operation));
    } else {
        return wrong("line", words[0]);
    }
    return {};
}

/// One replica lies, and no other.
Result<void> check_liar(const Script& script) {
    std::optional<Endpoint> liar;
    for (const Strike& strike : script.strikes) {
        if (!is_lie(strike.deed)) continue;
        const Endpoint from = strike.links.front().from;
        if (liar.value_or(from) != from) return wrong("second liar", word(from));
        liar = from;
    }
    return {};
}

} // namespace

std::span<const DeedEntry, deed_count> deed_table() {
    return table;
}

std::string milliseconds(Nanos time) {
    std::string text = fmt::format("{}.{:06}", time / millisecond, std::abs(time % millisecond));
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
}

std::string text(const Script& script, std::string_view separator) {
    std::string all;
    const auto add = [&](const std::string& line) {
        if (!all.empty()) all += separator;
        all += line;
    };
    if (script.draws != 0) add(fmt::format("draws {}", script.draws));
    add("stop " + milliseconds(script.stop));
    for (const Strike& strike : script.strikes)
        add(line_of(strike));
    for (const ScriptOp& operation : script.operations)
        add(line_of(operation));
    return all;
}

Result<Script> parse_script(std::string_view text) {
    Script script;
    for (const std::vector<std::string>& words : lines_of(text)) {
        if (!words.empty()) FAULTLAB_DO(read_line(script, words));
    }
    FAULTLAB_DO(check_liar(script));
    std::ranges::stable_sort(script.operations, {}, &ScriptOp::at);
    return script;
}

Result<void> check_playable(const Script& script) {
    for (const ScriptOp& operation : script.operations)
        if (!Client::can_ask(operation.op)) return wrong("operation", line_of(operation));
    return {};
}

std::uint64_t operation_count(const Script& script) {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(script.operations, [](const ScriptOp& operation) {
            return operation.op.f != Client::session_only;
        }));
}

} // namespace faultlab::simulator
