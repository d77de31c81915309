#include "core/store/op_queue.hpp"

#include "core/check.hpp"

#include <bit>
#include <cstring>
#include <limits>

namespace faultlab {
namespace {

constexpr Index release_every = 256;

/// Integers travel as their eight bytes.
std::size_t size_of(const Cell& cell) {
    switch (cell.type) {
        case CellType::null: return 0;
        case CellType::integer: return sizeof cell.integer;
        case CellType::text:
        case CellType::blob: return cell.bytes.size();
    }
    return 0;
}

std::size_t size_of(const OpRow& row) {
    return row.text.size() + size_of(row.key) + size_of(row.value);
}

char* put(char* to, const void* from, std::size_t size) {
    if (size > 0) std::memcpy(to, from, size);
    return to + size;
}

char* put(char* to, const Cell& cell) {
    const void* from = cell.type == CellType::integer ? static_cast<const void*>(&cell.integer)
                                                      : cell.bytes.data();
    return put(to, from, size_of(cell));
}

Cell get(const char* from, CellType type, std::size_t size) {
    Cell cell{.type = type};
    if (type == CellType::integer) {
        std::memcpy(&cell.integer, from, sizeof cell.integer);
    } else {
        cell.bytes = {from, size};
    }
    return cell;
}

} // namespace

OpQueue::OpQueue(std::size_t memory)
    : spill_limit_(memory / 2), ring_(std::bit_floor(memory / 2 / sizeof(Slot))) {
    FAULTLAB_CHECK(ring_.size() >= 4 * static_cast<std::size_t>(release_every));
}

OpQueue::~OpQueue() {
    for (const Slot& slot : ring_) {
        const std::unique_ptr<char[]> bytes(slot.spilled);
    }
}

void OpQueue::wait_for_room() {
    const auto backlog = [this] { return claimed_.load() - consumed_.load(); };
    if (backlog() < capacity() - capacity() / 8) return;
    std::unique_lock lock(mutex_);
    // Sequentially consistent, as is the pair in release(): either this thread sees what was
    // consumed, or the consumer sees that it waits.
    ++waiting_;
    room_.wait(lock, [&] { return backlog() <= capacity() / 2; });
    --waiting_;
}

std::unique_ptr<char[]> OpQueue::reserve(const OpRow& row) {
    const std::size_t size = size_of(row);
    if (size <= inline_bytes) return nullptr;
    FAULTLAB_CHECK(size <= std::numeric_limits<std::uint32_t>::max());
    std::unique_ptr<char[]> bytes = std::make_unique_for_overwrite<char[]>(size);
    std::unique_lock lock(mutex_);
    ++waiting_;
    room_.wait(lock, [&] { return spilled_ == 0 || spilled_ + size <= spill_limit_; });
    --waiting_;
    spilled_ += size;
    return bytes;
}

Index OpQueue::push(const OpRow& row, std::unique_ptr<char[]> reserved) noexcept {
    const Index index = claimed_.fetch_add(1);
    if (index - consumed_.load(std::memory_order_acquire) >= capacity()) {
        wait_until_consumed(index - capacity());
    }
    Slot& slot = this->slot(index);
    slot.kind = row.kind;
    slot.key_type = row.key.type;
    slot.value_type = row.value.type;
    slot.process = row.process;
    slot.client = row.client;
    slot.node = row.node;
    slot.text_size = static_cast<std::uint32_t>(row.text.size());
    slot.key_size = static_cast<std::uint32_t>(size_of(row.key));
    slot.value_size = static_cast<std::uint32_t>(size_of(row.value));
    slot.first = row.first;
    slot.t = row.t;
    slot.spilled = reserved.release();
    char* to = slot.spilled == nullptr ? slot.bytes : slot.spilled;
    to = put(to, row.text.data(), row.text.size());
    to = put(to, row.key);
    put(to, row.value);
    slot.filled.store(index, std::memory_order_release);
    return index;
}

void OpQueue::wait_until_consumed(Index index) noexcept {
    std::unique_lock lock(mutex_);
    ++waiting_;
    room_.wait(lock, [&] { return consumed_.load() > index; });
    --waiting_;
}

const OpRow* OpQueue::front() {
    Slot& slot = this->slot(next_);
    if (slot.filled.load(std::memory_order_acquire) != next_) return nullptr;
    const char* from = slot.spilled == nullptr ? slot.bytes : slot.spilled;
    const char* key = from + slot.text_size;
    row_ = {.kind = slot.kind,
            .process = slot.process,
            .client = slot.client,
            .node = slot.node,
            .first = slot.first,
            .t = slot.t,
            .text = {from, slot.text_size},
            .key = get(key, slot.key_type, slot.key_size),
            .value = get(key + slot.key_size, slot.value_type, slot.value_size)};
    return &row_;
}

void OpQueue::pop() {
    Slot& slot = this->slot(next_);
    if (slot.spilled != nullptr) {
        const std::unique_ptr<char[]> bytes(slot.spilled);
        slot.spilled = nullptr;
        const std::lock_guard lock(mutex_);
        spilled_ -= slot.text_size + slot.key_size + slot.value_size;
    }
    ++next_;
    if (next_ % release_every == 0) release();
}

void OpQueue::release() {
    consumed_.store(next_);
    // Producers that wait for a slot of their own are few; all are served once the ring is half
    // empty, as those that wait in wait_for_room are. Waking them earlier would wake them often.
    // Those waiting for memory are served then too, since every row they wait for is in the ring.
    if (waiting_.load() == 0 || claimed_.load() - next_ > capacity() / 2) return;
    {
        const std::lock_guard lock(mutex_);
    }
    room_.notify_all();
}

} // namespace faultlab
