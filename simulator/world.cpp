#include "simulator/world.hpp"

#include "core/check.hpp"
#include "replica/core/format.hpp"
#include "simulator/node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace faultlab::simulator {
namespace {

constexpr std::uint64_t cluster_id = 0x5eed;

template <class... Handlers>
struct Overloaded : Handlers... {
    using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

} // namespace

Limits small_limits() {
    return {.slots = 32,
            .message_bytes = 4096,
            .request_bytes = 256,
            .batch = 4,
            .pipeline = 4,
            .clients = 8,
            .checkpoint_every = 12,
            .entries = 64,
            .value_blocks = 128,
            .digest_every = 4,
            .queue = 8};
}

Timeouts short_timeouts() {
    constexpr Nanos ms = 1'000'000;
    return {.prepare = 20 * ms,
            .heartbeat = 10 * ms,
            .primary_silent = 60 * ms,
            .view_change = 120 * ms,
            .view_change_message = 20 * ms,
            .get_view = 30 * ms,
            .repair = 10 * ms,
            .sync = 100 * ms,
            .ping = 50 * ms,
            .abdicate = 200 * ms,
            .scrub = 50 * ms,
            .idle_flush = 5 * ms,
            .telemetry = 100 * ms,
            .lease = 40 * ms,
            .clock_drift = 50};
}

World::World(WorldOptions options)
    : options_(std::move(options)), rng_(options_.seed),
      planted_(options_.simbug, rng_.split("simbug"), options_.outside),
      queue_(rng_.split("sched")), network_(
                                       options_.network,
                                       rng_.split("net"),
                                       [this](Nanos delay, Packet&& packet) {
                                           ++on_their_way_;
                                           queue_.after(delay, Arrival{std::move(packet)});
                                       },
                                       &planted_),
      monitors_(&planted_) {
    monitors_.excuse(options_.excuse);
    const int count = options_.voters + options_.standbys + options_.joiners;
    options_.client.cluster = cluster_id;
    for (int i = 1; i <= count; ++i) {
        const auto id = static_cast<ReplicaId>(i);
        Config config{.cluster = cluster_id,
                      .self = id,
                      .release = options_.release,
                      .limits = options_.limits,
                      .timeouts = options_.timeouts,
                      .reads = options_.reads,
                      .admission = options_.admission};
        nodes_.push_back(std::make_unique<Node>(*this,
                                                config,
                                                rng_.split(fmt::format("disk/{}", i)),
                                                rng_.split(fmt::format("boot/{}", i))));
        const bool joins = i > options_.voters + options_.standbys;
        node(id).disk.format(Zone::Superblock,
                             format(config, joins ? Membership{} : first_membership()));
        boot(node(id), false);
    }
    FAULTLAB_CHECK(client_base + options_.clients <= endpoints_most);
    options_.client.clients = options_.clients;
    for (std::size_t i = 0; i < options_.clients; ++i) {
        options_.client.node = static_cast<NodeId>(i % options_.voters);
        clients_.push_back(std::make_unique<Client>(client_endpoint(i),
                                                    options_.client,
                                                    static_cast<ClientHost&>(*this),
                                                    rng_.split(fmt::format("client/{}", i))));
        std::vector<ReplicaId> targets;
        for (ReplicaId id = 1; id <= options_.voters; ++id) {
            targets.push_back(id);
        }
        clients_.back()->set_targets(targets);
    }
}

World::~World() = default;

Membership World::first_membership() const {
    Membership membership;
    membership.voter_count = options_.voters;
    membership.standby_count = options_.standbys;
    for (std::uint8_t i = 0; i < options_.voters; ++i) {
        membership.voters[i] = static_cast<ReplicaId>(i + 1);
    }
    for (std::uint8_t i = 0; i < options_.standbys; ++i) {
        membership.standbys[i] = static_cast<ReplicaId>(options_.voters + i + 1);
    }
    return membership;
}

bool World::run_until(const std::function<bool()>& goal, Nanos limit) {
    const Nanos end = now() + limit;
    while (!goal()) {
        const std::optional<Nanos> next = queue_.next();
        if (!next || *next > end) {
            queue_.skip_to(end);
            return goal();
        }
        const Nanos before = now();
        queue_.take([&](Happening& happening) {
            audits_.judge(Audit::TimeOrder, before <= now(), [&] {
                return fmt::format("what was due at {} ns came after {} ns", now(), before);
            });
            happen(happening);
        });
        if (!monitors_.violations().empty()) return false;
    }
    return true;
}

void World::run_for(Nanos duration) {
    run_until([] { return false; }, duration);
}

void World::after(Nanos delay, std::function<void()> what) {
    queue_.plan(delay, std::move(what));
}

void World::wake(Endpoint client, std::uint64_t generation, Nanos delay) {
    if (planted_.fires(SimBug::SB6, 1)) delay = -1'000'000;
    queue_.after(delay, Wake{client, generation});
}

void World::bad_reply(const Packet& packet) {
    monitors_.violate("S16", static_cast<ReplicaId>(packet.from), "a reply without a result");
}

void World::happen(Happening& happening) {
    if (Node* to = concerned(happening); to != nullptr) {
        if (auto* const arrival = std::get_if<Arrival>(&happening);
            arrival != nullptr && arrival->life == 0)
            arrival->life = to->life;
        if (to->paused) {
            to->backlog.push_back(std::move(happening));
            ++to->held_back;
            return;
        }
    }
    std::visit(
        Overloaded{
            [](std::function<void()>& action) { action(); },
            [this](Arrival& arrival) { deliver(arrival); },
            [this](const Ring& ringing) {
                Node& to = node(ringing.id);
                if (to.life == ringing.life) ring(to, ringing);
            },
            [this](const Completion& completion) {
                Node& to = node(completion.id);
                std::optional<Disk::Done> done = to.disk.complete(completion.ticket);
                if (!done) return;
                to.watch.answered(to.disk, completion.ticket, done->status, audits_);
                Input input{.what = IoDone{done->id, done->status, done->bytes}};
                step(to, completion.life, input);
                if (!done->bytes.empty()) to.disk.give_back(std::move(done->bytes));
            },
            [this](const Wake& wake) {
                clients_.at(wake.client - client_base)->on_wake(wake.generation);
            },
        },
        happening);
    while (!at_step_end_.empty()) {
        for (const auto& what : std::exchange(at_step_end_, {}))
            what();
    }
    if (options_.afterwards) options_.afterwards();
}

World::Node* World::concerned(const Happening& happening) {
    if (const auto* arrival = std::get_if<Arrival>(&happening)) {
        return is_client(arrival->packet.to) ? nullptr
                                             : &node(static_cast<ReplicaId>(arrival->packet.to));
    }
    if (const auto* ring = std::get_if<Ring>(&happening)) return &node(ring->id);
    if (const auto* completion = std::get_if<Completion>(&happening)) return &node(completion->id);
    return nullptr;
}

void World::deliver(Arrival& arrival) {
    Packet& packet = arrival.packet;
    if (!network_.arrives(packet)) return;
    if (!network_.connected(packet.from, packet.to)) {
        audits_.judge(Audit::Partitions, false, [&] {
            return fmt::format("a message from endpoint {} came to {} although that link was cut",
                               packet.from,
                               packet.to);
        });
    }
    if (is_client(packet.to)) {
        clients_.at(packet.to - client_base)->on_packet(packet);
        return;
    }
    Node& to = node(static_cast<ReplicaId>(packet.to));
    // It waited for the end of a pause, and its process has died since.
    if (arrival.life != to.life && !planted_.on(SimBug::SB7)) return;
    Input input;
    Received& received = input.what.emplace<Received>();
    received.message.header = packet.header;
    received.message.body = packet.body;
    if (is_client(packet.from)) {
        received.client_link = packet.from;
    } else {
        received.from = static_cast<ReplicaId>(packet.from);
    }
    if (Observer* const observer = options_.observer;
        observer != nullptr && running(to.config.self))
        observer->hears(to.config.self, packet);
    if (to.replica == nullptr && planted_.fires(SimBug::SB7)) {
        queue_.after(1'000'000, std::move(arrival));
        return;
    }
    step(to, arrival.life, input);
}

std::optional<OperationResult> World::call(std::size_t client, Operation operation, Nanos limit) {
    Client& caller = this->client(client);
    const std::size_t before = caller.completed();
    caller.submit(std::move(operation));
    if (!run_until([&] { return caller.completed() > before && caller.idle(); }, limit)) return {};
    return caller.result();
}

void World::conclude_audits() {
    const PacketCounts& counts = network_.counts();
    // Seen from where messages come out, not from what the network says that it has lost.
    audits_.chances_of_loss(counts.loss_due_permille,
                            counts.offered + counts.duplicated + counts.replayed - on_their_way_);
    audits_.passed(Audit::Partitions, counts.cut);
    for (const auto& node : nodes_) {
        const std::uint64_t failures = node->disk.refusals() + node->disk.failed_reads();
        if (failures == 0 && node->failures_told == 0) continue;
        audits_.judge(Audit::DiskResults, node->failures_told == failures, [&] {
            return fmt::format("the disk of replica {} failed {} times, and it was told of {}",
                               node->config.self,
                               failures,
                               node->failures_told);
        });
    }
}

const std::vector<std::string>& World::violations() const {
    return monitors_.violations();
}

} // namespace faultlab::simulator
