#include "nemesis/node/disk_mount.hpp"

#include "nemesis/node/disk_calls.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace faultlab::node {
namespace {

namespace fs = std::filesystem;

constexpr const char* device_path = "/dev/fuse";
/// A stalled call holds a thread; more of them wait in the kernel's queue.
constexpr unsigned most_threads = 256;
constexpr unsigned idle_threads = 16;

/// Mounts by itself: no helper program with special rights takes part, so that the root of a user
/// namespace can do it.
int mount_over(const fs::path& directory, int descriptor) {
    const std::string options = fmt::format(
        "fd={},rootmode=40000,user_id=0,group_id=0,default_permissions,allow_other", descriptor);
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOATIME;
    return ::mount("faultlab-disk", directory.c_str(), "fuse.faultlab", flags, options.c_str());
}

} // namespace

std::string why_no_fuse() {
    const Descriptor device(::open(device_path, O_RDWR | O_CLOEXEC));
    if (!device.valid()) {
        return fmt::format(
            "opening {}: {}; load the kernel's module fuse", device_path, std::strerror(errno));
    }
    std::string name = (fs::temp_directory_path() / "faultlab-fuse-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
        return fmt::format("making a directory to try it on: {}", std::strerror(errno));
    // In a namespace of its own, which ends with the child: nobody else sees the mount.
    const pid_t child = ::fork();
    if (child == 0) {
        const bool alone = ::unshare(CLONE_NEWNS) == 0 &&
                           ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
        ::_exit(alone && mount_over(name, device.get()) == 0 ? 0 : errno);
    }
    int status = 0;
    if (child > 0) ::waitpid(child, &status, 0);
    ::rmdir(name.c_str());
    if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    return fmt::format("mounting a FUSE file system: {}; a kernel from 4.18 on lets ordinary users "
                       "do it in a namespace, others want root",
                       std::strerror(child > 0 ? WEXITSTATUS(status) : errno));
}

struct DiskMount::Session {
    fuse_session* session = nullptr;
    fs::path directory;
    std::thread loop;
};

DiskMount::DiskMount(DiskDevice& device, fs::path directory)
    : session_(std::make_unique<Session>()) {
    Session& mine = *session_;
    mine.directory = std::move(directory);
    std::string program = "faultlab";
    std::array<char*, 2> words = {program.data(), nullptr};
    fuse_args arguments = FUSE_ARGS_INIT(1, words.data());
    mine.session =
        ::fuse_session_new(&arguments, &disk_calls(), sizeof(fuse_lowlevel_ops), &device);
    ::fuse_opt_free_args(&arguments);
    if (mine.session == nullptr) throw std::runtime_error("libfuse gives no session");
    const int descriptor = ::open(device_path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), device_path);
    if (mount_over(mine.directory, descriptor) != 0) {
        const int error = errno;
        ::close(descriptor);
        throw std::system_error(
            error, std::generic_category(), "mounting over " + mine.directory.string());
    }
    ::fuse_session_mount(mine.session, fmt::format("/dev/fd/{}", descriptor).c_str());
    mine.loop = std::thread([session = mine.session] {
        fuse_loop_config* const config = ::fuse_loop_cfg_create();
        ::fuse_loop_cfg_set_max_threads(config, most_threads);
        ::fuse_loop_cfg_set_idle_threads(config, idle_threads);
        ::fuse_session_loop_mt(session, config);
        ::fuse_loop_cfg_destroy(config);
    });
    DiskDevice* const disk = &device;
    device.begin({.contents =
                      [session = mine.session, disk](DiskNode& node) {
                          ::fuse_lowlevel_notify_inval_inode(
                              session, node_number(*disk, node), 0, 0);
                      },
                  .name =
                      [session = mine.session, disk](DiskNode& parent, const std::string& name) {
                          ::fuse_lowlevel_notify_inval_entry(
                              session, node_number(*disk, parent), name.c_str(), name.size());
                      }});
}

DiskMount::~DiskMount() {
    ::fuse_session_exit(session_->session);
    // Threads that wait for calls are woken by its end.
    ::umount2(session_->directory.c_str(), MNT_DETACH);
    session_->loop.detach();
}

} // namespace faultlab::node
