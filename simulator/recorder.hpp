#pragma once

#include "core/record.hpp"
#include "simulator/simulation.hpp"

#include <string>
#include <vector>

namespace faultlab::simulator {

/// Collects what a simulation's record will hold, as it happens. Owned by one thread.
class Recorder {
public:
    void phase(Nanos now, const char* name);
    /// Something about the whole cluster.
    void event(Nanos now, std::string kind, Params fields = {});
    /// What a replica reports; `liar`: some messages of this one were not as it made them.
    void happened(const World& world, ReplicaId id, const Event& event, ReplicaId liar);
    /// What every running replica says of itself.
    void sample(const World& world);

    /// Everything, with what the clients did. Leaves the recorder empty.
    [[nodiscard]] Record
    record(const Simulation& simulation, const Knobs& knobs, World& world, const FaultLog& faults);

private:
    struct Said {
        Nanos t = 0;
        ReplicaId id = no_replica;
        std::int32_t life = 0;
        Event event;
        bool of_lie = false; ///< it refuses one
    };
    std::vector<Said> said_; ///< turned into the lab's words at the end
    std::vector<faultlab::Event> events_;
    std::vector<Sample> samples_;
};

} // namespace faultlab::simulator
