// Checker `stats`.
// Judges: nothing but that every kind of operation succeeded at least once.
// Gives: for each f its counts (ok, fail, info, open) and the latencies of its ok operations, from
// the intended start (t_due), in nanoseconds: p50, p90, p99, p999, max.

#include "checker/catalogue_entries.hpp"
#include "core/checker.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

constexpr std::array statuses = {OpStatus::ok, OpStatus::fail, OpStatus::info, OpStatus::open};

struct Quantile {
    const char* name;
    std::size_t per_mille;
};
constexpr std::array quantiles = {
    Quantile{"p50", 500}, Quantile{"p90", 900}, Quantile{"p99", 990}, Quantile{"p999", 999}};

/// What is gathered of one f.
struct Tally {
    std::array<std::int64_t, statuses.size()> count{};
    std::vector<Nanos> latencies;
};

std::size_t position(OpStatus status) {
    return static_cast<std::size_t>(std::ranges::find(statuses, status) - statuses.begin());
}

/// Nearest rank: the smallest latency that at least so many of a thousand do not exceed.
Nanos quantile(const std::vector<Nanos>& sorted, std::size_t per_mille) {
    const std::size_t rank = (sorted.size() * per_mille + 999) / 1000;
    return sorted[std::max<std::size_t>(rank, 1) - 1];
}

void write_tally(const std::string& f, Tally& tally, Params& statistics) {
    for (const OpStatus status : statuses) {
        statistics[fmt::format("{}.{}", f, to_string(status))] = tally.count[position(status)];
    }
    if (tally.latencies.empty()) return;
    std::ranges::sort(tally.latencies);
    for (const Quantile& q : quantiles) {
        statistics[fmt::format("{}.latency_{}_ns", f, q.name)] =
            quantile(tally.latencies, q.per_mille);
    }
    statistics[fmt::format("{}.latency_max_ns", f)] = tally.latencies.back();
}

class Stats : public Checker {
public:
    [[nodiscard]] CheckResult check(const Record& record, const Budget&) const override {
        const History& history = record.history;
        std::map<std::string, Tally> tallies;
        for (std::size_t i = 0; i < history.size(); ++i) {
            Tally& tally = tallies[history.text(history.f()[i])];
            const OpStatus status = history.status()[i];
            ++tally.count[position(status)];
            if (status != OpStatus::ok) continue;
            tally.latencies.push_back(history.t_ret()[i] - history.t_due()[i]);
        }
        CheckResult result{.checker = "stats", .verdict = Verdict::valid};
        result.statistics["ops"] = static_cast<std::int64_t>(history.size());
        std::vector<std::string> never_ok;
        for (auto& [f, tally] : tallies) {
            if (tally.latencies.empty()) never_ok.push_back(f);
            write_tally(f, tally, result.statistics);
        }
        if (history.size() == 0) {
            result.verdict = Verdict::unknown;
            result.reason = "no operation was invoked";
        } else if (!never_ok.empty()) {
            result.verdict = Verdict::unknown;
            result.reason = fmt::format("no {} succeeded", fmt::join(never_ok, ", no "));
        }
        return result;
    }
};

} // namespace

std::vector<OptionSpec> stats_options() {
    return {};
}

Result<std::unique_ptr<Checker>> make_stats(const Options& options) {
    FAULTLAB_DO(complete_options(options, stats_options(), "checker stats"));
    return std::unique_ptr<Checker>(std::make_unique<Stats>());
}

} // namespace faultlab
