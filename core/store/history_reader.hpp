#pragma once

#include "core/history.hpp"
#include "core/result.hpp"
#include "core/store/run_file.hpp"

namespace faultlab {

/// The operations of a folded or an unfolded file.
Result<History> read_history(const RunFile& file);

} // namespace faultlab
