// Each mutator on one message that it is made for, written down: what differs, and what the rules
// of messages say to it.

#include "replica/core/operations.hpp"
#include "replica/core/records.hpp"
#include "replica/core/validate.hpp"
#include "replica/wire/channel.hpp"
#include "replica/wire/mutators.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/golden.hpp"

#include <algorithm>
#include <set>
#include <sstream>
#include <string>

using namespace faultlab::replica;

namespace {

constexpr std::uint64_t cluster = 7;

OwnedMessage message(Command command) {
    OwnedMessage made;
    made.header.cluster = cluster;
    made.header.protocol = protocol_version;
    made.header.release = 1;
    made.header.command = command;
    made.header.replica = 2;
    made.header.incarnation = 3;
    made.header.view = View::of(1, 5);
    made.header.log_view = View::of(1, 4);
    return made;
}

void seal(OwnedMessage& made) {
    faultlab::replica::seal(made.header, made.body);
}

OwnedMessage prepare(Op op, const Checksum& parent, int value) {
    OwnedMessage made = message(Command::Prepare);
    made.header.op = op;
    made.header.parent = parent;
    made.header.commit = op - 1;
    made.header.timestamp = op * 1000;
    made.header.count = 1;
    made.header.log_view = made.header.view = View::of(1, 4);
    const auto operation = encode(Operation{.code = OpCode::Write, .key = "k", .value = value});
    made.body.resize(batch_bytes(operation.size()));
    append_request(made.body,
                   0,
                   {.client = 9,
                    .session = 1,
                    .request = op,
                    .size = static_cast<std::uint32_t>(operation.size())},
                   operation);
    seal(made);
    return made;
}

/// Ops 11, 12 and 13 above commit 10.
std::vector<Header> suffix() {
    std::vector<Header> headers;
    Checksum parent{1, 2};
    for (Op op = 11; op <= 13; ++op) {
        headers.push_back(prepare(op, parent, 1).header);
        parent = headers.back().checksum;
    }
    return headers;
}

OwnedMessage with_suffix(Command command) {
    OwnedMessage made = message(command);
    made.header.op = 13;
    made.header.commit = 10;
    made.header.count = 3;
    const auto add = [&](const auto& record) {
        const Bytes bytes = std::as_bytes(std::span(&record, 1));
        made.body.insert(made.body.end(), bytes.begin(), bytes.end());
    };
    if (command == Command::StartView) {
        add(Membership{.epoch = 1, .voter_count = 3, .voters = {1, 2, 3}});
    }
    for (const Header& header : suffix()) {
        made.header.parent = header.checksum;
        if (command == Command::StartView) {
            add(header);
        } else {
            add(SlotRecord{.header = header, .state = SlotState::Present});
        }
    }
    seal(made);
    return made;
}

/// The entry of op 11, as it is sent to who lacks it.
OwnedMessage log() {
    const OwnedMessage entry = prepare(11, {1, 2}, 1);
    OwnedMessage made = message(Command::Log);
    made.header.op = 11;
    const Bytes header = bytes_of(entry.header);
    made.body.assign(header.begin(), header.end());
    made.body.insert(made.body.end(), entry.body.begin(), entry.body.end());
    seal(made);
    return made;
}

OwnedMessage get_log() {
    OwnedMessage made = message(Command::GetLog);
    made.header.from = 20;
    made.header.to = 30;
    seal(made);
    return made;
}

OwnedMessage snapshot(std::uint64_t chunk) {
    OwnedMessage made = message(Command::Snapshot);
    made.header.checkpoint_op = 192;
    made.header.from = chunk;
    made.header.count = 4;
    made.body.assign(64, static_cast<std::byte>(chunk));
    seal(made);
    return made;
}

Reject verdict(const OwnedMessage& made) {
    BugSet bugs;
    Config config;
    config.cluster = cluster;
    return validate({made.header, made.body}, config, bugs);
}

/// The fields in which two headers differ, checksums by whether they fit.
std::string difference(const OwnedMessage& before, const OwnedMessage& after) {
    std::ostringstream text;
    const auto field = [&](const char* name, auto a, auto b) {
        if (a != b) text << ' ' << name << ' ' << +a << " -> " << +b;
    };
    const Header& a = before.header;
    const Header& b = after.header;
    field("cluster", a.cluster, b.cluster);
    field("view", a.view.value, b.view.value);
    field("op", a.op, b.op);
    field("commit", a.commit, b.commit);
    field("timestamp", a.timestamp, b.timestamp);
    field("from", a.from, b.from);
    field("to", a.to, b.to);
    field("incarnation", a.incarnation, b.incarnation);
    field("size", a.size, b.size);
    field("count", a.count, b.count);
    if (a.parent != b.parent) text << " parent";
    if (before.body != after.body) text << " body(" << after.body.size() << ")";
    if (b.checksum != checksum_of(b)) text << " header-checksum-wrong";
    if (b.body_checksum != checksum(after.body)) text << " body-checksum-wrong";
    return text.str();
}

std::string described(const char* label, const OwnedMessage& before, const Mutated& after) {
    std::ostringstream text;
    text << label << (after.changed ? ":" : ": unchanged");
    for (const OwnedMessage& made : after.messages) {
        text << difference(before, made) << " [" << name(verdict(made)) << "]";
    }
    text << '\n';
    return text.str();
}

/// The message that shows what a mutator does.
OwnedMessage subject_of(Mutator mutator) {
    switch (mutator) {
        case Mutator::InflateCommit:
        case Mutator::ScaleCommit:
        case Mutator::Creep:
        case Mutator::TruncateTail:
        case Mutator::ConflictTail:
        case Mutator::CorruptChecksum:
        case Mutator::TailLength:
        case Mutator::ShuffleTail:
        case Mutator::TailCount:
        case Mutator::LongTail:
        case Mutator::LowerView: return with_suffix(Command::DoViewChange);
        case Mutator::ForgeMembership:
        case Mutator::StaleIncarnation: return with_suffix(Command::StartView);
        case Mutator::ShiftEntry: return log();
        case Mutator::Range: return get_log();
        case Mutator::SwapChunk: return snapshot(2);
        default: return prepare(11, {1, 2}, 1);
    }
}

} // namespace

