#pragma once

#include "core/record.hpp"
#include "simulator/audits.hpp"

namespace faultlab::simulator {

/// Holds a run that was read back against the record that was stored: the same operations with the
/// same outcomes, every invocation and return in the same order, and all faults, events and samples
/// (audit store-order). The store numbers invocations and returns anew; only their order counts.
void audit_store(const Record& recorded, const Record& stored, Audits& audits);

} // namespace faultlab::simulator
