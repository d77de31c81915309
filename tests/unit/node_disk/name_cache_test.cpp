// Names against a model: directories as maps, and a copy of each that is durable.
#include "nemesis/node/disk_cache.hpp"
#include "tests/support/catch.hpp"

#include <map>

using namespace faultlab;
using namespace faultlab::node;

namespace {

/// Directories 1 to 3, the names in them, and the file that each means.
using Names = std::map<std::pair<std::uint64_t, std::string>, int>;

class Directories {
public:
    explicit Directories(std::uint64_t seed) : rng(seed) {}

    void step(NameCache& cache, Nanos now) {
        const std::uint64_t directory = 1 + rng.below(3);
        const std::string name(1, static_cast<char>('a' + rng.below(4)));
        const auto here = names.find({directory, name});
        if (here == names.end()) {
            names[{directory, name}] = next_file_++;
            cache.changed({.directory = directory, .name = name}, now);
            return;
        }
        if (rng.chance(1, 2)) {
            cache.changed({.kind = NameChange::Kind::removed,
                           .directory = directory,
                           .name = name,
                           .grave = bury(here->second)},
                          now);
            names.erase(here);
            return;
        }
        const std::uint64_t other = 1 + rng.below(3);
        const std::string new_name(1, static_cast<char>('a' + rng.below(4)));
        if (other == directory && new_name == name) return;
        const auto there = names.find({other, new_name});
        cache.changed({.kind = NameChange::Kind::moved,
                       .directory = directory,
                       .name = name,
                       .other_directory = other,
                       .other_name = new_name,
                       .grave = there == names.end() ? "" : bury(there->second)},
                      now);
        const int file = here->second;
        names.erase(here);
        names[{other, new_name}] = file;
    }

    void undo(const NameChange& change) {
        const auto here = std::pair(change.directory, change.name);
        const auto there = std::pair(change.other_directory, change.other_name);
        switch (change.kind) {
            case NameChange::Kind::made: names.erase(here); return;
            case NameChange::Kind::removed: names[here] = graves_.at(change.grave); return;
            case NameChange::Kind::moved:
                names[here] = names.at(there);
                names.erase(there);
                if (!change.grave.empty()) names[there] = graves_.at(change.grave);
        }
    }

    Names names;
    Rng rng;

private:
    std::string bury(int file) {
        const std::string grave = std::to_string(file);
        graves_[grave] = file;
        return grave;
    }
    std::map<std::string, int> graves_;
    int next_file_ = 1;
};

} // namespace

TEST_CASE("where any sync commits all names, a cut leaves those of the last sync", "[node_disk]") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        INFO("seed " << seed);
        Directories directories(seed);
        NameCache cache(1000);
        Names durable;
        Nanos now = 0;
        for (int round = 0; round < 5; ++round) {
            for (std::uint64_t i = directories.rng.below(12); i > 0; --i) {
                directories.step(cache, ++now);
                if (!directories.rng.chance(1, 4)) continue;
                cache.synced(directories.rng.below(4), ++now);
                durable = directories.names;
            }
            Rng unused(1);
            for (const NameChange& change : cache.cut({}, ++now, unused).undo)
                directories.undo(change);
            REQUIRE(directories.names == durable);
            REQUIRE(cache.pending() == 0);
        }
    }
}

TEST_CASE("where directories are synced one by one, a cut takes the others' names", "[node_disk]") {
    NameCache cache(1000);
    cache.changed({.directory = 1, .name = "a"}, 1);
    cache.changed({.directory = 2, .name = "b"}, 2);
    cache.synced(0, 3); // of a file
    cache.synced(2, 4);
    Rng rng(1);
    const NameCache::Cut cut = cache.cut({.names_strict = true}, 5, rng);
    REQUIRE(cut.undo.size() == 1);
    CHECK(cut.undo[0].name == "a");
    CHECK(cut.settled.size() == 1);
}

TEST_CASE("a move is durable with either of its directories", "[node_disk]") {
    NameCache cache(1000);
    cache.changed({.kind = NameChange::Kind::moved,
                   .directory = 1,
                   .name = "a",
                   .other_directory = 2,
                   .other_name = "b"},
                  1);
    cache.synced(2, 2);
    Rng rng(1);
    CHECK(cache.cut({.names_strict = true}, 3, rng).undo.empty());
}

TEST_CASE("names of syncs that lied are lost, too", "[node_disk]") {
    NameCache cache(1000);
    cache.changed({.directory = 1, .name = "a"}, 1);
    cache.synced(1, 2);
    cache.changed({.directory = 1, .name = "b"}, 10);
    cache.synced(1, 11);
    Rng rng(1);
    const NameCache::Cut cut = cache.cut({.lies = 5}, 12, rng);
    REQUIRE(cut.undo.size() == 1);
    CHECK(cut.undo[0].name == "b");
}

TEST_CASE("what a journal has kept is a beginning", "[node_disk]") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        NameCache cache(1000);
        for (int i = 0; i < 10; ++i)
            cache.changed({.directory = 1, .name = std::to_string(i)}, i);
        Rng rng(seed);
        const NameCache::Cut cut = cache.cut({.keep = 700'000}, 20, rng);
        REQUIRE(cut.settled.size() + cut.undo.size() == 10);
        for (std::size_t i = 0; i < cut.settled.size(); ++i)
            REQUIRE(cut.settled[i].name == std::to_string(i));
    }
}

TEST_CASE("old changes settle", "[node_disk]") {
    NameCache cache(10);
    cache.changed({.directory = 1, .name = "a", .grave = "1"}, 1);
    cache.changed({.directory = 1, .name = "b"}, 50);
    CHECK(cache.refers(1));
    CHECK(cache.settle(55, 40).size() == 1);
    cache.synced(1, 56);
    CHECK(cache.settle(60, 40).empty());
    CHECK(cache.settle(66, 40).size() == 1);
    CHECK_FALSE(cache.refers(1));
}
