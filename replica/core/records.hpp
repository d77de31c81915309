#pragma once

#include "replica/core/assert.hpp"
#include "replica/core/journal.hpp"
#include "replica/core/membership.hpp"
#include "replica/core/message.hpp"

#include <optional>

namespace faultlab::replica {

// What bodies are made of. All records are stored and sent as they lie in memory.

/// One request in the body of a Prepare; its operation follows, filled up with zeroes to 8 bytes.
/// Header::count says how many there are, and nothing follows the last one.
struct RequestRecord {
    ClientId client = 0;
    SessionId session = 0;     ///< 0 for a registration, whose request number is 0 too
    RequestNumber request = 0; ///< of the session
    std::uint64_t trace = 0;   ///< since release 2, zero before
    std::uint32_t size = 0;    ///< of the operation, not filled up; at least 1
    std::uint32_t reserved = 0;
};
static_assert(sizeof(RequestRecord) == 40 && std::is_trivially_copyable_v<RequestRecord>);

/// What one operation of `size` bytes takes in a batch.
[[nodiscard]] constexpr std::size_t batch_bytes(std::size_t size) {
    return sizeof(RequestRecord) + ((size + 7) & ~std::size_t{7});
}

struct BatchedRequest {
    RequestRecord record;
    Bytes operation;
};

/// Walks over the body of a Prepare. Total on any bytes.
class BatchReader {
public:
    explicit BatchReader(Bytes body) : rest_(body) {}
    /// The next request, or nothing: at the end, or where the bytes are no batch (`malformed`).
    [[nodiscard]] std::optional<BatchedRequest> next();
    [[nodiscard]] bool malformed() const { return malformed_; }

private:
    Bytes rest_;
    bool malformed_ = false;
};

/// Appends one request to a batch in `buffer`, of which `used` bytes are taken. Returns the bytes
/// that are taken then. Requires: the operation is not empty, and it fits.
std::size_t append_request(std::span<std::byte> buffer,
                           std::size_t used,
                           RequestRecord record,
                           Bytes operation);

/// One op of a DoViewChange's body: ops commit + 1, …, op, one record each, ascending. A header
/// that its sender does not know is zero.
struct SlotRecord {
    Header header;
    SlotState state = SlotState::Absent;
    std::array<std::uint8_t, 7> reserved{};
};
static_assert(sizeof(SlotRecord) == 264 && std::is_trivially_copyable_v<SlotRecord>);

// The body of a StartView, and of a RecoveryResponse with flag_primary: a Membership, then the
// headers of ops commit + 1, …, op, ascending: Header::count of them.
//
// The body of a Log is an entry: its Header, then its body.

/// Most records of ops above a commit number: what one pipeline can hold, and one more.
[[nodiscard]] constexpr std::uint64_t most_suffix(const Limits& limits) {
    return std::uint64_t{limits.pipeline} + 1;
}

/// Header::flags of a RecoveryResponse: from the primary of its view, body as in StartView.
constexpr std::uint32_t flag_primary = 1;
/// Header::flags of GetSnapshot and Snapshot: about the manifest (the checksums of all chunks), not
/// about chunks; `from` and `to` are then 0.
constexpr std::uint32_t flag_manifest = 2;

/// Header::flags of a StartView: it says how the epoch of its membership began, which is committed:
/// anyone who has executed that may say it. `op` and `commit` are the config op.
constexpr std::uint32_t flag_epoch = 8;
/// Header::flags of a DoViewChange: its sender does not know where its log ends. It surely goes up
/// to `op`, and may go on up to `to`.
constexpr std::uint32_t flag_uncertain = 16;
/// Header::flags of a Prepare: the Reconfigure or Upgrade in it was refused by the primary, whose
/// reasons the others cannot see.
constexpr std::uint32_t flag_refused = 4;

/// Reads record `index` of a body that consists of nothing else from `offset` on. Requires: it is
/// inside.
template <typename Record>
[[nodiscard]] Record record_at(Bytes body, std::size_t index, std::size_t offset = 0) {
    static_assert(std::is_trivially_copyable_v<Record>);
    REPLICA_ASSERT("record-inside", offset + (index + 1) * sizeof(Record) <= body.size());
    Record record;
    std::memcpy(&record, body.subspan(offset + index * sizeof(Record)).data(), sizeof record);
    return record;
}

} // namespace faultlab::replica
