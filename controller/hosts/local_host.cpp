#include "controller/hosts/local_host.hpp"

#include <fmt/format.h>

#include <system_error>

namespace faultlab {
namespace {

namespace fs = std::filesystem;

} // namespace

LocalHost::LocalHost(Spec spec, ProcessTable& programs, std::mutex& nftables_mutex)
    : spec_(std::move(spec)), programs_(programs),
      space_({.name = spec_.name, .hosts_file = spec_.directory / "hosts"}, nftables_mutex) {}

Error LocalHost::named(Error error) const {
    error.message = spec_.name + ": " + error.message;
    return error;
}

LaunchContext LocalHost::context() const {
    return {.namespaces = space_.namespaces()};
}

Result<Output> LocalHost::run(const Command& command) {
    auto output = run_command(command, context());
    if (!output) return named(output.error());
    return output;
}

Result<ProcessGroup> LocalHost::spawn(const ProcessSpec& spec) {
    if (spec.name.empty() || spec.name.find('/') != std::string::npos) {
        return named(lab_error(fmt::format("\"{}\" cannot name a log file", spec.name)));
    }
    LaunchContext context = this->context();
    context.environment = spec.environment;
    context.directory = spec.directory;
    std::error_code code;
    if (!spec.directory.empty()) fs::create_directories(spec.directory, code);
    const fs::path logs = spec_.directory / "logs";
    if (!code) fs::create_directories(logs, code);
    if (code) {
        return named(lab_error(fmt::format("cannot make a directory for {} ({} or {}): {}",
                                           spec.name,
                                           spec.directory.string(),
                                           logs.string(),
                                           code.message())));
    }
    auto group = programs_.spawn(spec.argv, context, logs / (spec.name + ".log"));
    if (!group) return named(group.error());
    return group;
}

Result<void> LocalHost::signal(ProcessGroup group, int signal) {
    auto done = programs_.signal(group, signal);
    if (!done) return named(done.error());
    return done;
}

Result<ProcessState> LocalHost::state(ProcessGroup group) {
    auto state = programs_.state(group);
    if (!state) return named(state.error());
    return state;
}

Result<std::string> LocalHost::apply_rules(std::string_view nft_text) {
    const std::scoped_lock lock(rules_mutex_);
    space_.begin_rules(std::string(nft_text), nullptr);
    auto printed = space_.await_rules();
    if (!printed) return named(printed.error());
    return printed;
}

Result<void> LocalHost::copy(const fs::path& from, const fs::path& to) const {
    std::error_code code;
    if (to.has_parent_path()) fs::create_directories(to.parent_path(), code);
    const auto how = fs::copy_options::overwrite_existing | fs::copy_options::recursive;
    if (!code) fs::copy(from, to, how, code);
    if (!code) return {};
    return named(lab_error(
        fmt::format("cannot copy {} to {}: {}", from.string(), to.string(), code.message())));
}

Result<void> LocalHost::put(const fs::path& local, const fs::path& remote) {
    return copy(local, remote);
}

Result<void> LocalHost::get(const fs::path& remote, const fs::path& local) {
    return copy(remote, local);
}

Result<void> LocalHost::remove(const fs::path& path) {
    std::error_code code;
    const fs::path data = fs::weakly_canonical(data_directory(), code);
    // The last part stays as it is: what is removed may be a symbolic link, never its target.
    const fs::path normal = path.lexically_normal();
    const fs::path target = fs::weakly_canonical(normal.parent_path(), code) / normal.filename();
    const auto relative = target.lexically_relative(data).native();
    const bool inside = !code && normal.has_filename() && relative != "." && !relative.empty() &&
                        relative.compare(0, 2, "..") != 0;
    if (!inside) {
        return named(lab_error(fmt::format(
            "will not remove {}: it is not below {}", path.string(), data_directory().string())));
    }
    fs::remove_all(target, code);
    if (!code) return {};
    return named(lab_error(fmt::format("cannot remove {}: {}", path.string(), code.message())));
}

fs::path LocalHost::data_directory() const {
    return spec_.directory / "data";
}

fs::path LocalHost::node_tool() const {
    std::error_code code;
    return fs::read_symlink("/proc/self/exe", code).parent_path() / "faultlab-node";
}

fs::path LocalHost::fault_directory() const {
    return spec_.directory / "faults";
}

} // namespace faultlab
