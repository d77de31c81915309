#pragma once

#include "controller/hosts/lab.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace faultlab {

/// Hosts on this machine, of namespaces.
///
///     const auto end = supervise({}, [&] {                    // new namespaces; see
///     supervisor.hpp
///         auto lab = create_local_lab({.nodes = 3, .clients = 3, .run_directory = run}, clock);
///         if (!lab) return report(lab.error());
///         Host& n1 = (*lab)->node(0);                         // "n1", 10.77.0.1
///         auto group = n1.spawn({.name = "etcd", .argv = {…}, .directory = n1.data_directory()});
///         (*lab)->apply_rules({{"n1", "add table inet faultlab; …"}, {"n2", "…"}});
///         std::jthread worker([&] { (*lab)->enter_client(0); connect(…); }); // from 10.77.0.101
///         …
///     });
///
/// A host is a network, mount and UTS namespace: its own name, /etc/hosts with the names of all
/// hosts, lo and eth0 (without IPv6, without a default route), data in <run>/nodes/n1/data, logs in
/// <run>/nodes/n1/logs. Processes of all hosts share one PID namespace and /proc with the engine:
/// that of the supervisor. One bridge connects the hosts; the engine itself is on it as
/// 10.77.0.254 and reaches all of them, whatever is cut between them.
struct LocalLabSpec {
    int nodes = 3;   ///< replica hosts n1 …, 10.77.0.1 …; at most 16
    int clients = 3; ///< client hosts c1 …, 10.77.0.101 …; at most 16; they keep no data
    std::filesystem::path run_directory;
    std::string address_prefix = "10.77.0.";
};

/// Makes the hosts of a run. All of it ends with the object: every process that runs on a host is
/// killed and reaped, the links and namespaces are removed; the files stay. `clock` stamps the log
/// lines and must outlive the lab.
/// Errors: usage when the numbers are out of range; environment when the machine lacks something
/// (bridge, veth, nftables, the ip program); lab when the run's directory cannot be written.
/// Requires: the calling thread runs inside the namespaces of `supervise`, and no two local labs
/// live there at a time.
Result<std::unique_ptr<Lab>> create_local_lab(const LocalLabSpec& spec, const Clock& clock);

} // namespace faultlab
