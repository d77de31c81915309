#pragma once

#include "core/rng.hpp"
#include "core/types.hpp"
#include "nemesis/node/packet_queue.hpp"
#include "nemesis/node/shape_model.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <queue>
#include <string>
#include <vector>

namespace faultlab::node {

struct ShaperSpec {
    std::uint16_t queue = 0;
    std::uint64_t seed = 0;
    std::string to;                ///< this host's IPv4: names its links
    std::vector<std::string> from; ///< IPv4 of the hosts whose packets are shaped; others pass
    PacketEffects effects;
    bool mends_checksums = false;
};

/// Gives the packets of a queue the fates that the model draws for them: holds them, drops them,
/// flips their bits; and delivers second ones. Counts what it really did.
class Shaper {
public:
    /// Throws when the host cannot do it.
    explicit Shaper(const ShaperSpec& spec);
    Shaper(const Shaper&) = delete;
    Shaper& operator=(const Shaper&) = delete;
    ~Shaper();

    /// Readable when there is work.
    [[nodiscard]] int descriptor() const { return events_; }
    void work();
    /// Every packet that waits is delivered now, in order.
    void release_all();
    /// One line of JSON.
    [[nodiscard]] std::string report() const;

private:
    struct Link {
        LinkModel model;
        std::uint64_t arrived = 0;
        std::uint64_t newest_delivered = 0;
    };
    struct Held {
        Nanos due = 0;
        std::uint64_t order = 0; ///< of two that are due together
        Nanos arrived = 0;
        std::uint64_t number = 0; ///< on its link
        std::uint32_t id = 0;
        Link* link = nullptr;
        bool copy = false;
        std::vector<std::uint8_t> changed; ///< the bytes to deliver; empty: as it came
    };
    struct Later {
        bool operator()(const Held& a, const Held& b) const {
            return a.due != b.due ? a.due > b.due : a.order > b.order;
        }
    };

    void receive(const PacketQueue::Packet& packet);
    void receive_on(Link& link, const PacketQueue::Packet& packet);
    void hold(Held held, Nanos due);
    void deliver(const Held& held, Nanos now);
    void deliver_copy(const Held& held);
    void deliver_due();
    void set_timer();
    [[nodiscard]] std::string delays_text() const;

    PacketEffects effects_;
    bool mends_checksums_;
    PacketQueue queue_;
    int events_ = -1;
    int timer_ = -1;
    int raw_ = -1; ///< for second packets
    std::map<std::uint32_t, Link> links_;
    std::priority_queue<Held, std::vector<Held>, Later> held_;
    std::uint64_t ordered_ = 0;

    std::int64_t packets_ = 0;
    std::int64_t bytes_ = 0;
    std::int64_t lost_ = 0;
    std::int64_t overflowed_ = 0;
    std::int64_t delayed_ = 0;
    std::int64_t waited_ = 0; ///< for the rate
    std::int64_t duplicated_ = 0;
    std::int64_t reordered_ = 0;
    std::int64_t corrupted_ = 0;
    std::int64_t copies_refused_ = 0;
    std::array<Nanos, 4096> delays_{}; ///< real ones, of the last packets that were delayed
};

} // namespace faultlab::node
