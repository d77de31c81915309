#include "nemesis/packet_effects.hpp"

#include "core/units.hpp"
#include "nemesis/parameters.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <span>
#include <utility>

namespace faultlab {
namespace {

constexpr std::int64_t whole = 1'000'000;

/// One parameter, under its name in "packets".
struct Parameter {
    std::string_view effect; ///< the fault that has it, besides "packets"
    std::string_view name;
    std::string_view fallback; ///< in the fault of its own
    std::string_view help;
};

constexpr std::array<Parameter, 20> parameters = {{
    {"delay", "delay", "", "how much later packets come"},
    {"delay", "jitter", "", "how much that varies"},
    {"delay", "distribution", "normal", "normal: jitter deviates; pareto: it is the mean added"},
    {"delay", "delay-correlation", "0", "how likely a packet repeats the delay before it"},
    {"delay", "order", "kept", "free: by jitter, packets may overtake each other"},
    {"loss", "loss", "", "share of packets that are lost; in bursts: between the bursts"},
    {"loss", "loss-correlation", "0", "how likely a packet repeats the luck before it"},
    {"loss", "burst-start", "0", "how likely a burst of losses begins at a packet"},
    {"loss", "burst-stop", "20%", "how likely a burst ends at a packet"},
    {"loss", "burst-loss", "100%", "share of packets that are lost in a burst"},
    {"duplicate", "duplicate", "", "share of packets that come twice"},
    {"duplicate", "duplicate-correlation", "0", "how likely a packet repeats the luck before it"},
    {"reorder", "reorder", "", "share of packets that are held back"},
    {"reorder", "reorder-correlation", "0", "how likely a packet repeats the luck before it"},
    {"reorder", "reorder-by", "10ms", "how long they are held back"},
    {"corrupt", "corrupt", "", "share of packets with a flipped bit"},
    {"corrupt", "corrupt-correlation", "0", "how likely a packet repeats the luck before it"},
    {"corrupt", "checksum", "broken", "broken: the receiver drops it; fixed: it believes it"},
    {"rate", "rate", "", "bits a second that a link carries"},
    {"rate", "queue", "200ms", "packets that would wait longer for their turn are dropped"},
}};

std::vector<std::string> choices_of(std::string_view name) {
    if (name == "distribution") return {"uniform", "normal", "pareto"};
    if (name == "order") return {"kept", "free"};
    if (name == "checksum") return {"broken", "fixed"};
    return {};
}

bool has(std::string_view fault, const Parameter& parameter) {
    return fault == "packets" || fault == parameter.effect;
}

/// What the fault calls it.
std::string shown(std::string_view fault, std::string_view name) {
    const bool own =
        name.size() > fault.size() && name.starts_with(fault) && name[fault.size()] == '-';
    return std::string(own ? name.substr(fault.size() + 1) : name);
}

/// Reads by the names in "packets"; what the fault does not have does not happen.
class Reader {
public:
    Reader(std::string_view fault, const Params& params) : fault_(fault), params_(params) {}

