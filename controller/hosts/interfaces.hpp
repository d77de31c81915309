#pragma once

#include "core/result.hpp"

#include <string>

namespace faultlab {

/// Gives an interface an IPv4 address with a 24 bit network, and takes it up. `socket` is any IPv4
/// socket of the network namespace in which the interface is. An empty address leaves it as it is.
/// A few system calls instead of a process of the ip program for each host.
Result<void>
configure_interface(int socket, const std::string& interface, const std::string& address);

} // namespace faultlab
