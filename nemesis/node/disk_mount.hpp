#pragma once

#include "nemesis/node/disk_device.hpp"

#include <filesystem>
#include <memory>
#include <string>

/// A FUSE file system over a directory, in the mount namespace of the calling thread.
namespace faultlab::node {

/// Empty: this host can mount one, which was tried on an empty directory. Else why it cannot.
[[nodiscard]] std::string why_no_fuse();

/// The mount lasts as long as the object and the process. Files are what the directory holds, which
/// is behind the mount: who does not see the mount sees the same files under the same path.
class DiskMount {
public:
    /// Mounts, and answers from threads of its own. Throws with the reason when it cannot. The
    /// device must outlive it and has not begun.
    DiskMount(DiskDevice& device, std::filesystem::path directory);
    /// Unmounts at once; programs that use the mount get errors then.
    ~DiskMount();
    DiskMount(const DiskMount&) = delete;
    DiskMount& operator=(const DiskMount&) = delete;

private:
    struct Session;
    std::unique_ptr<Session> session_;
};

} // namespace faultlab::node
