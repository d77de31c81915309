#pragma once

#include "core/system.hpp"
#include "systems/http.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

/// The parts of the etcd system, each in a file of its own; system.cpp puts them together.
namespace faultlab::etcd {

inline constexpr std::uint16_t client_port = 2379;
inline constexpr std::uint16_t peer_port = 2380;

/// What a client sends: chosen by the options `reads` and, of the workload, `model`.
struct ClientSettings {
    HttpClient::Settings endpoint;
    bool serializable_reads = false; ///< reads from the node's own state, stale by design
    bool versioned = false;          ///< the model versioned-register
};
[[nodiscard]] std::unique_ptr<Client> make_client(ClientSettings settings);

struct TelemetrySettings {
    HttpClient::Settings endpoint;
    std::vector<std::string> peer_urls; ///< of all nodes, in their order
};
[[nodiscard]] std::unique_ptr<Telemetry> make_telemetry(TelemetrySettings settings);

} // namespace faultlab::etcd
