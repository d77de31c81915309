#include "replica/core/request_queue.hpp"

#include "replica/core/assert.hpp"
#include "replica/core/bytes.hpp"

#include <algorithm>

namespace faultlab::replica {
namespace {

constexpr auto by_client = [](const RequestQueue::Taken& taken, ClientId client) {
    return taken.client < client;
};

} // namespace

RequestQueue::RequestQueue(const Limits& limits)
    : slots_(limits.queue), operations_(std::size_t{limits.queue} * limits.request_bytes),
      request_bytes_(limits.request_bytes), places_(limits.queue) {
    REPLICA_ASSERT("queue-some", limits.queue > 0);
    REPLICA_ASSERT("queue-request-some", limits.request_bytes > 0);
    // While a checkpoint keeps execution waiting, a whole log of committed requests is not
    // executed.
    taken_.reserve(limits.queue + std::size_t{limits.slots} * limits.batch);
}

RequestQueue::Taken* RequestQueue::find(ClientId client) {
    const auto place = std::lower_bound(taken_.begin(), taken_.end(), client, by_client);
    return place != taken_.end() && place->client == client ? &*place : nullptr;
}

void RequestQueue::push(const Header& request, Bytes operation, std::uint64_t link) {
    REPLICA_ASSERT("queue-room", !full());
    REPLICA_ASSERT("queue-request-size", operation.size() <= request_bytes_);
    const auto place = std::lower_bound(taken_.begin(), taken_.end(), request.client, by_client);
    taken_.insert(place, Taken{request.client, request.request, link});
    const std::size_t last = first_ + count_;
    const std::size_t index = last < places_ ? last : last - places_;
    slots_[index] = Slot{request, static_cast<std::uint32_t>(operation.size())};
    copy_bytes(operation, std::span(operations_).subspan(index * request_bytes_));
    ++count_;
}

RequestQueue::Waiting RequestQueue::front() const {
    const Slot& slot = slots_[first_];
    return {slot.header, Bytes(operations_).subspan(first_ * request_bytes_, slot.size)};
}

void RequestQueue::pop() {
    REPLICA_ASSERT("queue-pop", count_ > 0);
    --count_;
    // An empty ring begins anew: a tour of all its slots would be a tour of memory that no cache
    // holds.
    first_ = count_ == 0 || first_ + 1 == places_ ? 0 : first_ + 1;
}

std::uint64_t RequestQueue::finish(ClientId client, RequestNumber request) {
    const auto place = std::lower_bound(taken_.begin(), taken_.end(), client, by_client);
    if (place == taken_.end() || place->client != client || place->request != request) {
        return 0;
    }
    const std::uint64_t link = place->link;
    taken_.erase(place);
    return link;
}

void RequestQueue::close(std::uint64_t link) {
    check();
    ClientId last = 0;
    for (Taken& taken : taken_) {
        REPLICA_ASSERT("queue-ascends", taken.client > last);
        last = taken.client;
        taken.link = taken.link == link ? 0 : taken.link;
    }
}

void RequestQueue::clear_waiting() {
    check();
    while (count_ > 0) {
        const Header header = front().header;
        pop();
        finish(header.client, header.request);
    }
}

void RequestQueue::check() const {
    REPLICA_ASSERT("queue-is-first", first_ < slots_.size());
    REPLICA_ASSERT("queue-is-count", count_ <= slots_.size());
    REPLICA_ASSERT("queue-is-taken", count_ <= taken_.size());
    REPLICA_ASSERT("queue-is-anew", count_ > 0 || first_ == 0);
    REPLICA_ASSERT("queue-is-front", count_ == 0 || slots_[first_].size <= request_bytes_);
}

void RequestQueue::clear() {
    REPLICA_ASSERT("queue-memory", taken_.capacity() >= slots_.size()); // taken at start
    taken_.clear();
    first_ = 0;
    count_ = 0;
}

} // namespace faultlab::replica
