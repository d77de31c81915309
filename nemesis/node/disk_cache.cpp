#include "nemesis/node/disk_cache.hpp"

#include "core/check.hpp"

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

namespace faultlab::node {
namespace {

constexpr std::uint64_t sectors_a_page = disk_page / disk_sector;
constexpr std::uint8_t all_sectors = 0xff;
constexpr std::uint64_t whole = 1'000'000; // millionths

bool drawn(std::int64_t millionths, Rng& rng) {
    return millionths > 0 && rng.chance(static_cast<std::uint64_t>(millionths), whole);
}

} // namespace

std::vector<bool> torn_sectors(Tear tear, std::uint64_t count, Rng& rng) {
    FAULTLAB_CHECK(count > 0);
    std::vector<bool> reach(count, tear == Tear::none);
    if (count == 1) return {true};
    if (tear == Tear::prefix || tear == Tear::suffix) {
        const auto some = static_cast<std::ptrdiff_t>(1 + rng.below(count - 1));
        if (tear == Tear::prefix) std::fill(reach.begin(), reach.begin() + some, true);
        if (tear == Tear::suffix) std::fill(reach.end() - some, reach.end(), true);
    }
    if (tear == Tear::interleaved) {
        for (std::uint64_t i = 0; i < count; ++i)
            reach[i] = rng.chance(1, 2);
        // One that does and one that does not, next to each other.
        const std::uint64_t fixed = rng.below(count - 1);
        reach[fixed] = !reach[fixed + 1];
    }
    return reach;
}

std::vector<std::uint64_t> FileCache::unsaved(std::uint64_t offset, std::uint64_t length) const {
    std::vector<std::uint64_t> pages;
    if (length == 0) return pages;
    const std::uint64_t last = (offset + length - 1) / disk_page;
    for (std::uint64_t page = offset / disk_page; page <= last; ++page) {
        if (page * disk_page >= current_.size) break; // the disk has nothing there
        if (!current_.before.contains(page) && !lost_.contains(page)) pages.push_back(page);
    }
    return pages;
}

void FileCache::save(std::uint64_t page, PageBytes bytes) {
    FAULTLAB_CHECK(bytes.size() <= disk_page);
    bytes_ += bytes.size();
    const bool added = current_.before.emplace(page, std::move(bytes)).second;
    FAULTLAB_CHECK(added);
}

void FileCache::note_dirty(Nanos now) {
    if (dirty_since_ == none_dirty) dirty_since_ = now;
}

void FileCache::wrote(std::uint64_t offset, std::uint64_t length, Nanos now) {
    if (length == 0) return;
    note_dirty(now);
    const std::uint64_t last = (offset + length - 1) / disk_page;
    for (std::uint64_t page = offset / disk_page; page <= last; ++page) {
        // Written once more, a lost page is dirty again: the disk still has what it had.
        const auto lost = lost_.find(page);
        if (lost != lost_.end()) {
            current_.before.emplace(page, std::move(lost->second));
            lost_.erase(lost);
        } else if (page * disk_page >= current_.size) {
            current_.before.emplace(page, PageBytes());
        }
        FAULTLAB_CHECK(current_.before.contains(page));
    }
    last_write_ = {.offset = offset, .length = length};
    size_ = std::max(size_, offset + length);
}

void FileCache::resized(std::uint64_t size, Nanos now) {
    if (size == size_) return;
    note_dirty(now);
    if (size < size_) {
        const std::uint64_t end = size_;
        const Extent last = last_write_;
        wrote(size, end - size, now); // its bytes there are gone
        last_write_ = last;
        if (last_write_.offset + last_write_.length > size) last_write_ = {};
    }
    size_ = size;
}

void FileCache::synced(Nanos now) {
    current_.synced = now;
    forget_beyond_end();
    if (!current_.before.empty() || current_.size != size_) past_.push_back(std::move(current_));
    current_ = {.size = size_};
    last_write_ = {};
    dirty_since_ = none_dirty;
    forget(now);
}

/// As its size is synced: of lost pages, the disk has no more then than the file is long.
void FileCache::forget_beyond_end() {
    for (auto page = lost_.lower_bound(size_ / disk_page); page != lost_.end();) {
        const std::uint64_t begin = page->first * disk_page;
        const std::uint64_t left = size_ > begin ? size_ - begin : 0;
        if (page->second.size() > left) {
            bytes_ += left;
            PageBytes head(page->second.begin(),
                           page->second.begin() + static_cast<std::ptrdiff_t>(left));
            current_.before.emplace(page->first, std::exchange(page->second, std::move(head)));
        }
        page = left == 0 ? lost_.erase(page) : std::next(page);
    }
}

void FileCache::sync_failed() {
    for (auto& [page, bytes] : current_.before)
        lost_.emplace(page, std::move(bytes));
    current_.before.clear();
    last_write_ = {};
    // The size is data of the inode: the next sync that succeeds writes it.
    if (current_.size == size_) dirty_since_ = none_dirty;
}

void FileCache::forget(Nanos now) {
    while (!past_.empty() && past_.front().synced + memory_ <= now) {
        for (const auto& [page, bytes] : past_.front().before)
            bytes_ -= bytes.size();
        past_.pop_front();
    }
}

bool FileCache::clean() const {
    return current_.before.empty() && current_.size == size_ && lost_.empty() && past_.empty();
}

std::map<std::uint64_t, std::uint8_t> FileCache::kept_sectors(Tear tear, Rng& rng) const {
    std::map<std::uint64_t, std::uint8_t> kept;
    if (tear == Tear::none || last_write_.length == 0) return kept;
    const std::uint64_t first = last_write_.offset / disk_sector;
    const std::uint64_t last = (last_write_.offset + last_write_.length - 1) / disk_sector;
    const std::vector<bool> reach = torn_sectors(tear, last - first + 1, rng);
    for (std::uint64_t i = 0; i < reach.size(); ++i) {
        const std::uint64_t sector = first + i;
        if (!reach[i]) continue;
        const auto bit = static_cast<std::uint8_t>(1U << (sector % sectors_a_page));
        kept[sector / sectors_a_page] |= bit;
    }
    return kept;
}

Rollback FileCache::cut(const CutRule& rule, Nanos now, Rng& rng) {
    // The oldest state among those that the cut may bring back wins.
    Pages target = std::move(lost_);
    std::uint64_t size = current_.size;
    const std::uint64_t lost = target.size();
    Pages undone;
    std::swap(undone, current_.before);
    while (!past_.empty() && past_.back().synced + rule.lies > now) {
        for (auto& [page, bytes] : past_.back().before)
            undone.insert_or_assign(page, std::move(bytes));
        size = past_.back().size;
        past_.pop_back();
    }
    Rollback back;
    const auto torn = kept_sectors(rule.tear, rng);
    std::uint64_t kept_end = 0;
    for (auto& [page, bytes] : undone) {
        const bool was_lost = lost > 0 && target.contains(page);
        const auto reached = torn.find(page);
        std::uint8_t keep = reached == torn.end() ? std::uint8_t{0} : reached->second;
        if (!was_lost && drawn(rule.keep, rng)) keep = all_sectors;
        if (keep != 0) {
            const auto sectors = static_cast<std::uint64_t>(std::bit_width(keep));
            kept_end = std::max(kept_end, page * disk_page + sectors * disk_sector);
            ++back.kept;
        }
        target.erase(page);
        if (keep == all_sectors) continue;
        back.pages.push_back({page, std::move(bytes), static_cast<std::uint8_t>(~keep)});
    }
    for (auto& [page, bytes] : target)
        back.pages.push_back({page, std::move(bytes), all_sectors});
    // What was kept beyond the old end keeps the file so long; a shorter file is kept as a page is.
    if (size_ < size && drawn(rule.keep, rng)) size = size_;
    back.size = std::max(size, std::min(kept_end, size_));
    back.resized = back.size != size_;
    *this = FileCache(back.size, memory_);
    return back;
}

Rollback FileCache::drop_lost() {
    Rollback back{.size = size_};
    for (auto& [page, bytes] : lost_) {
        // Of a file that was made shorter, the disk still has what lay beyond its new end.
        const bool hidden = (page + 1) * disk_page > size_ && current_.size > size_;
        if (hidden) {
            current_.before.emplace(page, bytes);
        } else {
            bytes_ -= bytes.size();
        }
        if (page * disk_page < size_) back.pages.push_back({page, std::move(bytes), all_sectors});
    }
    lost_.clear();
    return back;
}

const PageBytes* FileCache::older(std::uint64_t page) const {
    const auto current = current_.before.find(page);
    if (current != current_.before.end()) return &current->second;
    for (auto epoch = past_.rbegin(); epoch != past_.rend(); ++epoch) {
        const auto found = epoch->before.find(page);
        if (found != epoch->before.end()) return &found->second;
    }
    return nullptr;
}

void NameCache::changed(NameChange change, Nanos now) {
    changes_.push_back({.change = std::move(change), .made = now});
}

void NameCache::synced(std::uint64_t directory, Nanos now) {
    for (Entry& entry : changes_) {
        if (entry.any_sync == never) entry.any_sync = now;
        // A move is one change: it is there in both directories, or in none.
        const bool own = directory != 0 && (entry.change.directory == directory ||
                                            entry.change.other_directory == directory);
        if (own && entry.own_sync == never) entry.own_sync = now;
    }
}

NameCache::Cut NameCache::cut(const CutRule& rule, Nanos now, Rng& rng) {
    Cut cut;
    bool kept = true; // a journal is written from its beginning
    for (Entry& entry : changes_) {
        const Nanos synced = rule.names_strict ? entry.own_sync : entry.any_sync;
        const bool durable = synced != never && synced + rule.lies <= now;
        if (!durable) kept = kept && drawn(rule.keep, rng);
        auto& where = durable || kept ? cut.settled : cut.undo;
        where.push_back(std::move(entry.change));
    }
    changes_.clear();
    std::ranges::reverse(cut.undo);
    return cut;
}

std::vector<NameChange> NameCache::settle(Nanos now, Nanos written_back) {
    std::vector<NameChange> settled;
    std::deque<Entry> left;
    for (Entry& entry : changes_) {
        const bool synced = entry.own_sync != never && entry.own_sync + memory_ <= now;
        if (synced || entry.made <= written_back) {
            settled.push_back(std::move(entry.change));
        } else {
            left.push_back(std::move(entry));
        }
    }
    changes_ = std::move(left);
    return settled;
}

bool NameCache::refers(std::uint64_t directory) const {
    return std::ranges::any_of(changes_, [&](const Entry& entry) {
        return entry.change.directory == directory || entry.change.other_directory == directory;
    });
}

} // namespace faultlab::node
