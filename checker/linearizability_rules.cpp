#include "checker/linearizability_rules.hpp"

namespace faultlab {
namespace {

bool compares_equal(const RegisterOp& op, const RegisterState& state) {
    if (op.from != any_value && op.from != state.value) return false;
    return op.from_version == any_version || op.from_version == state.version;
}

} // namespace

LinearizabilityRules::Fate LinearizabilityRules::fate(OpStatus status) const {
    switch (status) {
        case OpStatus::ok: return Fate::definite;
        case OpStatus::fail: return Fate::dropped;
        case OpStatus::open:
        case OpStatus::info: return Fate::open;
    }
    return Fate::open;
}

bool LinearizabilityRules::fits(const RegisterOp& op, const RegisterState& state) const {
    switch (op.action) {
        case RegisterAction::read:
            return op.value == state.value &&
                   (op.version == any_version || op.version == state.version);
        case RegisterAction::failed_cas: return !compares_equal(op, state);
        case RegisterAction::write: break;
        case RegisterAction::cas:
            if (!compares_equal(op, state)) return false;
    }
    return op.version == any_version || op.version == state.version + op.step;
}

RegisterState LinearizabilityRules::after(const RegisterOp& op, const RegisterState& state) const {
    if (!op.updates()) return state;
    return {.version = state.version + op.step, .value = op.value};
}

LinearizabilityRules::Signature LinearizabilityRules::signature(const RegisterOp& op) const {
    return {static_cast<std::uint64_t>(op.action), op.value, op.from, op.version, op.from_version};
}

bool GappedVersionRules::fits(const RegisterOp& op, const RegisterState& state) const {
    switch (op.action) {
        case RegisterAction::read: return LinearizabilityRules::fits(op, state);
        case RegisterAction::failed_cas: return true; // the missing update made it fail
        case RegisterAction::write: break;
        case RegisterAction::cas:
            if (op.from_version < state.version) return false;
            if (op.version != any_version && op.version != op.from_version + op.step) return false;
    }
    return op.version == any_version || op.version > state.version;
}

RegisterState GappedVersionRules::after(const RegisterOp& op, const RegisterState& state) const {
    if (!op.updates()) return state;
    const std::uint64_t before = op.action == RegisterAction::cas ? op.from_version : state.version;
    const bool known = op.version != any_version;
    return {.version = known ? op.version : before + op.step, .value = op.value};
}

} // namespace faultlab
