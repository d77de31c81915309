#include "nemesis/node/disk_tree.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace faultlab::node {

DiskTree::DiskTree(Descriptor root) {
    struct stat status {};
    if (::fstatat(root.get(), "", &status, AT_EMPTY_PATH) != 0)
        throw std::system_error(errno, std::generic_category(), "looking at the data directory");
    root_ = std::make_shared<DiskNode>(1, std::move(root), status);
    root_->lookups = 1;
    nodes_[root_->key] = root_;
}

std::string DiskTree::child_path(const DiskNode& parent, std::string_view name) {
    if (parent.path.empty()) return std::string(name);
    return parent.path + "/" + std::string(name);
}

int DiskTree::look_up(DiskNode& parent, const char* name, DiskNode*& found, struct stat& status) {
    Descriptor opened(::openat(parent.handle.get(), name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!opened.valid()) return errno;
    if (::fstatat(opened.get(), "", &status, AT_EMPTY_PATH) != 0) return errno;
    const std::scoped_lock lock(mutex_);
    std::shared_ptr<DiskNode>& node = nodes_[{status.st_dev, status.st_ino}];
    if (!node) node = std::make_shared<DiskNode>(next_id_++, std::move(opened), status);
    ++node->lookups;
    node->parent = parent.id;
    node->path = child_path(parent, name);
    found = node.get();
    return 0;
}

void DiskTree::forget(DiskNode& node,
                      std::uint64_t lookups,
                      const std::function<bool(DiskNode&)>& keep) {
    const std::scoped_lock lock(mutex_);
    node.lookups -= std::min(lookups, node.lookups);
    if (node.lookups == 0 && &node != root_.get() && !keep(node)) nodes_.erase(node.key);
}

void DiskTree::sweep(const std::function<bool(DiskNode&)>& keep) {
    const std::scoped_lock lock(mutex_);
    std::erase_if(nodes_, [&](const auto& entry) {
        DiskNode& node = *entry.second;
        return node.lookups == 0 && &node != root_.get() && !keep(node);
    });
}

void DiskTree::renamed(DiskNode& parent,
                       const char* name,
                       DiskNode& new_parent,
                       const char* new_name) {
    const std::scoped_lock lock(mutex_);
    const std::string before = child_path(parent, name);
    const std::string after = child_path(new_parent, new_name);
    for (auto& [key, node] : nodes_) {
        if (node->path == before) {
            node->path = after;
            node->parent = new_parent.id;
        } else if (node->path.starts_with(before + "/")) {
            node->path = after + node->path.substr(before.size());
        }
    }
}

std::string DiskTree::path(const DiskNode& node) const {
    const std::scoped_lock lock(mutex_);
    return node.path;
}

std::vector<std::shared_ptr<DiskNode>> DiskTree::all() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::shared_ptr<DiskNode>> nodes;
    nodes.reserve(nodes_.size());
    for (const auto& [key, node] : nodes_)
        nodes.push_back(node);
    return nodes;
}

std::shared_ptr<DiskNode> DiskTree::find(std::uint64_t id) const {
    const std::scoped_lock lock(mutex_);
    for (const auto& [key, node] : nodes_) {
        if (node->id == id) return node;
    }
    return nullptr;
}

} // namespace faultlab::node
