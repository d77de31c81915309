#pragma once

#include "checker/register_model.hpp"
#include "core/op.hpp"

#include <array>
#include <cstdint>

namespace faultlab {

/// What the linearizability checker takes for true: the meaning of outcomes, the sequential
/// semantics of a register, and the licences of the search to leave work undone. The search asks
/// this class and decides nothing by itself, so that the tests can put a wrong rule in the place of
/// each and see that the wrong verdicts are noticed. Stateless; safe from all threads.
class LinearizabilityRules {
public:
    virtual ~LinearizabilityRules() = default;

    // The meaning of outcomes.

    enum class Fate : std::uint8_t {
        dropped,  ///< says nothing
        definite, ///< took effect between its invocation and its return
        open,     ///< may take effect at any time after its invocation, or never
    };
    [[nodiscard]] virtual Fate fate(OpStatus status) const;
    [[nodiscard]] virtual Index invoked(Index index) const { return index; }
    /// Of a definite operation.
    [[nodiscard]] virtual Index returned(Index, Index index) const { return index; }
    /// The value that stands for all values equal to this one.
    [[nodiscard]] virtual const Value& identity(const Value& value) const { return value; }

    // Sequential semantics.

    /// Whether the operation, with the result it had, can happen in this state.
    [[nodiscard]] virtual bool fits(const RegisterOp& op, const RegisterState& state) const;
    /// Requires: it fits.
    [[nodiscard]] virtual RegisterState after(const RegisterOp& op,
                                              const RegisterState& state) const;

    // Licences of the search. Each is proven where it is used.

    /// Pending operations of equal signature are interchangeable.
    using Signature = std::array<std::uint64_t, 5>;
    [[nodiscard]] virtual Signature signature(const RegisterOp& op) const;
    /// Values that no operation compares with count as one value.
    [[nodiscard]] virtual bool merges_unobserved_values() const { return true; }
    /// An update whose value nobody observes may be ignored (open), or be put directly before the
    /// next write (definite).
    [[nodiscard]] virtual bool dead_updates_vanish(bool any_failed_cas) const {
        return !any_failed_cas;
    }
    /// A configuration that left a state which is needed later, and for which no way back is left,
    /// is given up at once.
    [[nodiscard]] virtual bool looks_ahead() const { return true; }
    /// What of its state a visited configuration is remembered by.
    [[nodiscard]] virtual RegisterState memory(const RegisterState& state) const { return state; }
};

/// For a history from which updates were left out: versions need only grow, because the updates
/// that are missing may have taken the numbers between. No look-ahead: states can be skipped.
class GappedVersionRules : public LinearizabilityRules {
public:
    [[nodiscard]] bool fits(const RegisterOp& op, const RegisterState& state) const override;
    [[nodiscard]] RegisterState after(const RegisterOp& op,
                                      const RegisterState& state) const override;
    [[nodiscard]] bool looks_ahead() const override { return false; }
};

} // namespace faultlab
