#include "replica/core/core.hpp"

// The state on the disk.
namespace faultlab::replica {

void Replica::Core::load_checkpoint() {
    on_state_loaded();
}

void Replica::Core::checkpoint() {}

bool Replica::Core::checkpoint_blocks() const {
    return false;
}

bool Replica::Core::on_snapshot_io(const IoDone& /*done*/) {
    return false;
}

void Replica::Core::settle_checkpoint() {}

void Replica::Core::on_scrub_timer() {}

} // namespace faultlab::replica
