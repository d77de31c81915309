#pragma once

#include "core/types.hpp"
#include "nemesis/node/descriptor.hpp"
#include "nemesis/node/disk_cache.hpp"

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The files behind a mount, as the kernel knows them by number.
namespace faultlab::node {

/// One file or directory that the kernel knows, or whose cache is not clean.
struct DiskNode {
    DiskNode(std::uint64_t number, Descriptor opened, const struct stat& status)
        : id(number), handle(std::move(opened)), key(status.st_dev, status.st_ino),
          type(status.st_mode & S_IFMT) {}

    const std::uint64_t id;  ///< of this node alone, never used again
    const Descriptor handle; ///< O_PATH: whatever its name is
    const std::pair<dev_t, ino_t> key;
    const mode_t type;

    // Guarded by the tree's mutex:
    std::uint64_t lookups = 0;
    std::uint64_t parent = 0;
    std::string path; ///< below the mount; the last that is known

    std::mutex mutex;
    // Guarded by it:
    Descriptor data; ///< for reading and writing; open while somebody has it open, or dirty
    int opens = 0;
    std::optional<FileCache> cache; ///< of a file, once it is written to and tracked
};

/// Thread-safe. A node stays until the kernel has forgotten it and `release` was asked.
class DiskTree {
public:
    /// Of an open directory. Throws when it cannot be looked at.
    explicit DiskTree(Descriptor root);

    [[nodiscard]] DiskNode& root() { return *root_; }
    /// Finds the node of a name, one lookup more. 0, or the errno.
    int look_up(DiskNode& parent, const char* name, DiskNode*& found, struct stat& status);
    /// The kernel forgets lookups. `keep` says whether a node without any has to stay.
    void forget(DiskNode& node, std::uint64_t lookups, const std::function<bool(DiskNode&)>& keep);
    /// Drops nodes without lookups that need not stay any longer.
    void sweep(const std::function<bool(DiskNode&)>& keep);
    /// It has this name now; what lies below a directory, too.
    void renamed(DiskNode& parent, const char* name, DiskNode& new_parent, const char* new_name);

    [[nodiscard]] std::string path(const DiskNode& node) const;
    /// All nodes; they stay for as long as nobody sweeps or forgets.
    [[nodiscard]] std::vector<std::shared_ptr<DiskNode>> all() const;
    [[nodiscard]] std::shared_ptr<DiskNode> find(std::uint64_t id) const;

private:
    [[nodiscard]] static std::string child_path(const DiskNode& parent, std::string_view name);

    mutable std::mutex mutex_;
    std::map<std::pair<dev_t, ino_t>, std::shared_ptr<DiskNode>> nodes_;
    std::shared_ptr<DiskNode> root_;
    std::uint64_t next_id_ = 2; // 1 is the root
};

} // namespace faultlab::node
