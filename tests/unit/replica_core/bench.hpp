#pragma once

#include "replica/core/format.hpp"
#include "replica/core/layout.hpp"
#include "replica/core/operations.hpp"
#include "replica/core/records.hpp"
#include "replica/core/replica.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <string>
#include <vector>

namespace faultlab::replica {

constexpr Nanos ms = 1'000'000;

/// A message in a test's memory.
struct Letter {
    ReplicaId to = no_replica;
    Header header;
    std::vector<std::byte> body;
    [[nodiscard]] Message message() const { return {header, body}; }
};

/// One replica, a disk that does at once what it is asked (or only when told), and peers that exist
/// only as the messages that a test writes for them.
class Bench : public Effects {
public:
    explicit Bench(ReplicaId self = 1,
                   std::uint8_t voters = 3,
                   Reads reads = Reads::Log,
                   const BugSet& planted = {})
        : bugs(planted) {
        config.cluster = 7;
        config.self = self;
        config.reads = reads;
        config.limits = {.slots = 32,
                         .message_bytes = 8192,
                         .request_bytes = 256,
                         .batch = 4,
                         .pipeline = 4,
                         .clients = 8,
                         .checkpoint_every = 12,
                         .entries = 64,
                         .value_blocks = 128,
                         .digest_every = 4,
                         .queue = 8};
        membership.voter_count = voters;
        for (std::uint8_t index = 0; index < voters; ++index) {
            membership.voters[index] = static_cast<ReplicaId>(index + 1);
        }
        for (std::size_t zone = 0; zone < zone_count; ++zone) {
            disk[zone].resize(zone_bytes(config.limits, static_cast<Zone>(zone)));
        }
        disk[0] = format(config, membership);
        boot();
    }

    /// A new life on the same disk.
    void boot(bool recover = false) {
        replica = std::make_unique<Replica>(config, bugs);
        io.clear();
        sent.clear();
        armed = {};
        step(Boot{.entropy = 99, .recover = recover});
        run_io();
    }

    void step(decltype(Input::what) what) {
        replica->step(Input{now, static_cast<std::uint64_t>(now), std::move(what)}, *this);
    }
    /// Does all that the disk was asked to do.
    void run_io() {
        while (!io.empty()) {
            Io next = std::move(io.front());
            io.pop_front();
            std::vector<std::byte>& zone = disk[static_cast<std::size_t>(next.zone)];
            if (next.is_read) {
                next.bytes.assign(zone.begin() + static_cast<std::ptrdiff_t>(next.offset),
                                  zone.begin() +
                                      static_cast<std::ptrdiff_t>(next.offset + next.length));
            } else {
                std::ranges::copy(next.bytes,
                                  zone.begin() + static_cast<std::ptrdiff_t>(next.offset));
            }
            step(IoDone{next.id, IoStatus::Ok, next.is_read ? Bytes(next.bytes) : Bytes{}});
        }
    }
    void receive(ReplicaId from, const Letter& letter) {
        step(Received{letter.message(), from, 0});
        if (!hold_io) run_io();
    }
    void request(const Letter& letter, std::uint64_t link = 1) {
        step(Received{letter.message(), no_replica, link});
        if (!hold_io) run_io();
    }
    /// As a backup of view 0: three entries, of which the first is executed.
    void receive_three() {
        for (const Letter& entry : log(View{}, 3))
            receive(1, entry);
        Header commit = header(1, Command::Commit, View{});
        commit.op = 3;
        commit.commit = 1;
        receive(1, sealed(commit));
    }
    /// Lets the timer ring now, if it is armed.
    void ring(Timer timer) {
        step(Rang{timer, armed[static_cast<std::size_t>(timer)]});
        if (!hold_io) run_io();
    }

    // --- what it did
    [[nodiscard]] std::vector<Letter> of(Command command) const {
        std::vector<Letter> some;
        std::ranges::copy_if(sent, std::back_inserter(some), [&](const Letter& letter) {
            return letter.header.command == command;
        });
        return some;
    }
    [[nodiscard]] Telemetry telemetry() const { return replica->telemetry(now); }
    [[nodiscard]] Status status() const { return telemetry().status; }

