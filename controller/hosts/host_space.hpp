#pragma once

#include "controller/hosts/descriptor.hpp"
#include "controller/hosts/nftables.hpp"
#include "core/result.hpp"
#include "core/types.hpp"

#include <condition_variable>
#include <filesystem>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace faultlab {

/// The network, mount and UTS namespaces of one local host, and a thread that lives in them and
/// applies nftables texts there. The namespaces last as long as this object (and whoever entered).
class HostSpace {
public:
    struct Spec {
        std::string name;                 ///< the host's name
        std::filesystem::path hosts_file; ///< what /etc/hosts is on it
    };

    /// Begins to make the namespaces; several hosts are made side by side.
    /// `nftables_mutex` is held while libnftables is initialised, which is not thread-safe.
    HostSpace(Spec spec, std::mutex& nftables_mutex);
    HostSpace(const HostSpace&) = delete;
    HostSpace& operator=(const HostSpace&) = delete;
    ~HostSpace();

    /// Waits until the namespaces are made. The functions below require that it succeeded.
    Result<void> await_made();

    /// Of the namespaces, to be entered in this order by setns; owned by this object.
    [[nodiscard]] std::vector<int> namespaces() const;
    [[nodiscard]] int network_namespace() const { return network_.get(); }
    /// A socket of the host's network namespace, for the set-up of its interfaces.
    [[nodiscard]] int control_socket() const { return socket_.get(); }
    /// Whether the process runs on this host.
    [[nodiscard]] bool holds(const std::filesystem::path& process_directory) const;

    /// Hands a text to the thread, which arrives at the gate (if any) and then applies it as one
    /// transaction. Requires: no other text is under way.
    void begin_rules(std::string text, std::latch* gate);
    /// What nftables printed (JSON for a `list`), or its complaint.
    Result<std::string> await_rules();

private:
    struct Job {
        std::string text;
        std::latch* gate = nullptr;
    };

    void serve(const Spec& spec, std::mutex& nftables_mutex);
    Result<void> make(const Spec& spec);
    Result<Nftables> open_nftables(const Spec& spec, std::mutex& nftables_mutex);

    Descriptor network_;
    Descriptor mounts_;
    Descriptor names_;
    Descriptor socket_;

    std::mutex mutex_;
    std::condition_variable changed_;
    // Below: protected by mutex_.
    std::optional<Result<void>> made_;
    std::optional<Job> job_;
    std::optional<Result<std::string>> answer_;
    bool stopping_ = false;

    std::jthread thread_; ///< last: it uses all of the above
};

} // namespace faultlab
