#include "checker/register_judge.hpp"

#include "checker/depth_first_search.hpp"
#include "checker/linearizability_rules.hpp"
#include "checker/register_candidates.hpp"
#include "checker/register_proof.hpp"
#include "core/check.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace faultlab {
namespace {

/// The cited operation that returns last: by then the history has become illegal.
OpId last_to_return(std::span<const RegisterOp> ops, std::span<const std::uint32_t> cited) {
    const RegisterOp* last = nullptr;
    for (const std::uint32_t i : cited) {
        if (ops[i].definite() && (last == nullptr || ops[i].ret > last->ret)) last = &ops[i];
    }
    FAULTLAB_CHECK(last != nullptr);
    return last->id;
}

RegisterJudgement legal_by(RegisterMethod method) {
    return {.verdict = Verdict::valid, .method = method, .search = {.verdict = Verdict::valid}};
}

RegisterJudgement illegal_by(RegisterMethod method,
                             std::span<const RegisterOp> ops,
                             const std::vector<std::uint32_t>& certificate) {
    return {
        .verdict = Verdict::invalid,
        .method = method,
        .certificate = certificate,
        .search = {.verdict = Verdict::invalid, .stopped_at = last_to_return(ops, certificate)}};
}

RegisterJudgement search(std::span<const RegisterOp> ops, const Budget& budget) {
    // A legal history needs a few steps an operation. One that needs many more is likely illegal:
    // then the frontier, which looks at every configuration but once, is the better way.
    constexpr std::int64_t steps_an_op = 100;
    constexpr std::int64_t steps_anyway = 20'000;
    RegisterJudgement judgement{.method = RegisterMethod::search};
    const auto size = static_cast<std::int64_t>(ops.size());
    const FoundOrder found = find_order(ops, steps_anyway + steps_an_op * size, budget);
    if (found.order) {
        FAULTLAB_CHECK(witness_is_legal(ops, *found.order));
        judgement.verdict = Verdict::valid;
        judgement.search.configurations = found.steps;
        judgement.search.widest = 1;
        return judgement;
    }
    judgement.search = search_order(ops, LinearizabilityRules{}, budget);
    judgement.search.configurations += found.steps;
    judgement.verdict = judgement.search.verdict;
    return judgement;
}

} // namespace

std::string_view to_string(RegisterMethod method) {
    switch (method) {
        case RegisterMethod::blocks: return "blocks";
        case RegisterMethod::versions: return "versions";
        case RegisterMethod::candidates: return "candidates";
        case RegisterMethod::search: return "search";
    }
    return "search";
}

RegisterJudgement RegisterJudge::by_versions(std::span<const RegisterOp> ops,
                                             const Budget& budget) {
    switch (versions_.judge(ops)) {
        case RegisterVersions::Answer::legal: return legal_by(RegisterMethod::versions);
        case RegisterVersions::Answer::illegal:
            return illegal_by(RegisterMethod::versions, ops, versions_.certificate());
        case RegisterVersions::Answer::undecided: break;
    }
    return search(ops, budget);
}

RegisterJudgement RegisterJudge::judge(std::span<const RegisterOp> ops, const Budget& budget) {
    if (!ops.empty() && ops.front().step != 0) return by_versions(ops, budget);
    switch (blocks_.judge(ops)) {
        case RegisterBlocks::Answer::legal: return legal_by(RegisterMethod::blocks);
        case RegisterBlocks::Answer::illegal:
            return illegal_by(RegisterMethod::blocks, ops, blocks_.certificate());
        case RegisterBlocks::Answer::not_applicable: break;
    }
    if (const auto found = find_without_writer(ops)) {
        std::vector<std::uint32_t> certificate = {found->observer};
        if (found->shows_another != WithoutWriter::nobody)
            certificate.insert(certificate.begin(), found->shows_another);
        return illegal_by(RegisterMethod::candidates, ops, certificate);
    }
    return search(ops, budget);
}

} // namespace faultlab
