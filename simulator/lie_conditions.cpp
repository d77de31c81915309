#include "simulator/lie_conditions.hpp"

#include <array>
#include <utility>

namespace faultlab::simulator {
namespace {

/// The receiver has executed the newest entry of the suffix, or this entry.
bool executed_there(const World& world, const Packet& packet) {
    const Telemetry there = world.telemetry(static_cast<ReplicaId>(packet.to));
    const Header& header = packet.header;
    const bool suffix = header.command == Command::Log || header.count > 0;
    return suffix && there.commit_min >= header.op;
}

/// The new primary's log is older or shorter.
bool longer_than_there(const World& world, const Packet& packet) {
    const Telemetry there = world.telemetry(static_cast<ReplicaId>(packet.to));
    const Header& header = packet.header;
    return header.count > 0 &&
           std::pair(there.log_view, there.head) < std::pair(header.log_view, header.op);
}

/// The receiver has the same log, and so will see that it is another; or has chosen a log
/// for its view, and fetches the entry that was another in the vote. One below it would be executed
/// before its successors show that it is none of theirs.
bool same_log_there(const World& world, const Packet& packet) {
    const auto to = static_cast<ReplicaId>(packet.to);
    const Telemetry there = world.telemetry(to);
    if (packet.header.command == Command::Log) {
        const Telemetry here = world.telemetry(static_cast<ReplicaId>(packet.from));
        return there.status == Status::ViewChange && there.membership.primary(there.view) == to &&
               packet.header.op == here.head;
    }
    return there.log_view == packet.header.log_view && there.head == packet.header.op &&
           there.durable == there.head && there.head_checksum == packet.header.parent;
}

constexpr std::array conditions = {
    LieCondition{
        "executed-there", "where the receiver has executed the newest entry", executed_there},
    LieCondition{
        "longer-than-there", "where the receiver's log is older or shorter", longer_than_there},
    LieCondition{
        "same-log-there", "where the receiver can see that it is another", same_log_there}};

} // namespace

std::span<const LieCondition> lie_conditions() {
    return conditions;
}

} // namespace faultlab::simulator
