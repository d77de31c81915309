#pragma once

#include "core/store/cell.hpp"
#include "core/types.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace faultlab {

enum class OpRowKind : std::uint8_t { invoke, ok, fail, info };

/// A row of op_invoke or op_return on its way to the writer.
struct OpRow {
    OpRowKind kind = OpRowKind::invoke;
    std::int32_t process = 0; ///< of invocations
    std::int32_t client = 0;  ///< of invocations
    NodeId node = no_node;    ///< of a return: which was asked, if not that of the invocation
    std::int64_t first = 0;   ///< t_due of an invocation, inv_index of a return
    Nanos t = 0;              ///< t_inv or t_ret
    std::string_view text;    ///< f or error
    Cell key;                 ///< of invocations
    Cell value;               ///< arg or ret
};

/// The way of all workers' rows to the one writer thread, in the order of their indexes, bounded.
///
/// It is one ring whose tickets are the run's indexes: a producer claims the next index with one
/// atomic addition, and its row belongs into slot (index mod size). So the rows need no merging,
/// and the consumer sees exactly the contiguous prefix of the index order: it stops at the first
/// slot that is claimed but not yet filled.
///
/// It cannot deadlock. Let c be the lowest index not yet consumed. The consumer waits for nobody
/// but the producer of c. The slot of c is free, since all indexes below c are consumed, so that
/// producer waits for nobody: rows wait for a free slot only while their index is c + size or more,
/// and bytes that do not fit into a slot are reserved before an index is claimed. So c is filled,
/// then c + 1, and so on; every claimed index is consumed.
///
/// Between claiming an index and filling its slot nothing can throw and, but for a full ring,
/// nothing can block. A wait with a claimed index only widens the operation's interval: the index
/// of an invocation stays before its sending, and that of a return after its receiving.
class OpQueue {
public:
    /// Bytes of memory, at most: half for the ring, half for rows that do not fit into its slots.
    /// A single row larger than its half is let in when it is alone.
    explicit OpQueue(std::size_t memory);
    ~OpQueue(); ///< no producer is left; rows that nobody consumed are freed
    OpQueue(const OpQueue&) = delete;
    OpQueue& operator=(const OpQueue&) = delete;

    /// Producers. Blocks while the queue is nearly full, until it is half empty: so that a producer
    /// sleeps and wakes once in many thousand rows, not at every row.
    void wait_for_room();
    /// Memory for the row's bytes, when they need any outside the ring; may block. Pass the result
    /// to `push`.
    [[nodiscard]] std::unique_ptr<char[]> reserve(const OpRow& row);
    /// Copies the row. Returns its index.
    Index push(const OpRow& row, std::unique_ptr<char[]> reserved) noexcept;

    /// The consumer: null when the next index is not there yet. Views are valid until `pop`.
    [[nodiscard]] const OpRow* front();
    [[nodiscard]] Index front_index() const { return next_; }
    void pop();
    /// Lets producers use what was popped. Done by `pop` now and then; call it when idle.
    void release();
    /// One more than the last index claimed by anyone.
    [[nodiscard]] Index claimed() const { return claimed_.load(std::memory_order_acquire); }

private:
    static constexpr std::size_t inline_bytes = 56;
    struct alignas(64) Slot {
        std::atomic<std::int64_t> filled{-1}; ///< the index of the row that is in it
        OpRowKind kind;
        CellType key_type;
        CellType value_type;
        std::int32_t process, client;
        NodeId node;
        std::uint32_t text_size, key_size, value_size;
        std::int64_t first;
        Nanos t;
        char* spilled = nullptr; ///< owned; null: the bytes are in `bytes`
        char bytes[inline_bytes];
    };
    static_assert(sizeof(Slot) == 128);

    [[nodiscard]] Slot& slot(Index index) {
        return ring_[static_cast<std::size_t>(index) & (ring_.size() - 1)];
    }
    [[nodiscard]] Index capacity() const { return static_cast<Index>(ring_.size()); }
    void wait_until_consumed(Index index) noexcept;

    const std::size_t spill_limit_;
    std::vector<Slot> ring_; ///< a power of two of them

    alignas(64) std::atomic<Index> claimed_{0};
    alignas(64) std::atomic<Index> consumed_{0};
    alignas(64) std::atomic<std::int32_t> waiting_{0};
    std::mutex mutex_;
    std::condition_variable room_;
    std::size_t spilled_ = 0; ///< protected by mutex_

    alignas(64) Index next_ = 0; ///< from here on the consumer's own
    OpRow row_;
};

} // namespace faultlab