TEST_CASE("the messages of these tests are good") {
    CHECK(verdict(prepare(11, {1, 2}, 1)) == Reject::None);
    CHECK(verdict(with_suffix(Command::DoViewChange)) == Reject::None);
    CHECK(verdict(with_suffix(Command::StartView)) == Reject::None);
    CHECK(verdict(get_log()) == Reject::None);
    CHECK(verdict(snapshot(2)) == Reject::None);
}

TEST_CASE("each mutator does what it says, with checksums that fit and without") {
    const OwnedMessage chunk = snapshot(1);
    const OwnedMessage other = prepare(10, {3, 4}, 2);
    const std::vector<Header> log{prepare(9, {5, 6}, 2).header, other.header};
    std::ostringstream text;
    for (const MutatorEntry& mutator : mutators()) {
        const OwnedMessage before = subject_of(mutator.mutator);
        const bool swaps = mutator.mutator == Mutator::SwapChunk;
        const Surroundings around{
            .to = 2, .ordinal = 4, .earlier = swaps ? &chunk : &other, .log = log};
        text << mutator.id << ' ' << mutator.name << " of " << name(before.header.command) << '\n';
        for (const std::int64_t amount : {-1, 0, 1, 150}) {
            for (const bool seals : {true, false}) {
                const std::string label =
                    "  amount " + std::to_string(amount) + (seals ? ", sealed" : ", as it was");
                if (mutator.mutator == Mutator::Duplicate && amount > 1) continue;
                const Mutated after =
                    mutate({.mutator = mutator.mutator, .amount = amount, .seals = seals},
                           {before.header, before.body},
                           around);
                text << described(label.c_str(), before, after);
                const auto whole = [](const OwnedMessage& made) {
                    return made.header.checksum == checksum_of(made.header) &&
                           made.header.body_checksum == checksum(made.body);
                };
                CAPTURE(mutator.name, label);
                if (!after.changed || mutator.level == Level::Meaning ||
                    (mutator.level == Level::Either && seals)) {
                    CHECK(std::ranges::all_of(after.messages, whole));
                } else {
                    CHECK(verdict(after.messages.at(0)) != Reject::None);
                }
            }
        }
    }
    faultlab::test::check_golden("replica/mutators.txt", text.str());
}

TEST_CASE("the catalogue has every mutator of messages, each under a name of its own") {
    std::set<std::string> ids;
    std::set<std::string> names;
    for (const MutatorEntry& mutator : mutators()) {
        CAPTURE(mutator.id);
        CHECK(ids.insert(mutator.id).second);
        CHECK(names.insert(mutator.name).second);
        CHECK_FALSE(std::string(mutator.summary).empty());
        CHECK(&entry(mutator.mutator) == &mutator);
    }
    for (int number = 1; number <= 21; ++number) {
        const bool of_frames = number >= 12 && number <= 15;
        CHECK(ids.contains("M" + std::to_string(number)) == !of_frames);
    }
}

