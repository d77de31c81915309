#pragma once

#include "replica/core/assert.hpp"
#include "replica/core/effects.hpp"
#include "replica/core/layout.hpp"
#include "tests/support/trips.hpp"

#include <array>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace faultlab::replica {

/// Limits with which rings wrap soon. A prepare takes one page.
inline Limits small_limits() {
    Limits limits;
    limits.slots = 16;
    limits.message_bytes = page_bytes;
    limits.request_bytes = 512;
    limits.batch = 4;
    limits.pipeline = 4;
    limits.clients = 4;
    limits.checkpoint_every = 6;
    limits.entries = 32;
    limits.value_blocks = 256;
    return limits;
}

/// A disk for one replica: writes go to a cache, and a sync of their zone makes them last. Nothing
/// is done before `step` or `settle` asks for it.
class DiskDouble final : public Effects {
public:
    explicit DiskDouble(const Limits& limits) {
        for (std::size_t zone = 0; zone < zone_count; ++zone) {
            durable_[zone].resize(zone_bytes(limits, static_cast<Zone>(zone)));
            seen_[zone] = durable_[zone];
        }
    }

    // --- what a replica asks for
    void read(Zone zone, std::uint64_t offset, std::uint32_t length, IoId id) override {
        queue_.push_back({Kind::Read, zone, offset, std::vector<std::byte>(length), id});
    }
    void write(Zone zone, std::uint64_t offset, Bytes bytes, IoId id) override {
        queue_.push_back({Kind::Write, zone, offset, {bytes.begin(), bytes.end()}, id});
    }
    void sync(Zone zone, IoId id) override { queue_.push_back({Kind::Sync, zone, 0, {}, id}); }
    void send(ReplicaId, const Header&, Bytes) override {}
    void reply(std::uint64_t, const Header&, Bytes) override {}
    void arm(Timer, std::uint32_t, Nanos) override {}
    void event(const Event&) override {}
    void halt(std::string_view) override {}

    // --- what a test does with it
    [[nodiscard]] bool idle() const { return queue_.empty(); }
    [[nodiscard]] std::size_t pending() const { return queue_.size(); }
    [[nodiscard]] std::size_t syncs(Zone zone) const { return syncs_[at(zone)]; }
    [[nodiscard]] std::size_t writes(Zone zone) const { return writes_[at(zone)]; }

    /// Does the oldest request and tells `owner`, which may ask for more.
    template <typename Owner>
    void step(Owner&& owner, IoStatus status = IoStatus::Ok) {
        const Request request = std::move(queue_.front());
        queue_.pop_front();
        std::vector<std::byte> bytes;
        if (status == IoStatus::Ok) {
            bytes = perform(request);
        }
        owner(IoDone{request.id, status, bytes});
    }
    template <typename Owner>
    void settle(Owner&& owner) {
        while (!idle()) {
            step(owner);
        }
    }

    /// Power cut: of every write that no sync covered, each sector is kept or lost by itself when
    /// the draw says torn, else the write as a whole.
    void power_cut(std::mt19937_64& rng) {
        for (const Request& request : queue_) {
            if (request.kind == Kind::Write) {
                unsynced_.push_back(request);
            }
        }
        for (const Request& request : unsynced_) {
            const std::uint64_t fate = rng() % 3; // 0: lost, 1: kept, 2: torn
            for (std::size_t from = 0; from < request.bytes.size(); from += sector_bytes) {
                if (fate == 1 || (fate == 2 && rng() % 2 == 0)) {
                    const std::size_t size =
                        std::min<std::size_t>(sector_bytes, request.bytes.size() - from);
                    std::copy_n(request.bytes.begin() + static_cast<std::ptrdiff_t>(from),
                                size,
                                durable_[at(request.zone)].begin() +
                                    static_cast<std::ptrdiff_t>(request.offset + from));
                }
            }
        }
        unsynced_.clear();
        queue_.clear();
        seen_ = durable_;
    }
    /// The process ends: what was written stays, what was only asked for is lost.
    void kill() { queue_.clear(); }

    /// The bytes of a zone as a reader sees them; changes are as if synced long ago.
    [[nodiscard]] std::span<std::byte> bytes(Zone zone) { return seen_[at(zone)]; }
    /// Makes changes by `bytes` last through a power cut.
    void hold() { durable_ = seen_; }
    void corrupt(Zone zone, std::uint64_t offset, std::size_t size = 1) {
        for (std::size_t byte = 0; byte < size; ++byte) {
            seen_[at(zone)][offset + byte] ^= std::byte{0x5a};
            durable_[at(zone)][offset + byte] = seen_[at(zone)][offset + byte];
        }
    }

private:
    enum class Kind : std::uint8_t { Read, Write, Sync };
    struct Request {
        Kind kind = Kind::Read;
        Zone zone = Zone::Superblock;
        std::uint64_t offset = 0;
        std::vector<std::byte> bytes;
        IoId id = 0;
    };
    [[nodiscard]] static std::size_t at(Zone zone) { return static_cast<std::size_t>(zone); }

    std::vector<std::byte> perform(const Request& request) {
        auto& seen = seen_[at(request.zone)];
        const auto offset = static_cast<std::ptrdiff_t>(request.offset);
        const auto size = static_cast<std::ptrdiff_t>(request.bytes.size());
        if (request.kind == Kind::Read) {
            return {seen.begin() + offset, seen.begin() + offset + size};
        }
        if (request.kind == Kind::Write) {
            ++writes_[at(request.zone)];
            std::copy(request.bytes.begin(), request.bytes.end(), seen.begin() + offset);
            unsynced_.push_back(request);
            return {};
        }
        ++syncs_[at(request.zone)];
        std::erase_if(unsynced_, [&](const Request& written) {
            if (written.zone != request.zone) {
                return false;
            }
            std::copy(written.bytes.begin(),
                      written.bytes.end(),
                      durable_[at(written.zone)].begin() +
                          static_cast<std::ptrdiff_t>(written.offset));
            return true;
        });
        return {};
    }

    std::array<std::vector<std::byte>, zone_count> durable_;
    std::array<std::vector<std::byte>, zone_count> seen_;
    std::deque<Request> queue_;
    std::vector<Request> unsynced_;
    std::array<std::size_t, zone_count> syncs_{};
    std::array<std::size_t, zone_count> writes_{};
};

} // namespace faultlab::replica
