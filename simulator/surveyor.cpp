#include "simulator/surveyor.hpp"

#include "replica/core/layout.hpp"
#include "replica/core/records.hpp"

#include <algorithm>

namespace faultlab::simulator {
namespace {

/// Random additions to time-outs are at most half of them.
Nanos with_jitter(Nanos timeout) {
    return timeout + timeout / 2;
}

/// A header alone, or an entry with its body.
bool is_whole(Bytes bytes) {
    const Header header = replica::header_from(bytes);
    if (header.checksum != checksum_of(header)) return false;
    if (bytes.size() == sizeof(Header)) return true;
    if (header.size < sizeof(Header) || header.size > bytes.size()) return false;
    return checksum(bytes.subspan(sizeof(Header), header.size - sizeof(Header))) ==
           header.body_checksum;
}

/// So often in a row no message is lost, of those of which one in twenty is.
constexpr Nanos losses_most = 4;

/// A replica reads its disk, and what it lacks comes from the others: first, if that is lost, what
/// it had promised; then it looks for somebody who has a checkpoint (eight time-outs of a fetch;
/// with each that does not answer, one more), fetches and writes that; then the log, entry by
/// entry.
Nanos repair_of(const WorldOptions& options) {
    const Limits& limits = options.limits;
    const auto chunks = static_cast<Nanos>(replica::chunks(limits));
    const auto slots = static_cast<Nanos>(limits.slots);
    const Nanos there_and_back = 2 * options.network.delay_max;
    const Nanos boot = (2 * slots + chunks) * options.disk.read_max;
    const Nanos search =
        (8 + Nanos{options.voters} + options.standbys) * with_jitter(options.timeouts.sync);
    const Nanos recovery = 4 * with_jitter(options.timeouts.view_change); // asks again and again
    const Nanos checkpoint =
        chunks * (there_and_back + options.disk.write_max) + options.disk.sync_max;
    const Nanos asks_again = 8 + (options.network.loss_permille > 0 ? slots / 4 : 0);
    const Nanos log = slots * (there_and_back + options.disk.write_max) +
                      asks_again * with_jitter(options.timeouts.repair) + options.disk.sync_max;
    return boot + search + recovery + checkpoint + log;
}

} // namespace

Setup setup_of(const WorldOptions& options) {
    const Timeouts& of = options.timeouts;
    const bool loses = options.network.loss_permille > 0;
    // It looks every half of the time-out, on a clock that may be slow.
    const Nanos abdication = with_jitter(of.abdicate) * 1000 / (1000 - Nanos{of.clock_drift});
    return {.message =
                options.network.delay_max + (loses ? losses_most * of.view_change_message : 0),
            .work = (Nanos{options.limits.pipeline} + 4) * options.disk.write_max +
                    3 * options.disk.sync_max,
            // Who has promised something to a leader votes only when that has run out.
            .silence = with_jitter(of.primary_silent) + of.lease,
            .view_change = with_jitter(of.view_change),
            .abdication = abdication,
            .repair = repair_of(options),
            .retry = options.client.retry,
            .log_most = options.limits.slots,
            .pipeline_most = replica::most_suffix(options.limits), // what a view begins with
            .queue_most = options.limits.queue,
            .sessions_most = options.limits.clients};
}

Surveyor::Surveyor(World& world, const WorldOptions& options)
    : world_(&world), setup_(setup_of(options)) {
    survey_.setup = &setup_;
}

void Surveyor::calm(std::span<const ReplicaId> core) {
    survey_.core.clear();
    survey_.calm_since = std::max(world_->now(), world_->network().busy_until());
    std::uint32_t voters = 0;
    for (const ReplicaId id : core) {
        survey_.core.push_back(static_cast<NodeId>(id) - 1);
        survey_.calm_since = std::max(survey_.calm_since, world_->disk(id).busy_until());
        voters += id <= world_->voters() ? 1 : 0;
    }
    survey_.absent = world_->voters() - voters;
}

void Surveyor::look() {
    std::vector<ReplicaId> core;
    for (const NodeId node : survey_.core)
        core.push_back(static_cast<ReplicaId>(node + 1));
    std::optional<Membership> membership;
    if (const auto leader = world_->primary(core))
        membership = world_->telemetry(*leader).membership;
    survey_.replicas.clear();
    for (ReplicaId id = 1; id <= world_->size(); ++id) {
        if (world_->running(id))
            survey_.replicas.push_back(replica(id, membership ? &*membership : nullptr));
    }
    survey_.waiting.clear();
    for (std::size_t i = 0; i < world_->client_count(); ++i) {
        const Client& client = world_->client(i);
        if (client.busy_with_request())
            survey_.waiting.push_back(
                {.client = static_cast<std::int32_t>(i), .since = client.history().back().t_inv});
    }
    world_->show(survey_);
}

Survey::Replica Surveyor::replica(ReplicaId id, const Membership* membership) const {
    const Monitors& monitors = world_->monitors();
    const Telemetry now = world_->telemetry(id);
    Survey::Replica seen{.node = static_cast<NodeId>(id) - 1,
                         .life = monitors.life(id),
                         .gauges = gauges_of(world_->replica(id)->standing()),
                         .queue = now.queue,
                         .sessions = static_cast<std::int64_t>(now.sessions),
                         .rotten = rotten(id, now)};
    if (membership != nullptr) seen.member = membership->votes(id) || membership->listens(id);
    // Whether anybody answers it finds out by that timer.
    const bool finds_out = world_->timer_rate(id, Timer::Abdicate) >= 1000;
    if (seen.gauges.leads && !world_->machine(id).paused && finds_out) {
        seen.spoke = monitors.spoke(id);
        seen.answered = monitors.answered(id, now.membership);
        seen.pipeline = now.pipeline;
    }
    return seen;
}

/// Entries that its log still needs, of whose damage its disk has shown something, and of which one
/// of the rings holds no whole copy.
std::int64_t Surveyor::rotten(ReplicaId id, const Telemetry& telemetry) const {
    const Limits& limits = world_->limits();
    const Disk& disk = world_->disk(id);
    std::int64_t count = -1;
    for (const Disk::Flip& flip : disk.flips()) {
        if (!flip.shown) continue;
        count = std::max<std::int64_t>(count, 0);
        const bool header = flip.place.zone == Zone::Headers;
        if (!header && flip.place.zone != Zone::Prepares) continue;
        const std::uint64_t size = header ? sizeof(Header) : limits.message_bytes;
        const std::uint64_t slot = flip.place.offset / size;
        const Op first = telemetry.checkpoint + 1;
        const Op op = first + (slot + limits.slots - first % limits.slots) % limits.slots;
        const bool needed = op <= telemetry.head && world_->replica(id)->log(op) != nullptr;
        const Bytes bytes = disk.content(flip.place.zone).subspan(slot * size, size);
        count += needed && !is_whole(bytes) ? 1 : 0;
    }
    return count;
}

} // namespace faultlab::simulator
