#pragma once

#include "checker/register_model.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace faultlab {

/// What the fast path takes for true. All hold; tests switch each off and see that it is noticed.
struct BlockLicences {
    bool open_cas_observes = true;  ///< an open cas whose value was seen has seen its own
    bool chains_keep_time = true;   ///< inside a block nobody returns before one that comes first
    bool consumes_once = true;      ///< two cas cannot take away the same value
    bool cycles_are_illegal = true; ///< a chain of cas begins with a write
    bool blocks_keep_time = true;   ///< two blocks cannot each have to precede the other
    bool open_ops_stay_open = true; ///< an open operation never returns
    bool initial_is_written = true; ///< the absent value was there first
    bool unseen_open_vanish = true; ///< an open update that nobody saw did not happen
    bool failed_cas_observe = true; ///< a cas that compared false saw another value
};

/// Decides the history of one register in time linear in its operations, whatever their
/// concurrency and however many are open, where no value that is observed was written twice.
///
/// Zones of Gibbons and Korach ("Testing shared memories", 1997), extended by chains of cas and by
/// open operations. A write, the reads of its value, the cas that took this value away, the reads
/// of what that left, and so on, follow each other directly in every legal order: a block. Block A
/// must precede block B if an operation of A returned before one of B was invoked. The history is
/// legal exactly if each block is by itself and no two blocks must precede each other.
///
/// Cas that compared false are put into an order found without them, greedily; where that fails the
/// answer is left to the search. Owned by one thread; memory is kept from key to key.
class RegisterBlocks {
public:
    enum class Answer : std::uint8_t {
        legal,
        illegal,
        not_applicable, ///< a value that is observed was written twice, or there are versions
    };

    explicit RegisterBlocks(const BlockLicences& licences = {}) : licences_(licences) {}

    /// Requires: `ops` in order of invocation, and to live as long as its answer is asked about.
    Answer judge(std::span<const RegisterOp> ops);

    /// Of an illegal history: positions of the few operations that prove it, ascending; see
    /// certificate_refutes in register_proof.hpp.
    [[nodiscard]] const std::vector<std::uint32_t>& certificate() const { return certificate_; }

    /// Of a legal history: positions in a legal order.
    [[nodiscard]] std::vector<std::uint32_t> witness() const;

private:
    static constexpr std::uint32_t nobody = UINT32_MAX;

    /// A value: who wrote it, who saw it, who took it away.
    struct Cluster {
        Index first_return = never;        ///< of its reads
        Index last_invocation = -1;        ///< of its reads
        std::uint32_t first_read = nobody; ///< that returned first
        std::uint32_t last_read = nobody;  ///< that was invoked last
        std::uint32_t writer = nobody;
        std::uint32_t consumer = nobody; ///< the cas that took it away
        bool observed = false;
        bool repeated = false; ///< written twice
        bool closed = false;   ///< its writer, an open cas, is known to have happened
    };

    struct Block {
        Index first_return = never;
        Index last_invocation = -1;
        std::uint32_t returns_first = nobody; ///< nobody: the initial value, at time -1
        std::uint32_t invoked_last = nobody;
        std::uint32_t root = nobody; ///< its write; nobody: the initial value
    };

    void clear();
    bool collect();
    Cluster& cluster(ValueId value);
    void add_update(std::uint32_t i);
    void add_read(std::uint32_t i, ValueId value);
    void consume(std::uint32_t i);
    void close_over_open_cas();
    [[nodiscard]] bool kept(const RegisterOp& op) const;

    bool build_blocks();
    bool build_block(std::uint32_t root);
    /// The next operation of a block; false when it returned before `last` was invoked.
    bool take(Block& block, std::uint32_t i);
    bool compare_blocks();
    /// How many operations were invoked before this block's first return.
    [[nodiscard]] std::uint32_t rank(const Block& block) const;
    bool place_failed_cas();

    /// The update after which `i` belongs: itself, or the writer of what it read.
    [[nodiscard]] std::uint32_t node(std::uint32_t i) const;
    void cite_unwritten();
    void cite_consumers();
    void cite_cycle();
    /// Two operations of the block with this root, and the part of its chain that ties them.
    void cite_chain(std::uint32_t root, std::uint32_t a, std::uint32_t b);
    void finish_certificate();
    [[nodiscard]] std::vector<std::uint32_t> order_of_blocks() const;
    /// The order of everything but failed cas.
    [[nodiscard]] std::vector<std::uint32_t> order_without_failed() const;

    BlockLicences licences_;
    std::span<const RegisterOp> ops_;
    std::vector<Cluster> clusters_;       ///< by ValueId
    std::vector<std::uint32_t> open_cas_; ///< positions
    std::vector<std::uint32_t> failed_cas_;
    std::uint32_t twice_[2] = {nobody, nobody}; ///< two definite cas of one value
    std::size_t cas_kept_ = 0;
    std::size_t cas_placed_ = 0;
    std::vector<Block> blocks_;
    std::vector<std::uint32_t> first_at_; ///< by rank: a block whose first return has it
    std::vector<std::uint32_t> next_at_;  ///< by block: the next one of equal rank
    std::vector<std::uint32_t> ends_at_;  ///< by position: the block that it is invoked last in
    std::vector<std::uint32_t> certificate_;
    std::vector<std::uint32_t> with_failed_; ///< the order, when there are failed cas
};

} // namespace faultlab
