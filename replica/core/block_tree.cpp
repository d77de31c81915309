#include "replica/core/block_tree.hpp"

#include "replica/core/assert.hpp"
#include "replica/core/bytes.hpp"

#include <algorithm>
#include <cstring>

namespace faultlab::replica {

namespace {

std::strong_ordering compare_bytes(Bytes a, Bytes b) {
    const int order = a.empty() ? 0 : std::memcmp(a.data(), b.data(), a.size());
    return order <=> 0;
}

constexpr std::uint64_t priority_seed = 0x7265'6170; // another domain than that of the digest

} // namespace

BlockTree::BlockTree(std::uint32_t entries, std::uint32_t blocks)
    : most_nodes_(entries), most_blocks_(blocks) {
    REPLICA_ASSERT("tree-most-entries", entries < none); // which is no index
    REPLICA_ASSERT("tree-most-blocks", blocks < none);
    nodes_.reserve(entries);
    blocks_.reserve(blocks);
}

/// The first bytes of a key as a number that orders as they do; a shorter key is filled up with
/// zeroes, so that equal prefixes decide nothing.
std::uint64_t BlockTree::prefix_of(Bytes key) {
    std::uint64_t prefix = 0;
    for (std::size_t byte = 0; byte < sizeof prefix; ++byte) {
        prefix <<= 8U;
        prefix |= byte < key.size() ? static_cast<std::uint64_t>(key[byte]) : 0U;
    }
    return prefix;
}

std::uint64_t BlockTree::blocks_for(std::uint64_t bytes) {
    return (bytes + payload_bytes - 1) / payload_bytes;
}

template <typename Visit>
void BlockTree::walk(Index index, std::size_t offset, std::size_t size, Visit visit) const {
    Index block = nodes_[index].blocks;
    for (; offset >= payload_bytes && size > 0; offset -= payload_bytes) {
        block = blocks_[block].next;
    }
    while (size > 0) {
        REPLICA_ASSERT("tree-chain-ends", block != none); // after its last byte only
        const std::size_t part = std::min(size, payload_bytes - offset);
        if (!visit(Bytes(blocks_[block].bytes).subspan(offset, part))) {
            return;
        }
        size -= part;
        offset = 0;
        block = blocks_[block].next;
    }
}

std::strong_ordering
BlockTree::compare(Index index, const SpacedKey& key, std::uint64_t prefix) const {
    const Node& node = nodes_[index];
    if (node.space != key.space) {
        return node.space <=> key.space;
    }
    if (node.prefix != prefix) {
        return node.prefix <=> prefix;
    }
    std::strong_ordering order = std::strong_ordering::equal;
    std::size_t at = 0;
    walk(index, 0, std::min<std::size_t>(node.key_bytes, key.bytes.size()), [&](Bytes part) {
        order = compare_bytes(part, key.bytes.subspan(at, part.size()));
        at += part.size();
        return order == std::strong_ordering::equal;
    });
    return order != std::strong_ordering::equal ? order
                                                : std::size_t{node.key_bytes} <=> key.bytes.size();
}

BlockTree::Index BlockTree::find(const SpacedKey& key) const {
    const std::uint64_t prefix = prefix_of(key.bytes);
    for (Index at = root_; at != none;) {
        const std::strong_ordering order = compare(at, key, prefix);
        if (order == std::strong_ordering::equal) {
            return at;
        }
        at = order == std::strong_ordering::less ? nodes_[at].right : nodes_[at].left;
    }
    return none;
}

void BlockTree::copy_key(Index index, std::span<std::byte> out) const {
    REPLICA_ASSERT("tree-key-entry", is_entry(index));
    REPLICA_ASSERT("tree-key-size", out.size() == nodes_[index].key_bytes);
    std::size_t at = 0;
    walk(index, 0, out.size(), [&](Bytes part) {
        copy_bytes(part, out.subspan(at));
        at += part.size();
        return true;
    });
}

void BlockTree::copy_value(Index index, std::span<std::byte> out) const {
    REPLICA_ASSERT("tree-value-entry", is_entry(index));
    REPLICA_ASSERT("tree-value-size", out.size() == nodes_[index].value_bytes);
    std::size_t at = 0;
    walk(index, nodes_[index].key_bytes, out.size(), [&](Bytes part) {
        copy_bytes(part, out.subspan(at));
        at += part.size();
        return true;
    });
}

bool BlockTree::value_is(Index index, Bytes value) const {
    REPLICA_ASSERT("tree-compared-entry", is_entry(index));
    if (nodes_[index].value_bytes != value.size()) {
        return false;
    }
    bool same = true;
    std::size_t at = 0;
    walk(index, nodes_[index].key_bytes, value.size(), [&](Bytes part) {
        same = compare_bytes(part, value.subspan(at, part.size())) == std::strong_ordering::equal;
        at += part.size();
        return same;
    });
    return same;
}

BlockTree::Index BlockTree::take_node() {
    if (free_node_ == none) {
        REPLICA_ASSERT("tree-node-room", nodes_.size() < most_nodes_); // memory is taken at start
        nodes_.emplace_back();
        return static_cast<Index>(nodes_.size() - 1);
    }
    const Index node = free_node_;
    REPLICA_ASSERT("tree-free-node-used", node < nodes_.size());
    REPLICA_ASSERT("tree-free-node-empty", nodes_[node].blocks == none);
    free_node_ = nodes_[node].left;
    return node;
}

BlockTree::Index BlockTree::new_block() {
    REPLICA_ASSERT("tree-block-room", blocks_.size() < most_blocks_); // memory is taken at start
    // Who takes a new one while others are free makes the memory grow.
    REPLICA_ASSERT("tree-no-block-lost", blocks_.size() + 1 == blocks_taken_);
    blocks_.emplace_back();
    return static_cast<Index>(blocks_.size() - 1);
}

BlockTree::Index BlockTree::take_block() {
    ++blocks_taken_;
    if (free_block_ == none) {
        return new_block();
    }
    const Index block = free_block_;
    free_block_ = blocks_[block].next;
    return block;
}

std::uint32_t BlockTree::release_blocks(Index index) {
    Node& node = nodes_[index];
    const std::uint32_t before = blocks_taken_;
    while (node.blocks != none) {
        const Index block = node.blocks;
        node.blocks = blocks_[block].next;
        blocks_[block].next = free_block_;
        free_block_ = block;
        --blocks_taken_;
    }
    return before - blocks_taken_;
}

void BlockTree::store(Index index, const SpacedKey& key, Bytes value) {
    Node& node = nodes_[index];
    Index* tail = &node.blocks;
    std::size_t room = 0;
    std::byte* place = nullptr;
    for (Bytes bytes : {key.bytes, value}) {
        while (!bytes.empty()) {
            if (room == 0) {
                *tail = take_block();
                Block& block = blocks_[*tail];
                tail = &block.next;
                place = block.bytes.data();
                room = block.bytes.size();
            }
            const std::size_t part = std::min(room, bytes.size());
            copy_bytes(bytes.first(part), {place, part});
            place += part;
            room -= part;
            bytes = bytes.subspan(part);
        }
    }
    *tail = none;
    node.key_bytes = static_cast<std::uint32_t>(key.bytes.size());
    node.value_bytes = static_cast<std::uint32_t>(value.size());
    const std::array<Checksum, 2> parts{checksum(key.bytes, key.space), checksum(value)};
    node.checksum = checksum(std::as_bytes(std::span(parts)));
    digest_.add(node.checksum);
}

void BlockTree::link(Index index, const SpacedKey& key) {
    Node& node = nodes_[index];
    REPLICA_ASSERT("tree-link-entry", node.blocks != none);
    Index* place = &root_;
    while (*place != none && nodes_[*place].priority >= node.priority) {
        Node& above = nodes_[*place];
        place = compare(*place, key, node.prefix) == std::strong_ordering::less ? &above.right
                                                                                : &above.left;
    }
    // What hangs here goes to the left or the right of the new node.
    Index rest = *place;
    *place = index;
    Index* left = &node.left;
    Index* right = &node.right;
    while (rest != none) {
        const std::strong_ordering order = compare(rest, key, node.prefix);
        REPLICA_ASSERT("tree-link-new", order != std::strong_ordering::equal);
        if (order == std::strong_ordering::less) {
            *left = rest;
            left = &nodes_[rest].right;
            rest = *left;
        } else {
            *right = rest;
            right = &nodes_[rest].left;
            rest = *right;
        }
    }
    *left = none;
    *right = none;
}

void BlockTree::unlink(Index* link) {
    const Node& gone = nodes_[*link];
    Index left = gone.left;
    Index right = gone.right;
    REPLICA_ASSERT("tree-heap-left", left == none || nodes_[left].priority <= gone.priority);
    REPLICA_ASSERT("tree-heap-right", right == none || nodes_[right].priority <= gone.priority);
    while (left != none && right != none) {
        Index& above = nodes_[left].priority >= nodes_[right].priority ? left : right;
        *link = above;
        link = &above == &left ? &nodes_[left].right : &nodes_[right].left;
        above = *link;
    }
    *link = left != none ? left : right;
}

bool BlockTree::put(const SpacedKey& key, Bytes value) {
    const std::uint64_t needed = blocks_for(key.bytes.size() + value.size());
    Index index = find(key);
    const std::uint64_t freed =
        index == none
            ? 0
            : blocks_for(std::uint64_t{nodes_[index].key_bytes} + nodes_[index].value_bytes);
    if (blocks_taken_ - freed + needed > most_blocks_ || (index == none && size_ == most_nodes_)) {
        return false;
    }
    if (index != none) {
        digest_.remove(nodes_[index].checksum);
        release_blocks(index);
        store(index, key, value);
        return true;
    }
    index = take_node();
    nodes_[index] = Node{.prefix = prefix_of(key.bytes),
                         .priority = checksum(key.bytes, priority_seed + key.space).low,
                         .space = key.space};
    store(index, key, value);
    link(index, key);
    ++size_;
    return true;
}

bool BlockTree::erase(const SpacedKey& key) {
    const std::uint64_t prefix = prefix_of(key.bytes);
    Index* link = &root_;
    while (*link != none) {
        const std::strong_ordering order = compare(*link, key, prefix);
        if (order == std::strong_ordering::equal) {
            break;
        }
        Node& above = nodes_[*link];
        link = order == std::strong_ordering::less ? &above.right : &above.left;
    }
    if (*link == none) {
        return false;
    }
    const Index index = *link;
    REPLICA_ASSERT("tree-erase-size", size_ > 0);
    REPLICA_ASSERT("tree-erase-used", index < nodes_.size() && blocks_taken_ > 0);
    unlink(link);
    digest_.remove(nodes_[index].checksum);
    [[maybe_unused]] const std::uint64_t bytes =
        std::uint64_t{nodes_[index].key_bytes} + nodes_[index].value_bytes;
    [[maybe_unused]] const std::uint32_t released = release_blocks(index);
    REPLICA_ASSERT("tree-chain-length", released == blocks_for(bytes));
    nodes_[index].left = free_node_;
    free_node_ = index;
    --size_;
    REPLICA_ASSERT("tree-empty-root", (size_ == 0) == (root_ == none));
    REPLICA_ASSERT("tree-empty-blocks", size_ > 0 || blocks_taken_ == 0);
    REPLICA_ASSERT("tree-empty-digest", size_ > 0 || digest_.value() == Checksum{});
    return true;
}

void BlockTree::check() const {
    REPLICA_ASSERT("tree-is-counted", (free_node_ == none) == (size_ == nodes_.size()));
    REPLICA_ASSERT("tree-is-stored", size_ <= blocks_taken_); // no key is empty
    REPLICA_ASSERT("tree-is-within", blocks_taken_ <= blocks_.size());
    REPLICA_ASSERT("tree-is-freed", (free_block_ == none) == (blocks_taken_ == blocks_.size()));
    REPLICA_ASSERT("tree-is-rooted", root_ == none || is_entry(root_));
    if (root_ != none) {
        const auto [left, right] = std::pair(nodes_[root_].left, nodes_[root_].right);
        REPLICA_ASSERT("tree-is-left", left == none || (left != right && is_entry(left)));
        REPLICA_ASSERT("tree-is-right", right == none || is_entry(right));
    }
}

void BlockTree::clear() {
    REPLICA_ASSERT("tree-node-memory", nodes_.capacity() >= most_nodes_); // taken at start
    REPLICA_ASSERT("tree-block-memory", blocks_.capacity() >= most_blocks_);
    root_ = none;
    free_node_ = none;
    free_block_ = none;
    nodes_.clear();
    blocks_.clear();
    size_ = 0;
    blocks_taken_ = 0;
    digest_ = {};
}

} // namespace faultlab::replica
