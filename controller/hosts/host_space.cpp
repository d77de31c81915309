#include "controller/hosts/host_space.hpp"

#include "controller/hosts/nftables.hpp"
#include "controller/hosts/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <utility>

namespace faultlab {
namespace {

Error set_up_error(const std::string& host, std::string_view what) {
    return environment_error(
        fmt::format("cannot set up host {}: {}: {}", host, what, errno_text(errno)),
        "faultlab doctor tells what this machine lacks");
}

Descriptor open_namespace(const char* kind) {
    const auto path = fmt::format("/proc/thread-self/ns/{}", kind);
    return Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

} // namespace

HostSpace::HostSpace(Spec spec, std::mutex& nftables_mutex) {
    thread_ = std::jthread([this, spec = std::move(spec), &nftables_mutex] {
        block_all_signals();
        serve(spec, nftables_mutex);
    });
}

HostSpace::~HostSpace() {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
}

Result<void> HostSpace::await_made() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return made_.has_value(); });
    return *made_;
}

std::vector<int> HostSpace::namespaces() const {
    return {network_.get(), names_.get(), mounts_.get()};
}

bool HostSpace::holds(const std::filesystem::path& process_directory) const {
    // The UTS namespace tells it: threads of the engine enter network namespaces of hosts, too.
    struct stat mine{};
    struct stat its{};
    if (::fstat(names_.get(), &mine) != 0) return false;
    if (::stat((process_directory / "ns/uts").c_str(), &its) != 0) return false;
    return mine.st_ino == its.st_ino && mine.st_dev == its.st_dev;
}

Result<void> HostSpace::make(const Spec& spec) {
    if (::unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS) != 0) {
        return set_up_error(spec.name, "new namespaces");
    }
    if (::sethostname(spec.name.data(), spec.name.size()) != 0) {
        return set_up_error(spec.name, "its name");
    }
    if (::mount(spec.hosts_file.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) != 0) {
        return set_up_error(spec.name, "its /etc/hosts");
    }
    // Its neighbour discovery would be counted among the packets that a cut drops. A kernel
    // without IPv6 has no such file.
    for (const char* scope : {"all", "default"}) {
        std::ofstream(fmt::format("/proc/sys/net/ipv6/conf/{}/disable_ipv6", scope)) << 1;
    }
    network_ = open_namespace("net");
    mounts_ = open_namespace("mnt");
    names_ = open_namespace("uts");
    socket_ = Descriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    for (const auto* descriptor : {&network_, &mounts_, &names_, &socket_}) {
        if (!descriptor->valid()) return set_up_error(spec.name, "open its namespaces");
    }
    return {};
}

Result<Nftables> HostSpace::open_nftables(const Spec& spec, std::mutex& nftables_mutex) {
    FAULTLAB_DO(make(spec));
    const std::scoped_lock lock(nftables_mutex);
    return Nftables::open();
}

void HostSpace::serve(const Spec& spec, std::mutex& nftables_mutex) {
    auto nftables = open_nftables(spec, nftables_mutex);
    std::unique_lock lock(mutex_);
    made_ = nftables ? Result<void>() : nftables.error();
    changed_.notify_all();
    if (!nftables) return;
    for (;;) {
        changed_.wait(lock, [this] { return stopping_ || job_.has_value(); });
        if (stopping_ || !job_) return;
        const Job job = std::move(*job_);
        job_.reset();
        lock.unlock();
        if (job.gate != nullptr) job.gate->arrive_and_wait();
        auto answer = nftables->apply(job.text);
        lock.lock();
        answer_ = std::move(answer);
        changed_.notify_all();
    }
}

void HostSpace::begin_rules(std::string text, std::latch* gate) {
    const std::scoped_lock lock(mutex_);
    FAULTLAB_CHECK(!job_.has_value());
    job_ = Job{.text = std::move(text), .gate = gate};
    answer_.reset();
    changed_.notify_all();
}

Result<std::string> HostSpace::await_rules() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return answer_.has_value(); });
    return std::move(*std::exchange(answer_, std::nullopt));
}

} // namespace faultlab
