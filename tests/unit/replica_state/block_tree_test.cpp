#include "replica/core/block_tree.hpp"
#include "tests/support/trips.hpp"

using namespace faultlab::replica;

TEST_CASE("A tree of blocks gives no bytes of another size than it has", "[replica_state]") {
    BlockTree tree(4, 16);
    const std::vector<std::byte> key(100, std::byte{7});
    const std::vector<std::byte> value(61, std::byte{8});
    REQUIRE(tree.put({1, key}, value));
    const BlockTree::Index index = tree.find({1, key});
    REQUIRE(index != BlockTree::none);
    CHECK(tree.find({2, key}) == BlockTree::none);
    std::vector<std::byte> out(61);
    tree.copy_value(index, out);
    CHECK(out == value);
    CHECK_TRIPS("tree-key-size", tree.copy_key(index, out));
    out.resize(100);
    tree.copy_key(index, out);
    CHECK(out == key);
    CHECK_TRIPS("tree-value-size", tree.copy_value(index, out));
}

TEST_CASE("A tree of blocks is full by entries or by blocks", "[replica_state]") {
    BlockTree tree(2, 4);
    const auto key = [](int number) {
        static std::array<std::byte, 1> bytes;
        bytes[0] = static_cast<std::byte>(number);
        return SpacedKey{0, bytes};
    };
    const std::vector<std::byte> fits_two(BlockTree::payload_bytes * 2 - 1);
    const std::vector<std::byte> needs_three(BlockTree::payload_bytes * 2);
    REQUIRE(tree.put(key(1), fits_two));
    CHECK_FALSE(tree.put(key(2), needs_three));
    REQUIRE(tree.put(key(2), fits_two));
    CHECK_FALSE(tree.put(key(3), {})); // entries
    CHECK_FALSE(tree.put(key(1), needs_three));
    CHECK_FALSE(tree.put(key(1), vast_bytes()));
    REQUIRE(tree.erase(key(2)));
    CHECK_FALSE(tree.erase(key(2)));
    CHECK(tree.put(key(1), needs_three)); // in the place of what it replaces
    CHECK(tree.size() == 1);
    tree.clear();
    CHECK(tree.size() == 0);
    CHECK(tree.digest() == Checksum{});
}
