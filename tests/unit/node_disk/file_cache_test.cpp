// The cache of a file against a model that keeps whole copies: after any calls, a cut must leave
// exactly the bytes that were durable.
#include "nemesis/node/disk_cache.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <set>
#include <span>

using namespace faultlab;
using namespace faultlab::node;

namespace {

using Bytes = std::vector<std::byte>;

/// A file with copies of what the disk has.
class Model {
public:
    Bytes visible;
    Bytes durable;
    std::set<std::uint64_t> dirty; ///< pages written since the last sync
    std::set<std::uint64_t> lost;  ///< pages that a failed sync should have written

    void mark(std::uint64_t offset, std::uint64_t length) {
        if (length == 0) return;
        const std::uint64_t last = (offset + length - 1) / disk_page;
        for (std::uint64_t page = offset / disk_page; page <= last; ++page) {
            dirty.insert(page);
            lost.erase(page);
        }
    }
    void synced() {
        durable.resize(visible.size());
        for (const std::uint64_t page : dirty) {
            const std::size_t begin = std::min(page * disk_page, visible.size());
            const std::size_t end = std::min(begin + disk_page, visible.size());
            std::copy(visible.begin() + static_cast<std::ptrdiff_t>(begin),
                      visible.begin() + static_cast<std::ptrdiff_t>(end),
                      durable.begin() + static_cast<std::ptrdiff_t>(begin));
        }
        dirty.clear();
        std::erase_if(lost, [&](auto page) { return page * disk_page >= visible.size(); });
    }
    void sync_failed() {
        lost.merge(dirty);
        dirty.clear();
    }
    /// Of a file that was made shorter, and whose length no sync has covered, the disk still has
    /// what lay beyond its end.
    void dropped_lost() {
        for (const std::uint64_t page : lost) {
            const bool hidden =
                (page + 1) * disk_page > visible.size() && durable.size() > visible.size();
            if (hidden) dirty.insert(page);
        }
        lost.clear();
    }
};

/// Drives cache and model with the same calls, on real bytes.
class Pair {
public:
    explicit Pair(std::uint64_t seed) : rng_(seed) {
        model_.visible.resize(rng_.below(3 * disk_page));
        fill(model_.visible);
        model_.durable = model_.visible;
        cache_ = std::make_unique<FileCache>(model_.visible.size(), memory);
    }

    void step() {
        ++now_;
        switch (rng_.below(10)) {
            case 0: resize(rng_.below(5 * disk_page)); break;
            case 1:
            case 2: sync(); break;
            case 3:
                cache_->sync_failed();
                model_.sync_failed();
                break;
            default: write(rng_.below(4 * disk_page), 1 + rng_.below(2 * disk_page)); break;
        }
        REQUIRE(cache_->size() == model_.visible.size());
    }

    /// Power is cut; syncs since `lies` ago did not happen.
    void cut(Nanos lies) {
        Bytes expected = model_.durable;
        for (auto past = before_sync_.rbegin(); past != before_sync_.rend(); ++past) {
            if (past->first + lies > now_) expected = past->second;
        }
        Rng unused(1);
        apply(cache_->cut({.lies = lies}, now_, unused));
        REQUIRE(model_.visible.size() == expected.size());
        const auto differ = std::ranges::mismatch(model_.visible, expected).in1;
        REQUIRE(differ - model_.visible.begin() == std::ssize(expected));
        REQUIRE(cache_->clean());
        model_.durable = model_.visible;
        model_.dirty.clear();
        model_.lost.clear();
        before_sync_.clear();
    }

    void drop_lost() {
        const Bytes before = model_.visible;
        const Rollback back = cache_->drop_lost();
        for (const Rollback::Page& page : back.pages) {
            // What is lost is what the disk has, and nothing that is still dirty.
            REQUIRE(model_.lost.contains(page.number));
        }
        apply(back);
        model_.dropped_lost();
        REQUIRE(model_.visible.size() == before.size());
        REQUIRE(cache_->lost_pages() == 0);
        check_clean_pages();
    }

    static constexpr Nanos memory = 8;
    Rng rng_;

private:
    /// Pages that are not dirty are as the disk has them, when nothing is lost.
    void check_clean_pages() {
        for (std::size_t at = 0; at < model_.visible.size(); ++at) {
            const std::size_t page = at / disk_page;
            if (model_.dirty.contains(page)) continue;
            const std::byte disk = at < model_.durable.size() ? model_.durable[at] : std::byte{0};
            if (model_.visible[at] != disk) FAIL("byte " << at << " is not what the disk has");
        }
    }

    void fill(std::span<std::byte> bytes) {
        for (std::byte& byte : bytes)
            byte = static_cast<std::byte>(rng_.below(256));
    }

    void save(std::uint64_t offset, std::uint64_t length) {
        for (const std::uint64_t page : cache_->unsaved(offset, length)) {
            Bytes bytes(disk_page);
            const std::size_t begin = page * disk_page;
            if (begin < model_.visible.size()) {
                const std::size_t count = std::min(disk_page, model_.visible.size() - begin);
                std::memcpy(bytes.data(), model_.visible.data() + begin, count);
            }
            cache_->save(page, std::move(bytes));
        }
    }

