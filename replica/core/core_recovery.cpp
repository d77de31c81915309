#include "replica/core/core.hpp"

// A replica that lost its disk asks the others (VRR §4.3).
namespace faultlab::replica {

void Replica::Core::start_recovery() {
    boot_ = BootStage::Recovery;
    set_status(Status::Recovering);
    recovery_nonce_ = fresh_nonce();
    send_recovery();
}

void Replica::Core::send_recovery() {
    Header header = outgoing(Command::Recovery);
    header.nonce = recovery_nonce_;
    broadcast(header);
    arm(Timer::Recovery, with_jitter(config_.timeouts.get_view));
}

void Replica::Core::on_recovery(const Header& /*header*/, ReplicaId /*from*/) {}

void Replica::Core::on_recovery_response(const Message& /*message*/, ReplicaId /*from*/) {}

void Replica::Core::try_recover() {}

} // namespace faultlab::replica
