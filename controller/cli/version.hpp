#pragma once

#include <string_view>

namespace faultlab {

/// Of this binary: the project's version, and the commit where the build knew it.
inline constexpr std::string_view lab_version = FAULTLAB_VERSION;

} // namespace faultlab
