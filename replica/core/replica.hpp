#pragma once

#include "replica/core/bugs.hpp"
#include "replica/core/config.hpp"
#include "replica/core/effects.hpp"
#include "replica/core/input.hpp"
#include "replica/core/telemetry.hpp"

#include <memory>

namespace faultlab::replica {

/// One replica of the store: Viewstamped Replication (Liskov and Cowling, "Viewstamped Replication
/// Revisited", 2012) with a durable log. Rules: docs/reference/replication.md. A function of its
/// inputs: the same inputs give the same effects, byte for byte. All memory is taken by the
/// constructor; its pages are touched as they are used. Owned by one thread.
class Replica {
public:
    Replica(const Config& config, const BugSet& bugs);
    ~Replica();
    Replica(const Replica&) = delete;
    Replica& operator=(const Replica&) = delete;

    /// The first input is Boot. After a halt every input is ignored.
    void step(const Input& input, Effects& effects);

    [[nodiscard]] Telemetry telemetry(Nanos now) const;
    /// The part of it that does not depend on the time.
    [[nodiscard]] Standing standing() const;
    /// How often each planted bug changed an outcome.
    [[nodiscard]] const BugSet& bugs() const;
    /// Equal for two lives of one replica, of one configuration, that do alike whatever comes, but
    /// for the names that they make up (nonces, ids of disk operations) and for jitter. Requires:
    /// nothing is asked of the disk.
    [[nodiscard]] Checksum fingerprint(Nanos now) const;
    /// The log entry, for monitors and tests; nothing when it is not in memory.
    [[nodiscard]] const Header* log(Op op) const;

private:
    friend struct CoreProbe; ///< tests break invariants from inside, to see assertions trip
    friend struct InvariantProbe;
    friend struct EntryProbe;
    friend struct ViewProbe;
    class Core;
    std::unique_ptr<Core> core_;
};

} // namespace faultlab::replica
