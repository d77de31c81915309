#include "replica/core/client_table.hpp"

#include "replica/core/assert.hpp"
#include "replica/core/bytes.hpp"

#include <algorithm>

namespace faultlab::replica {

namespace {

template <typename Entry>
Checksum checksum_of(const Entry& entry) {
    static_assert(std::has_unique_object_representations_v<Entry>);
    return checksum(std::as_bytes(std::span(&entry, 1)));
}

} // namespace

ClientTable::ClientTable(const Limits& limits, std::uint64_t salt)
    : entries_(limits.clients), replies_(std::size_t{limits.clients} * limits.request_bytes),
      request_bytes_(limits.request_bytes), salt_(salt) {
    REPLICA_ASSERT("sessions-some", limits.clients > 0); // else nobody could be evicted
    REPLICA_ASSERT("sessions-reply-bytes", limits.request_bytes > 0);
    order_.reserve(limits.clients);
    free_.reserve(limits.clients);
    clear();
}

void ClientTable::clear() {
    REPLICA_ASSERT("sessions-memory", order_.capacity() >= entries_.size()); // taken at start
    REPLICA_ASSERT("sessions-free-memory", free_.capacity() >= entries_.size());
    order_.clear();
    free_.clear();
    for (std::size_t place = entries_.size(); place > 0; --place) {
        free_.push_back(static_cast<Place>(place - 1));
    }
    digest_ = {};
    evictions_ = 0;
}

std::size_t ClientTable::position(ClientId client) const {
    const auto at = std::ranges::lower_bound(
        order_, client, {}, [&](Place place) { return entries_[place].client; });
    return static_cast<std::size_t>(at - order_.begin());
}

bool ClientTable::known(ClientId client, std::size_t position) const {
    return position < order_.size() && entries_[order_[position]].client == client;
}

Bytes ClientTable::reply(Place place) const {
    REPLICA_ASSERT("session-reply-bytes", entries_[place].reply_bytes <= request_bytes_);
    return Bytes(replies_).subspan(place * request_bytes_, entries_[place].reply_bytes);
}

Op ClientTable::newest() const {
    Op newest = 0;
    for (const Place place : order_) {
        newest = std::max(newest, entries_[place].op);
    }
    return newest;
}

ClientTable::Answer ClientTable::classify(ClientId client,
                                          SessionId session,
                                          RequestNumber request,
                                          BugSet& bugs) const {
    const std::size_t at = position(client);
    if (!known(client, at) || entries_[order_[at]].session != session) {
        return Answer::Unknown;
    }
    const Entry& entry = entries_[order_[at]];
    if (request < entry.request) {
        return Answer::Old;
    }
    if (request == entry.request) {
        // V9: the replies of all clients share one place, and who finds his own gone asks anew.
        const auto replaced = [&] { return entry.op < newest(); };
        return bugs.changes(Bug::V9, replaced) ? Answer::New : Answer::Repeated;
    }
    return request == entry.request + 1 ? Answer::New : Answer::Gap;
}

std::optional<ClientTable::Cached> ClientTable::find(ClientId client, BugSet& bugs) const {
    const std::size_t at = position(client);
    if (!known(client, at)) {
        return std::nullopt;
    }
    const Place place = order_[at];
    const Entry& entry = entries_[place];
    const bool corrupt = checksum(reply(place)) != entry.reply_checksum;
    return Cached{.session = entry.session,
                  .request = entry.request,
                  .op = entry.op,
                  .reply = reply(place),
                  .corrupt = corrupt && !bugs.changes(Bug::B13, [] { return true; })};
}

std::size_t ClientTable::oldest(BugSet& bugs) const {
    REPLICA_ASSERT("evict-someone", !order_.empty());
    const auto first_by = [&](auto key) {
        const auto first =
            std::ranges::min_element(order_, {}, [&](Place place) { return key(entries_[place]); });
        return static_cast<std::size_t>(first - order_.begin());
    };
    // Several sessions can share an op: of those the first in the order of clients.
    const std::size_t oldest = first_by([](const Entry& entry) { return entry.op; });
    if (bugs.on(Bug::V10)) {
        const std::size_t local = first_by([&](const Entry& entry) {
            return checksum(std::as_bytes(std::span(&entry.client, 1)), salt_).low;
        });
        if (bugs.changes(Bug::V10, [&] { return local != oldest; })) {
            return local;
        }
    }
    return oldest;
}

void ClientTable::add(std::size_t position, const Entry& entry, Bytes reply) {
    REPLICA_ASSERT("session-place", !free_.empty());
    REPLICA_ASSERT("session-after",
                   position == 0 || entries_[order_[position - 1]].client < entry.client);
    REPLICA_ASSERT("session-before",
                   position == order_.size() || entry.client < entries_[order_[position]].client);
    const Place place = free_.back();
    free_.pop_back();
    entries_[place] = entry;
    copy_bytes(reply, std::span(replies_).subspan(place * request_bytes_));
    order_.insert(order_.begin() + static_cast<std::ptrdiff_t>(position), place);
    digest_.add(checksum_of(entry));
    REPLICA_ASSERT("sessions-added", order_.size() + free_.size() == entries_.size());
}

void ClientTable::remove(std::size_t position) {
    REPLICA_ASSERT("session-to-remove", position < order_.size());
    const Place place = order_[position];
    digest_.remove(checksum_of(entries_[place]));
    order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(position));
    free_.push_back(place);
    REPLICA_ASSERT("sessions-removed", order_.size() + free_.size() == entries_.size());
    REPLICA_ASSERT("sessions-empty-digest", !order_.empty() || digest_.value() == Checksum{});
}

