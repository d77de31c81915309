#include "core/rng.hpp"
#include "replica/core/lives.hpp"
#include "replica/core/operations.hpp"
#include "replica/core/validate.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/replica_state/sample_messages.hpp"

#include <map>
#include <set>

using namespace faultlab::replica;

namespace {

std::string verdict(const Sample& sample, const Config& config = sample_config()) {
    BugSet bugs;
    return name(validate(sample.message(), config, bugs));
}

struct Case {
    Command command;
    std::string expected;
    std::function<void(Sample&)> change;
};

void resize_tail(Sample& sample, std::uint32_t count) {
    const std::size_t record =
        sample.header.command == Command::DoViewChange ? sizeof(SlotRecord) : sizeof(Header);
    const std::size_t offset =
        sample.header.command == Command::DoViewChange ? 0 : sizeof(Membership);
    sample.body.resize(offset + count * record);
    sample.header.count = count;
}

template <typename Record>
void change_record(Sample& sample, std::size_t offset, const std::function<void(Record&)>& change) {
    Record record = record_at<Record>(sample.body, 0, offset);
    change(record);
    std::memcpy(sample.body.data() + offset, &record, sizeof record);
}

/// Another entry inside of a Log.
void put_entry(Sample& log, const Sample& entry) {
    log.body.resize(sizeof(Header));
    std::memcpy(log.body.data(), &entry.header, sizeof(Header));
    log.body.insert(log.body.end(), entry.body.begin(), entry.body.end());
}

void swap_headers(Sample& view, std::size_t a, std::size_t b) {
    const auto first = record_at<Header>(view.body, a, sizeof(Membership));
    const auto second = record_at<Header>(view.body, b, sizeof(Membership));
    std::memcpy(
        view.body.data() + sizeof(Membership) + a * sizeof(Header), &second, sizeof(Header));
    std::memcpy(view.body.data() + sizeof(Membership) + b * sizeof(Header), &first, sizeof(Header));
}

void check_all(const std::vector<Case>& cases) {
    int number = 0;
    for (const Case& one : cases) {
        INFO("case " << number++ << " of " << name(one.command));
        CHECK(verdict(sample(one.command).with(one.change)) == one.expected);
    }
}

} // namespace

TEST_CASE("A proper message of every command is let in", "[replica_state]") {
    const std::vector<Sample> samples = sample_messages();
    REQUIRE(samples.size() == last_command);
    for (std::size_t index = 0; index < samples.size(); ++index) {
        INFO(name(samples[index].header.command));
        CHECK(static_cast<std::size_t>(samples[index].header.command) == index + 1);
        CHECK(verdict(samples[index]) == "none");
    }
    CHECK(verdict(sample_primary_response()) == "none");
}

TEST_CASE("A frame is refused for its first flaw", "[replica_state]") {
    const Sample good = sample(Command::Request);
    Sample bad = good;
    bad.header.cluster = 1; // all flaws at once, mended one by one
    bad.header.protocol = 9;
    bad.header.release = 9;
    bad.header.command = static_cast<Command>(200);
    bad.header.replica = 16;
    bad.body.push_back(std::byte{0});
    CHECK(verdict(bad) == "size");
    bad.header.size += 1;
    CHECK(verdict(bad) == "header checksum");
    const auto reseal = [&] { bad.header.checksum = checksum_of(bad.header); };
    reseal();
    CHECK(verdict(bad) == "cluster");
    bad.header.cluster = good.header.cluster;
    reseal();
    CHECK(verdict(bad) == "protocol");
    bad.header.protocol = protocol_version;
    reseal();
    CHECK(verdict(bad) == "release");
    bad.header.release = 2;
    reseal();
    CHECK(verdict(bad) == "command");
    bad.header.command = Command::Request;
    reseal();
    CHECK(verdict(bad) == "sender");
    bad.header.replica = no_replica;
    bad.header.nonce = 1;
    reseal();
    CHECK(verdict(bad) == "range");
    bad.header.nonce = 0;
    reseal();
    CHECK(verdict(bad) == "body checksum");
    bad.header.body_checksum = checksum(bad.body);
    reseal();
    CHECK(verdict(bad) == "none"); // what the operation means is for the state machine
}

