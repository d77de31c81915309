#pragma once

#include <string>

/// Whether packets can be delayed, dropped and so on here, and connections reset: each tries it in
/// a network namespace of its own, which ends with the trial.
namespace faultlab::node {

[[nodiscard]] std::string missing_netem();
[[nodiscard]] std::string missing_nfqueue();
/// Empty when there is one of both.
[[nodiscard]] std::string missing_packet_faults();
/// Tried on a connection made for it.
[[nodiscard]] std::string missing_socket_destroy();

} // namespace faultlab::node
