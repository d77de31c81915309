#pragma once

#include "core/result.hpp"
#include "core/store/unpacking.hpp"

#include <functional>
#include <ostream>
#include <string_view>

namespace faultlab {

/// How a file of this name is to be packed: .gz, .zst, or not at all.
[[nodiscard]] Packing packing_of_name(std::string_view file_name);

/// Lets `write` fill a stream, of which `out` gets the packed bytes: all of them, once it returned
/// without an error. Whether `out` took them its state says, as ever.
Result<void> write_packed(Packing packing,
                          std::ostream& out,
                          const std::function<Result<void>(std::ostream&)>& write);

} // namespace faultlab
