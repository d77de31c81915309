#include "controller/hosts/process.hpp"

#include "controller/hosts/descriptor.hpp"

// The only file that includes Boost.Process: it costs seconds to compile.
#include <boost/asio/io_context.hpp>
#include <boost/process/v2.hpp>
#include <boost/system/error_code.hpp>
#include <fmt/format.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>

namespace faultlab {
namespace {

namespace process_v2 = boost::process::v2;

/// What happens in the child between fork and exec. Only calls that are safe there: other threads
/// of the parent may have held any lock at the moment of the fork.
class ChildSetup {
public:
    ChildSetup(const LaunchContext& context, const Streams& streams)
        : context_(context), streams_(streams) {}

    template <class Launcher, class Path>
    boost::system::error_code
    on_exec_setup(Launcher& /*launcher*/, const Path& /*path*/, const char* const* /*argv*/) const {
        if (prepare()) return {};
        return {errno, boost::system::system_category()};
    }

    // Without this the launcher calls exit(), which would run the parent's exit handlers and flush
    // its buffers a second time. Boost 1.81 looks for the first form and calls the second.
    template <class Launcher, class Code, class Path>
    void on_exec_error(Launcher& /*launcher*/,
                       const Code& /*code*/,
                       const Path& /*path*/,
                       const char* const* /*argv*/,
                       const Code& /*again*/) const {
        ::_exit(exec_failed);
    }
    template <class Launcher, class Code, class Path>
    void on_exec_error(Launcher& /*launcher*/,
                       const Path& /*path*/,
                       const char* const* /*argv*/,
                       const Code& /*code*/) const {
        ::_exit(exec_failed);
    }

private:
    static constexpr int exec_failed = 127;

    [[nodiscard]] bool prepare() const {
        if (::setpgid(0, 0) != 0) return false;
        for (const int space : context_.namespaces) {
            if (::setns(space, 0) != 0) return false;
        }
        if (!context_.directory.empty() && ::chdir(context_.directory.c_str()) != 0) return false;
        if (::dup2(streams_.in, STDIN_FILENO) < 0) return false;
        if (::dup2(streams_.out, STDOUT_FILENO) < 0) return false;
        if (::dup2(streams_.err, STDERR_FILENO) < 0) return false;
        reset_signals();
        // Boost 1.81 means to close stray descriptors but does not (boostorg/process PR 360): a
        // long-lived child would keep another's pipe open and hang its reader.
        return ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
    }

    /// exec keeps ignored signals ignored and blocked ones blocked: neither is meant for a replica.
    static void reset_signals() {
        struct sigaction action{};
        action.sa_handler = SIG_DFL;
        for (int signal = 1; signal < NSIG; ++signal) {
            ::sigaction(signal, &action, nullptr); // fails for KILL and STOP, as it should
        }
        sigset_t none;
        ::sigemptyset(&none);
        ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    }

    const LaunchContext& context_;
    const Streams& streams_;
};

std::string variable_or(const char* name, const char* otherwise) {
    const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): nobody sets any
    return value != nullptr ? value : otherwise;
}

std::string search_path() {
    return variable_or("PATH", "/usr/local/bin:/usr/bin:/bin") + ":/usr/local/sbin:/usr/sbin:/sbin";
}

std::vector<std::string> environment_of(const LaunchContext& context) {
    std::vector<std::string> result;
    const auto set = [&result](const std::string& name, const std::string& value) {
        std::erase_if(result, [&](const std::string& entry) {
            return entry.compare(0, name.size() + 1, name + "=") == 0;
        });
        result.push_back(name + "=" + value);
    };
    set("PATH", search_path());
    set("HOME", variable_or("HOME", "/"));
    set("LANG", "C.UTF-8");
    for (const auto& [name, value] : context.environment)
        set(name, value);
    return result;
}

} // namespace

Result<pid_t>
launch(const std::vector<std::string>& argv, const LaunchContext& context, const Streams& streams) {
    if (argv.empty()) return lab_error("a program without a name cannot be started");
    FAULTLAB_TRY(const auto program, find_program(argv.front()));
    const std::vector<std::string> arguments(argv.begin() + 1, argv.end());
    const auto environment = environment_of(context);
    std::vector<const char*> variables;
    variables.reserve(environment.size() + 1);
    for (const auto& entry : environment)
        variables.push_back(entry.c_str());
    variables.push_back(nullptr);

    boost::asio::io_context io;
    process_v2::posix::default_launcher launcher;
    launcher.env = variables.data();
    boost::system::error_code code;
    const ChildSetup setup(context, streams);
    auto process = launcher(io.get_executor(), code, program.string(), arguments, setup);
    if (code) {
        // The launcher forgets the child that could not execute the program.
        if (launcher.pid > 0) ::waitpid(launcher.pid, nullptr, 0);
        return environment_error(
            fmt::format("cannot start {}: {}", program.string(), code.message()));
    }
    return process.detach().id();
}

Result<std::filesystem::path> find_program(std::string_view name) {
    if (name.find('/') != std::string_view::npos) return std::filesystem::path(name);
    const std::string path = search_path();
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find(':', begin), path.size());
        const auto candidate = std::filesystem::path(path.substr(begin, end - begin)) / name;
        std::error_code ignored;
        if (end > begin && std::filesystem::is_regular_file(candidate, ignored) &&
            ::access(candidate.c_str(), X_OK) == 0) {
            return candidate;
        }
        begin = end + 1;
    }
    return environment_error(fmt::format("cannot start {}: there is no such program", name),
                             fmt::format("install it, or put its directory into PATH ({})", path));
}

} // namespace faultlab
