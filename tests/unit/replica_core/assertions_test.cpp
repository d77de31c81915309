#include "replica/core/core.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/trips.hpp"
#include "tests/unit/replica_core/bench.hpp"

#include <functional>

// Every assertion of the core is tripped once: by breaking, from inside, what it holds to be true
// of a backup with three entries of which one is executed.
namespace faultlab::replica {

struct CoreProbe {
    using Core = Replica::Core;
    using Case = Breach<Core>;

    static std::string trip(Bench& bench, const Case& of) {
        Core& core = *bench.replica->core_;
        core.effects_ = &bench;
        return tripped_by([&] { of.by(core); });
    }

    static Core::Install install(const Core& core, Op op) {
        Core::Install wanted;
        wanted.active = true;
        wanted.view = View::of(0, 1);
        wanted.log_view = View::of(0, 1);
        wanted.op = op;
        wanted.next = op + 1;
        wanted.membership = core.membership_;
        return wanted;
    }

    static std::vector<Case> of_start() {
        return {
            {"boot-once", [](Core& core) { core.on_boot(Boot{}); }},
            {"boot-state", [](Core& core) { core.on_state_loaded(); }},
            {"superblock-view",
             [](Core& core) {
                 core.wanted_.log_view = View::of(0, 3);
                 (void)core.store_superblock();
             }},
            {"install-stored",
             [](Core& core) {
                 core.then_ = Core::Then::BeginView;
                 core.install_ = install(core, 3);
                 core.install_.storing = true;
                 core.run_continuation();
             }},
            {"send-to-other", [](Core& core) { core.send(core.config_.self, Header{}); }},
            {"send-size",
             [](Core& core) {
                 const std::vector<std::byte> body(core.config_.limits.message_bytes);
                 core.send(1, core.outgoing(Command::Ping), body);
             }},
            {"membership-epoch",
             [](Core& core) {
                 core.membership_.epoch = 2;
                 core.set_membership(Membership{});
             }},
        };
    }

    static std::vector<Case> of_work() {
        return {
            {"normal-view",
             [](Core& core) {
                 core.view_ = View::of(0, 1);
                 core.start_normal();
             }},
            {"acknowledge-normal",
             [](Core& core) {
                 core.status_ = Status::ViewChange;
                 core.acknowledge(0);
             }},
            {"commit-head",
             [](Core& core) {
                 core.view_ = View::of(0, 1); // it leads
                 for (auto& peer : core.peers_) {
                     peer.acknowledged = 9;
                 }
                 core.advance_commit();
             }},
            {"execute-op", [](Core& core) { core.execute_entry(3); }},
            {"execute-batch",
             [](Core& core) {
                 Header entry = core.outgoing(Command::Prepare);
                 entry.op = 4;
                 entry.parent = core.journal_.head_checksum();
                 const std::array<std::byte, 5> no_batch{};
                 seal(entry, no_batch);
                 core.journal_.append(entry, no_batch);
                 core.commit_min_ = 3;
                 core.execute_entry(4);
             }},
            {"log-fits",
             [](Core& core) {
                 core.scratch_.resize(sizeof(Header));
                 core.send_log(1, 2);
             }},
        };
    }

    static std::vector<Case> of_views() {
        return {
            {"want-higher", [](Core& core) { core.want_view(core.view_); }},
            {"enter-higher", [](Core& core) { core.enter_view(core.view_); }},
            {"voter-index", [](Core& core) { (void)core.voter_index(9); }},
            {"begin-durable",
             [](Core& core) {
                 core.view_ = View::of(0, 1);
                 core.begin_view();
             }},
            {"start-view-primary", [](Core& core) { core.send_start_view(1); }},
            {"start-view-suffix",
             [](Core& core) {
                 Header header;
                 core.journal_.reset(9, Checksum{1, 1}); // it forgets the entries
                 core.commit_max_ = 8;
                 (void)core.lay_out_view(header);
             }},
        };
    }

    static Case of_votes() {
        return {"vote-suffix", [](Core& core) {
                    core.status_ = Status::ViewChange;
                    core.commit_max_ = 0;
                    core.send_do_view_change();
                }};
    }

    static std::vector<Case> of_installs() {
        return {
            {"install-fork",
             [](Core& core) {
                 Core::Install wanted = install(core, 1);
                 wanted.checksum = Checksum{1, 2};
                 core.suffix_.clear();
                 core.start_install(wanted);
             }},
            {"install-executed", [](Core& core) { core.start_install(install(core, 0)); }},
            {"truncate-committed", [](Core& core) { core.truncate(0); }},
            {"install-committed",
             [](Core& core) {
                 core.install_ = install(core, 3);
                 core.install_.next = 1;
                 core.suffix_.clear();
                 Header other = *core.journal_.header(1);
                 other.timestamp += 1;
                 seal(other, core.journal_.entry(1).body);
                 (void)core.take_into_install(other, core.journal_.entry(1).body);
             }},
            {"install-head",
             [](Core& core) {
                 core.install_ = install(core, 7);
                 core.finish_install();
             }},
            {"install-checksum",
             [](Core& core) {
                 core.install_ = install(core, 3);
                 core.finish_install();
             }},
        };
    }
};

namespace {

void check(const std::vector<CoreProbe::Case>& cases) {
    for (const CoreProbe::Case& of : cases) {
        Bench bench(2);
        for (const Letter& entry : bench.log(View{}, 3)) {
            bench.receive(1, entry);
        }
        Header commit = bench.header(1, Command::Commit, View{});
        commit.op = 3;
        commit.commit = 1;
        bench.receive(1, Bench::sealed(commit));
        REQUIRE(bench.telemetry().commit_min == 1);
        INFO(of.id);
        CHECK(CoreProbe::trip(bench, of) == of.id);
    }
}

} // namespace

TEST_CASE("Assertions of start and sending trip", "[replica_core]") {
    check(CoreProbe::of_start());
}

TEST_CASE("Assertions of normal operation trip", "[replica_core]") {
    check(CoreProbe::of_work());
}

TEST_CASE("Assertions of view changes trip", "[replica_core]") {
    check(CoreProbe::of_views());
}

TEST_CASE("The assertion about the length of a vote trips", "[replica_core]") {
    Bench bench(2);
    Checksum parent = bench.root();
    for (Op op = 1; op <= 8; ++op) {
        const Letter entry = bench.entry(View{}, op, parent, op - 1, 100 + op);
        bench.receive(1, entry);
        parent = entry.header.checksum;
    }
    REQUIRE(bench.telemetry().head == 8);
    CHECK(CoreProbe::trip(bench, CoreProbe::of_votes()) == "vote-suffix");
}

TEST_CASE("Assertions of installations trip", "[replica_core]") {
    check(CoreProbe::of_installs());
}

TEST_CASE("A replica whose assertion fails halts and says which", "[replica_core]") {
    Bench bench(3);
    for (const Letter& entry : bench.log(View{}, 2)) {
        bench.receive(1, entry);
    }
    Header commit = bench.header(1, Command::Commit, View{});
    commit.op = 2;
    commit.commit = 2;
    bench.receive(1, Bench::sealed(commit));
    // A view whose log contradicts what is executed.
    bench.receive(2, bench.start_view(View::of(0, 1), bench.log(View{}, 2, 700), 2));
    CHECK(bench.status() == Status::Halted);
    CHECK(bench.halted == "install-fork");
    bench.sent.clear();
    bench.ring(Timer::Ping);
    CHECK(bench.sent.empty());
}

} // namespace faultlab::replica
