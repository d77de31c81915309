#include "simulator/node.hpp"

#include "checker/catalogue.hpp"
#include "core/check.hpp"
#include "core/record.hpp"
#include "replica/core/superblock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace faultlab::simulator {
namespace {

constexpr std::uint64_t wall_origin = 1'700'000'000'000'000'000;

std::string text(View view) {
    return fmt::format("{}.{}", view.epoch(), view.number());
}

std::string text(const Header& header) {
    return fmt::format("{} view {} log_view {} op {} commit {} {:04x}",
                       name(header.command),
                       text(header.view),
                       text(header.log_view),
                       header.op,
                       header.commit,
                       header.checksum.low & 0xffff);
}

} // namespace

// --- effects

void World::Shell::link(char kind, std::uint64_t a, std::uint64_t b, const Checksum& checksum) {
    node_->effects.add(
        (static_cast<std::uint64_t>(kind) << 56U) ^ a, b, checksum.low, checksum.high);
}

void World::Shell::send(ReplicaId to, const Header& header, Bytes body) {
    link('s', to, 0, header.checksum);
    world_->monitors_.sent(node_->config.self, header, body);
    if (world_->options_.trace) {
        world_->trace(*node_, fmt::format("→ {} {}", to, text(header)));
    }
    FAULTLAB_CHECK(to != node_->config.self);
    if (to == no_replica || to > world_->nodes_.size()) return; // nobody has this id
    world_->send({.from = node_->config.self,
                  .to = to,
                  .header = header,
                  .body = {body.begin(), body.end()}});
}

void World::Shell::reply(std::uint64_t client_link, const Header& header, Bytes body) {
    link('r', client_link, 0, header.checksum);
    world_->monitors_.replied(node_->config.self, header);
    if (world_->options_.trace) {
        world_->trace(*node_, fmt::format("→ client {} {}", client_link, text(header)));
    }
    world_->send({.from = node_->config.self,
                  .to = static_cast<Endpoint>(client_link),
                  .header = header,
                  .body = {body.begin(), body.end()}});
}

void World::Shell::arm(Timer timer, std::uint32_t generation, Nanos delay) {
    link('a', static_cast<std::uint64_t>(timer), static_cast<std::uint64_t>(delay), {});
    Nanos real = std::max<Nanos>(delay, 0) * 1000 / node_->rate_permille;
    if (world_->planted_.fires(SimBug::SB2, 1))
        real += static_cast<Nanos>(world_->planted_.outside() % 1'000'000);
    Ring ring{.id = node_->config.self, .life = node_->life, .rang = {timer, generation}};
    Node::Pace& pace = node_->paces.at(static_cast<std::size_t>(timer));
    if (pace.rate_permille != 1000) {
        pace.newest = ring.rang;
        pace.life = node_->life;
        pace.due = world_->now() + real;
        real = std::max<Nanos>(real * 1000 / pace.rate_permille, 1);
        ring.mistimed = true;
    }
    world_->queue_.after(real, ring);
}

void World::Shell::schedule(const Disk::Scheduled& scheduled) {
    world_->queue_.after(scheduled.delay,
                         Completion{node_->config.self, node_->life, scheduled.ticket});
}

void World::Shell::read(Zone zone, std::uint64_t offset, std::uint32_t length, IoId id) {
    link('R', offset, length, {static_cast<std::uint64_t>(zone), id});
    schedule(node_->disk.read(world_->now(), zone, offset, length, id));
}

void World::Shell::write(Zone zone, std::uint64_t offset, Bytes bytes, IoId id) {
    const Checksum whole = checksum(bytes);
    link('W', (static_cast<std::uint64_t>(zone) << 56U) | offset, id, whole);
    const Disk::Scheduled write = node_->disk.write(world_->now(), zone, offset, bytes, id);
    node_->watch.asked(node_->disk, write.ticket, zone, offset, bytes.size(), whole);
    schedule(write);
}

void World::Shell::sync(Zone zone, IoId id) {
    link('S', static_cast<std::uint64_t>(zone), id, {});
    const Disk::Scheduled sync = node_->disk.sync(world_->now(), zone, id);
    node_->watch.asked_sync(sync.ticket, zone);
    schedule(sync);
}

