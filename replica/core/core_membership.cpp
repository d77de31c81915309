#include "replica/core/core.hpp"
#include "replica/core/operations.hpp"

// Reconfigurations and upgrades.
namespace faultlab::replica {

bool Replica::Core::may_reconfigure(Bytes /*operation*/) const {
    return false;
}

bool Replica::Core::reconfiguration_blocks() const {
    return false;
}

Op Replica::Core::reconfiguration_limit(Op commit) const {
    return commit;
}

std::size_t Replica::Core::execute_reconfiguration(const Header& /*entry*/,
                                                   Bytes /*operation*/,
                                                   std::span<std::byte> result) {
    result.front() = static_cast<std::byte>(Outcome::Refused);
    return 1;
}

void Replica::Core::settle_membership() {}

} // namespace faultlab::replica
