#pragma once

#include "checker/frontier_search.hpp"
#include "checker/register_blocks.hpp"
#include "checker/register_model.hpp"
#include "checker/register_versions.hpp"
#include "core/checker.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace faultlab {

/// How a verdict on one register was found.
enum class RegisterMethod : std::uint8_t {
    blocks,     ///< checker/register_blocks.hpp: no observed value was written twice
    versions,   ///< checker/register_versions.hpp: values carry versions
    candidates, ///< checker/register_candidates.hpp: nobody can have written what was seen
    search,     ///< checker/depth_first_search.hpp, then checker/frontier_search.hpp
};
[[nodiscard]] std::string_view to_string(RegisterMethod method);

struct RegisterJudgement {
    Verdict verdict = Verdict::unknown;
    RegisterMethod method = RegisterMethod::search;
    /// Of invalid, but by search: positions of the operations that prove it, ascending.
    std::vector<std::uint32_t> certificate;
    /// Of invalid: an operation at whose return no order is left, though perhaps not the first.
    /// Of unknown, and of all that were searched: as the search says.
    SearchOutcome search;
};

/// Judges histories of one register each, by the fastest method that applies. Exact, unless the
/// budget is spent. Owned by one thread; memory is kept from one history to the next.
class RegisterJudge {
public:
    /// Requires: `ops` in order of invocation.
    [[nodiscard]] RegisterJudgement judge(std::span<const RegisterOp> ops, const Budget& budget);

private:
    [[nodiscard]] RegisterJudgement by_versions(std::span<const RegisterOp> ops,
                                                const Budget& budget);

    RegisterBlocks blocks_;
    RegisterVersions versions_;
};

} // namespace faultlab
