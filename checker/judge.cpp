#include "checker/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace faultlab {
namespace {

constexpr std::array<std::string_view, 2> always = {"stats", "evidence-floor"};

CheckResult lab_failure(const std::string& checker, std::string reason) {
    CheckResult result{
        .checker = checker, .verdict = Verdict::unknown, .reason = std::move(reason)};
    result.statistics["error"] = true;
    return result;
}

} // namespace

CheckResult judge_with(const CheckerEntry& entry,
                       const Options& options,
                       const Record& record,
                       const Budget& budget) {
    const std::string name(entry.name);
    // A checker that fails must not take the verdicts of the others with it, whatever it throws.
    try {
        const auto checker = entry.make(options);
        if (!checker) return lab_failure(name, checker.error().text());
        return (*checker)->check(record, budget);
    } catch (const std::exception& error) {
        return lab_failure(name, fmt::format("the checker failed: {}", error.what()));
    } catch (...) {
        return lab_failure(name, "the checker failed, and did not say why");
    }
}

CheckResult judge_one(const Record& record, const CheckerRequest& request, const Budget& budget) {
    const auto entry = find_checker(request.name);
    if (!entry) return lab_failure(request.name, entry.error().text());
    return judge_with(**entry, request.options, record, budget);
}

std::vector<CheckerRequest> complete_requests(std::vector<CheckerRequest> wanted) {
    for (const std::string_view name : always) {
        if (std::ranges::find(wanted, name, &CheckerRequest::name) != wanted.end()) continue;
        wanted.push_back({.name = std::string(name)});
    }
    return wanted;
}

std::vector<CheckResult>
judge(const Record& record, std::span<const CheckerRequest> requests, const Budget& budget) {
    std::vector<CheckResult> results;
    for (const CheckerRequest& request : complete_requests({requests.begin(), requests.end()}))
        results.push_back(judge_one(record, request, budget));
    return results;
}

bool lab_failed(std::span<const CheckResult> results) {
    return std::ranges::any_of(results, [](const CheckResult& result) {
        const auto error = result.statistics.find("error");
        return error != result.statistics.end() && error->second == Value(true);
    });
}

Verdict overall(std::span<const CheckResult> results) {
    if (results.empty()) return Verdict::unknown;
    Verdict verdict = Verdict::valid;
    for (const CheckResult& result : results)
        verdict = worst(verdict, result.verdict);
    return verdict;
}

} // namespace faultlab
