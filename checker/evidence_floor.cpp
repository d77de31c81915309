// Checker `evidence-floor`.
// Judges: whether a pass of the other checkers was earned (limits: the plan's floor). Unknown, with
// each line that was not met, or valid; never invalid.
// Lines: the run was completed; enough ok operations; enough of each f; a share of ok among all;
// after the last heal an ok read of most keys that were written; every fault class that was asked
// for took effect once.

#include "checker/catalogue_entries.hpp"
#include "core/checker.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

class FloorCheck {
public:
    explicit FloorCheck(const Record& record)
        : record_(record), history_(record.history), floor_(record.plan.floor) {}

    CheckResult run() {
        result_.checker = "evidence-floor";
        end_of_run();
        count_ok();
        final_reads();
        fault_classes();
        result_.verdict = unmet_.empty() ? Verdict::valid : Verdict::unknown;
        result_.reason = fmt::format("{}", fmt::join(unmet_, "; "));
        return std::move(result_);
    }

private:
    void require(std::int64_t measured, std::int64_t required, std::string requirement) {
        if (measured >= required) return;
        unmet_.push_back(requirement);
        result_.findings.push_back({.checker = "evidence-floor",
                                    .anomaly = "below_floor",
                                    .details = {{"requirement", std::move(requirement)},
                                                {"measured", measured},
                                                {"required", required}}});
    }

    /// What a run that was cut short would still have shown is not known. A history without a run
    /// of this lab has no such end.
    void end_of_run() {
        if (record_.run_id.empty()) return;
        const auto found = record_.meta.find("ended");
        const std::string* ended = found == record_.meta.end() ? nullptr : found->second.text();
        if (ended == nullptr) return require(0, 1, "the lab was killed before the run ended");
        if (*ended != "complete") require(0, 1, "the run was not completed: " + *ended);
    }

    void count_ok() {
        std::map<std::string, std::int64_t> ok_of;
        std::int64_t ok = 0;
        for (std::size_t i = 0; i < history_.size(); ++i) {
            std::int64_t& of_f = ok_of[history_.text(history_.f()[i])];
            if (history_.status()[i] != OpStatus::ok) continue;
            ++of_f;
            ++ok;
        }
        const auto all = static_cast<std::int64_t>(history_.size());
        const std::int64_t percent = all == 0 ? 0 : ok * 100 / all;
        result_.statistics["ok_ops"] = ok;
        result_.statistics["ok_percent"] = percent;
        require(ok, floor_.ok_ops, fmt::format("{} ok operations of {} needed", ok, floor_.ok_ops));
        for (const auto& [f, count] : ok_of) {
            result_.statistics[fmt::format("{}.ok", f)] = count;
            require(count,
                    floor_.ok_ops_each_f,
                    fmt::format("{} ok {} of {} needed", count, f, floor_.ok_ops_each_f));
        }
        require(
            percent,
            floor_.ok_percent,
            fmt::format("{} % of the operations were ok, {} % needed", percent, floor_.ok_percent));
    }

    /// When the last fault was healed: 0 without faults, nothing while one is not healed. One whose
    /// injection never finished may have been injected in part.
    [[nodiscard]] std::optional<Nanos> last_heal() const {
        Nanos last = 0;
        for (const FaultRecord& fault : record_.faults) {
            if (fault.t_ended < 0) return std::nullopt;
            last = std::max(last, fault.t_ended);
        }
        return last;
    }

    /// An ok operation that changed its key: neither a read nor a comparison that failed.
    [[nodiscard]] bool wrote(std::size_t i) const {
        if (history_.status()[i] != OpStatus::ok) return false;
        const std::string& f = history_.text(history_.f()[i]);
        if (f == "read" || spans_keys(f)) return false;
        if (f == "swap") return true; // what it answers was there before, a boolean perhaps
        const bool* compared = history_.value(history_.ret()[i]).boolean();
        return compared == nullptr || *compared;
    }

    [[nodiscard]] bool read_since(std::size_t i, Nanos since) const {
        return history_.status()[i] == OpStatus::ok && history_.t_inv()[i] >= since &&
               history_.text(history_.f()[i]) == "read";
    }

    void final_reads() {
        const std::optional<Nanos> heal = last_heal();
        std::int64_t written = 0;
        std::int64_t read = 0;
        for (std::size_t k = 0; k < history_.keys().size(); ++k) {
            const auto ops = history_.ops_of_key(k);
            const auto at = [](OpId id) { return static_cast<std::size_t>(id); };
            if (std::ranges::none_of(ops, [&](OpId id) { return wrote(at(id)); })) continue;
            ++written;
            if (!heal) continue;
            if (std::ranges::any_of(ops, [&](OpId id) { return read_since(at(id), *heal); }))
                ++read;
        }
        result_.statistics["keys_written"] = written;
        result_.statistics["keys_read_after_heal"] = read;
        if (!heal && floor_.final_read_percent > 0) {
            require(0, 1, "a fault was never healed, so nothing was read after the last heal");
            return;
        }
        const std::int64_t percent = written == 0 ? 100 : read * 100 / written;
        require(percent,
                floor_.final_read_percent,
                fmt::format("after the last heal {} of {} written keys were read, {} % needed",
                            read,
                            written,
                            floor_.final_read_percent));
    }

    void fault_classes() {
        if (!floor_.every_fault_effective) return;
        for (const std::string& nemesis : record_.plan.nemeses) {
            const auto effective =
                std::ranges::count_if(record_.faults, [&](const FaultRecord& fault) {
                    return fault.fault.nemesis == nemesis && fault.effective();
                });
            result_.statistics[fmt::format("{}.effective", nemesis)] =
                static_cast<std::int64_t>(effective);
            require(effective, 1, fmt::format("no {} is proven to have taken effect", nemesis));
        }
    }

    const Record& record_;
    const History& history_;
    const EvidenceFloor& floor_;
    CheckResult result_;
    std::vector<std::string> unmet_;
};

class EvidenceFloorChecker : public Checker {
public:
    [[nodiscard]] CheckResult check(const Record& record, const Budget&) const override {
        return FloorCheck(record).run();
    }
};

} // namespace

std::vector<OptionSpec> evidence_floor_options() {
    return {};
}

Result<std::unique_ptr<Checker>> make_evidence_floor(const Options& options) {
    FAULTLAB_DO(complete_options(options, evidence_floor_options(), "checker evidence-floor"));
    return std::unique_ptr<Checker>(std::make_unique<EvidenceFloorChecker>());
}

} // namespace faultlab
