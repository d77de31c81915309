#pragma once

#include "replica/core/assert.hpp"
#include "replica/core/digest_sum.hpp"
#include "replica/core/types.hpp"

#include <array>
#include <compare>
#include <limits>
#include <vector>

namespace faultlab::replica {

/// A key of one namespace. Ordered by namespace, then by its bytes.
struct SpacedKey {
    std::uint32_t space = 0;
    Bytes bytes;
};

/// An ordered map from keys to bytes in memory of a fixed size: a treap (Aragon and Seidel,
/// "Randomized search trees", 1989) whose priorities are hashes of the keys, over chains of blocks
/// of 64 bytes. Chains do not fragment: whether an entry fits depends on the contents alone.
/// Indices are good until the next change.
class BlockTree {
public:
    using Index = std::uint32_t;
    static constexpr Index none = std::numeric_limits<Index>::max();

    static constexpr std::size_t block_bytes = 64;
    static constexpr std::size_t payload_bytes = block_bytes - sizeof(Index);

    BlockTree(std::uint32_t entries, std::uint32_t blocks);

    [[nodiscard]] Index find(const SpacedKey& key) const;
    /// Of the entry's key with another one.
    [[nodiscard]] std::strong_ordering compare(Index index, const SpacedKey& key) const {
        return compare(index, key, prefix_of(key.bytes));
    }
    /// Visits the entries from the key on, also of later namespaces, in order, until `visit(index)`
    /// returns false.
    template <typename Visit>
    void visit_from(const SpacedKey& key, Visit visit) const {
        visit_below(root_, key, prefix_of(key.bytes), visit);
    }

    [[nodiscard]] std::uint32_t space(Index index) const { return nodes_[index].space; }
    [[nodiscard]] std::uint32_t key_bytes(Index index) const { return nodes_[index].key_bytes; }
    [[nodiscard]] std::uint32_t value_bytes(Index index) const { return nodes_[index].value_bytes; }
    /// Require: the index is that of an entry, and `out` has exactly key_bytes(index),
    /// value_bytes(index).
    void copy_key(Index index, std::span<std::byte> out) const;
    void copy_value(Index index, std::span<std::byte> out) const;
    /// Requires: the index is that of an entry.
    [[nodiscard]] bool value_is(Index index, Bytes value) const;

    /// Adds or replaces. False, and nothing changed, when there is no room. Requires: the key is
    /// not empty, and both together have less than 4 GiB.
    bool put(const SpacedKey& key, Bytes value);
    /// False when there is no such key.
    bool erase(const SpacedKey& key);
    void clear();
    /// Asserts what is true of it between any two calls.
    void check() const;

    [[nodiscard]] std::uint32_t size() const { return size_; }
    [[nodiscard]] const Checksum& digest() const { return digest_.value(); }

    /// Indices below it have been used. Where an entry lies depends on the past, so nothing that is
    /// replicated may depend on it.
    [[nodiscard]] Index places() const { return static_cast<Index>(nodes_.size()); }
    [[nodiscard]] bool taken(Index index) const { return nodes_[index].blocks != none; }

private:
    friend struct BlockTreeProbe; ///< tests break invariants from inside
    struct Block {
        Index next = none;
        std::array<std::byte, payload_bytes> bytes{};
    };
    static_assert(sizeof(Block) == block_bytes);

    struct Node {
        std::uint64_t prefix = 0; ///< of the key, so that most comparisons need no block
        std::uint64_t priority = 0;
        Checksum checksum;
        std::uint32_t space = 0;
        std::uint32_t key_bytes = 0;
        std::uint32_t value_bytes = 0;
        Index blocks = none; ///< the key, then the value; none: the node is free
        Index left = none;   ///< of a free node: the next one
        Index right = none;
    };

    [[nodiscard]] static std::uint64_t prefix_of(Bytes key);
    [[nodiscard]] bool is_entry(Index index) const {
        return index < nodes_.size() && nodes_[index].blocks != none;
    }
    [[nodiscard]] static std::uint64_t blocks_for(std::uint64_t bytes);
    /// Calls `visit(part)` with the stored bytes from `offset` on, until it returns false.
    template <typename Visit>
    void walk(Index index, std::size_t offset, std::size_t size, Visit visit) const;
    [[nodiscard]] std::strong_ordering
    compare(Index index, const SpacedKey& key, std::uint64_t prefix) const;
    template <typename Visit>
    bool visit_below(Index top, const SpacedKey& key, std::uint64_t prefix, Visit& visit) const {
        if (top == none) {
            return true;
        }
        REPLICA_ASSERT("tree-visit-index", top < nodes_.size());
        if (compare(top, key, prefix) != std::strong_ordering::less &&
            (!visit_below(nodes_[top].left, key, prefix, visit) || !visit(top))) {
            return false;
        }
        return visit_below(nodes_[top].right, key, prefix, visit);
    }
    void store(Index index, const SpacedKey& key, Bytes value);
    /// Returns how many there were.
    std::uint32_t release_blocks(Index index);
    [[nodiscard]] Index take_node();
    [[nodiscard]] Index take_block();
    /// Beyond those that were ever taken.
    [[nodiscard, gnu::cold]] Index new_block();
    void link(Index index, const SpacedKey& key);
    void unlink(Index* link);

    std::uint32_t most_nodes_;
    std::uint32_t most_blocks_;
    // Reserved by the constructor, and touched only as far as they are used.
    std::vector<Node> nodes_;
    std::vector<Block> blocks_;
    Index root_ = none;
    Index free_node_ = none;
    Index free_block_ = none;
    std::uint32_t size_ = 0;
    std::uint32_t blocks_taken_ = 0;
    DigestSum digest_;
};

} // namespace faultlab::replica
