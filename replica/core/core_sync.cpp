#include "replica/core/core.hpp"

// State transfer.
namespace faultlab::replica {

void Replica::Core::start_sync() {}

void Replica::Core::settle_sync() {}

void Replica::Core::on_sync_timer() {}

void Replica::Core::on_get_snapshot(const Header& /*header*/, ReplicaId /*from*/) {}

void Replica::Core::on_snapshot(const Message& /*message*/, ReplicaId /*from*/) {}

} // namespace faultlab::replica