    // --- what others write
    [[nodiscard]] Header header(ReplicaId from, Command command, View view) const {
        Header header;
        header.cluster = config.cluster;
        header.command = command;
        header.protocol = protocol_version;
        header.release = config.release;
        header.replica = from;
        header.incarnation = 1;
        header.view = view;
        header.log_view = view;
        return header;
    }
    static Letter sealed(Header header, std::vector<std::byte> body = {}) {
        seal(header, body);
        return {no_replica, header, std::move(body)};
    }
    /// An entry after `parent` with one registration of `client`.
    [[nodiscard]] Letter
    entry(View view, Op op, const Checksum& parent, Op commit, ClientId client) const {
        Header of = header(membership.primary(view), Command::Prepare, view);
        of.op = op;
        of.parent = parent;
        of.commit = commit;
        of.timestamp = op;
        of.count = 1;
        std::vector<std::byte> body(batch_bytes(1));
        const std::array operation{static_cast<std::byte>(OpCode::Register)};
        append_request(body, 0, RequestRecord{.client = client}, operation);
        return sealed(of, std::move(body));
    }
    [[nodiscard]] Checksum root() const { return root_header(config.cluster).checksum; }
    /// Entries 1…count of one view, one after the other.
    [[nodiscard]] std::vector<Letter> log(View view, Op count, ClientId first_client = 100) const {
        std::vector<Letter> entries;
        Checksum parent = root();
        for (Op op = 1; op <= count; ++op) {
            entries.push_back(entry(view, op, parent, 0, first_client + op));
            parent = entries.back().header.checksum;
        }
        return entries;
    }
    /// The StartView of a view whose log these entries are.
    [[nodiscard]] Letter
    start_view(View view, const std::vector<Letter>& entries, Op commit) const {
        Header of = header(membership.primary(view), Command::StartView, view);
        of.op = entries.size();
        of.commit = commit;
        of.parent = entries.empty() ? root() : entries.back().header.checksum;
        std::vector<std::byte> body(sizeof membership);
        std::memcpy(body.data(), &membership, sizeof membership);
        for (Op op = commit + 1; op <= of.op; ++op) {
            const Bytes bytes = bytes_of(entries[op - 1].header);
            body.insert(body.end(), bytes.begin(), bytes.end());
            ++of.count;
        }
        return sealed(of, std::move(body));
    }
    /// A vote for `view` of a replica whose log these entries are, all in this state.
    [[nodiscard]] Letter vote(ReplicaId from,
                              View view,
                              View log_view,
                              const std::vector<Letter>& entries,
                              Op commit,
                              SlotState last = SlotState::Present) const {
        Header of = header(from, Command::DoViewChange, view);
        of.log_view = log_view;
        of.op = entries.size();
        of.commit = commit;
        of.parent = entries.empty() ? root() : entries.back().header.checksum;
        std::vector<std::byte> body;
        for (Op op = commit + 1; op <= of.op; ++op) {
            SlotRecord record;
            record.header = entries[op - 1].header;
            record.state = op == of.op ? last : SlotState::Present;
            const Bytes bytes = std::as_bytes(std::span(&record, 1));
            body.insert(body.end(), bytes.begin(), bytes.end());
            ++of.count;
        }
        return sealed(of, std::move(body));
    }
    [[nodiscard]] Letter want(ReplicaId from, View view, View entered = {}) const {
        Header of = header(from, Command::StartViewChange, view);
        of.log_view = entered;
        of.from = entered.value;
        return sealed(of);
    }
    /// An entry as somebody sends it to repair.
    [[nodiscard]] Letter
    repair(ReplicaId from, View view, View log_view, const Letter& entry) const {
        Header of = header(from, Command::Log, view);
        of.log_view = log_view;
        of.op = entry.header.op;
        const Bytes bytes = bytes_of(entry.header);
        std::vector<std::byte> body(bytes.begin(), bytes.end());
        body.insert(body.end(), entry.body.begin(), entry.body.end());
        return sealed(of, std::move(body));
    }
    [[nodiscard]] Letter acknowledgement(ReplicaId from, View view, Op op, Nanos nonce = 0) const {
        Header of = header(from, Command::PrepareOk, view);
        of.op = op;
        of.nonce = static_cast<std::uint64_t>(nonce);
        return sealed(of);
    }
    [[nodiscard]] Letter client_request(ClientId client,
                                        SessionId session,
                                        RequestNumber number,
                                        const Operation& operation) const {
        Header of = header(no_replica, Command::Request, {});
        of.incarnation = 0;
        of.client = client;
        of.session = session;
        of.request = number;
        return sealed(of, encode(operation));
    }

    Config config;
    Membership membership;
    BugSet bugs;
    Nanos now = 1000 * ms;
    bool hold_io = false;
    std::unique_ptr<Replica> replica;
    std::array<std::vector<std::byte>, zone_count> disk;
    std::vector<Letter> sent;
    std::vector<Letter> replies;
    std::vector<Event> events;
    std::string halted;
    std::array<std::uint32_t, timer_count> armed{};

    // --- Effects
    void send(ReplicaId to, const Header& header, Bytes body) override {
        sent.push_back({to, header, {body.begin(), body.end()}});
    }
    void reply(std::uint64_t /*link*/, const Header& header, Bytes body) override {
        replies.push_back({no_replica, header, {body.begin(), body.end()}});
    }
    void arm(Timer timer, std::uint32_t generation, Nanos /*delay*/) override {
        armed[static_cast<std::size_t>(timer)] = generation;
    }
    void read(Zone zone, std::uint64_t offset, std::uint32_t length, IoId id) override {
        io.push_back({id, zone, true, offset, length, {}});
    }
    void write(Zone zone, std::uint64_t offset, Bytes bytes, IoId id) override {
        io.push_back({id, zone, false, offset, 0, {bytes.begin(), bytes.end()}});
    }
    void sync(Zone zone, IoId id) override { io.push_back({id, zone, false, 0, 0, {}}); }
    void event(const Event& event) override { events.push_back(event); }
    void halt(std::string_view reason) override { halted = reason; }

private:
    struct Io {
        IoId id = 0;
        Zone zone = Zone::Superblock;
        bool is_read = false;
        std::uint64_t offset = 0;
        std::uint32_t length = 0;
        std::vector<std::byte> bytes;
    };
    std::deque<Io> io;
};

} // namespace faultlab::replica
