#include "replica/core/replica.hpp"

#include "replica/core/core.hpp"

namespace faultlab::replica {

Replica::Replica(const Config& config, const BugSet& bugs)
    : core_(std::make_unique<Core>(config, bugs)) {}

Replica::~Replica() = default;

void Replica::step(const Input& input, Effects& effects) {
    core_->step(input, effects);
}

Telemetry Replica::telemetry(Nanos now) const {
    return core_->telemetry(now);
}

Standing Replica::standing() const {
    return core_->standing();
}

Checksum Replica::fingerprint(Nanos now) const {
    return core_->fingerprint(now);
}

const BugSet& Replica::bugs() const {
    return core_->bugs();
}

const Header* Replica::log(Op op) const {
    return core_->log(op);
}

} // namespace faultlab::replica
