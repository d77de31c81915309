// What somebody without the key does on the way is refused by the connection, each by its class.

#include "replica/wire/forgeries.hpp"
#include "tests/unit/replica_wire/channel_pair.hpp"

#include <set>
#include <string>

using namespace faultlab::replica;
using namespace faultlab::replica::test;

TEST_CASE("forged, tampered and unsigned frames are refused, and nothing of them comes through") {
    for (const ForgeryEntry& forgery : forgeries()) {
        if (forgery.forgery == Forgery::WrongKey) continue;
        CAPTURE(forgery.name);
        for (std::uint64_t seed = 1; seed <= 200; ++seed) {
            CAPTURE(seed);
            Pair pair;
            pair.shake();
            REQUIRE(feed(pair.b, frame(pair.a, seed % 90, 1)).size() == 1);
            Buffer changed = frame(pair.a, seed % 90, 2);
            const Buffer before = changed;
            forge(forgery.forgery, seed, changed);
            CHECK(changed.size() == before.size());
            CHECK(changed != before);
            CHECK(feed(pair.b, changed).empty());
            CHECK(pair.b.rejected() == forgery.refused_as);
            CHECK(feed(pair.b, frame(pair.a, 10, 3)).empty());
        }
    }
}

TEST_CASE("a forged frame says something else, and its own checksums fit") {
    Pair pair;
    pair.shake();
    Buffer changed = frame(pair.a, 20, 1);
    const Header before = header_from(Bytes(changed).subspan(4));
    forge(Forgery::Forged, 5, changed);
    const Bytes content = Bytes(changed).subspan(4, changed.size() - frame_overhead);
    CHECK(header_from(content).commit == before.commit + 6);
    CHECK(intact(header_from(content), content.subspan(sizeof(Header))));
}

TEST_CASE("who has another key opens no connection, in either direction") {
    const Key right = key_of(1);
    CHECK(wrong_key(right).fingerprint() != right.fingerprint());
    for (const bool dialler_lacks_it : {true, false}) {
        Pair pair(dialler_lacks_it ? wrong_key(right) : right,
                  dialler_lacks_it ? right : wrong_key(right));
        pair.shake();
        CHECK_FALSE(pair.a.established());
        CHECK_FALSE(pair.b.established());
        const Channel& honest = dialler_lacks_it ? pair.b : pair.a;
        CHECK(honest.rejected() == forgeries()[3].refused_as);
    }
}

TEST_CASE("the catalogue of forgeries has M12 to M15, in their order") {
    int number = 12;
    std::set<std::string> names;
    for (const ForgeryEntry& forgery : forgeries()) {
        CHECK(forgery.id == "M" + std::to_string(number++));
        CHECK(names.insert(forgery.name).second);
        CHECK(static_cast<int>(forgery.forgery) == number - 13);
    }
}