    void write(std::uint64_t offset, std::uint64_t length) {
        save(offset, length);
        if (model_.visible.size() < offset + length) model_.visible.resize(offset + length);
        fill(std::span(model_.visible).subspan(offset, length));
        cache_->wrote(offset, length, now_);
        model_.mark(offset, length);
    }

    void resize(std::uint64_t size) {
        const std::uint64_t before = model_.visible.size();
        if (size < before) {
            save(size, before - size);
            model_.mark(size, before - size);
        }
        model_.visible.resize(size);
        cache_->resized(size, now_);
    }

    void sync() {
        before_sync_.emplace_back(now_, model_.durable);
        model_.synced();
        cache_->synced(now_);
    }

    void apply(const Rollback& back) {
        for (const Rollback::Page& page : back.pages) {
            Bytes bytes = page.bytes;
            bytes.resize(disk_page);
            const std::size_t begin = page.number * disk_page;
            if (model_.visible.size() < begin + disk_page) model_.visible.resize(begin + disk_page);
            std::memcpy(model_.visible.data() + begin, bytes.data(), disk_page);
        }
        model_.visible.resize(back.size);
    }

    Model model_;
    std::unique_ptr<FileCache> cache_;
    std::vector<std::pair<Nanos, Bytes>> before_sync_; ///< what the disk had before each sync
    Nanos now_ = 0;
};

} // namespace

TEST_CASE("a cut leaves what was durable, whatever came before", "[node_disk]") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        INFO("seed " << seed);
        Pair pair(seed);
        for (int round = 0; round < 4; ++round) {
            const std::uint64_t steps = pair.rng_.below(20);
            for (std::uint64_t i = 0; i < steps; ++i)
                pair.step();
            pair.cut(0);
        }
    }
}

TEST_CASE("a cut with lies goes back to before the first sync that lied", "[node_disk]") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        INFO("seed " << seed);
        Pair pair(seed);
        for (int round = 0; round < 4; ++round) {
            const std::uint64_t steps = pair.rng_.below(20);
            for (std::uint64_t i = 0; i < steps; ++i)
                pair.step();
            pair.cut(static_cast<Nanos>(pair.rng_.below(Pair::memory)));
        }
    }
}

TEST_CASE("what failed syncs have lost is what the disk has", "[node_disk]") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        INFO("seed " << seed);
        Pair pair(seed);
        for (int round = 0; round < 6; ++round) {
            const std::uint64_t steps = pair.rng_.below(12);
            for (std::uint64_t i = 0; i < steps; ++i)
                pair.step();
            pair.drop_lost();
        }
        pair.cut(0);
    }
}

TEST_CASE("pages that were written back before the cut stay as they are", "[node_disk]") {
    FileCache cache(0, 0);
    cache.wrote(0, 10 * disk_page, 1);
    Rng rng(1);
    const Rollback all = cache.cut({.keep = 1'000'000}, 2, rng);
    CHECK(all.nothing());
    CHECK(all.kept == 10);
    cache.wrote(10 * disk_page, 100 * disk_page, 3);
    const Rollback some = cache.cut({.keep = 500'000}, 4, rng);
    CHECK(some.pages.size() > 20);
    CHECK(some.pages.size() < 80);
    CHECK(some.size > 10 * disk_page);
}

TEST_CASE("a torn write leaves a part of its sectors", "[node_disk]") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        Rng rng(seed);
        const std::uint64_t count = 2 + rng.below(20);
        for (const Tear tear : {Tear::prefix, Tear::suffix, Tear::interleaved}) {
            const std::vector<bool> reach = torn_sectors(tear, count, rng);
            REQUIRE(std::ranges::count(reach, true) > 0);
            REQUIRE(std::ranges::count(reach, false) > 0);
            const bool ordered = tear == Tear::prefix
                                     ? std::ranges::is_sorted(reach, std::greater())
                                     : std::ranges::is_sorted(reach);
            if (tear != Tear::interleaved) REQUIRE(ordered);
        }
    }
}

TEST_CASE("a cut can tear the last write of a file", "[node_disk]") {
    FileCache cache(2 * disk_page, 0);
    for (const std::uint64_t page : cache.unsaved(0, 2 * disk_page))
        cache.save(page, PageBytes(disk_page));
    cache.wrote(0, disk_page, 1);
    cache.wrote(disk_page, disk_page, 2);
    Rng rng(5);
    const Rollback back = cache.cut({.tear = Tear::prefix}, 3, rng);
    REQUIRE(back.pages.size() == 2);
    CHECK(back.pages[0].sectors == 0xff); // an earlier write is lost whole
    CHECK(back.pages[1].sectors != 0xff);
    CHECK((back.pages[1].sectors & 1U) == 0); // its first sector is there
    CHECK((back.pages[1].sectors & 0x80U) != 0);
}

TEST_CASE("an older version is the one before the last change", "[node_disk]") {
    FileCache cache(disk_page, 1000);
    CHECK(cache.older(0) == nullptr);
    cache.save(0, PageBytes(disk_page, std::byte{1}));
    cache.wrote(0, disk_page, 1);
    cache.synced(2);
    REQUIRE(cache.older(0) != nullptr);
    CHECK(cache.older(0)->front() == std::byte{1});
    cache.save(0, PageBytes(disk_page, std::byte{2}));
    cache.wrote(0, disk_page, 3);
    CHECK(cache.older(0)->front() == std::byte{2});
}
