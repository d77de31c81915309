#pragma once

#include "simulator/stage.hpp"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace faultlab::simulator {

/// An entry of the log that changes the configuration of the store: its members or its release.
struct ConfigEntry {
    OpCode code = OpCode::Reconfigure;
    Op op = 0;
    Op commit = 0;        ///< that its primary knew of when it proposed it
    bool refused = false; ///< it is executed as an error
    Membership wanted;    ///< of Reconfigure
    Checksum checksum;
};
/// Nothing when the packet is no Prepare of one.
[[nodiscard]] std::optional<ConfigEntry> config_entry(const Packet& packet);

/// A cluster with two standbys, and time-outs in which whoever asks for a membership is answered.
void with_standbys(Knobs& knobs);

/// Asks for one membership after the other, each with some trouble of its scenario's choice, and
/// does not give up before it has begun. Nobody may be proposed as a voter who has not caught up:
/// that is an alarm ("members").
class Members : public Stage::Program {
public:
    explicit Members(Stage& stage);

    void wait();

protected:
    using Ids = std::vector<ReplicaId>;

    [[nodiscard]] Stage& stage() { return *stage_; }
    [[nodiscard]] const Membership& now() const { return now_; }
    [[nodiscard]] const Membership& wanted() const { return wanted_; }
    [[nodiscard]] bool grows() const { return wanted_.voter_count > now_.voter_count; }
    [[nodiscard]] bool shrinks() const { return wanted_.voter_count < now_.voter_count; }
    /// It has been asked for, and has not begun.
    [[nodiscard]] bool asking() const { return asking_; }

    /// The membership after this one. All become voters, or some of the voters only listen from
    /// then on, or one changes places.
    virtual Membership draw(ReplicaId primary);
    /// Just before the membership is asked for.
    virtual void trouble(ReplicaId primary) = 0;
    virtual void submit();
    /// Its epoch has begun, first at this replica.
    virtual void begun(ReplicaId first);
    /// Ends the trouble, if it has not ended, and goes on.
    void recover();

    void isolate(ReplicaId id);
    void rejoin_all();

    [[nodiscard]] Ids any_of(Ids ids, std::size_t count);
    [[nodiscard]] static Ids voters_of(const Membership& membership);
    [[nodiscard]] static Ids standbys_of(const Membership& membership);
    /// Of the epoch after `now`.
    [[nodiscard]] Membership next(const Ids& voters, const Ids& standbys) const;

private:
    void change();
    void ask();
    void judge(const ConfigEntry& entry);

    Stage* stage_;
    Membership now_;
    Membership wanted_;
    bool asking_ = false;
    std::uint64_t asked_ = 0;
    Op judged_ = 0; ///< the newest entry of a membership
    std::vector<std::pair<ReplicaId, FaultId>> isolated_;
};

} // namespace faultlab::simulator