void World::Shell::event(const Event& event) {
    link('e', (static_cast<std::uint64_t>(event.kind) << 56U) ^ event.a, event.b, event.checksum);
    world_->monitors_.happened(node_->config.self, event);
    if (Observer* const observer = world_->options_.observer) {
        observer->happened(node_->config.self, event);
    }
    if (world_->options_.trace) {
        world_->trace(*node_,
                      fmt::format("! {} {:x} {:x} {:04x}",
                                  name(event.kind),
                                  event.a,
                                  event.b,
                                  event.checksum.low & 0xffff));
    }
}

void World::Shell::halt(std::string_view reason) {
    link('h', reason.size(), 0, checksum(std::as_bytes(std::span(reason))));
    node_->halted = reason;
    if (node_->disk.refusals() == node_->refusals)
        world_->monitors_.halted(node_->config.self, reason);
    if (world_->options_.trace) world_->trace(*node_, fmt::format("halts: {}", reason));
}

// --- steps and lives

World::Node& World::node(ReplicaId id) {
    return *nodes_.at(id - 1U);
}
const World::Node& World::node(ReplicaId id) const {
    return *nodes_.at(id - 1U);
}

void World::trace(const Node& node, const std::string& line) const {
    options_.trace(fmt::format("{:10.3f} {} {}",
                               static_cast<double>(now()) / 1e6,
                               static_cast<int>(node.config.self),
                               line));
}

Nanos World::local_time(const Node& node) const {
    return node.local_base + (now() - node.base) * node.rate_permille / 1000;
}

void World::step(Node& node, std::uint64_t life, Input& input) {
    if (node.replica == nullptr) return;
    audits_.judge(Audit::DeadDelivery, life == node.life, [&] {
        return fmt::format("replica {} was given something that came when it was dead, or in "
                           "another life",
                           node.config.self);
    });
    input.now = local_time(node);
    monitors_.at(now());
    input.wall = wall_origin + static_cast<std::uint64_t>(now() + node.wall_offset);
    if (const auto* received = std::get_if<Received>(&input.what)) {
        monitors_.received(node.config.self, received->message.header);
        if (options_.trace) {
            trace(node,
                  fmt::format(
                      "← {} {}", static_cast<int>(received->from), text(received->message.header)));
        }
    }
    if (const auto* done = std::get_if<IoDone>(&input.what); done != nullptr) {
        node.failures_told += done->status == IoStatus::Ok ? 0 : 1;
    }
    if (!std::holds_alternative<Rang>(input.what) && !std::holds_alternative<Boot>(input.what)) {
        ++events_;
    }
    node.replica->step(input, node.shell);
    const Checksum& effects = node.effects.value();
    chain_.add(static_cast<std::uint64_t>(now()), queue_.tie(), effects.low, effects.high);
    monitors_.after_step(node.config.self, *node.replica, node.replica->standing());
}

void World::boot(Node& node, bool recover) {
    FAULTLAB_CHECK(node.replica == nullptr);
    ++node.life;
    node.halted.clear();
    node.refusals = node.disk.refusals();
    node.replica = std::make_unique<Replica>(node.config, node.bugs);
    monitors_.started(node.config.self, recover);
    if (options_.trace) trace(node, recover ? "starts blank" : "starts");
    const Boot first{.entropy = node.rng.next(), .recover = recover};
    // Not at once: whoever starts a replica may be in the middle of something.
    queue_.after(0, [this, id = node.config.self, life = node.life, first] {
        Node& booted = this->node(id);
        Input input{.what = first};
        if (booted.life == life) step(booted, life, input);
    });
}

void World::crash(ReplicaId id) {
    Node& dying = node(id);
    if (dying.replica == nullptr) return;
    if (options_.trace) trace(dying, "crashes");
    const BugSet& bugs = dying.replica->bugs();
    for (std::size_t bug = 0; bug < bug_count; ++bug) {
        dying.fired[bug] += bugs.fired(static_cast<Bug>(bug));
    }
    dying.replica.reset();
    dying.disk.crash();
    dying.watch.died();
    dying.paused = false;
    dying.backlog.clear();
    ++dying.life; // timers that were armed ring for nobody
}