TEST_CASE("a long suffix begins with what was seen, and goes on with what never was") {
    const OwnedMessage before = with_suffix(Command::DoViewChange);
    const std::vector<Header> log{prepare(9, {5, 6}, 2).header, prepare(10, {3, 4}, 2).header};
    const auto longer = [&](std::int64_t records) {
        return mutate({.mutator = Mutator::LongTail, .amount = records},
                      {before.header, before.body},
                      {.log = log})
            .messages.at(0);
    };
    const OwnedMessage five = longer(5);
    CHECK(five.header.commit == 8);
    CHECK(five.header.op == 13);
    CHECK(record_at<SlotRecord>(five.body, 0).header.checksum == log[0].checksum);
    CHECK(record_at<SlotRecord>(five.body, 4).header.checksum == before.header.parent);
    const OwnedMessage seven = longer(7);
    CHECK(seven.header.commit == 8);
    CHECK(seven.header.op == 15);
    CHECK(seven.body.size() == 7 * sizeof(SlotRecord));
    CHECK(verdict(longer(100'000)) == Reject::Size);
}

TEST_CASE("another entry in a Log is the one that another suffix names") {
    const Mutation mutation{.mutator = Mutator::ConflictTail, .amount = 0, .seed = 77};
    const OwnedMessage vote = with_suffix(Command::DoViewChange);
    const OwnedMessage whole = log();
    const auto lied = [&](const OwnedMessage& of) {
        return mutate(mutation, {of.header, of.body}).messages.at(0);
    };
    const OwnedMessage entry = lied(whole);
    CHECK(verdict(entry) == Reject::None);
    CHECK(header_from(entry.body).checksum != header_from(whole.body).checksum);
    CHECK(header_from(entry.body).checksum ==
          record_at<SlotRecord>(lied(vote).body, 0).header.checksum);
}

TEST_CASE("the mutations of a rule follow each other, and the original may come too") {
    const OwnedMessage before = with_suffix(Command::StartView);
    MutationRule rule{.mutations = {{.mutator = Mutator::TruncateTail, .amount = 2},
                                    {.mutator = Mutator::InflateCommit, .amount = 500}}};
    const Mutated short_and_high = mutate(rule, {before.header, before.body});
    REQUIRE(short_and_high.messages.size() == 1);
    CHECK(short_and_high.changed);
    CHECK(short_and_high.messages[0].header.op == 11);
    CHECK(short_and_high.messages[0].header.commit == 510);
    CHECK(verdict(short_and_high.messages[0]) == Reject::Range);
    rule.original_too = true;
    const Mutated both = mutate(rule, {before.header, before.body});
    REQUIRE(both.messages.size() == 2);
    CHECK(both.messages[1].header.checksum == before.header.checksum);
    const OwnedMessage request = get_log(); // no suffix, and no commit number to speak of
    rule.mutations.pop_back();
    CHECK(mutate(rule, {request.header, request.body}).messages.size() == 1);
}

TEST_CASE("a fork tells half of the receivers something else, and each of them always the same") {
    const OwnedMessage before = prepare(11, {1, 2}, 1);
    const auto told = [&](ReplicaId to) {
        return mutate({.mutator = Mutator::Fork}, {before.header, before.body}, {.to = to})
            .messages.at(0)
            .header.checksum;
    };
    CHECK(told(1) == told(3));
    CHECK(told(1) == before.header.checksum);
    CHECK(told(2) == told(4));
    CHECK(told(2) != told(1));
}

TEST_CASE("a mutator leaves alone what it is not for") {
    const OwnedMessage ping = [] {
        OwnedMessage made = message(Command::Ping);
        seal(made);
        return made;
    }();
    for (const Mutator mutator : {Mutator::TruncateTail,
                                  Mutator::ConflictTail,
                                  Mutator::ShuffleTail,
                                  Mutator::ShiftEntry,
                                  Mutator::TailLength,
                                  Mutator::LongTail,
                                  Mutator::Range,
                                  Mutator::RewriteBody,
                                  Mutator::SwapChunk,
                                  Mutator::Replay,
                                  Mutator::Splice}) {
        CAPTURE(entry(mutator).name);
        const Mutated mutated = mutate({.mutator = mutator}, {ping.header, ping.body});
        CHECK_FALSE(mutated.changed);
        REQUIRE(mutated.messages.size() == 1);
        CHECK(mutated.messages[0].header.checksum == ping.header.checksum);
    }
}

TEST_CASE("a rule says which messages it is for, and how many of them") {
    MutationRule rule{.command = Command::Prepare, .from = 1, .to = 2, .permille = 10};
    CHECK(applies(rule, Command::Prepare, 1, 2, 9));
    CHECK_FALSE(applies(rule, Command::Prepare, 1, 2, 10));
    CHECK_FALSE(applies(rule, Command::Commit, 1, 2, 9));
    CHECK_FALSE(applies(rule, Command::Prepare, 2, 2, 9));
    CHECK_FALSE(applies(rule, Command::Prepare, 1, 3, 9));
    CHECK(applies({}, Command::Ping, 3, 4, 999));
}
