#include "simulator/model_checker/histories.hpp"

#include "replica/core/word_hash.hpp"

#include <algorithm>

namespace faultlab::simulator {

std::uint32_t Parcels::number(Parcel parcel) {
    replica::WordHash hash;
    for (const Packet& packet : parcel)
        hash.add(packet.header.checksum);
    const auto [at, fresh] = numbers_.try_emplace({hash.value(), parcel.front().to},
                                                  static_cast<std::uint32_t>(parcels_.size()));
    if (fresh) parcels_.push_back(std::move(parcel));
    return at->second;
}

namespace {

/// By receiver, in the order in which each was first sent something.
std::vector<Parcel> parcels_of(std::vector<Packet>& sent) {
    std::vector<Parcel> parcels;
    for (Packet& packet : sent) {
        const auto same = [&](const Parcel& parcel) { return parcel.front().to == packet.to; };
        const auto known = std::ranges::find_if(parcels, same);
        if (known != parcels.end()) {
            known->push_back(std::move(packet));
        } else {
            parcels.emplace_back().push_back(std::move(packet));
        }
    }
    return parcels;
}

} // namespace

Histories::Histories(const Config& config,
                     const BugSet& bugs,
                     const Membership& membership,
                     Parcels& parcels)
    : replica_(config, bugs, membership), parcels_(&parcels), moments_(1) {}

void Histories::tell(Cue cue) {
    switch (cue.kind) {
        case Cue::Kind::Start: replica_.start(); return;
        case Cue::Kind::Hear:
            for (const Packet& packet : parcels_->at(cue.what))
                if (replica_.alive()) replica_.hear(packet);
            return;
        case Cue::Kind::Ring: replica_.ring(static_cast<Timer>(cue.what)); return;
        case Cue::Kind::Restart:
            replica_.die();
            replica_.start();
            return;
    }
}

/// Most of what it is told changes nothing that it shows; that it was told, is no news.
bool Histories::tells_news(Moment before, const std::vector<Told>& told) const {
    const std::vector<Told>& earlier = moments_[before].told;
    if (earlier.empty() || told.empty() || earlier.back().gauges() == nullptr) return true;
    return std::ranges::any_of(told, [&](const Told& one) {
        switch (one.kind()) {
            case ProtocolEvent::Kind::Heard:
            case ProtocolEvent::Kind::Spoke: return false;
            case ProtocolEvent::Kind::Shown: return *one.gauges() != *earlier.back().gauges();
            default: return true;
        }
    });
}

Histories::Moment Histories::next(Moment moment, Cue cue) {
    for (const auto& [known, after] : moments_[moment].after)
        if (known == cue) return after;
    if (live_ != moment) {
        std::vector<Cue> cues;
        for (Moment at = moment; at != 0; at = moments_[at].before)
            cues.push_back(moments_[at].cue);
        replica_.reset();
        for (std::size_t i = cues.size(); i-- > 0;)
            tell(cues[i]);
    }
    replica_.listen();
    tell(cue);
    const auto after = static_cast<Moment>(moments_.size());
    Event event{.before = moment,
                .cue = cue,
                .stance = replica_.stance(),
                .fingerprint = replica_.fingerprint()};
    for (Parcel& parcel : parcels_of(replica_.sent()))
        event.sent.push_back(parcels_->number(std::move(parcel)));
    event.told = std::move(replica_.told());
    event.telling = tells_news(moment, event.told);
    moments_.push_back(std::move(event));
    moments_[moment].after.emplace_back(cue, after);
    live_ = after;
    return after;
}

std::vector<std::uint32_t> Histories::heard(Moment moment) const {
    std::vector<std::uint32_t> packets;
    for (Moment at = moment; at != 0; at = moments_[at].before)
        if (moments_[at].cue.kind == Cue::Kind::Hear) packets.push_back(moments_[at].cue.what);
    return packets;
}

} // namespace faultlab::simulator
