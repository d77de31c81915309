#include "replica/core/records.hpp"

#include "replica/core/assert.hpp"
#include "replica/core/bytes.hpp"

#include <algorithm>

namespace faultlab::replica {

std::optional<BatchedRequest> BatchReader::next() {
    if (rest_.empty() || malformed_) {
        return std::nullopt;
    }
    malformed_ = true; // until it proved to be well-formed
    if (rest_.size() < sizeof(RequestRecord)) {
        return std::nullopt;
    }
    const auto record = record_at<RequestRecord>(rest_, 0);
    const std::size_t taken = batch_bytes(record.size);
    if (record.size == 0 || record.reserved != 0 || taken > rest_.size()) {
        return std::nullopt;
    }
    const Bytes operation = rest_.subspan(sizeof(RequestRecord), record.size);
    const Bytes filling = rest_.first(taken).subspan(sizeof(RequestRecord) + record.size);
    if (std::ranges::any_of(filling, [](std::byte byte) { return byte != std::byte{0}; })) {
        return std::nullopt;
    }
    malformed_ = false;
    rest_ = rest_.subspan(taken);
    return BatchedRequest{record, operation};
}

std::size_t append_request(std::span<std::byte> buffer,
                           std::size_t used,
                           RequestRecord record,
                           Bytes operation) {
    record.size = static_cast<std::uint32_t>(operation.size());
    REPLICA_ASSERT("batch-fits", used + batch_bytes(operation.size()) <= buffer.size());
    const std::span<std::byte> place = buffer.subspan(used, batch_bytes(operation.size()));
    std::ranges::fill(place, std::byte{0});
    std::memcpy(place.data(), &record, sizeof record);
    copy_bytes(operation, place.subspan(sizeof record));
    return used + place.size();
}

} // namespace faultlab::replica
