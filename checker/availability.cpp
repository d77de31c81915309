// Checker `availability`.
// Gives the share of operations that were ok: of all, of each f and each node, in windows of time,
// under each fault, under none, and after the last heal. An operation counts when it was invoked;
// everything but ok counts against it.
// Judges only what it is asked to: `least` is the least share of all in percent, `least_after_heal`
// that of the operations invoked after the last heal; 0 asks for nothing. Less is invalid.
// Unknown: nothing was invoked, or a share is asked for after a heal that never came or was
// followed by no operation. Cost: n log n, and log n for each fault. Cannot see: why; how long an
// answer took (stats).

#include "checker/catalogue_entries.hpp"
#include "checker/judgement.hpp"
#include "core/checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

constexpr std::int64_t most_windows = 512;

struct AvailabilityRules {
    std::int64_t least = 0;
    std::int64_t least_after_heal = 0;
    Nanos window = second;
};

struct Share {
    std::int64_t ok = 0;
    std::int64_t all = 0;

    /// Below: ok / all < percent / 100.
    [[nodiscard]] bool below(std::int64_t percent) const { return ok * 100 < percent * all; }
    /// Of a thousand, rounded down.
    [[nodiscard]] std::int64_t per_mille() const { return all == 0 ? 0 : ok * 1000 / all; }
    void add(bool good) {
        ok += good ? 1 : 0;
        ++all;
    }
};

struct Invoked {
    Nanos t = 0;
    bool ok = false;
};

class AvailabilityCheck {
public:
    AvailabilityCheck(const Record& record, const Budget& budget, const AvailabilityRules& rules)
        : record_(record), history_(record.history), judgement_("availability", record, budget),
          rules_(rules) {}

    CheckResult run() {
        if (history_.size() == 0) {
            judgement_.doubt("no operation was invoked");
            return judgement_.finish();
        }
        if (!collect()) return judgement_.finish();
        tell("all", all_);
        for (const auto& [name, share] : shares_)
            tell(name, share);
        for (auto& [name, windows] : over_time_)
            tell_windows(name, windows);
        tell_faults();
        judge("of the operations were ok", all_, rules_.least);
        judge_after_heal();
        return judgement_.finish();
    }

private:
    using Windows = std::map<std::int64_t, Share>;

    bool collect() {
        Nanos last = 0;
        for (const Nanos t : history_.t_inv())
            last = std::max(last, t);
        // A run of days must not fill the page.
        window_ = std::max(rules_.window, last / most_windows + 1);
        for (std::size_t i = 0; i < history_.size(); ++i) {
            if (!judgement_.step()) return false;
            const bool good = history_.status()[i] == OpStatus::ok;
            const Nanos t = history_.t_inv()[i];
            const NodeId node = history_.node()[i];
            all_.add(good);
            invoked_.push_back({t, good});
            note("f." + history_.text(history_.f()[i]), t, good);
            if (node != no_node) note("node." + name_of(node), t, good);
        }
        std::ranges::stable_sort(invoked_, {}, &Invoked::t);
        ok_before_.push_back(0);
        for (const Invoked& one : invoked_)
            ok_before_.push_back(ok_before_.back() + (one.ok ? 1 : 0));
        return true;
    }

    void note(const std::string& name, Nanos t, bool good) {
        shares_[name].add(good);
        over_time_[name][t / window_].add(good);
    }

    [[nodiscard]] std::string name_of(NodeId node) const {
        const auto i = static_cast<std::size_t>(node);
        return node >= 0 && i < record_.cluster.nodes.size() ? record_.cluster.nodes[i].name
                                                             : fmt::format("n{}", node + 1);
    }

    /// Of what was invoked from `from` on and before `to`.
    [[nodiscard]] Share between(Nanos from, Nanos to) const {
        const auto position = [&](Nanos t) {
            const auto found = std::ranges::lower_bound(invoked_, t, {}, &Invoked::t);
            return static_cast<std::size_t>(found - invoked_.begin());
        };
        const std::size_t first = position(from);
        const std::size_t end = std::max(first, position(to));
        return {ok_before_[end] - ok_before_[first], static_cast<std::int64_t>(end - first)};
    }

