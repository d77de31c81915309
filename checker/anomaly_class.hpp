#pragma once

#include "checker/counterexample.hpp"
#include "checker/kv_counterexample.hpp"
#include "checker/register_model.hpp"

#include <string_view>

namespace faultlab {

/// What a counterexample looks like to an engineer. A heuristic: the violation is proven, its class
/// is a reading of it, by a rule that is shown with it.
struct AnomalyClass {
    std::string_view name = "nonlinearizable";
    std::string_view rule = "no order of these operations explains all their results";
    OpId observer = -1;     ///< the operation that saw what it cannot have seen
    OpId value_writer = -1; ///< the only update that wrote what it saw
    OpId missed_write = -1; ///< the newer update that it did not see
    OpId seen_by = -1;      ///< the earlier observation of missed_write, if its return is too late
};

/// The classes: value_never_written, impossible_version, duplicate_cas, lost_update, stale_read,
/// else nonlinearizable.
[[nodiscard]] AnomalyClass classify(const Divergence& divergence,
                                    const Counterexample& counterexample);

/// The classes of the model kv: impossible_answer, value_never_written, duplicate_cas, lost_update,
/// half_visible_transaction, resurrected_key, stale_read, else nonlinearizable.
[[nodiscard]] AnomalyClass classify_kv(const KvDivergence& divergence,
                                       const KvCounterexample& counterexample,
                                       const KvPlaces& places);

} // namespace faultlab