TEST_CASE("The size of a message is capped", "[replica_state]") {
    Config config = sample_config();
    const Sample snapshot = sample(Command::Snapshot);
    config.limits.message_bytes = snapshot.header.size;
    CHECK(verdict(snapshot, config) == "none");
    --config.limits.message_bytes;
    CHECK(verdict(snapshot, config) == "size");
    Sample none = snapshot;
    none.header.size = 0;
    CHECK(verdict(none) == "size");
}

TEST_CASE("Any flipped bit is noticed", "[replica_state]") {
    faultlab::Rng rng(1);
    for (const Sample& good : sample_messages()) {
        for (int round = 0; round < 200; ++round) {
            Sample bad = good;
            const std::size_t at = rng.below(sizeof(Header) + bad.body.size());
            const auto bit = static_cast<std::byte>(1U << rng.below(8));
            if (at < sizeof(Header)) {
                std::array<std::byte, sizeof(Header)> bytes{};
                std::memcpy(bytes.data(), &bad.header, sizeof(Header));
                bytes[at] ^= bit;
                bad.header = header_from(bytes);
            } else {
                bad.body[at - sizeof(Header)] ^= bit;
            }
            const std::string result = verdict(bad);
            CHECK((result == "size" || result == "header checksum" || result == "body checksum"));
        }
    }
}

TEST_CASE("A field that its command does not use is zero", "[replica_state]") {
    const std::map<std::string, std::function<void(Sample&)>> fields{
        {"parent",
         [](Sample& s) {
             s.header.parent = {1, 1};
         }},
        {"op", [](Sample& s) { s.header.op = 1; }},
        {"commit", [](Sample& s) { s.header.commit = 1; }},
        {"timestamp", [](Sample& s) { s.header.timestamp = 1; }},
        {"client", [](Sample& s) { s.header.client = 1; }},
        {"nonce", [](Sample& s) { s.header.nonce = 1; }},
        {"from", [](Sample& s) { s.header.from = 1; }},
        {"to", [](Sample& s) { s.header.to = 1; }},
        {"count", [](Sample& s) { s.header.count = 1; }},
        {"flags", [](Sample& s) { s.header.flags = 1; }},
        {"trace", [](Sample& s) { s.header.trace = 1; }},
        {"body", [](Sample& s) { s.body.resize(8); }},
    };
    const std::map<Command, std::set<std::string>> used{
        {Command::Request, {"client", "trace", "body"}},
        {Command::Busy, {"client", "nonce", "trace"}},
        {Command::Prepare, {"parent", "op", "commit", "timestamp", "count", "flags", "body"}},
        {Command::PrepareOk, {"op", "commit", "parent", "nonce"}},
        {Command::StartViewChange, {"from"}},
        {Command::GetView, {"nonce"}},
        {Command::GetLog, {"from", "to"}},
        {Command::Recovery, {"nonce"}},
    };
    for (const auto& [command, names] : used) {
        for (const auto& [field, set] : fields) {
            if (!names.contains(field)) {
                INFO(name(command) << " " << field);
                CHECK(verdict(sample(command).with(set)) == "range");
            }
        }
    }
    const auto set_view = [](Sample& s) { s.header.view = View{1}; };
    CHECK(verdict(sample(Command::Request).with(set_view)) == "range");
}

