#pragma once

#include "core/result.hpp"

#include <string>
#include <string_view>

namespace faultlab {

/// Whether this process may make network and mount namespaces as it is, without a user namespace:
/// it may administer both the system and networks (CAP_SYS_ADMIN, CAP_NET_ADMIN).
[[nodiscard]] bool may_make_namespaces();

/// What to do on this machine so that namespaces can be made, from its settings: a command, or what
/// the container that this is would have to allow.
[[nodiscard]] std::string namespace_advice();

/// An environment error: "this machine does not let faultlab <what>: <errno>", with the advice.
[[nodiscard]] Error namespace_error(std::string_view what, int error);

} // namespace faultlab
