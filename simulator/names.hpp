#pragma once

#include "replica/core/bugs.hpp"
#include "replica/core/config.hpp"
#include "replica/core/effects.hpp"
#include "replica/core/input.hpp"
#include "replica/core/operations.hpp"
#include "replica/core/replica.hpp"

/// The simulator speaks of replicas in their own words. Some of these mean something else in the
/// lab's vocabulary: that is then written out (faultlab::Op, faultlab::Event).
namespace faultlab::simulator {

using replica::Admission;
using replica::Boot;
using replica::Bug;
using replica::bug_count;
using replica::BugSet;
using replica::Bytes;
using replica::Checksum;
using replica::checksum;
using replica::ClientId;
using replica::Command;
using replica::Config;
using replica::Effects;
using replica::encode;
using replica::Event;
using replica::EventKind;
using replica::Header;
using replica::Input;
using replica::IoDone;
using replica::IoId;
using replica::IoStatus;
using replica::Limits;
using replica::max_replica_id;
using replica::Membership;
using replica::name;
using replica::newest_release;
using replica::no_replica;
using replica::oldest_release;
using replica::Op;
using replica::OpCode;
using replica::Operation;
using replica::OperationResult;
using replica::Rang;
using replica::Reads;
using replica::Received;
using replica::Replica;
using replica::ReplicaId;
using replica::RequestNumber;
using replica::Role;
using replica::SessionId;
using replica::Standing;
using replica::Status;
using replica::Telemetry;
using replica::Timeouts;
using replica::Timer;
using replica::timer_count;
using replica::View;
using replica::Zone;
using replica::zone_count;

} // namespace faultlab::simulator
