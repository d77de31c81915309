#include "replica/core/bugs.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/replica_core/bench.hpp"

#include <functional>
#include <tuple>

// Planted bugs of the core: the same messages end otherwise with the bug than without it, and the
// bug says that it was the reason. What a bug does to a cluster is shown by the golden schedules
// of tests/unit/replica_protocol.
using namespace faultlab::replica;

namespace {

constexpr View view_0 = View::of(0, 0);
constexpr View view_1 = View::of(0, 1);
constexpr View view_2 = View::of(0, 2);

/// What can be seen of a replica from outside.
std::string outcome(const Bench& bench) {
    const Telemetry now = bench.telemetry();
    std::string text = std::string(name(now.status)) + " " + std::to_string(now.view.value) + " " +
                       std::to_string(now.log_view.value) + " " + std::to_string(now.head) + " " +
                       std::to_string(now.head_checksum.low) + " " +
                       std::to_string(now.commit_min) + " " + std::to_string(now.commit_max) + " " +
                       bench.halted;
    for (const Letter& letter : bench.sent) {
        text += std::string(" ") + name(letter.header.command) + ":" +
                std::to_string(letter.header.view.value) + ":" + std::to_string(letter.header.op) +
                ":" + std::to_string(letter.header.to) + ":" +
                std::to_string(letter.header.timestamp);
    }
    return text + " " + std::to_string(bench.replies.size());
}

struct Scenario {
    const char* name;
    ReplicaId self;
    std::uint8_t voters;
    std::vector<const char*> bugs; ///< each of which changes how it ends
    std::function<void(Bench&)> play;
    const char* with = ""; ///< bugs that are on all the time
};

void give(Bench& bench, ReplicaId from, const std::vector<Letter>& entries) {
    for (const Letter& entry : entries) {
        bench.receive(from, entry);
    }
}

void all_want(Bench& bench, View view, View entered = {}) {
    for (ReplicaId id = 1; id <= bench.membership.voter_count; ++id) {
        if (id != bench.config.self) {
            bench.receive(id, bench.want(id, view, entered));
        }
    }
}

void shorter_but_newer(Bench& bench) {
    const auto old = bench.log(view_0, 3);
    give(bench, 1, old);
    all_want(bench, view_2, view_1);
    const std::vector<Letter> newer{old[0], bench.entry(view_1, 2, old[0].header.checksum, 0, 900)};
    bench.receive(2, bench.vote(2, view_2, view_1, newer, 0));
    for (int i = 0; i < 2; ++i) {
        bench.receive(2, bench.repair(2, view_2, view_1, newer[1]));
    }
    bench.ring(Timer::IdleFlush);
    bench.run_io();
}

void stale_suffix(Bench& bench) {
    const auto old = bench.log(view_0, 2);
    give(bench, 1, old);
    bench.receive(2, bench.start_view(view_1, {old[0]}, 0));
    bench.ring(Timer::IdleFlush);
    bench.run_io();
    bench.receive(2, bench.entry(view_1, 2, old[0].header.checksum, 0, 900));
}

void commit_beyond_head(Bench& bench) {
    bench.receive(1, bench.log(view_0, 1)[0]);
    Header commit = bench.header(1, Command::Commit, view_0);
    commit.op = commit.commit = 3;
    bench.receive(1, Bench::sealed(commit));
}

void recovery(Bench& bench, bool of_higher_view, std::uint64_t wrong_nonce) {
    for (auto& zone : bench.disk) {
        std::ranges::fill(zone, std::byte{0});
    }
    bench.boot(true);
    const auto log = bench.log(view_0, 2);
    Letter first = bench.start_view(view_0, {log[0]}, 0);
    first.header.command = Command::RecoveryResponse;
    first.header.flags = flag_primary;
    const bool late = of_higher_view || wrong_nonce != 0; // wrong in the second round only
    for (const bool last : {false, true}) {
        const Header asked = bench.of(Command::Recovery).back().header;
        Header second =
            bench.header(2, Command::RecoveryResponse, last && of_higher_view ? view_2 : view_0);
        for (Header* const answer : {&first.header, &second}) {
            answer->nonce = last && late ? asked.nonce ^ wrong_nonce : asked.nonce;
            answer->lives.learn(bench.config.self, asked.incarnation);
        }
        first = Bench::sealed(first.header, first.body);
        bench.receive(2, Bench::sealed(second));
        bench.receive(1, first);
    }
    bench.receive(1, bench.repair(1, view_0, view_0, log[0]));
    bench.ring(Timer::IdleFlush);
    bench.run_io();
    bench.receive(1, log[1]);
    bench.receive(1, first); // once more
}

void request_to(Bench& bench, ClientId client) {
    Operation registration;
    registration.code = OpCode::Register;
    bench.request(bench.client_request(client, 0, 0, registration));
}

std::vector<Scenario> view_scenarios() {
    return {
        {"a longer log of an older view", 3, 3, {"K5", "T1", "F1"}, shorter_but_newer},
        {"a fork",
         3,
         3,
         {"F4", "K3.3"},
         [](Bench& bench) {
             give(bench, 1, bench.log(view_0, 2));
             all_want(bench, view_2);
             bench.receive(2, bench.vote(2, view_2, view_0, bench.log(view_0, 2, 700), 0));
         }},
        {"a StartView from who does not lead",
         3,
         3,
         {"K6"},
         [](Bench& bench) {
             Letter forged = bench.start_view(view_1, {}, 0);
             forged.header.replica = 1;
             bench.receive(1, Bench::sealed(forged.header, forged.body));
         }},
        {"a StartView of a lower view",
         3,
         3,
         {"KM7"},
         [](Bench& bench) {
             bench.receive(2, bench.start_view(view_1, {}, 0));
             bench.receive(1, bench.start_view(view_0, {}, 0));
         }},
        {"a StartView that contradicts what is executed",
         3,
         3,
         {"K1"},
         [](Bench& bench) {
             give(bench, 1, bench.log(view_0, 2));
             Header commit = bench.header(1, Command::Commit, view_0);
             commit.op = commit.commit = 2;
             bench.receive(1, Bench::sealed(commit));
             bench.receive(2, bench.start_view(view_1, bench.log(view_0, 2, 700), 2));
         }},
        {"a StartView of the own view",
         3,
         3,
         {"T2"},
         [](Bench& bench) {
             const auto log = bench.log(view_0, 3);
             give(bench, 1, log);
             bench.receive(1, bench.start_view(view_0, {log[0]}, 0));
         }},
        {"the same after a restart",
         3,
         3,
         {"F7"},
         [](Bench& bench) {
             bench.receive(2, bench.start_view(view_1, {}, 0));
             const Letter entry = bench.entry(view_1, 1, bench.root(), 0, 900);
             bench.receive(2, entry);
             bench.boot();
             bench.receive(2, bench.start_view(view_1, {}, 0));
         }},
    };
}

std::vector<Scenario> suffix_scenarios() {
    return {
        {"a stale suffix", 3, 3, {"F6a"}, stale_suffix},
        {"a stale suffix and another entry there", 3, 3, {"F6b"}, stale_suffix, "F6a"},
        {"a StartView beyond the own log",
         3,
         3,
         {"F5"},
         [](Bench& bench) { bench.receive(2, bench.start_view(view_1, bench.log(view_0, 3), 0)); }},
        {"a Prepare of a later view",
         3,
         3,
         {"V1"},
         [](Bench& bench) {
             give(bench, 1, bench.log(view_0, 2));
             bench.receive(2, bench.entry(view_1, 5, Checksum{1, 1}, 2, 900));
         }},
        {"wishes that meet",
         3,
         5,
         {"V2"},
         [](Bench& bench) {
             bench.ring(Timer::PrimarySilent);
             bench.now += 10'000 * ms;
             bench.ring(Timer::PrimarySilent);
             bench.receive(2, bench.want(2, view_1));
         }},
    };
}

std::vector<Scenario> vote_scenarios() {
    return {
        {"a primary that one alone misses",
         3,
         3,
         {"B10", "B11"},
         [](Bench& bench) {
             bench.now += 10'000 * ms;
             bench.ring(Timer::PrimarySilent);
         }},
        {"a view that is not durable yet",
         3,
         3,
         {"B2"},
         [](Bench& bench) {
             bench.hold_io = true;
             all_want(bench, view_1);
         }},
        {"a bad slot and one nack",
         3,
         3,
         {"B5"},
         [](Bench& bench) {
             const auto log = bench.log(view_0, 2);
             bench.receive(1, log[0]);
             all_want(bench, view_2);
             bench.receive(2, bench.vote(2, view_2, view_0, log, 0, SlotState::Faulty));
         }},
        {"a worse vote after a better one",
         2,
         5,
         {"KM4"},
         [](Bench& bench) {
             const auto log = bench.log(view_0, 2);
             all_want(bench, view_1);
             bench.receive(3, bench.vote(3, view_1, view_0, log, 0));
             bench.receive(3, bench.vote(3, view_1, view_0, {log[0]}, 0));
             bench.receive(4, bench.vote(4, view_1, view_0, {log[0]}, 0));
         }},
        {"a bad vote among good ones",
         2,
         5,
         {"F2"},
         [](Bench& bench) {
             all_want(bench, view_1);
             bench.receive(3, bench.vote(3, view_1, view_0, {}, 0));
             Header bad = bench.vote(4, view_1, view_0, {}, 0).header;
             bad.count = 3;
             bench.receive(4, Bench::sealed(bad));
             bench.receive(4, bench.vote(4, view_1, view_0, {}, 0));
         }},
        {"a full pipeline",
         3,
         3,
         {"KM2"},
         [](Bench& bench) {
             give(bench, 1, bench.log(view_0, 4));
             all_want(bench, view_2);
             bench.receive(2, bench.vote(2, view_2, view_0, {}, 0));
         }},
    };
}

std::vector<Scenario> work_scenarios() {
    return {
        {"a commit number beyond the log", 2, 3, {"K2", "K3"}, commit_beyond_head},
        {"one acknowledgement of five voters",
         1,
         5,
         {"B11"},
         [](Bench& bench) {
             request_to(bench, 50);
             bench.receive(2, bench.acknowledgement(2, view_0, 1));
         }},
        {"two entries at one moment",
         1,
         3,
         {"B14"},
         [](Bench& bench) {
             request_to(bench, 50);
             request_to(bench, 51);
         }},
        {"nobody answers the primary",
         1,
         3,
         {"B9"},
         [](Bench& bench) {
             bench.now += bench.config.timeouts.abdicate;
             bench.ring(Timer::Abdicate);
             bench.ring(Timer::Heartbeat);
         }},
        {"a request at a backup", 2, 3, {"KM13"}, [](Bench& bench) { request_to(bench, 50); }},
        {"a gap", 2, 3, {"KM9"}, [](Bench& bench) { bench.receive(1, bench.log(view_0, 3)[2]); }},
        {"a damaged Prepare",
         2,
         3,
         {"KM3"},
         [](Bench& bench) {
             Letter entry = bench.log(view_0, 3)[2];
             entry.body.back() ^= std::byte{1};
             bench.receive(1, entry);
         }},
        {"an entry under another number",
         2,
         3,
         {"KM10"},
         [](Bench& bench) {
             const auto log = bench.log(view_0, 3);
             bench.receive(1, log[0]);
             Letter claim = bench.repair(1, view_0, view_0, log[2]);
             claim.header.op = 2;
             bench.receive(1, Bench::sealed(claim.header, claim.body));
         }},
    };
}

std::vector<Scenario> recovery_scenarios() {
    return {
        {"an entry that does not continue the log",
         3,
         3,
         {"B7"},
         [](Bench& bench) {
             const auto log = bench.log(view_0, 2);
             bench.receive(2, bench.start_view(view_1, log, 2));
             bench.receive(2, bench.repair(2, view_1, view_1, bench.log(view_0, 2, 700)[0]));
             bench.receive(2, bench.repair(2, view_1, view_1, bench.log(view_0, 2, 800)[1]));
         }},
        {"a recovery while a view is ahead",
         3,
         3,
         {"V3"},
         [](Bench& bench) { recovery(bench, true, 0); }},
        {"answers to an earlier recovery",
         3,
         3,
         {"V4"},
         [](Bench& bench) { recovery(bench, false, 2); }},
        {"an answer to a recovery that is over",
         3,
         3,
         {"KM8"},
         [](Bench& bench) { recovery(bench, false, 0); }},
        {"a restart",
         2,
         3,
         {"V6"},
         [](Bench& bench) {
             give(bench, 1, bench.log(view_0, 2));
             bench.boot();
         }},
        {"a read without promises",
         1,
         3,
         {"V11"},
         [](Bench& bench) {
             request_to(bench, 50);
             bench.receive(2, bench.acknowledgement(2, view_0, 1));
             Operation read;
             read.key = faultlab::Value(1);
             bench.request(bench.client_request(50, 1, 1, read));
         }},
    };
}

void check(const std::vector<Scenario>& scenarios) {
    for (const Scenario& scenario : scenarios) {
        INFO(scenario.name);
        const BugSet always = parse_bugs(scenario.with).bugs;
        Bench clean(scenario.self, scenario.voters, Reads::Log, always);
        scenario.play(clean);
        for (const char* id : scenario.bugs) {
            INFO(id);
            BugSet planted =
                parse_bugs(std::string(id) + (*scenario.with != 0 ? "," : "") + scenario.with).bugs;
            const auto bug = std::ranges::find(bugs(), std::string_view(id), [](const auto& row) {
                return std::string_view(row.id);
            });
            Bench broken(scenario.self, scenario.voters, Reads::Log, planted);
            scenario.play(broken);
            CHECK(broken.replica->bugs().fired(bug->bug) > 0);
            CHECK(outcome(broken) != outcome(clean));
        }
    }
}

} // namespace

TEST_CASE("Planted bugs of views change how they end", "[replica_core]") {
    check(view_scenarios());
    check(suffix_scenarios());
    check(vote_scenarios());
}

TEST_CASE("Planted bugs of work and recovery change how it ends", "[replica_core]") {
    check(work_scenarios());
    check(recovery_scenarios());
}
