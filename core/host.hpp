#pragma once

#include "core/result.hpp"
#include "core/types.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

/// A program to run to its end. An argument list, never a shell string.
struct Command {
    std::vector<std::string> argv;
    std::string input;                  ///< standard input
    Nanos limit = 30 * second;          ///< killed with its group when it takes longer
    std::size_t output_limit = 1 << 20; ///< bytes kept of each of the two outputs
};

struct Output {
    int exit_status = 0; ///< when not signalled
    int signal = 0;      ///< 0: exited by itself
    bool timed_out = false;
    std::string out;
    std::string err;
    [[nodiscard]] bool success() const { return !timed_out && signal == 0 && exit_status == 0; }
};

/// A program to leave running, in a process group of its own.
struct ProcessSpec {
    std::string name; ///< "etcd": names its log file
    std::vector<std::string> argv;
    std::vector<std::pair<std::string, std::string>> environment; ///< added to a minimal one
    std::filesystem::path directory; ///< working directory on the host; created when missing
    friend bool operator==(const ProcessSpec&, const ProcessSpec&) = default;
};

/// A process group on a host, as its host numbers it.
struct ProcessGroup {
    std::int64_t id = 0;
    friend bool operator==(const ProcessGroup&, const ProcessGroup&) = default;
};

/// What the processes of a group do.
enum class ProcessState : std::uint8_t { running, stopped, gone };
[[nodiscard]] std::string_view to_string(ProcessState state);

/// A machine, or what stands for one: runs programs, keeps files, has rules for its network.
/// Every call has a limit on its time and says on failure what was attempted and on which host.
/// Thread-safe: calls from several threads are carried out one after the other or side by side,
/// as the implementation can.
class Host {
public:
    virtual ~Host() = default;
    [[nodiscard]] virtual const std::string& name() const = 0;    ///< "n1"
    [[nodiscard]] virtual const std::string& address() const = 0; ///< IPv4 in the cluster's network

    virtual Result<Output> run(const Command& command) = 0;
    /// Output of the process goes line by line to its log file, each line after the time of the
    /// run ("12.345678 "), from the first byte on.
    virtual Result<ProcessGroup> spawn(const ProcessSpec& spec) = 0;
    /// A group that is gone is no error for SIGKILL and SIGTERM: the goal is reached.
    virtual Result<void> signal(ProcessGroup group, int signal) = 0;
    virtual Result<ProcessState> state(ProcessGroup group) = 0;

    /// Applies an nftables text as one transaction in the host's network namespace; returns what
    /// nft printed (the answer of a `list`, in JSON).
    virtual Result<std::string> apply_rules(std::string_view nft_text) = 0;

    virtual Result<void> put(const std::filesystem::path& local,
                             const std::filesystem::path& remote) = 0;
    virtual Result<void> get(const std::filesystem::path& remote,
                             const std::filesystem::path& local) = 0;
    /// Removes a file or a whole directory. Missing is no error. Requires: below data_directory().
    virtual Result<void> remove(const std::filesystem::path& path) = 0;
    /// Where replicas of this host keep their data.
    [[nodiscard]] virtual std::filesystem::path data_directory() const = 0;
    /// The lab's own multi-tool on this host, nemesis/node: what faults need a program for.
    [[nodiscard]] virtual std::filesystem::path node_tool() const = 0;
    /// Where helpers of faults keep their sockets and notes. Theirs alone; they make it.
    [[nodiscard]] virtual std::filesystem::path fault_directory() const = 0;
};

} // namespace faultlab