void World::power_cut(ReplicaId id) {
    crash(id);
    node(id).disk.power_cut();
    node(id).watch.power_was_cut(node(id).disk, audits_);
}

void World::start(ReplicaId id, std::optional<std::uint32_t> release) {
    Node& starting = node(id);
    if (release) starting.config.release = *release;
    // Died again before its first superblock was whole: there is still nothing to read.
    BugSet none;
    const bool whole = open_superblock(starting.disk.content(Zone::Superblock), none).has_value();
    boot(starting, starting.lost_disk && !whole);
}

void World::start_blank(ReplicaId id) {
    node(id).disk.wipe();
    node(id).lost_disk = true;
    boot(node(id), true);
}

void World::pause(ReplicaId id) {
    node(id).paused = true;
}

void World::resume(ReplicaId id) {
    Node& resumed = node(id);
    monitors_.at(now());
    if (std::exchange(resumed.paused, false)) monitors_.resumed(id);
    Nanos order = 0;
    for (Happening& happening : std::exchange(resumed.backlog, {})) {
        queue_.after(order++, std::move(happening));
    }
}

std::uint64_t World::held_back(ReplicaId id) const {
    return node(id).held_back;
}

void World::set_clock_rate(ReplicaId id, std::int64_t permille) {
    Node& of = node(id);
    of.local_base = local_time(of);
    of.base = now();
    of.rate_permille = permille;
}

void World::jump_wall(ReplicaId id, Nanos by) {
    node(id).wall_offset += by;
}

void World::set_timer_rate(ReplicaId id, Timer timer, std::int64_t permille) {
    Node& of = node(id);
    Node::Pace& pace = of.paces.at(static_cast<std::size_t>(timer));
    const bool was_slow = pace.rate_permille < 1000;
    pace.count += overdue(of, timer) ? 1 : 0;
    pace.rate_permille = permille;
    if (!was_slow || permille != 1000) return;
    // The one that is still to come then finds that nobody waits for it.
    if (pace.life == of.life) {
        queue_.after(std::max<Nanos>(pace.due - now(), 0),
                     Ring{.id = id, .life = of.life, .rang = pace.newest});
    }
    if (timer != Timer::Abdicate) return;
    monitors_.at(now());
    monitors_.resumed(id); // only now it can find out whether anybody answers
}

std::int64_t World::timer_rate(ReplicaId id, Timer timer) const {
    return node(id).paces.at(static_cast<std::size_t>(timer)).rate_permille;
}

std::uint64_t World::mistimed(ReplicaId id, Timer timer) const {
    const Node& of = node(id);
    const Node::Pace& pace = of.paces.at(static_cast<std::size_t>(timer));
    return pace.count + (overdue(of, timer) ? 1 : 0);
}

bool World::waits(const Node& of, Timer timer) const {
    if (of.replica == nullptr) return false;
    const std::uint32_t armed = of.replica->telemetry(local_time(of)).timers_armed;
    return (armed >> static_cast<unsigned>(timer) & 1U) != 0;
}

bool World::overdue(const Node& of, Timer timer) const {
    const Node::Pace& pace = of.paces.at(static_cast<std::size_t>(timer));
    const bool slow = pace.rate_permille < 1000 && pace.life == of.life;
    return slow && pace.due < now() && waits(of, timer);
}

/// One for which its replica does not wait any more, because it has set the timer anew, is not
/// late.
void World::ring(Node& to, const Ring& ring) {
    const Timer timer = ring.rang.timer;
    Node::Pace& pace = to.paces.at(static_cast<std::size_t>(timer));
    const bool newest = pace.newest.generation == ring.rang.generation;
    if (ring.mistimed && newest && waits(to, timer)) ++pace.count;
    Input input{.what = ring.rang};
    step(to, ring.life, input);
}

// --- what tests look at

bool World::running(ReplicaId id) const {
    return node(id).replica != nullptr && node(id).halted.empty();
}
const Replica* World::replica(ReplicaId id) const {
    return node(id).replica.get();
}
const std::string& World::halted(ReplicaId id) const {
    return node(id).halted;
}
Disk& World::disk(ReplicaId id) {
    return node(id).disk;
}
const Disk& World::disk(ReplicaId id) const {
    return node(id).disk;
}
World::Machine World::machine(ReplicaId id) const {
    const Node& of = node(id);
    return {.up = of.replica != nullptr,
            .life = of.life,
            .release = of.config.release,
            .paused = of.paused,
            .rate_permille = of.rate_permille,
            .wall_offset = of.wall_offset};
}
Checksum World::effects(ReplicaId id) const {
    return node(id).effects.value();
}