TEST_CASE("Fields of a release are for those who have it", "[replica_state]") {
    const Sample request = sample(Command::Request);
    const auto of_release_1 = [](Sample& s) { s.header.release = 1; };
    CHECK(verdict(request.with(of_release_1)) == "release");
    CHECK(verdict(request.with([](Sample& s) {
              s.header.release = 1;
              s.header.trace = 0;
          })) == "none");
    Config old = sample_config();
    old.release = 1;
    CHECK(verdict(request, old) == "release");
    CHECK(verdict(request.with([](Sample& s) { s.header.trace = 0; }), old) == "none");
    CHECK(verdict(request.with([](Sample& s) { s.header.release = 0; })) == "release");
    CHECK(verdict(request.with([](Sample& s) { s.header.release = 3; })) == "release");
    CHECK(verdict(request.with([](Sample& s) { s.header.reserved[1] = 1; })) == "release");
    CHECK(verdict(request.with([](Sample& s) { s.header.reserved_1 = 1; })) == "release");
    // Requests inside of an entry have the field too.
    CHECK(verdict(sample(Command::Prepare).with(of_release_1)) == "entry");
}

TEST_CASE("Only clients are no replicas", "[replica_state]") {
    CHECK(verdict(sample(Command::Request).with([](Sample& s) { s.header.replica = 1; })) ==
          "sender");
    for (const Sample& good : sample_messages()) {
        if (good.header.command != Command::Request) {
            CHECK(verdict(good.with([](Sample& s) { s.header.replica = 0; })) == "sender");
            CHECK(verdict(good.with([](Sample& s) { s.header.replica = 16; })) == "sender");
            CHECK(verdict(good.with([](Sample& s) { s.header.replica = 15; })) == "none");
        }
    }
}

TEST_CASE("Requests name a client, and a session but for the first", "[replica_state]") {
    const auto registers = [](Sample& s) {
        s.header.session = 0;
        s.header.request = 0;
        s.body = encode({.code = OpCode::Register});
    };
    const Command request = Command::Request;
    check_all({
        {request, "none", registers},
        {request, "range", [](Sample& s) { s.header.client = 0; }},
        {request, "range", [](Sample& s) { s.header.session = 0; }},
        {request, "range", [](Sample& s) { s.header.request = 0; }},
        {request, "range", [](Sample& s) { s.body = encode({.code = OpCode::Register}); }},
        {request, "range", [](Sample& s) { s.header.session = s.header.request = 0; }},
        {request, "range", [](Sample& s) { s.body.clear(); }},
        {request, "none", [](Sample& s) { s.body.resize(1024); }},
        {request, "range", [](Sample& s) { s.body.resize(1025); }},
        {Command::Reply, "range", [](Sample& s) { s.body.resize(1025); }},
        {Command::Reply, "range", [](Sample& s) { s.header.client = 0; }},
        {Command::Busy, "range", [](Sample& s) { s.header.client = 0; }},
        {Command::Evicted, "range", [](Sample& s) { s.header.client = 0; }},
        {Command::Redirect, "range", [](Sample& s) { s.header.client = 0; }},
        {Command::Redirect, "range", [](Sample& s) { s.header.from = 16; }},
    });
}

