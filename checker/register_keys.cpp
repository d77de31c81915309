#include "checker/register_keys.hpp"

#include "checker/linearizability_rules.hpp"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <utility>

namespace faultlab {
namespace {

/// Starting threads takes longer than judging so few operations.
constexpr std::size_t worth_threads = 5'000;

void judge_one(const History& history,
               std::size_t key,
               KeyReader& reader,
               RegisterJudge& judge,
               const Budget& budget,
               JudgedKey& judged) {
    Result<KeyOps> ops = reader.read(history.ops_of_key(key));
    if (!ops) {
        judged.misfit = ops.error().message;
        return;
    }
    judged.considered = ops->considered;
    judged.judgement = judge.judge(ops->ops, budget);
    if (judged.judgement.verdict != Verdict::valid) judged.ops = std::move(*ops);
}

} // namespace

std::vector<JudgedKey>
judge_keys(const History& history, RegisterModel model, const Budget& budget) {
    std::vector<JudgedKey> judged(history.keys().size());
    std::vector<std::size_t> order(judged.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(
        order, std::greater{}, [&](std::size_t k) { return history.ops_of_key(k).size(); });
    std::atomic<std::size_t> next = 0;
    const LinearizabilityRules rules;
    const bool alone =
        budget.workers == nullptr || order.size() < 2 || history.size() < worth_threads;
    Budget inside = budget; // of one key: the threads are for it only where no other key wants them
    if (!alone) inside.workers = nullptr;
    const auto work = [&] {
        KeyReader reader(history, model, rules);
        RegisterJudge judge;
        for (std::size_t i = next++; i < order.size(); i = next++)
            judge_one(history, order[i], reader, judge, inside, judged[order[i]]);
    };
    if (alone)
        work();
    else
        budget.workers->run(work);
    return judged;
}

} // namespace faultlab
