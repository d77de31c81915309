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
void replay_record(const Record& record, const std::function<void(const ProtocolEvent&)>& tell);

} // namespace faultlab
