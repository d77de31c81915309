#pragma once

#include "controller/hosts/host_space.hpp"
#include "controller/hosts/process_table.hpp"
#include "core/host.hpp"

#include <filesystem>
#include <latch>
#include <memory>
#include <mutex>
#include <string>

namespace faultlab {

/// One host of namespaces on this machine; see local_lab.hpp.
class LocalHost final : public Host {
public:
    struct Spec {
        std::string name;
        std::string address;
        std::filesystem::path directory; ///< <run>/nodes/<name>; holds data, logs and hosts
    };

    /// Begins to make the host. `programs` and `nftables_mutex` must outlive it.
    LocalHost(Spec spec, ProcessTable& programs, std::mutex& nftables_mutex);

    [[nodiscard]] const std::string& name() const override { return spec_.name; }
    [[nodiscard]] const std::string& address() const override { return spec_.address; }
    Result<Output> run(const Command& command) override;
    Result<ProcessGroup> spawn(const ProcessSpec& spec) override;
    Result<void> signal(ProcessGroup group, int signal) override;
    Result<ProcessState> state(ProcessGroup group) override;
    Result<std::string> apply_rules(std::string_view nft_text) override;
    Result<void> put(const std::filesystem::path& local,
                     const std::filesystem::path& remote) override;
    Result<void> get(const std::filesystem::path& remote,
                     const std::filesystem::path& local) override;
    Result<void> remove(const std::filesystem::path& path) override;
    [[nodiscard]] std::filesystem::path data_directory() const override;
    /// Beside the running program: both are of one build.
    [[nodiscard]] std::filesystem::path node_tool() const override;
    [[nodiscard]] std::filesystem::path fault_directory() const override;

    [[nodiscard]] HostSpace& space() { return space_; }
    /// Held by whoever uses the rules of space(), for as long as a text is under way.
    [[nodiscard]] std::mutex& rules_mutex() { return rules_mutex_; }

private:
    /// The error with the host's name before it.
    [[nodiscard]] Error named(Error error) const;
    [[nodiscard]] LaunchContext context() const;
    Result<void> copy(const std::filesystem::path& from, const std::filesystem::path& to) const;

    Spec spec_;
    ProcessTable& programs_;
    HostSpace space_;
    std::mutex rules_mutex_;
};

} // namespace faultlab
