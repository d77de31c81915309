// What the lab orders of a disk: rules, power, and what housekeeping they need.
#include "nemesis/node/disk_device.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>

namespace faultlab::node {
namespace {

namespace fs = std::filesystem;

constexpr Nanos write_back_age = 30 * second; ///< Linux's dirty_expire_centisecs
constexpr std::uint64_t most_saved = std::uint64_t{512} << 20U;
constexpr auto round = std::chrono::milliseconds(20);
constexpr int rounds_between_write_backs = 25;
/// While rules want to see reads, the kernel forgets so often what it has read.
constexpr int rounds_between_forgetting = 2;

void remove_whole(int directory, const std::string& name) {
    if (::unlinkat(directory, name.c_str(), 0) == 0 || errno != EISDIR) return;
    std::error_code ignored;
    fs::remove_all(fmt::format("/proc/self/fd/{}/{}", directory, name), ignored);
}

} // namespace

void DiskDevice::made(DiskNode& parent, const char* name) {
    if (!tracking_) return;
    const std::scoped_lock lock(names_mutex_);
    names_.changed({.kind = NameChange::Kind::made, .directory = parent.id, .name = name}, now());
}

/// Keeps a file that is about to lose its name. Empty: there is none, or it cannot be kept.
std::string DiskDevice::bury(DiskNode& parent, const char* name) {
    const std::string grave = std::to_string(next_grave_++);
    const int from = parent.handle.get();
    struct stat status {};
    if (::fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return {};
    if (S_ISDIR(status.st_mode)) {
        // It has to be empty: another like it will do.
        return ::mkdirat(graves_.get(), grave.c_str(), status.st_mode & 07777U) == 0 ? grave : "";
    }
    return ::linkat(from, name, graves_.get(), grave.c_str(), 0) == 0 ? grave : "";
}

int DiskDevice::remove(DiskNode& parent, const char* name, bool directory) {
    const std::string grave = tracking_ ? bury(parent, name) : std::string();
    if (::unlinkat(parent.handle.get(), name, directory ? AT_REMOVEDIR : 0) != 0) {
        const int error = errno;
        if (!grave.empty()) remove_whole(graves_.get(), grave);
        return -error;
    }
    if (!tracking_ || grave.empty()) return 0;
    const std::scoped_lock lock(names_mutex_);
    names_.changed(
        {.kind = NameChange::Kind::removed, .directory = parent.id, .name = name, .grave = grave},
        now());
    return 0;
}

int DiskDevice::rename(
    DiskNode& from, const char* name, DiskNode& to, const char* new_name, unsigned flags) {
    if ((flags & ~static_cast<unsigned>(RENAME_NOREPLACE)) != 0) return -EINVAL;
    const bool replaces = tracking_ && (flags & RENAME_NOREPLACE) == 0;
    const std::string grave = replaces ? bury(to, new_name) : std::string();
    if (::renameat2(from.handle.get(), name, to.handle.get(), new_name, flags) != 0) {
        const int error = errno;
        if (!grave.empty()) remove_whole(graves_.get(), grave);
        return -error;
    }
    tree_.renamed(from, name, to, new_name);
    if (!tracking_) return 0;
    const std::scoped_lock lock(names_mutex_);
    names_.changed({.kind = NameChange::Kind::moved,
                    .directory = from.id,
                    .name = name,
                    .other_directory = to.id,
                    .other_name = new_name,
                    .grave = grave},
                   now());
    return 0;
}

void DiskDevice::undo(const NameChange& change) {
    const auto directory = tree_.find(change.directory);
    if (!directory) return;
    const int here = directory->handle.get();
    const char* const name = change.name.c_str();
    switch (change.kind) {
        case NameChange::Kind::made: remove_whole(here, change.name); return;
        case NameChange::Kind::removed:
            ::renameat(graves_.get(), change.grave.c_str(), here, name);
            return;
        case NameChange::Kind::moved: break;
    }
    const auto other = tree_.find(change.other_directory);
    if (!other) return;
    const int there = other->handle.get();
    ::renameat(there, change.other_name.c_str(), here, name);
    tree_.renamed(*other, change.other_name.c_str(), *directory, name);
    if (change.grave.empty()) return;
    ::renameat(graves_.get(), change.grave.c_str(), there, change.other_name.c_str());
}

void DiskDevice::close_graves(const std::vector<NameChange>& changes) {
    for (const NameChange& change : changes) {
        if (!change.grave.empty()) remove_whole(graves_.get(), change.grave);
    }
}

void DiskDevice::track() {
    tracking_ = true;
}

void DiskDevice::add(DiskRule rule) {
    // The lab speaks of the wall clock, which all hosts have.
    if (rule.starts != 0) rule.starts += now() - wall_now();
    const std::scoped_lock lock(book_mutex_);
    book_.add(std::move(rule), now());
    full_ = book_.any(DiskFault::full);
    cold_ = book_.reads_matter();
    rules_ = true;
    forget_soon_ = true;
}

void DiskDevice::remove(std::int64_t rule) {
    bool lied = false;
    {
        const std::scoped_lock lock(book_mutex_);
        const bool lies = book_.any(DiskFault::sync_lies);
        book_.remove(rule);
        lied = lies && !book_.any(DiskFault::sync_lies);
        full_ = book_.any(DiskFault::full);
        cold_ = book_.reads_matter();
        rules_ = !book_.empty();
    }
    // The disk is honest again: what it said was written is.
    if (lied) write_back(now());
    forget_soon_ = true;
}

bool DiskDevice::await_hit(std::int64_t rule, Nanos limit) {
    for (const Nanos until = now() + limit;;) {
        {
            const std::scoped_lock lock(book_mutex_);
            const auto found = book_.counts().find(rule);
            if (found != book_.counts().end() && found->second.hit > 0) return true;
        }
        if (now() > until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

bool DiskDevice::full() {
    return full_;
}

CutCount DiskDevice::cut(const CutRule& rule, std::uint64_t seed) {
    power_ = Power::cut;
    const std::unique_lock whole(gate_); // calls under way end first, but their syncs do not count
    CutCount count;
    const Rng rng(seed);
    {
        const std::scoped_lock lock(names_mutex_);
        Rng of_names = rng.split("names");
        NameCache::Cut names = names_.cut(rule, now(), of_names);
        for (const NameChange& change : names.undo)
            undo(change);
        close_graves(names.settled);
        count.names = static_cast<std::int64_t>(names.undo.size());
    }
    for (const auto& node : tree_.all()) {
        Rng of_file = rng.split(tree_.path(*node));
        const std::scoped_lock lock(node->mutex);
        if (!node->cache) continue;
        const Rollback rollback = node->cache->cut(rule, now(), of_file);
        count.kept += static_cast<std::int64_t>(rollback.kept);
        if (rollback.nothing()) continue;
        ++count.files;
        count.pages += static_cast<std::int64_t>(rollback.pages.size());
        restore(*node, rollback);
    }
    return count;
}

void DiskDevice::cut_at(const CutRule& rule, std::uint64_t seed, Nanos moment) {
    cut_ = std::jthread([this, rule, seed, moment](const std::stop_token& stop) {
        for (Nanos left = moment - wall_now(); left > 0; left = moment - wall_now()) {
            if (stop.stop_requested()) return;
            std::this_thread::sleep_for(std::chrono::nanoseconds(std::min(left, millisecond)));
        }
        const CutCount count = cut(rule, seed);
        const std::scoped_lock lock(book_mutex_);
        last_cut_ = count;
    });
}

CutCount DiskDevice::await_cut() {
    if (cut_.joinable()) cut_.join();
    return last_cut();
}

CutCount DiskDevice::last_cut() {
    const std::scoped_lock lock(book_mutex_);
    return last_cut_;
}

Nanos DiskDevice::wall_now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

void DiskDevice::power_on() {
    cut_ = {}; // one that has not happened yet is called off
    // By now nobody waits for an answer any more who could keep the kernel from forgetting.
    for (const auto& node : tree_.all()) {
        const std::string path = tree_.path(*node);
        if (node->type == S_IFREG && forget_.contents) forget_.contents(*node);
        const auto parent = tree_.find(node->parent);
        if (!path.empty() && parent && forget_.name)
            forget_.name(*parent, fs::path(path).filename().string());
    }
    power_ = Power::on;
}

std::int64_t DiskDevice::drop_lost() {
    const std::shared_lock calls(gate_);
    std::int64_t pages = 0;
    for (const auto& node : tree_.all()) {
        const std::scoped_lock lock(node->mutex);
        if (!node->cache || node->cache->lost_pages() == 0) continue;
        const Rollback rollback = node->cache->drop_lost();
        pages += static_cast<std::int64_t>(rollback.pages.size());
        restore(*node, rollback);
        tell_later(*node);
    }
    return pages;
}

std::vector<DiskDevice::RuleCount> DiskDevice::rule_counts() {
    const std::scoped_lock lock(book_mutex_);
    std::vector<RuleCount> counts;
    for (const auto& [id, count] : book_.counts())
        counts.push_back({id, book_.has(id), count});
    return counts;
}

std::pair<std::int64_t, std::int64_t> DiskDevice::volatile_pages() {
    std::int64_t dirty = 0;
    std::int64_t lost = 0;
    for (const auto& node : tree_.all()) {
        const std::scoped_lock lock(node->mutex);
        if (!node->cache) continue;
        dirty += static_cast<std::int64_t>(node->cache->dirty_pages());
        lost += static_cast<std::int64_t>(node->cache->lost_pages());
    }
    return {dirty, lost};
}

std::uint64_t DiskDevice::saved_bytes() {
    std::uint64_t bytes = 0;
    for (const auto& node : tree_.all()) {
        const std::scoped_lock lock(node->mutex);
        if (node->cache) bytes += node->cache->bytes();
    }
    return bytes;
}

/// Requires: not the node's mutex.
bool DiskDevice::must_stay(DiskNode& node) {
    {
        const std::scoped_lock lock(node.mutex);
        if (node.cache && !node.cache->clean()) return true;
    }
    const std::scoped_lock lock(names_mutex_);
    return names_.refers(node.id);
}

/// What has been unsynced since then is on the disk now.
void DiskDevice::write_back(Nanos older_than) {
    const std::shared_lock calls(gate_);
    if (power_ != Power::on) return;
    for (const auto& node : tree_.all()) {
        const std::scoped_lock lock(node->mutex);
        if (!node->cache) continue;
        const Nanos since = node->cache->dirty_since();
        if (since != FileCache::none_dirty && since <= older_than) node->cache->synced(now());
        node->cache->forget(now());
        if (node->cache->clean() && node->opens == 0) node->data.close();
    }
    const std::scoped_lock lock(names_mutex_);
    close_graves(names_.settle(now(), older_than));
}

/// By the housekeeper alone: it may have to wait for calls that are stalled.
void DiskDevice::forget_reads() {
    if (!forget_.contents) return;
    for (const auto& node : tree_.all()) {
        if (node->type == S_IFREG) forget_.contents(*node);
    }
}

void DiskDevice::keep_house(const std::stop_token& stop) {
    for (int turn = 1; !stop.stop_requested(); ++turn) {
        std::this_thread::sleep_for(round);
        std::set<std::uint64_t> stale;
        {
            const std::scoped_lock lock(stale_mutex_);
            std::swap(stale, stale_);
        }
        for (const std::uint64_t id : stale) {
            const auto node = tree_.find(id);
            if (node && forget_.contents) forget_.contents(*node);
        }
        const bool soon = forget_soon_.exchange(false);
        if (soon || (cold_ && turn % rounds_between_forgetting == 0)) forget_reads();
        if (turn % rounds_between_write_backs != 0) continue;
        bool lies = false;
        {
            const std::scoped_lock lock(book_mutex_);
            book_.expire(now());
            rules_ = !book_.empty();
            full_ = book_.any(DiskFault::full);
            cold_ = book_.reads_matter();
            lies = book_.any(DiskFault::sync_lies);
        }
        // As Linux does when too much is dirty; lies or not, memory has an end.
        if (saved_bytes() > most_saved) {
            write_back(now());
        } else if (tracking_ && !lies) {
            write_back(now() - write_back_age);
        }
        tree_.sweep([this](DiskNode& node) { return must_stay(node); });
    }
}

void DiskDevice::forget_node(DiskNode& node, std::uint64_t lookups) {
    tree_.forget(node, lookups, [this](DiskNode& left) { return must_stay(left); });
}

} // namespace faultlab::node
