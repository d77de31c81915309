#include "replica/core/message.hpp"

#include "replica/core/assert.hpp"

#include <limits>

namespace faultlab::replica {

const char* name(Command command) {
    switch (command) {
        case Command::None: return "None";
        case Command::Request: return "Request";
        case Command::Reply: return "Reply";
        case Command::Busy: return "Busy";
        case Command::Evicted: return "Evicted";
        case Command::Redirect: return "Redirect";
        case Command::Prepare: return "Prepare";
        case Command::PrepareOk: return "PrepareOk";
        case Command::Commit: return "Commit";
        case Command::Ping: return "Ping";
        case Command::StartViewChange: return "StartViewChange";
        case Command::DoViewChange: return "DoViewChange";
        case Command::StartView: return "StartView";
        case Command::GetView: return "GetView";
        case Command::GetLog: return "GetLog";
        case Command::GetPrepare: return "GetPrepare";
        case Command::Log: return "Log";
        case Command::GetSnapshot: return "GetSnapshot";
        case Command::Snapshot: return "Snapshot";
        case Command::Recovery: return "Recovery";
        case Command::RecoveryResponse: return "RecoveryResponse";
    }
    return "?";
}

Checksum checksum_of(const Header& header) {
    return checksum(bytes_of(header).subspan(sizeof(Checksum)));
}

void seal(Header& header, Bytes body) {
    header.size = static_cast<std::uint32_t>(sizeof(Header) + body.size());
    header.body_checksum = checksum(body);
    header.checksum = checksum_of(header);
}

} // namespace faultlab::replica