    [[nodiscard]] std::string name(std::string_view name) const { return shown(fault_, name); }
    [[nodiscard]] bool has(std::string_view of) const { return params_.contains(name(of)); }
    [[nodiscard]] std::string text(std::string_view of) const { return text_of(params_, name(of)); }
    Result<void> share(std::string_view of, std::int64_t& value) const {
        if (!has(of)) return {};
        FAULTLAB_TRY(value, share_parameter(params_, name(of)));
        return {};
    }
    Result<void> time(std::string_view of, Nanos& value) const {
        if (!has(of)) return {};
        FAULTLAB_TRY(value, duration_parameter(params_, name(of)));
        return {};
    }
    Result<void> rate(std::string_view of, std::int64_t& value) const {
        if (!has(of) || text(of) == "0") return {};
        FAULTLAB_TRY(value, rate_parameter(params_, name(of)));
        return {};
    }

private:
    std::string_view fault_;
    const Params& params_;
};

std::string pick(std::span<const std::string_view> choices, Rng& rng) {
    return std::string(choices[static_cast<std::size_t>(rng.below(choices.size()))]);
}

/// A value that is worth trying.
std::string usual(std::string_view name, Rng& rng) {
    constexpr std::array<std::string_view, 6> delays = {
        "5ms", "20ms", "50ms", "100ms", "200ms", "500ms"};
    constexpr std::array<std::string_view, 4> jitters = {"0", "1ms", "5ms", "20ms"};
    constexpr std::array<std::string_view, 4> losses = {"1%", "5%", "20%", "50%"};
    constexpr std::array<std::string_view, 3> some = {"1%", "10%", "50%"};
    constexpr std::array<std::string_view, 3> corrupted = {"1%", "5%", "20%"};
    constexpr std::array<std::string_view, 3> rates = {"1mbit", "5mbit", "20mbit"};
    if (name == "delay") return pick(delays, rng);
    if (name == "jitter") return pick(jitters, rng);
    if (name == "loss") return pick(losses, rng);
    if (name == "corrupt") return pick(corrupted, rng);
    if (name == "rate") return pick(rates, rng);
    return pick(some, rng);
}

constexpr std::array<std::string_view, 6> effects_of_packets = {
    "delay", "loss", "duplicate", "reorder", "corrupt", "rate"};

bool asked_for(const Params& params, std::string_view name) {
    const std::string text = text_of(params, std::string(name));
    return !text.empty() && text != "0" && text != "0%";
}

void draw_combination(Rng& rng, Params& params) {
    bool asked = asked_for(params, "burst-start") || !text_of(params, "jitter").empty();
    for (const std::string_view effect : effects_of_packets)
        asked = asked || !text_of(params, std::string(effect)).empty();
    const std::string_view surely = effects_of_packets[rng.below(effects_of_packets.size())];
    for (const std::string_view effect : effects_of_packets) {
        const bool chosen = effect == surely || rng.chance(1, 3);
        if (chosen && !asked) params[std::string(effect)] = usual(effect, rng);
    }
}

std::string milliseconds(Nanos time) {
    return fmt::format("{:g} ms", static_cast<double>(time) / millisecond);
}

std::string correlated(std::int64_t correlation) {
    return correlation == 0 ? std::string()
                            : fmt::format(" (correlation {})", share_text(correlation));
}

std::string rate_text(std::int64_t rate) {
    constexpr std::int64_t mega = 1'000'000;
    if (rate >= mega) return fmt::format("{:g} Mbit/s", static_cast<double>(rate) / mega);
    return fmt::format("{:g} kbit/s", static_cast<double>(rate) / 1000);
}

std::string delay_text(const PacketEffects& effects) {
    const std::string jitter = effects.jitter == 0
                                   ? std::string()
                                   : fmt::format(" ± {} ({}{})",
                                                 milliseconds(effects.jitter),
                                                 effects.distribution,
                                                 effects.keeps_order ? "" : ", any order");
    return fmt::format(
        "{}{} later{}", milliseconds(effects.delay), jitter, correlated(effects.delay_correlation));
}

std::string loss_text(const PacketEffects& effects) {
    const std::string steady =
        fmt::format("{} lost{}", share_text(effects.loss), correlated(effects.loss_correlation));
    if (effects.burst_start == 0) return steady;
    return fmt::format("{}, {} in bursts (which begin at {}, end at {} of packets)",
                       steady,
                       share_text(effects.burst_loss),
                       share_text(effects.burst_start),
                       share_text(effects.burst_stop));
}

std::string percent(std::int64_t millionths) {
    return fmt::format("{:g}%", static_cast<double>(millionths) * 100 / whole);
}

std::string microseconds(Nanos time) {
    return fmt::format("{}us", time / microsecond);
}

Result<std::string> netem_delay(const PacketEffects& effects) {
    if (effects.delay == 0 && effects.jitter == 0) return std::string();
    std::string text = " delay " + microseconds(effects.delay);
    if (effects.jitter == 0) return text;
    text += " " + microseconds(effects.jitter) + " " + percent(effects.delay_correlation);
    if (effects.distribution != "uniform") text += " distribution " + effects.distribution;
    return text;
}

std::string netem_loss(const PacketEffects& effects) {
    if (!effects.loses()) return {};
    if (effects.burst_start == 0) {
        return fmt::format(
            " loss random {} {}", percent(effects.loss), percent(effects.loss_correlation));
    }
    return fmt::format(" loss gemodel {} {} {} {}",
                       percent(effects.burst_start),
                       percent(effects.burst_stop),
                       percent(effects.burst_loss),
                       percent(effects.loss));
}

Result<void> read_parts(const Reader& read, PacketEffects& effects) {
    FAULTLAB_DO(read.time("delay", effects.delay));
    FAULTLAB_DO(read.time("jitter", effects.jitter));
    FAULTLAB_DO(read.share("delay-correlation", effects.delay_correlation));
    FAULTLAB_DO(read.share("loss", effects.loss));
    FAULTLAB_DO(read.share("loss-correlation", effects.loss_correlation));
    FAULTLAB_DO(read.share("burst-start", effects.burst_start));
    FAULTLAB_DO(read.share("burst-stop", effects.burst_stop));
    FAULTLAB_DO(read.share("burst-loss", effects.burst_loss));
    FAULTLAB_DO(read.share("duplicate", effects.duplicate));
    FAULTLAB_DO(read.share("duplicate-correlation", effects.duplicate_correlation));
    FAULTLAB_DO(read.share("reorder", effects.reorder));
    FAULTLAB_DO(read.share("reorder-correlation", effects.reorder_correlation));
    FAULTLAB_DO(read.time("reorder-by", effects.reorder_by));
    FAULTLAB_DO(read.share("corrupt", effects.corrupt));
    FAULTLAB_DO(read.share("corrupt-correlation", effects.corrupt_correlation));
    FAULTLAB_DO(read.rate("rate", effects.rate));
    FAULTLAB_DO(read.time("queue", effects.queue));
    if (read.has("distribution")) effects.distribution = read.text("distribution");
    if (read.has("order")) effects.keeps_order = read.text("order") == "kept";
    if (read.has("checksum")) effects.mends_checksums = read.text("checksum") == "fixed";
    return {};
}

/// What hides a mistake: a parameter that would do nothing.
Result<void> check_sense(std::string_view fault, const PacketEffects& effects) {
    const auto refuse = [&](std::string_view name, std::string_view why, std::string_view right) {
        return usage_error(fmt::format("{}: {} {}", fault, shown(fault, name), why),
                           std::string(right));
    };
    constexpr Nanos longest = 60 * second;
    if (effects.delay > longest || effects.jitter > longest || effects.reorder_by > longest)
        return refuse("delay", "is longer than a minute", "cut the link with partition instead");
    if (effects.burst_start > 0 && effects.burst_stop == 0)
        return refuse("burst-stop", "of 0 has no end", "cut the link with partition instead");
    if (effects.reorder > 0 && effects.reorder_by == 0)
        return refuse("reorder-by", "of 0 reorders nothing", "write a time like 10ms");
    if (effects.rate > 0 && effects.queue == 0)
        return refuse("queue", "of 0 lets no second packet in", "write a time like 200ms");
    if (!effects.any()) return refuse("", "nothing would happen", "give an effect that is not 0");
    return {};
}

} // namespace

std::vector<OptionSpec> packet_options(std::string_view fault) {
    std::vector<OptionSpec> options;
    for (const Parameter& parameter : parameters) {
        if (!has(fault, parameter)) continue;
        options.push_back({.name = shown(fault, parameter.name),
                           .fallback = std::string(parameter.fallback),
                           .choices = choices_of(parameter.name),
                           .help = std::string(parameter.help)});
    }
    options.push_back({.name = "direction",
                       .fallback = "both",
                       .choices = {"both", "in", "out"},
                       .help = "of the packets, seen from the target"});
    options.push_back({.name = "peers",
                       .fallback = "",
                       .help = "with whom: replicas (of one alone: clients), clients, all, n2+c1"});
    options.push_back({.name = "mechanism",
                       .fallback = "auto",
                       .choices = {"auto", "netem", "nfqueue"},
                       .help = "auto: netem where the kernel has it"});
    options.push_back({.name = "device",
                       .fallback = "eth0",
                       .help = "the network interface of the hosts, for netem"});
    return options;
}

void draw_packet_effects(std::string_view fault, std::int32_t nodes, Rng& rng, Params& params) {
    if (fault == "packets") draw_combination(rng, params);
    const bool drawn = text_of(params, std::string(fault)).empty();
    const bool bursts = asked_for(params, "burst-start");
    for (const OptionSpec& option : packet_options(fault)) {
        if (!text_of(params, option.name).empty()) continue;
        // Jitter that nobody asked for does not come to a delay that somebody did.
        const bool off = fault == "packets" || (option.name == "loss" && bursts) ||
                         (option.name == "jitter" && !drawn);
        if (option.name == "peers") {
            params[option.name] = nodes > 1 ? "replicas" : "clients";
        } else if (!option.fallback.empty()) {
            params[option.name] = option.fallback;
        } else {
            params[option.name] = off ? std::string("0") : usual(option.name, rng);
        }
    }
}

Result<PacketEffects> packet_effects(std::string_view fault, const Params& params) {
    PacketEffects effects;
    FAULTLAB_DO(read_parts(Reader(fault, params), effects));
    FAULTLAB_DO(check_sense(fault, effects));
    return effects;
}

std::string effects_text(const PacketEffects& effects) {
    std::vector<std::string> parts;
    if (effects.delay > 0 || effects.jitter > 0) parts.push_back(delay_text(effects));
    if (effects.loses()) parts.push_back(loss_text(effects));
    if (effects.duplicate > 0) {
        parts.push_back(fmt::format("{} twice{}",
                                    share_text(effects.duplicate),
                                    correlated(effects.duplicate_correlation)));
    }
    if (effects.reorder > 0) {
        parts.push_back(fmt::format("{} held back {}{}",
                                    share_text(effects.reorder),
                                    milliseconds(effects.reorder_by),
                                    correlated(effects.reorder_correlation)));
    }
    if (effects.corrupt > 0) {
        parts.push_back(fmt::format("{} corrupted{}{}",
                                    share_text(effects.corrupt),
                                    effects.mends_checksums ? " unseen" : "",
                                    correlated(effects.corrupt_correlation)));
    }
    if (effects.rate > 0) parts.push_back(fmt::format("at {}", rate_text(effects.rate)));
    return fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<std::string> shape_arguments(const PacketEffects& effects) {
    std::vector<std::string> arguments;
    const auto add = [&](std::string_view name, std::int64_t value) {
        if (value == 0) return;
        arguments.emplace_back(name);
        arguments.push_back(std::to_string(value));
    };
    add("--delay-ns", effects.delay);
    add("--jitter-ns", effects.jitter);
    if (effects.jitter > 0) {
        arguments.emplace_back("--spread");
        arguments.push_back(effects.distribution);
    }
    add("--delay-correlation-ppm", effects.delay_correlation);
    if (!effects.keeps_order) arguments.emplace_back("--any-order");
    add("--loss-ppm", effects.loss);
    add("--loss-correlation-ppm", effects.loss_correlation);
    if (effects.burst_start > 0) {
        add("--burst-start-ppm", effects.burst_start);
        add("--burst-stop-ppm", effects.burst_stop);
        add("--burst-loss-ppm", effects.burst_loss);
    }
    add("--duplicate-ppm", effects.duplicate);
    add("--duplicate-correlation-ppm", effects.duplicate_correlation);
    add("--reorder-ppm", effects.reorder);
    add("--reorder-correlation-ppm", effects.reorder_correlation);
    if (effects.reorder > 0) add("--reorder-by-ns", effects.reorder_by);
    add("--corrupt-ppm", effects.corrupt);
    add("--corrupt-correlation-ppm", effects.corrupt_correlation);
    if (effects.mends_checksums) arguments.emplace_back("--mend-checksums");
    add("--rate-bps", effects.rate);
    if (effects.rate > 0) add("--queue-ns", effects.queue);
    return arguments;
}

Result<std::string> netem_arguments(const PacketEffects& effects) {
    const auto lacks = [](std::string_view what) {
        return environment_error(fmt::format("netem cannot {}", what), "use mechanism=nfqueue");
    };
    if (effects.mends_checksums) return lacks("corrupt packets and mend their checksums");
    if (effects.reorder > 0 && (effects.delay > 0 || effects.jitter > 0))
        return lacks("hold back some packets and delay all others by another time");
    FAULTLAB_TRY(std::string text, netem_delay(effects));
    text += netem_loss(effects);
    const auto add = [&](std::string_view name, std::int64_t share, std::int64_t correlation) {
        if (share > 0) text += fmt::format(" {} {} {}", name, percent(share), percent(correlation));
    };
    add("duplicate", effects.duplicate, effects.duplicate_correlation);
    if (effects.reorder > 0) {
        // To netem, those are reordered that go at once, and the others wait.
        text += " delay " + microseconds(effects.reorder_by);
        add("reorder", whole - effects.reorder, effects.reorder_correlation);
    }
    add("corrupt", effects.corrupt, effects.corrupt_correlation);
    constexpr std::int64_t bits_of_packet = 1500 * 8;
    constexpr std::int64_t many = 100'000;
    const bool in_order = effects.keeps_order && effects.jitter > 0;
    if (effects.rate > 0) {
        const auto fitting = static_cast<std::int64_t>(static_cast<double>(effects.queue) *
                                                       static_cast<double>(effects.rate) /
                                                       (second * bits_of_packet));
        text += fmt::format(" rate {}bit", effects.rate);
        return fmt::format("limit {}{}", fitting + 1, text);
    }
    // With a rate, netem keeps the order in which packets came.
    if (in_order) text += " rate 100000000000bit";
    return fmt::format("limit {}{}", many, text);
}

} // namespace faultlab
