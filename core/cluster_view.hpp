#pragma once

#include "core/types.hpp"

#include <string>
#include <vector>

namespace faultlab {

/// What is known of the cluster at one moment: the input of `resolve`. A value, taken from the last
/// telemetry; it may be stale or contradictory (two leaders), as the world is.
struct ClusterView {
    struct Node {
        std::string name;    ///< "n1"
        std::string address; ///< IPv4
        bool running = true; ///< its process was started and not killed by us
        bool leads = false;  ///< it says that it is leader or primary
    };
    struct Client {
        std::string name; ///< "c1", a client host
        std::string address;
        NodeId node = no_node; ///< the node that its clients begin with
    };
    std::vector<Node> nodes;
    std::vector<Client> clients;
};

} // namespace faultlab
