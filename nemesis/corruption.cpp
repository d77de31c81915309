#include "nemesis/corruption.hpp"

#include "core/units.hpp"
#include "nemesis/helper.hpp"
#include "nemesis/lives.hpp"
#include "nemesis/parameters.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <numeric>
#include <span>
#include <utility>

namespace faultlab {
namespace {

OptionSpec option(const char* name, const char* fallback, const char* help) {
    return {.name = name, .fallback = fallback, .choices = {}, .help = help};
}

/// One of the words, or the error that names them.
Result<std::string>
word_parameter(const Params& params, const std::string& name, std::string_view words) {
    const std::string text = text_of(params, name);
    for (std::string_view rest = words; !rest.empty();) {
        const auto bar = std::min(rest.find('|'), rest.size());
        if (rest.substr(0, bar) == text) return text;
        rest.remove_prefix(std::min(bar + 1, rest.size()));
    }
    return refused_parameter(name, text, words);
}

/// A position in a file: like a size, and 0 as well.
Result<std::int64_t> position_parameter(const Params& params, const std::string& name) {
    if (text_of(params, name) == "0") return 0;
    return bytes_parameter(params, name);
}

void set_if_empty(FaultSpec& spec, const std::string& name, std::string value) {
    if (text_of(spec.params, name).empty()) spec.params[name] = std::move(value);
}

std::vector<std::int64_t> stored_indexes(const Fault& fault) {
    std::vector<std::int64_t> indexes;
    const auto stored = fault.params.find("indexes");
    if (stored == fault.params.end() || stored->second.list() == nullptr) return indexes;
    for (const Value& index : *stored->second.list())
        indexes.push_back(index.integer() == nullptr ? 0 : *index.integer());
    return indexes;
}

/// Hosts keep the outputs of their processes beside the data.
std::filesystem::path logs_of(const Host& host) {
    return host.data_directory().parent_path() / "logs";
}

/// What is known of the damage: what a program says of it in its log, or that it is gone, or that
/// it is there and nothing tells that it was read.
std::string fate(const nlohmann::json& said, bool running, bool stopped) {
    const std::string complaint = said.value("complaint", std::string());
    if (!complaint.empty()) return "detected: " + complaint.substr(0, 160);
    if (!running) return "detected, or not survived: the replica does not run";
    const auto changes = said.value("changes", std::int64_t{0});
    const auto as_left = said.value("as_left", std::int64_t{0});
    if (said.value("as_before", std::int64_t{0}) == changes && changes > 0)
        return "mended: all bytes are again what they were";
    if (as_left == 0) return "mended or overwritten: none of it is left";
    return fmt::format("{}: {} of {} changes are as they were left",
                       stopped ? "masked, or never read" : "never read, or masked",
                       as_left,
                       changes);
}

} // namespace

std::vector<OptionSpec> corruption_options() {
    return {option("how", "", "bitflip, copy, truncate or restore; without it, drawn"),
            option("while", "", "running, or stopped: killed for it; without it, drawn"),
            option("files", "*/*", "patterns with * and ? below the data directory, joined by +"),
            option("start", "0", "first byte of a file that may be hit, like 64KiB"),
            option("end", "0", "the byte after the last; 0: the end of the file"),
            option("chunk", "4096", "bytes of a chunk"),
            option("stripes", "same", "same chunks on all nodes, or disjoint ones"),
            option("modulus", "1", "every so manieth chunk is hit (same)"),
            option("index", "0", "the first chunk that is hit (same)"),
            option("flips", "1", "how many bits (bitflip)"),
            option("probability", "", "of each bit (bitflip), or each chunk (copy, restore)"),
            option("drop", "", "bytes to cut off the end (truncate); without it, drawn"),
            option("after", "1s", "from taking chunks to putting them back (restore)")};
}

void draw_corruption(Rng& rng, std::int32_t nodes, FaultSpec& spec) {
    constexpr std::array<const char*, 6> usual = {
        "bitflip", "bitflip", "bitflip", "copy", "truncate", "restore"};
    const char* const how = usual.at(rng.below(usual.size()));
    const bool stopped = rng.chance(2, 3);
    const std::int64_t drop = rng.between(1, 1024);
    if (spec.target.empty()) spec.target = nodes >= 3 ? "minority" : "one";
    set_if_empty(spec, "how", how);
    set_if_empty(spec, "while", stopped ? "stopped" : "running");
    set_if_empty(spec, "drop", fmt::format("{}", drop));
}

Result<Corruption> corruption_parameter(const Params& params) {
    Corruption corruption;
    FAULTLAB_TRY(corruption.how, word_parameter(params, "how", "bitflip|copy|truncate|restore"));
    FAULTLAB_TRY(const std::string when, word_parameter(params, "while", "running|stopped"));
    FAULTLAB_TRY(const std::string stripes, word_parameter(params, "stripes", "same|disjoint"));
    corruption.stopped = when == "stopped";
    corruption.disjoint = stripes == "disjoint";
    corruption.files = text_of(params, "files");
    if (corruption.files.empty()) return refused_parameter("files", "", "a pattern like */wal/*");
    FAULTLAB_TRY(corruption.start, position_parameter(params, "start"));
    FAULTLAB_TRY(corruption.end, position_parameter(params, "end"));
    if (corruption.end != 0 && corruption.end <= corruption.start)
        return refused_parameter("end", text_of(params, "end"), "a position after start");
    FAULTLAB_TRY(corruption.chunk, bytes_parameter(params, "chunk"));
    FAULTLAB_TRY(corruption.modulus, integer_parameter(params, "modulus", 1, 1 << 20));
    FAULTLAB_TRY(corruption.index, integer_parameter(params, "index", 0, corruption.modulus - 1));
    FAULTLAB_TRY(corruption.flips, integer_parameter(params, "flips", 1, 1 << 20));
    if (!text_of(params, "probability").empty()) {
        FAULTLAB_TRY(corruption.share, share_parameter(params, "probability"));
    }
    FAULTLAB_TRY(corruption.drop, bytes_parameter(params, "drop"));
    FAULTLAB_TRY(corruption.after, positive_duration_parameter(params, "after"));
    return corruption;
}

std::string summary_of(const Corruption& corruption) {
    const std::string when = corruption.stopped ? "stopped" : "running";
    std::string what;
    if (corruption.how == "bitflip" && corruption.share >= 0) {
        what = fmt::format(
            "{} of the bits of {} flipped", share_text(corruption.share), corruption.files);
    } else if (corruption.how == "bitflip") {
        what = corruption.flips == 1
                   ? fmt::format("a bit of {} flipped", corruption.files)
                   : fmt::format("{} bits of {} flipped", corruption.flips, corruption.files);
    } else if (corruption.how == "copy") {
        what = fmt::format("chunks of {} overwritten by others of the file", corruption.files);
    } else if (corruption.how == "truncate") {
        what = fmt::format(
            "the last {} bytes of a file of {} cut off", corruption.drop, corruption.files);
    } else {
        what = fmt::format("chunks of {} put back as they were {} before",
                           corruption.files,
                           duration_argument(corruption.after));
    }
    return fmt::format("has {} while {}, for good", what, when);
}

void store_corruption(const Corruption& corruption, std::uint64_t seed, Fault& fault) {
    const auto nodes = static_cast<std::int64_t>(fault.targets.size());
    std::vector<std::int64_t> indexes(fault.targets.size(), corruption.index);
    if (corruption.disjoint) {
        std::iota(indexes.begin(), indexes.end(), std::int64_t{0});
        Rng(seed).split("stripes").shuffle(std::span(indexes));
    }
    fault.params["how"] = corruption.how;
    fault.params["while"] = corruption.stopped ? "stopped" : "running";
    fault.params["files"] = corruption.files;
    fault.params["start"] = corruption.start;
    fault.params["end"] = corruption.end;
    fault.params["chunk"] = corruption.chunk;
    fault.params["modulus"] = corruption.disjoint ? nodes : corruption.modulus;
    fault.params["indexes"] = Value::List(indexes.begin(), indexes.end());
    fault.params["flips"] = corruption.flips;
    fault.params["share_millionths"] = corruption.share;
    fault.params["drop"] = corruption.drop;
    fault.params["after_ns"] = corruption.after;
    fault.params["seed"] = static_cast<std::int64_t>(seed);
}

std::vector<std::string>
corrupt_arguments(const Fault& fault, std::size_t i, const std::string& what, const Host& host) {
    const std::string name = helper_name(fault.id);
    std::vector<std::string> arguments = {"corrupt",
                                          what,
                                          "--data",
                                          host.data_directory().string(),
                                          "--note",
                                          (host.fault_directory() / (name + ".corrupt")).string(),
                                          "--logs",
                                          logs_of(host).string()};
    if (what == "look") return arguments;
    const auto add = [&arguments](const char* option, std::string value) {
        arguments.emplace_back(option);
        arguments.push_back(std::move(value));
    };
    const auto number = [&](const char* stored) {
        return fmt::format("{}", integer_of(fault.params, stored));
    };
    // Faults of one schedule choose the same nodes by the same seed, but not the same bytes.
    const Rng rng = Rng(static_cast<std::uint64_t>(integer_of(fault.params, "seed")))
                        .split(fmt::format("fault/{}", fault.id));
    add("--files", text_of(fault.params, "files"));
    add("--start", number("start"));
    add("--end", number("end"));
    add("--chunk", number("chunk"));
    add("--modulus", number("modulus"));
    add("--index", fmt::format("{}", stored_indexes(fault).at(i)));
    if (integer_of(fault.params, "share_millionths") >= 0)
        add("--share", number("share_millionths"));
    add("--seed", fmt::format("{}", rng.split(fmt::format("node/{}", fault.targets[i])).seed()));
    if (what != "change") return arguments;
    add("--how", text_of(fault.params, "how"));
    add("--flips", number("flips"));
    add("--drop", number("drop"));
    return arguments;
}

std::vector<Evidence>
probe_corruption(const Fault& fault, std::size_t i, FaultTarget& target, EvidencePhase phase) {
    const NodeId node = fault.targets[i];
    const auto state = target.node_state(node);
    if (!state) return {{phase, node, "probe_failed", state.error().text(), false}};
    const bool running = *state == ProcessState::running;
    const bool after = phase == EvidencePhase::after;
    std::vector<Evidence> evidence = {
        {phase, node, "process_state", to_string(*state), after && running}};
    if (phase == EvidencePhase::before) return evidence;
    Host& host = target.node_host(node);
    const auto printed = run_node_tool(host, corrupt_arguments(fault, i, "look", host));
    const auto said = nlohmann::json::parse(printed ? *printed : "", nullptr, false);
    if (!said.is_object()) {
        const std::string why = printed ? *printed : printed.error().text();
        evidence.push_back({phase, node, "probe_failed", why, false});
        return evidence;
    }
    const auto bytes = said.value("bytes", std::int64_t{0});
    if (!after) {
        evidence.push_back({phase, node, "bytes_changed", bytes, bytes > 0});
        evidence.push_back({phase, node, "changed", said.value("places", std::string()), false});
    }
    const bool stopped = text_of(fault.params, "while") == "stopped";
    evidence.push_back({phase, node, "damage", fate(said, running, stopped), after});
    return evidence;
}

} // namespace faultlab
