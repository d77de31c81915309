#pragma once

#include "core/generator.hpp"
#include "simulator/false_checkpoint.hpp"
#include "simulator/lies.hpp"
#include "simulator/script.hpp"
#include "simulator/stage.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace faultlab::simulator {

/// Does what a script says, at the times that it says. Faults that overlap add up: what one of them
/// ends, another may go on with.
class ScriptPlay : public Stage::Program {
public:
    explicit ScriptPlay(Stage& stage) : stage_(&stage), calm_(stage.network().options()) {}

    /// Requires: it is called once, at the beginning; the script outlives the stage.
    void play(const Script& script);

private:
    struct Act {
        const Strike* strike = nullptr;
        bool active = false;
        FaultId fault = 0;
        Network::RuleId rule = 0;
        Lies::Id lie = 0;
        /// Of messages that a lie is about: left alone, and changed.
        std::map<std::pair<Endpoint, Command>, std::pair<std::uint64_t, std::int64_t>> counts;
    };

    void plan(Act& act);
    void plan_lies();
    /// Whether a lie changes the message, to what is in `instead_` then.
    [[nodiscard]] bool changes(const Packet& packet);
    void begin(Act& act);
    void end(Act& act);
    void in_step(Act& act, ReplicaId id, std::string_view moment);
    void break_machine(Act& act);
    void break_disk(Act& act);
    void start_again(Act& act, ReplicaId id);
    /// Everything that is told by what is active now.
    void set_links();
    void set_machines(Deed deed);
    void set_timers();
    void set_checkpoint();
    void log(Act& act);
    [[nodiscard]] FaultLog::Gauge gauge_of(const Act& act);

    Stage* stage_;
    NetworkOptions calm_;
    std::vector<Act> acts_;
    Lies* lies_ = nullptr; ///< null: nobody lies
    std::optional<FalseCheckpoint> checkpoint_;
    std::vector<Packet> instead_;
};

/// The operations of one client of a script. The script and the client outlive it.
[[nodiscard]] GeneratorPtr scripted(const Script& script, Client& client, std::int32_t number);

} // namespace faultlab::simulator