    void tell(const std::string& name, const Share& share) {
        judgement_.tell(name + ".ok", share.ok);
        judgement_.tell(name + ".count", share.all);
        judgement_.tell(name + ".ok_per_mille", share.per_mille());
    }

    void tell_windows(const std::string& name, const Windows& windows) {
        Value::List list;
        for (const auto& [number, share] : windows)
            list.emplace_back(Value::List{number * window_ / millisecond, share.ok, share.all});
        judgement_.tell(name + ".over_time", std::move(list));
    }

    void tell_faults() {
        Value::List list;
        Share faulty;
        Nanos covered = 0; ///< until when operations are counted in `faulty`
        for (const FaultRecord& fault : record_.faults) {
            if (fault.t_started < 0) continue;
            const Nanos end = fault.t_ended < 0 ? INT64_MAX : fault.t_ended;
            const Share share = between(fault.t_started, end);
            list.emplace_back(
                Value::List{fault.fault.id, fault.fault.nemesis, share.ok, share.all});
            const Share more = between(std::max(covered, fault.t_started), end);
            faulty.ok += more.ok;
            faulty.all += more.all;
            covered = std::max(covered, end);
        }
        judgement_.tell("by_fault", std::move(list));
        tell("under_faults", faulty);
        tell("under_no_fault", {all_.ok - faulty.ok, all_.all - faulty.all});
    }

    void judge(const std::string& what, const Share& share, std::int64_t least) {
        if (least == 0 || !share.below(least)) return;
        const std::int64_t tenths = share.per_mille();
        judgement_.accuse(
            {.anomaly = "unavailable",
             .what = fmt::format("{} of {} ({}.{} %) {}, and {} % are asked for",
                                 share.ok,
                                 share.all,
                                 tenths / 10,
                                 tenths % 10,
                                 what,
                                 least),
             .details = {{"ok", share.ok}, {"all", share.all}, {"least_percent", least}}});
    }

    void judge_after_heal() {
        Nanos last = 0;
        bool healed = !record_.faults.empty();
        for (const FaultRecord& fault : record_.faults) {
            healed = healed && fault.t_ended >= 0;
            last = std::max(last, fault.t_ended);
        }
        const Share share = healed ? between(last, INT64_MAX) : Share{};
        if (healed) tell("after_heal", share);
        if (rules_.least_after_heal == 0) return;
        if (share.all == 0)
            judgement_.doubt("no operation is known to have begun after the last heal");
        else
            judge("of the operations after the last heal were ok", share, rules_.least_after_heal);
    }

    const Record& record_;
    const History& history_;
    Judgement judgement_;
    AvailabilityRules rules_;
    Nanos window_ = second;
    Share all_;
    std::map<std::string, Share> shares_;
    std::map<std::string, Windows> over_time_;
    std::vector<Invoked> invoked_;        ///< by time
    std::vector<std::int64_t> ok_before_; ///< of the first so many
};

class Availability : public Checker {
public:
    explicit Availability(const AvailabilityRules& rules) : rules_(rules) {}

    [[nodiscard]] CheckResult check(const Record& record, const Budget& budget) const override {
        return AvailabilityCheck(record, budget, rules_).run();
    }

private:
    AvailabilityRules rules_;
};

} // namespace

std::vector<OptionSpec> availability_options() {
    return {{.name = "least",
             .fallback = "0",
             .choices = {},
             .help = "the least share of ok operations, in percent",
             .range = {{0, 100}}},
            {.name = "least_after_heal",
             .fallback = "0",
             .choices = {},
             .help = "that share of the operations invoked after the last heal",
             .range = {{0, 100}}},
            {.name = "window_ms",
             .fallback = "1000",
             .choices = {},
             .help = "width of a window of time; wider where the run would have over 512",
             .range = {{1, 3'600'000}}}};
}

Result<std::unique_ptr<Checker>> make_availability(const Options& options) {
    FAULTLAB_TRY(const Options complete,
                 complete_options(options, availability_options(), "checker availability"));
    return std::unique_ptr<Checker>(std::make_unique<Availability>(
        AvailabilityRules{.least = integer_option(complete, "least"),
                          .least_after_heal = integer_option(complete, "least_after_heal"),
                          .window = integer_option(complete, "window_ms") * millisecond}));
}

} // namespace faultlab