TEST_CASE("Numbers of a message are in their ranges", "[replica_state]") {
    const std::uint64_t most = ~std::uint64_t{0};
    const auto range = [](std::uint64_t from, std::uint64_t to) {
        return [=](Sample& s) {
            s.header.from = from;
            s.header.to = to;
        };
    };
    check_all({
        {Command::PrepareOk, "range", [](Sample& s) { s.header.op = most_op; }},
        {Command::PrepareOk, "none", [](Sample& s) { s.header.op = most_op - 1; }},
        {Command::GetLog, "range", [](Sample& s) { s.header.from = s.header.to = ~Op{0}; }},
        {Command::Prepare, "range", [](Sample& s) { s.header.op = s.header.commit = 0; }},
        {Command::Prepare, "range", [](Sample& s) { s.header.commit = s.header.op; }},
        {Command::Prepare, "range", [](Sample& s) { s.header.count = 9; }},
        {Command::Prepare, "range", [](Sample& s) { s.header.flags = 1; }},
        {Command::Prepare, "none", [](Sample& s) { s.header.flags = flag_refused; }},
        {Command::Prepare, "range", [](Sample& s) { s.header.log_view = s.header.view.next(); }},
        {Command::Commit, "range", [](Sample& s) { s.header.commit = 8; }},
        {Command::DoViewChange,
         "range",
         [](Sample& s) { s.header.log_view = s.header.view.next(); }},
        {Command::DoViewChange, "range", [](Sample& s) { s.header.commit = 8; }},
        {Command::StartView, "range", [](Sample& s) { s.header.commit = 8; }},
        {Command::GetLog, "none", range(7, 7)},
        {Command::GetLog, "none", range(1, 32)},
        {Command::GetLog, "range", range(1, 33)},
        {Command::GetLog, "range", range(7, 6)},
        {Command::GetLog, "range", range(0, 3)},
        {Command::GetLog, "range", range(0, most)},
        {Command::GetPrepare, "range", [](Sample& s) { s.header.op = 0; }},
        {Command::Log, "range", [](Sample& s) { s.header.op = 0; }},
        {Command::Log, "range", [](Sample& s) { s.body.resize(255); }},
        {Command::GetSnapshot, "none", range(3, 3)},
        {Command::GetSnapshot, "range", range(4, 3)},
        {Command::GetSnapshot, "range", [](Sample& s) { s.header.flags = flag_manifest; }},
        {Command::GetSnapshot, "range", [](Sample& s) { s.header.flags = 1; }},
        {Command::GetSnapshot, "range", [](Sample& s) { s.header.checkpoint_op = 0; }},
        {Command::Snapshot, "none", [](Sample& s) { s.header.from = 3; }},
        {Command::Snapshot, "range", [](Sample& s) { s.header.from = 4; }},
        {Command::Snapshot,
         "none",
         [](Sample& s) {
             s.header.from = 0;
             s.header.flags = flag_manifest;
         }},
        {Command::Recovery, "range", [](Sample& s) { s.header.nonce = 0; }},
        {Command::RecoveryResponse, "range", [](Sample& s) { s.header.nonce = 0; }},
        {Command::RecoveryResponse, "range", [](Sample& s) { s.header.flags = 2; }},
        {Command::RecoveryResponse, "range", [](Sample& s) { s.header.to = end_of_incarnations; }},
    });
}

TEST_CASE("A suffix is as long as its message says, and no longer than a pipeline",
          "[replica_state]") {
    for (const Command command : {Command::DoViewChange, Command::StartView}) {
        check_all({
            {command, "tail length", [](Sample& s) { resize_tail(s, 2); }},
            {command, "tail length", [](Sample& s) { s.header.count = 2; }},
            {command, "tail length", [](Sample& s) { s.header.count = 4; }},
            {command, "tail length", [](Sample& s) { s.header.op = 8; }},
            {command, "tail length", [](Sample& s) { s.header.commit = 3; }},
            {command, "tail length", [](Sample& s) { s.header.count = ~std::uint32_t{0}; }},
            {command, "tail length", [](Sample& s) { s.body.push_back(std::byte{0}); }},
            {command,
             "tail length",
             [](Sample& s) {
                 resize_tail(s, 6);
                 s.header.op = 10;
             }},
            {command,
             "none",
             [](Sample& s) {
                 resize_tail(s, 0);
                 s.header.commit = s.header.op;
             }},
        });
    }
    check_all({{Command::RecoveryResponse, "tail length", [](Sample& s) { s.body.resize(40); }},
               {Command::RecoveryResponse, "tail length", [](Sample& s) {
                    s.header.flags = flag_primary;
                }}});
    CHECK(verdict(sample_primary_response().with([](Sample& s) { s.header.flags = 0; })) ==
          "tail length");
    // Five, one more than the pipeline, are let in.
    Sample five = sample(Command::DoViewChange).with([](Sample& s) {
        resize_tail(s, 5);
        s.header.op = 9;
    });
    CHECK(verdict(five) == "none");
}

