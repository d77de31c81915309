#pragma once

#include "simulator/model_checker/lone_replica.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace faultlab::simulator {

/// What somebody sends to one receiver in one step: it arrives together.
using Parcel = std::vector<Packet>;

/// Parcels by number; what is equal, for one receiver, has one number.
class Parcels {
public:
    /// Requires: it is not empty.
    std::uint32_t number(Parcel parcel);
    [[nodiscard]] const Parcel& at(std::uint32_t number) const { return parcels_[number]; }

private:
    std::deque<Parcel> parcels_;
    std::map<std::pair<Checksum, Endpoint>, std::uint32_t> numbers_;
};

/// What a replica is told.
struct Cue {
    enum class Kind : std::uint8_t { Start, Hear, Ring, Restart };
    Kind kind = Kind::Start;
    std::uint32_t what = 0; ///< Hear: the parcel's number; Ring: the timer

    friend constexpr auto operator<=>(const Cue&, const Cue&) = default;
};

/// All that one replica has been told, one thing after the other, in any order that was asked for:
/// a tree. The same history is simulated once.
class Histories {
public:
    using Moment = std::uint32_t; ///< 0: it has not run yet

    Histories(const Config& config,
              const BugSet& bugs,
              const Membership& membership,
              Parcels& parcels);

    /// The moment after this cue.
    [[nodiscard]] Moment next(Moment moment, Cue cue);

    [[nodiscard]] const Stance& stance(Moment moment) const { return moments_[moment].stance; }
    /// What it said upon the last cue: numbers of parcels.
    [[nodiscard]] std::span<const std::uint32_t> sent(Moment moment) const {
        return moments_[moment].sent;
    }
    /// What monitors are told of it.
    [[nodiscard]] const std::vector<Told>& told(Moment moment) const {
        return moments_[moment].told;
    }
    /// Whether rules can see something in it that they had not seen before.
    [[nodiscard]] bool telling(Moment moment) const { return moments_[moment].telling; }
    /// The parcels that it was told, the newest first.
    [[nodiscard]] std::vector<std::uint32_t> heard(Moment moment) const;
    [[nodiscard]] const Checksum& fingerprint(Moment moment) const {
        return moments_[moment].fingerprint;
    }
    [[nodiscard]] std::size_t size() const { return moments_.size(); }

private:
    struct Event {
        Moment before = 0;
        Cue cue;
        Stance stance;
        Checksum fingerprint;
        std::vector<std::uint32_t> sent;
        std::vector<Told> told;
        bool telling = false;
        std::vector<std::pair<Cue, Moment>> after;
    };
    void tell(Cue cue);
    [[nodiscard]] bool tells_news(Moment before, const std::vector<Told>& told) const;

    LoneReplica replica_;
    Parcels* parcels_;
    std::deque<Event> moments_;
    Moment live_ = 0; ///< where replica_ is
};

} // namespace faultlab::simulator
