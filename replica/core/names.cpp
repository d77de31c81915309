#include "replica/core/effects.hpp"
#include "replica/core/input.hpp"
#include "replica/core/types.hpp"

namespace faultlab::replica {

const char* name(Status status) {
    switch (status) {
        case Status::Booting: return "Booting";
        case Status::Normal: return "Normal";
        case Status::ViewChange: return "ViewChange";
        case Status::Recovering: return "Recovering";
        case Status::RecoveringHead: return "RecoveringHead";
        case Status::Syncing: return "Syncing";
        case Status::Retired: return "Retired";
        case Status::Halted: return "Halted";
    }
    return "?";
}

const char* name(Role role) {
    switch (role) {
        case Role::Backup: return "Backup";
        case Role::Primary: return "Primary";
        case Role::Standby: return "Standby";
    }
    return "?";
}

const char* name(Zone zone) {
    switch (zone) {
        case Zone::Superblock: return "Superblock";
        case Zone::Headers: return "Headers";
        case Zone::Prepares: return "Prepares";
        case Zone::Snapshot: return "Snapshot";
    }
    return "?";
}

const char* name(Timer timer) {
    switch (timer) {
        case Timer::Prepare: return "Prepare";
        case Timer::Heartbeat: return "Heartbeat";
        case Timer::PrimarySilent: return "PrimarySilent";
        case Timer::ViewChange: return "ViewChange";
        case Timer::ViewChangeMessage: return "ViewChangeMessage";
        case Timer::GetView: return "GetView";
        case Timer::Repair: return "Repair";
        case Timer::Sync: return "Sync";
        case Timer::Ping: return "Ping";
        case Timer::Abdicate: return "Abdicate";
        case Timer::Scrub: return "Scrub";
        case Timer::IdleFlush: return "IdleFlush";
        case Timer::Lease: return "Lease";
        case Timer::Recovery: return "Recovery";
    }
    return "?";
}

const char* name(EventKind kind) {
    switch (kind) {
        case EventKind::StatusChanged: return "StatusChanged";
        case EventKind::ViewEntered: return "ViewEntered";
        case EventKind::ViewInstalled: return "ViewInstalled";
        case EventKind::Appended: return "Appended";
        case EventKind::Acknowledged: return "Acknowledged";
        case EventKind::Committed: return "Committed";
        case EventKind::Digest: return "Digest";
        case EventKind::Checkpointed: return "Checkpointed";
        case EventKind::Truncated: return "Truncated";
        case EventKind::SessionEvicted: return "SessionEvicted";
        case EventKind::EpochEntered: return "EpochEntered";
        case EventKind::FeatureActive: return "FeatureActive";
        case EventKind::Abdicated: return "Abdicated";
        case EventKind::Repaired: return "Repaired";
        case EventKind::SyncStarted: return "SyncStarted";
        case EventKind::SyncDone: return "SyncDone";
        case EventKind::SyncFailed: return "SyncFailed";
        case EventKind::Rejected: return "Rejected";
        case EventKind::VoteForgotten: return "VoteForgotten";
        case EventKind::BugFired: return "BugFired";
    }
    return "?";
}

} // namespace faultlab::replica
