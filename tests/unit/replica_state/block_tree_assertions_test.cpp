#include "tests/unit/replica_state/block_tree_probe.hpp"

// A tree of three entries, of which the one in the middle takes two blocks, is broken from inside.
namespace faultlab::replica {

namespace {

constexpr std::array keys{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};

SpacedKey key(std::size_t number) {
    return {0, Bytes(keys).subspan(number - 1, 1)};
}

const std::vector<std::byte>& long_value() {
    static const std::vector<std::byte> value(100, std::byte{8});
    return value;
}

BlockTree three_entries() {
    BlockTree tree(8, 16);
    REQUIRE(tree.put(key(2), long_value()));
    REQUIRE(tree.put(key(1), keys));
    REQUIRE(tree.put(key(3), keys));
    return tree;
}

} // namespace

std::vector<Breach<BlockTree>> BlockTreeProbe::of_entries() {
    using Tree = BlockTree;
    return {
        {"tree-most-entries", [](Tree&) { const Tree vast(Tree::none, 1); }},
        {"tree-most-blocks", [](Tree&) { const Tree vast(1, Tree::none); }},
        {"tree-key-entry", [](Tree& tree) { tree.copy_key(3, {}); }},
        {"tree-value-entry", [](Tree& tree) { tree.copy_value(Tree::none, {}); }},
        {"tree-compared-entry", [](Tree& tree) { (void)tree.value_is(3, {}); }},
        {"tree-chain-ends",
         [](Tree& tree) {
             const Tree::Index index = tree.find(key(2));
             tree.blocks_[tree.nodes_[index].blocks].next = Tree::none;
             (void)tree.value_is(index, long_value());
         }},
    };
}

std::vector<Breach<BlockTree>> BlockTreeProbe::of_memory() {
    using Tree = BlockTree;
    return {
        {"tree-node-room",
         [](Tree& tree) {
             tree.most_nodes_ = 3;
             (void)tree.take_node();
         }},
        {"tree-free-node-used",
         [](Tree& tree) {
             tree.free_node_ = 3;
             (void)tree.take_node();
         }},
        {"tree-free-node-empty",
         [](Tree& tree) {
             tree.free_node_ = tree.root_;
             (void)tree.take_node();
         }},
        {"tree-block-room",
         [](Tree& tree) {
             tree.most_blocks_ = static_cast<std::uint32_t>(tree.blocks_.size());
             (void)tree.take_block();
         }},
        {"tree-no-block-lost",
         [](Tree& tree) {
             --tree.blocks_taken_;
             (void)tree.take_block();
         }},
        {"tree-erase-used",
         [](Tree& tree) {
             tree.blocks_taken_ = 0;
             tree.erase(key(2));
         }},
        {"tree-chain-length",
         [](Tree& tree) {
             tree.nodes_[tree.find(key(2))].value_bytes += Tree::payload_bytes;
             tree.erase(key(2));
         }},
        {"tree-node-memory",
         [](Tree& tree) {
             tree.nodes_ = std::vector<Tree::Node>();
             tree.clear();
         }},
        {"tree-block-memory",
         [](Tree& tree) {
             tree.blocks_ = std::vector<Tree::Block>();
             tree.clear();
         }},
    };
}

std::vector<Breach<BlockTree>> BlockTreeProbe::of_order() {
    using Tree = BlockTree;
    return {
        {"tree-visit-index",
         [](Tree& tree) {
             tree.root_ = 3;
             tree.visit_from({}, [](Tree::Index) { return true; });
         }},
        {"tree-is-rooted",
         [](Tree& tree) {
             tree.root_ = 3;
             tree.check();
         }},
        {"tree-is-left",
         [](Tree& tree) {
             tree.nodes_[tree.root_].left = tree.nodes_[tree.root_].right = 0;
             tree.check();
         }},
        {"tree-is-right",
         [](Tree& tree) {
             tree.nodes_[tree.root_].right = 3;
             tree.check();
         }},
        {"tree-link-entry",
         [](Tree& tree) {
             tree.nodes_.emplace_back();
             tree.link(3, key(4));
         }},
        {"tree-link-new",
         [](Tree& tree) {
             tree.nodes_.push_back({.prefix = Tree::prefix_of(key(2).bytes),
                                    .priority = ~std::uint64_t{0},
                                    .blocks = 0});
             tree.link(3, key(2));
         }},
        {"tree-heap-left",
         [](Tree& tree) {
             tree.nodes_[0] = {.priority = 1, .left = 1};
             tree.nodes_[1].priority = 2;
             tree.root_ = 0;
             tree.unlink(&tree.root_);
         }},
        {"tree-heap-right",
         [](Tree& tree) {
             tree.nodes_[0] = {.priority = 1, .right = 1};
             tree.nodes_[1].priority = 2;
             tree.root_ = 0;
             tree.unlink(&tree.root_);
         }},
    };
}

std::vector<Breach<BlockTree>> BlockTreeProbe::of_sums() {
    using Tree = BlockTree;
    return {
        {"tree-is-counted",
         [](Tree& tree) {
             tree.size_ = 4;
             tree.check();
         }},
        {"tree-is-stored",
         [](Tree& tree) {
             tree.blocks_taken_ = 2;
             tree.check();
         }},
        {"tree-is-within",
         [](Tree& tree) {
             ++tree.blocks_taken_;
             tree.check();
         }},
        {"tree-is-freed",
         [](Tree& tree) {
             tree.blocks_.emplace_back();
             tree.check();
         }},
        {"tree-erase-size",
         [](Tree& tree) {
             tree.size_ = 0;
             tree.erase(key(2));
         }},
        {"tree-empty-root",
         [](Tree& tree) {
             tree.size_ = 1;
             tree.erase(key(2));
         }},
        {"tree-empty-blocks",
         [](Tree& tree) {
             ++tree.blocks_taken_;
             for (std::size_t number = 1; number <= 3; ++number)
                 tree.erase(key(number));
         }},
        {"tree-empty-digest",
         [](Tree& tree) {
             tree.digest_.add(Checksum{1, 2});
             for (std::size_t number = 1; number <= 3; ++number)
                 tree.erase(key(number));
         }},
    };
}

TEST_CASE("Assertions of a tree of blocks about its entries trip", "[replica_state]") {
    check_breaches(three_entries, BlockTreeProbe::of_entries());
}

TEST_CASE("Assertions of a tree of blocks about its memory trip", "[replica_state]") {
    check_breaches(three_entries, BlockTreeProbe::of_memory());
}

TEST_CASE("Assertions of a tree of blocks about its order trip", "[replica_state]") {
    check_breaches(three_entries, BlockTreeProbe::of_order());
}

TEST_CASE("Assertions of a tree of blocks about its sums trip", "[replica_state]") {
    check_breaches(three_entries, BlockTreeProbe::of_sums());
}

} // namespace faultlab::replica
