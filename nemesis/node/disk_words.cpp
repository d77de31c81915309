#include "nemesis/node/disk_words.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <exception>
#include <span>
#include <stdexcept>

namespace faultlab::node {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, disk_ops> op_names = {
    "read", "write", "sync", "name", "look"};
constexpr std::array<std::string_view, 10> fault_names = {"delay",
                                                          "stall",
                                                          "error",
                                                          "full",
                                                          "sync-fails",
                                                          "sync-lies",
                                                          "torn",
                                                          "misdirected",
                                                          "stale",
                                                          "bit-flip"};
constexpr std::array<std::string_view, 4> spread_names = {
    "fixed", "uniform", "normal", "exponential"};
constexpr std::array<std::string_view, 3> lost_names = {"now", "later", "never"};
constexpr std::array<std::string_view, 4> tear_names = {"none", "prefix", "suffix", "interleaved"};
constexpr std::array<std::string_view, 3> power_names = {"on", "cut", "off"};

/// The enumerator of the name: they are in order.
template <class Enum>
Enum named(std::span<const std::string_view> names, const std::string& name) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name) return static_cast<Enum>(i);
    }
    throw std::invalid_argument(fmt::format("a disk does not know '{}'", name));
}

DiskRule rule_of(const json& from) {
    DiskRule rule;
    rule.id = from.at("id");
    rule.fault = named<DiskFault>(fault_names, from.at("fault"));
    for (const json& op : from.at("ops"))
        rule.ops[static_cast<std::size_t>(named<DiskOp>(op_names, op))] = true;
    rule.path = from.value("path", rule.path);
    rule.chance = from.value("chance", rule.chance);
    rule.nth = from.value("nth", rule.nth);
    rule.times = from.value("times", rule.times);
    rule.starts = from.value("starts", rule.starts);
    rule.lasts = from.value("lasts", rule.lasts);
    rule.seed = from.value("seed", rule.seed);
    rule.delay = from.value("delay", rule.delay);
    rule.jitter = from.value("jitter", rule.jitter);
    rule.spread = named<Spread>(spread_names, from.value("spread", "fixed"));
    rule.error = from.value("errno", rule.error);
    rule.lost = named<Lost>(lost_names, from.value("lost", "later"));
    rule.tear = named<Tear>(tear_names, from.value("tear", "none"));
    return rule;
}

json cut(DiskDevice& device, const json& order) {
    const CutRule rule{.keep = order.value("keep", std::int64_t{0}),
                       .tear = named<Tear>(tear_names, order.value("tear", "none")),
                       .lies = order.value("lies", Nanos{0}),
                       .names_strict = order.value("names", "journal") == "strict"};
    device.cut_at(rule, order.value("seed", std::uint64_t{0}), order.value("at", Nanos{0}));
    return {{"ok", true}};
}

json words(const CutCount& count) {
    return {{"files", count.files},
            {"pages", count.pages},
            {"kept", count.kept},
            {"names", count.names}};
}

json carry_out(DiskDevice& device, const json& order) {
    const std::string what = order.at("order");
    if (what == "cut") return cut(device, order);
    if (what == "await") return {{"ok", true}, {"cut", words(device.await_cut())}};
    if (what == "await-hit") {
        const Nanos limit = order.at("limit");
        return {{"ok", true}, {"hit", device.await_hit(order.at("id"), limit)}};
    }
    if (what == "drop") return {{"ok", true}, {"pages", device.drop_lost()}};
    if (what == "track") {
        device.track();
    } else if (what == "add") {
        device.add(rule_of(order.at("rule")));
    } else if (what == "remove") {
        device.remove(order.at("id"));
    } else if (what == "off") {
        device.power_off();
    } else if (what == "on") {
        device.power_on();
    } else {
        throw std::invalid_argument(fmt::format("a disk does not know the order '{}'", what));
    }
    return {{"ok", true}};
}

} // namespace

DiskRule read_rule(std::string_view text) {
    try {
        return rule_of(json::parse(text));
    } catch (const json::exception& error) {
        throw std::invalid_argument(error.what());
    }
}

std::string obey(DiskDevice& device, std::string_view order) {
    try {
        return carry_out(device, json::parse(order)).dump();
    } catch (const std::exception& error) {
        return json{{"error", error.what()}}.dump();
    }
}

std::string disk_report(DiskDevice& device) {
    const auto [dirty, lost] = device.volatile_pages();
    json report = {{"power", power_names.at(static_cast<std::size_t>(device.power()))},
                   {"tracks", device.tracks()},
                   {"dirty", dirty},
                   {"lost", lost},
                   {"cut", words(device.last_cut())},
                   {"now", DiskDevice::wall_now()},
                   {"ops", json::object()},
                   {"rules", json::object()}};
    for (std::size_t i = 0; i < disk_ops; ++i) {
        const DiskTally& tally = device.tally(static_cast<DiskOp>(i));
        report["ops"][std::string(op_names[i])] = {{"calls", tally.calls.load()},
                                                   {"failed", tally.failed.load()},
                                                   {"time", tally.time.load()}};
    }
    for (const DiskDevice::RuleCount& rule : device.rule_counts()) {
        report["rules"][std::to_string(rule.id)] = {{"active", rule.active},
                                                    {"matched", rule.count.matched},
                                                    {"hit", rule.count.hit},
                                                    {"delay", rule.count.delay}};
    }
    return report.dump();
}

} // namespace faultlab::node
