#pragma once

#include "core/host.hpp"
#include "core/nemesis.hpp"
#include "core/result.hpp"
#include "core/types.hpp"

#include <string>
#include <vector>

namespace faultlab {

/// The hosts of one run, whatever they are made of: one a replica, and one for each group of
/// clients (group i talks to replica i). All of it ends with this object.
class Lab {
public:
    virtual ~Lab() = default;
    [[nodiscard]] virtual std::int32_t nodes() const = 0;
    virtual Host& node(NodeId node) = 0;
    virtual Host& client(NodeId client) = 0;

    /// From now on the sockets that the calling thread opens are those of this client host.
    virtual Result<void> enter_client(NodeId client) = 0;

    /// All texts at once: every host prepares its own, then all are released together, one nftables
    /// transaction a host. Returns what each printed, in the order given. On an error of one host
    /// the others are applied all the same, and the error names those that failed.
    virtual Result<std::vector<std::string>>
    apply_rules(const std::vector<FaultTarget::HostRules>& rules) = 0;
};

} // namespace faultlab