TEST_CASE("A suffix is ascending and chained", "[replica_state]") {
    check_all({
        {Command::StartView, "tail order", [](Sample& s) { s.header.parent.low ^= 1; }},
        {Command::DoViewChange, "tail order", [](Sample& s) { s.header.parent.low ^= 1; }},
        {Command::StartView, "tail order", [](Sample& s) { swap_headers(s, 0, 1); }},
        {Command::StartView, "tail order", [](Sample& s) { swap_headers(s, 1, 2); }},
        {Command::StartView,
         "tail order",
         [](Sample& s) {
             s.header.op = 8; // the same headers, said to be one further on
             s.header.commit = 5;
         }},
        {Command::StartView,
         "tail order",
         [](Sample& s) {
             change_record<Header>(s, sizeof(Membership), [](Header& entry) {
                 entry.timestamp += 1; // another entry 5, that 6 does not follow
                 entry.checksum = checksum_of(entry);
             });
         }},
        {Command::DoViewChange,
         "tail order",
         [](Sample& s) {
             change_record<SlotRecord>(
                 s, 0, [](SlotRecord& slot) { slot.header = sample_entry(6).header; });
         }},
    });
}

TEST_CASE("What a suffix says of each op makes sense", "[replica_state]") {
    const auto slot = [](std::function<void(SlotRecord&)> change) {
        return [=](Sample& s) { change_record<SlotRecord>(s, 0, change); };
    };
    const auto header = [](std::function<void(Header&)> change) {
        return [=](Sample& s) {
            change_record<Header>(s, sizeof(Membership), [&](Header& entry) {
                change(entry);
                entry.checksum = checksum_of(entry);
            });
        };
    };
    const Command dvc = Command::DoViewChange;
    const Command view = Command::StartView;
    check_all({
        {dvc, "none", slot([](SlotRecord& s) { s.header = {}, s.state = SlotState::Absent; })},
        {dvc, "none", slot([](SlotRecord& s) { s.state = SlotState::Faulty; })},
        {dvc, "entry", slot([](SlotRecord& s) { s.header = {}; })},
        {dvc, "entry", slot([](SlotRecord& s) { s.state = static_cast<SlotState>(3); })},
        {dvc, "entry", slot([](SlotRecord& s) { s.reserved[6] = 1; })},
        {dvc, "entry", slot([](SlotRecord& s) { s.header.op += 1; })}, // its checksum is off
        {dvc, "entry", slot([](SlotRecord& s) {
             s.state = SlotState::Absent;
             s.header.checksum = {};
         })},
        {view, "entry", header([](Header& entry) { entry.command = Command::Request; })},
        {view, "entry", header([](Header& entry) { entry.cluster = 1; })},
        {view, "entry", header([](Header& entry) { entry.view = View::of(1, 5); })},
        {view, "entry", header([](Header& entry) { entry.size = 8193; })},
        {view, "entry", header([](Header& entry) { entry.size = 255; })},
    });
}

TEST_CASE("A view comes with the membership of its epoch", "[replica_state]") {
    const auto membership = [](std::function<void(Membership&)> change) {
        return [=](Sample& s) { change_record<Membership>(s, 0, change); };
    };
    check_all({
        {Command::StartView, "none", membership([](Membership& m) { m.first_view = 3; })},
        {Command::StartView, "membership", membership([](Membership& m) { m.epoch = 2; })},
        {Command::StartView, "membership", membership([](Membership& m) { m.voter_count = 0; })},
        {Command::StartView, "membership", membership([](Membership& m) { m.voters[1] = 1; })},
    });
    CHECK(verdict(sample_primary_response().with(
              membership([](Membership& m) { m.voters[2] = 16; }))) == "membership");
}

