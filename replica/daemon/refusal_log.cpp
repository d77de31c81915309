#include "replica/daemon/refusal_log.hpp"

#include <fmt/format.h>

#include <cstddef>

namespace faultlab::replica {
namespace {

constexpr Nanos repeat_after = 60'000'000'000;
/// Anybody can connect from anywhere and claim anything: memory and lines are bounded.
constexpr std::size_t most_said = 64;

std::string claim_text(const Channel::Claim& claim) {
    if (claim.self == no_replica) return "a client";
    return fmt::format("replica {}", claim.self);
}

std::string who(const Stranger& stranger) {
    if (stranger.dialled) {
        return fmt::format(
            "replica {} at {}, which we dialled", *stranger.dialled, stranger.address);
    }
    if (!stranger.claim) return "a connection from " + stranger.address;
    return fmt::format(
        "a connection from {} that says it is {}", stranger.address, claim_text(*stranger.claim));
}

struct Reason {
    std::string what;
    const char* hint;
};

Reason reason_of(const Stranger& stranger, AuthReject why, std::uint64_t cluster) {
    switch (why) {
        case AuthReject::None: break;
        case AuthReject::NotPeer:
            return {"its first bytes are no hello", "another program uses this address and port"};
        case AuthReject::Version:
            return {"it speaks another version of the protocol",
                    "run the same faultlab-replica everywhere"};
        case AuthReject::Unsigned:
            return {"it does not authenticate itself", "run the same faultlab-replica everywhere"};
        case AuthReject::WrongKey:
            return {"it has another key", "give all of one cluster the same --key-file"};
        case AuthReject::Tampered:
            return {"what it sent was changed on its way", "look at the network between"};
        case AuthReject::Forged:
            return {"it signs without having the key", "look who else can reach this port"};
        case AuthReject::Replayed:
            return {"it repeats what was said before", "look who else can reach this port"};
        case AuthReject::Skipped:
            return {"what it sent before is missing", "look at the network between"};
        case AuthReject::Cluster:
            return {stranger.claim ? fmt::format("it belongs to cluster {}, and we to {}",
                                                 stranger.claim->cluster,
                                                 cluster)
                                   : fmt::format("it does not belong to our cluster {}", cluster),
                    "compare --peers and --data of both"};
        case AuthReject::Peer:
            return {stranger.dialled && stranger.claim
                        ? fmt::format("it says it is {}", claim_text(*stranger.claim))
                        : std::string("no other replica has such an id"),
                    "compare --id and --peers of both"};
        case AuthReject::Size:
            return {"the length of what it sent is out of range",
                    "use the same --limit message_bytes everywhere"};
    }
    return {"of no reason", ""};
}

} // namespace

std::optional<std::string>
RefusalLog::refused(const Stranger& stranger, AuthReject why, Nanos now) {
    const std::string whom = who(stranger);
    const auto known = said_.find({whom, why});
    if (known == said_.end()) {
        std::erase_if(said_,
                      [now](const auto& said) { return now - said.second.at >= repeat_after; });
        if (said_.size() >= most_said) return std::nullopt;
        said_[{whom, why}] = {.at = now};
    } else if (now - known->second.at < repeat_after) {
        ++known->second.since;
        return std::nullopt;
    }
    Said& said = said_[{whom, why}];
    const Reason reason = reason_of(stranger, why, cluster_);
    std::string line =
        fmt::format("refused {}: {} ({}); {}", whom, reason.what, name(why), reason.hint);
    if (said.since > 0) line += fmt::format("; {} more since the last such line", said.since);
    said = {.at = now};
    return line;
}

} // namespace faultlab::replica
