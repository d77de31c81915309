#pragma once

#include "core/monitor.hpp"
#include "core/record.hpp"

#include <functional>

namespace faultlab {

/// Tells what the replicas of a run showed, as far as its record has it, in order of time: samples
/// "term", "epoch", "log_term", "log_epoch", "head", "durable", "commit", "applied", "checkpoint",
/// "normal", "role", "rejects" as Shown, events "digest" (op, digest) as State, "checkpointed" (op,
/// id) as Image, "feature_active" (op, release) as Activated, "rejected" (why, sender) as Rejected,
/// and each life that was heard of as Started.
///
/// Once an event "setup" has told how long things take (the fields of Setup, times as
/// "message_ms"), what all replicas showed at one moment is Surveyed too, with samples "release",
/// "faulty_slots", "repair_pending", "pipeline", "queue" and "sessions". All nodes are the core,
/// and undisturbed as long as no fault of the record lasts.
void replay_record(const Record& record, const std::function<void(const ProtocolEvent&)>& tell);

} // namespace faultlab