ClientId ClientTable::open(ClientId client, SessionId session, BugSet& bugs) {
    REPLICA_ASSERT("session-name", client != 0 && session != 0);
    if (const std::size_t at = position(client); known(client, at)) {
        REPLICA_ASSERT("session-replaces-older", entries_[order_[at]].session < session);
        remove(at);
    }
    ClientId evicted = 0;
    if (free_.empty()) {
        const std::size_t at = oldest(bugs);
        evicted = entries_[order_[at]].client;
        remove(at);
        ++evictions_;
    }
    const Entry entry{
        .client = client, .session = session, .op = session, .reply_checksum = checksum({})};
    add(position(client), entry, {});
    return evicted;
}

void ClientTable::record(ClientId client, RequestNumber request, Op op, Bytes reply) {
    const auto at = order_.begin() + static_cast<std::ptrdiff_t>(position(client));
    REPLICA_ASSERT("session-known", at != order_.end() && entries_[*at].client == client);
    const Place place = *at;
    Entry& entry = entries_[place];
    digest_.remove(checksum_of(entry));
    entry.request = request;
    entry.op = op;
    entry.reply_checksum = checksum(reply);
    entry.reply_bytes = reply.size();
    copy_bytes(reply, std::span(replies_).subspan(place * request_bytes_));
    digest_.add(checksum_of(entry));
}

void ClientTable::check() const {
    REPLICA_ASSERT("sessions-are-counted", order_.size() + free_.size() == entries_.size());
    REPLICA_ASSERT("sessions-are-placed",
                   order_.empty() ||
                       (order_.front() < entries_.size() && free_.size() < entries_.size()));
    REPLICA_ASSERT("sessions-are-summed", !order_.empty() || digest_.value() == Checksum{});
    REPLICA_ASSERT("sessions-are-ordered",
                   order_.size() < 2 ||
                       entries_[order_.front()].client < entries_[order_.back()].client);
}

std::uint64_t ClientTable::snapshot_bytes(const Limits& limits) {
    return sizeof(std::uint32_t) + sizeof(std::uint64_t) +
           std::uint64_t{limits.clients} * (sizeof(Entry) + limits.request_bytes);
}

void ClientTable::save(SnapshotWriter& out) const {
    check();
    out.put(static_cast<std::uint32_t>(order_.size()));
    out.put(evictions_);
    ClientId last = 0;
    for (const Place place : order_) {
        REPLICA_ASSERT("sessions-ascend", entries_[place].client > last);
        REPLICA_ASSERT("session-nameless", entries_[place].session != 0);
        REPLICA_ASSERT("session-op-falls", entries_[place].op >= entries_[place].session);
        REPLICA_ASSERT("session-request-op",
                       entries_[place].request == 0 ||
                           entries_[place].op > entries_[place].session);
        last = entries_[place].client;
        out.put(entries_[place]);
        out.bytes(reply(place));
    }
}

bool ClientTable::load(SnapshotReader& in) {
    clear();
    const auto count = in.get<std::uint32_t>();
    const auto evictions = in.get<std::uint64_t>();
    ClientId last = 0;
    for (std::uint32_t index = 0; index < count; ++index) {
        const auto entry = in.get<Entry>();
        const Bytes reply = in.bytes(entry.reply_bytes);
        // A reply whose bytes are bad makes no bad table: `find` says so.
        if (in.failed() || free_.empty() || entry.client <= last || entry.session == 0 ||
            entry.reply_bytes > request_bytes_) {
            clear();
            return false;
        }
        add(order_.size(), entry, reply);
        last = entry.client;
    }
    evictions_ = evictions;
    return !in.failed();
}

} // namespace faultlab::replica