Telemetry World::telemetry(ReplicaId id) const {
    const Node& of = node(id);
    if (of.replica == nullptr) return {};
    return of.replica->telemetry(local_time(of));
}

std::uint64_t World::bug_fired(Bug bug) const {
    std::uint64_t fired = 0;
    for (const auto& each : nodes_) {
        fired += each->fired[static_cast<std::size_t>(bug)];
        if (each->replica != nullptr) fired += each->replica->bugs().fired(bug);
    }
    for (const auto& client : clients_)
        fired += bug == Bug::B23 ? client->fired_busy_is_fail() : 0;
    return fired;
}

std::vector<ReplicaId> World::all_running() const {
    std::vector<ReplicaId> ids;
    for (ReplicaId id = 1; id <= size(); ++id) {
        if (running(id)) ids.push_back(id);
    }
    return ids;
}

std::optional<ReplicaId> World::primary() const {
    return primary(all_running());
}

std::optional<ReplicaId> World::primary(std::span<const ReplicaId> among) const {
    std::optional<ReplicaId> found;
    View highest;
    for (const ReplicaId id : among) {
        if (!running(id)) continue;
        const Telemetry of = telemetry(id);
        if (of.status != Status::Normal || of.role != Role::Primary) continue;
        if (!found || of.view > highest) {
            found = id;
            highest = of.view;
        }
    }
    return found;
}

bool World::converged() const {
    return converged(all_running());
}

bool World::converged(std::span<const ReplicaId> among) const {
    const std::optional<ReplicaId> leader = primary(among);
    if (!leader) return false;
    const Membership members = telemetry(*leader).membership;
    std::optional<Telemetry> first;
    for (const ReplicaId id : among) {
        if (!members.votes(id) && !members.listens(id)) continue;
        const Telemetry of = telemetry(id);
        if (of.status != Status::Normal || of.faulty_slots > 0) return false;
        if (of.commit_min != of.head || of.durable != of.head) return false;
        if (!first) first = of;
        if (of.view != first->view || of.head_checksum != first->head_checksum) return false;
    }
    return first.has_value();
}

CheckResult World::linearizability() const {
    std::vector<faultlab::Op> ops;
    std::set<Value> others; // keys that are no registers
    for (const auto& client : clients_) {
        for (const faultlab::Op& op : client->history()) {
            if (op.f != "read" && op.f != "write" && op.f != "cas") others.insert(op.key);
            ops.push_back(op);
        }
    }
    std::erase_if(ops, [&](const faultlab::Op& op) { return others.contains(op.key); });
    std::ranges::sort(ops, {}, &faultlab::Op::inv_index);
    HistoryBuilder history;
    for (const faultlab::Op& op : ops) {
        history.add(op);
    }
    Record record;
    record.history = history.build();
    const CheckerEntry* entry = find_checker("linearizability").value();
    return entry->make({{"model", "cas-register"}}).value()->check(record, {});
}

std::string World::describe() const {
    std::string all = fmt::format("seed {} at {} ms\n", options_.seed, now() / 1'000'000);
    for (ReplicaId id = 1; id <= size(); ++id) {
        const Telemetry of = telemetry(id);
        all += fmt::format(
            "{}: {}{} {} view {} log_view {} head {} durable {} commit {}/{} checkpoint {} "
            "faulty {} {}\n",
            static_cast<int>(id),
            node(id).replica == nullptr ? "down " : "",
            name(of.status),
            name(of.role),
            text(of.view),
            text(of.log_view),
            of.head,
            of.durable,
            of.commit_min,
            of.commit_max,
            of.checkpoint,
            of.faulty_slots,
            node(id).halted);
    }
    for (const std::string& violation : monitors_.violations()) {
        all += violation + "\n";
    }
    return all;
}

} // namespace faultlab::simulator
