// faultlab-node disk: mounts a file system over a directory on which disk faults can be had.
#include "nemesis/node/disk_mount.hpp"
#include "nemesis/node/disk_words.hpp"
#include "nemesis/node/helper_arguments.hpp"
#include "nemesis/node/helper_socket.hpp"
#include "nemesis/node/tool.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>

namespace faultlab::node {
namespace {

/// What a helper that was killed has left behind is a mount that answers nothing. Its attributes
/// the kernel may still remember, but it cannot be opened.
void unmount_dead(const std::filesystem::path& data) {
    constexpr int most = 16;
    for (int i = 0; i < most; ++i) {
        const Descriptor opened(::open(data.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (opened.valid() || (errno != ENOTCONN && errno != ECONNABORTED)) return;
        ::umount2(data.c_str(), MNT_DETACH);
    }
}

/// Each file that the kernel knows is a descriptor.
void allow_descriptors() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

struct Served {
    std::unique_ptr<DiskDevice> device;
    std::unique_ptr<DiskMount> mount;

    void begin(const std::filesystem::path& data, const std::filesystem::path& graves, bool track) {
        allow_descriptors();
        unmount_dead(data);
        std::filesystem::create_directories(data);
        Descriptor opened(::open(data.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!opened.valid())
            throw std::system_error(errno, std::generic_category(), "opening " + data.string());
        device = std::make_unique<DiskDevice>(std::move(opened), graves);
        if (track) device->track();
        mount = std::make_unique<DiskMount>(*device, data);
    }
};

} // namespace

int run_disk(std::span<char* const> arguments) {
    CLI::App app("mounts a file system over a directory on which disk faults can be had");
    HelperAddress address;
    std::filesystem::path data;
    bool track = false;
    add_helper_address(app, address);
    app.add_option("--data", data, "the directory; made when missing")->required();
    app.add_flag("--track", track, "remember from the beginning what is unsynced");
    if (const auto code = parse_arguments(app, arguments)) return *code;
    data = std::filesystem::absolute(data);
    // Beside the directory, so that files can be moved there.
    const std::filesystem::path graves =
        std::filesystem::absolute(address.directory) / (address.name + ".removed");
    Served served;
    return serve(address,
                 {.begin = [&] { served.begin(data, graves, track); },
                  .report = [&] { return disk_report(*served.device); },
                  .other = [&](std::string_view order) { return obey(*served.device, order); },
                  .undo = [&] { served.mount.reset(); }});
}

} // namespace faultlab::node
