#include "simulator/false_checkpoint.hpp"

#include "replica/core/layout.hpp"
#include "replica/core/snapshot_manifest.hpp"

#include <cstring>
#include <optional>
#include <utility>

namespace faultlab::simulator {
namespace {

/// A checkpoint as its owner hands it out, and one of the same op with another state, whose
/// checksums fit.
struct Forgery {
    Op op = 0;
    Checksum true_id;
    Checksum false_id;
    std::vector<std::byte> true_manifest;
    std::vector<std::byte> false_manifest;
    std::vector<std::byte> true_chunk; ///< the last
    std::vector<std::byte> false_chunk;
};

/// Of the newest checkpoint on its disk; nothing when there is none. The last byte of an image is
/// the end of a value.
std::optional<Forgery> forge(const World& world, ReplicaId owner) {
    const Limits& limits = world.limits();
    const Telemetry shown = world.telemetry(owner);
    const Bytes zone = world.disk(owner).content(Zone::Snapshot);
    for (std::uint32_t area = 0; area < 2; ++area) {
        const Bytes at = zone.subspan(area * replica::area_bytes(limits));
        replica::ManifestHead head;
        std::memcpy(&head, at.data(), sizeof head);
        const std::uint64_t chunk = replica::chunk_bytes(limits);
        if (head.entry.op != shown.checkpoint || head.bytes == 0 ||
            head.bytes > replica::snapshot_bytes(limits))
            continue;
        const std::uint64_t last = (head.bytes - 1) / chunk;
        Forgery forgery{.op = head.entry.op, .true_id = shown.checkpoint_id};
        const Bytes manifest = at.first(sizeof head + (last + 1) * sizeof(Checksum));
        forgery.true_manifest.assign(manifest.begin(), manifest.end());
        if (checksum(forgery.true_manifest) != forgery.true_id) continue;
        const Bytes image = at.subspan(replica::manifest_bytes(limits), head.bytes);
        const Bytes end = image.subspan(last * chunk);
        forgery.true_chunk.assign(end.begin(), end.end());
        forgery.false_chunk = forgery.true_chunk;
        forgery.false_chunk.back() ^= std::byte{1};
        forgery.false_manifest = forgery.true_manifest;
        const Checksum of_chunk = checksum(forgery.false_chunk);
        std::memcpy(forgery.false_manifest.data() + manifest.size() - sizeof of_chunk,
                    &of_chunk,
                    sizeof of_chunk);
        forgery.false_id = checksum(forgery.false_manifest);
        return forgery;
    }
    return std::nullopt;
}

} // namespace

FalseCheckpoint::FalseCheckpoint(Stage& stage, Lies& lies) : stage_(&stage), lies_(&lies) {
    stage.on(EventKind::Checkpointed, [this](ReplicaId id, const Event&) {
        if (id == lies_->liar()) stage_->at_step_end([this] { forge_newest(); });
    });
}

void FalseCheckpoint::tell(std::set<ReplicaId> receivers) {
    lies_->false_checkpoint_to(std::move(receivers));
    forge_newest();
}

void FalseCheckpoint::forge_newest() {
    Network& network = stage_->network();
    for (const Network::RuleId rule : std::exchange(rules_, {}))
        network.remove(rule);
    const std::set<ReplicaId>& receivers = lies_->false_checkpoint_to();
    if (receivers.empty()) return;
    const auto forgery = forge(stage_->world(), lies_->liar());
    if (!forgery) return;
    stage_->count("forgeries");
    const auto hears = [&receivers](Endpoint end) {
        return !is_client(end) && receivers.contains(static_cast<ReplicaId>(end));
    };
    rules_.push_back(network.mutate_if(
        [hears, liar = lies_->liar(), op = forgery->op](const Packet& packet) {
            return packet.from == liar && hears(packet.to) && packet.header.checkpoint_op == op &&
                   packet.header.command != Command::Prepare;
        },
        [made = *forgery](Packet& packet) {
            packet.header.checkpoint_id = made.false_id;
            if (packet.body == made.true_manifest) packet.body = made.false_manifest;
            if (packet.body == made.true_chunk) packet.body = made.false_chunk;
            packet.lie = true;
            reseal(packet);
        }));
    // It asks for what it was told of.
    rules_.push_back(network.mutate_if(
        [hears, liar = lies_->liar(), id = forgery->false_id](const Packet& packet) {
            return hears(packet.from) && packet.to == liar &&
                   packet.header.command == Command::GetSnapshot &&
                   packet.header.checkpoint_id == id;
        },
        [id = forgery->true_id](Packet& packet) {
            packet.header.checkpoint_id = id;
            reseal(packet);
        }));
}

} // namespace faultlab::simulator