TEST_CASE("An entry is a batch, and what is said of it", "[replica_state]") {
    const Command prepare = Command::Prepare;
    const auto record = [](std::function<void(RequestRecord&)> change) {
        return [=](Sample& s) { change_record<RequestRecord>(s, 0, change); };
    };
    check_all({
        {prepare,
         "none",
         [](Sample& s) {
             s.body.clear();
             s.header.count = 0;
         }},
        {prepare, "entry", [](Sample& s) { s.header.count = 1; }},
        {prepare, "entry", [](Sample& s) { s.header.count = 3; }},
        {prepare, "entry", [](Sample& s) { s.body.pop_back(); }},
        {prepare, "entry", record([](RequestRecord& r) { r.client = 0; })},
        {prepare, "entry", record([](RequestRecord& r) { r.session = 0; })},
        {prepare, "entry", record([](RequestRecord& r) { r.request = 0; })},
        {prepare, "entry", record([](RequestRecord& r) { r.size = ~0U; })},
        {prepare, "entry", record([](RequestRecord& r) { r.reserved = 1; })},
        {Command::Log, "entry", [](Sample& s) { s.header.op = 7; }},
        {Command::Log, "entry", [](Sample& s) { s.header.log_view = View::of(1, 3); }},
        {Command::Log, "entry", [](Sample& s) { s.body.pop_back(); }},
        {Command::Log, "entry", [](Sample& s) { s.body[0] ^= std::byte{1}; }},
        {Command::Log, "entry", [](Sample& s) { put_entry(s, sample(Command::Ping)); }},
        {Command::Log, "none", [](Sample& s) { put_entry(s, sample_entry(6)); }},
        {Command::Log,
         "entry",
         [](Sample& s) {
             put_entry(s, sample_entry(6).with([](Sample& entry) { entry.header.count = 1; }));
         }},
    });
}

TEST_CASE("Each check of a message can be switched off", "[replica_state]") {
    const std::vector<std::pair<Bug, Case>> cases{
        {Bug::K3, {Command::Commit, "range", [](Sample& s) { s.header.commit = 8; }}},
        {Bug::K3, {Command::Prepare, "range", [](Sample& s) { s.header.commit = 500; }}},
        {Bug::K3_5,
         {Command::GetLog, "range", [](Sample& s) { std::swap(s.header.from, s.header.to); }}},
        {Bug::K3_1, {Command::StartView, "tail length", [](Sample& s) { resize_tail(s, 2); }}},
        {Bug::K3_1, {Command::DoViewChange, "tail length", [](Sample& s) { s.header.op = 8; }}},
        {Bug::K3_4,
         {Command::DoViewChange,
          "tail length",
          [](Sample& s) {
              resize_tail(s, 6);
              s.header.op = 10;
          }}},
        {Bug::KM11,
         {Command::StartView,
          "tail length",
          [](Sample& s) {
              s.header.op = 10;
              resize_tail(s, 6);
              Header last = sample_entry(7).header;
              for (std::size_t index = 3; index < 6; ++index) {
                  last.parent = last.checksum;
                  ++last.op;
                  last.checksum = checksum_of(last);
                  std::memcpy(s.body.data() + sizeof(Membership) + index * sizeof(Header),
                              &last,
                              sizeof last);
              }
              s.header.parent = last.checksum;
          }}},
        {Bug::KM5, {Command::StartView, "tail order", [](Sample& s) { swap_headers(s, 0, 1); }}},
        {Bug::K4, {Command::Log, "entry", [](Sample& s) { s.header.op = 7; }}},
    };
    for (const auto& [bug, one] : cases) {
        INFO(entry(bug).id << " " << name(one.command));
        const Sample bad = sample(one.command).with(one.change);
        CHECK(verdict(bad) == one.expected);
        BugSet bugs;
        bugs.set(bug);
        for (const Sample& good : sample_messages()) {
            CHECK(validate(good.message(), sample_config(), bugs) == Reject::None);
        }
        CHECK(bugs.fired(bug) == 0);
        CHECK(name(validate(bad.message(), sample_config(), bugs)) == std::string("none"));
        CHECK(bugs.fired(bug) > 0);
    }
}

TEST_CASE("Every reason has a name of its own", "[replica_state]") {
    std::set<std::string> names;
    for (std::size_t index = 0; index < reject_count; ++index) {
        names.insert(name(static_cast<Reject>(index)));
    }
    CHECK(names.size() == reject_count);
    CHECK_FALSE(names.contains("?"));
}
