#pragma once

#include "replica/core/block_tree.hpp"
#include "tests/support/trips.hpp"

namespace faultlab::replica {

struct BlockTreeProbe {
    static std::vector<Breach<BlockTree>> of_entries();
    static std::vector<Breach<BlockTree>> of_memory();
    static std::vector<Breach<BlockTree>> of_order();
    static std::vector<Breach<BlockTree>> of_sums();
    static void set_size(BlockTree& tree, std::uint32_t size) { tree.size_ = size; }
};

} // namespace faultlab::replica
