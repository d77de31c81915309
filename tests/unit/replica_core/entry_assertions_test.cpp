#include "tests/unit/replica_core/entry_probe.hpp"

// Of the start, of requests and of entries.
namespace faultlab::replica {

std::vector<EntryProbe::Case> EntryProbe::of_start() {
    return {
        {"boot-superblock-stage", [](Core& c) { c.on_superblock_read(IoDone{}); }},
        {"boot-log-stage", [](Core& c) { c.on_log_recovered(); }},
        {"boot-enter-stage",
         [](Core& c) {
             c.boot_ = Core::BootStage::Off;
             c.enter_after_boot();
         }},
        {"io-asked", [](Core& c) { c.on_io(IoDone{}); }},
        {"then-something", [](Core& c) { c.store_then(Then::Nothing); }},
        {"arm-timer", [](Core& c) { c.arm(static_cast<Timer>(timer_count), 1); }},
        {"jitter-delay", [](Core& c) { (void)c.with_jitter(0); }},
        {"status-known", [](Core& c) { c.set_status(static_cast<Status>(99)); }},
        {"reject-reason", [](Core& c) { c.reject(Reject::None, 1); }},
        {"peer-other", [](Core& c) { c.on_peer_message(Message{}, 2); }},
        {"broadcast-own", [](Core& c) { c.broadcast(Header{}); }},
        {"broadcast-all-own", [](Core& c) { c.broadcast_to_all(Header{}); }},
        {"broadcast-voters-own", [](Core& c) { c.broadcast_to_voters(Header{}); }},
        {"quorum-members",
         [](Core& c) {
             c.membership_ = {};
             (void)c.quorums();
         }},
        {"timer-rang", [](Core& c) { c.on_timer(Timer::Ping); }},
    };
}

std::vector<EntryProbe::Case> EntryProbe::of_boot() {
    return {
        {"rang-timer",
         [](Core& c) {
             c.dispatch(Input{.what = Rang{static_cast<Timer>(timer_count), 0}});
         }},
        {"boot-status",
         [](Core& c) {
             c.boot_ = Core::BootStage::Off;
             c.on_boot(Boot{});
         }},
        {"boot-unasked",
         [](Core& c) {
             c.boot_ = Core::BootStage::Off;
             c.status_ = Status::Booting;
             c.on_boot(Boot{});
         }},
        {"boot-log-ended",
         [](Core& c) {
             c.boot_ = Core::BootStage::Log;
             c.wanted_.log_end = 1;
             c.on_log_recovered();
         }},
        {"boot-log-view",
         [](Core& c) { start_from(c, [](Superblock& s) { s.log_view = View::of(0, 5); }); }},
        {"boot-log-end", [](Core& c) { start_from(c, [](Superblock& s) { s.log_end = 1; }); }},
        {"boot-epoch",
         [](Core& c) { start_from(c, [](Superblock& s) { s.membership.epoch = 1; }); }},
        {"boot-state-op",
         [](Core& c) {
             c.boot_ = Core::BootStage::State;
             c.wanted_.checkpoint_op = 5;
             c.on_state_loaded();
         }},
        {"boot-log-checkpoint",
         [](Core& c) {
             c.boot_ = Core::BootStage::Log;
             c.wanted_.checkpoint_op = 5;
             c.on_log_recovered();
         }},
        {"boot-start-counted",
         [](Core& c) {
             c.boot_ = Core::BootStage::Log;
             c.wanted_.incarnation = Lives::next(1) - 1;
             c.on_log_recovered();
         }},
        {"enter-incarnation",
         [](Core& c) {
             c.wanted_.incarnation = 7;
             c.enter_after_boot();
         }},
        {"enter-view",
         [](Core& c) {
             c.view_ = View::of(0, 1);
             c.enter_after_boot();
         }},
        {"enter-synced",
         [](Core& c) {
             c.sync_.active = true;
             c.enter_after_boot();
         }},
        {"enter-executed", [](Core& c) { c.enter_after_boot(); }},
        {"enter-install",
         [](Core& c) {
             c.install_.active = true;
             c.enter_after_boot();
         }},
    };
}

std::vector<EntryProbe::Case> EntryProbe::of_resuming() {
    return {
        {"resume-alone",
         [](Core& c) {
             c.sync_.active = true;
             c.resume();
         }},
        {"resume-view",
         [](Core& c) {
             c.log_view_ = c.view_.next();
             c.resume();
         }},
        {"resume-from",
         [](Core& c) {
             c.status_ = Status::Retired;
             c.resume();
         }},
        {"resume-booted",
         [](Core& c) {
             c.boot_ = Core::BootStage::Log;
             c.resume();
         }},
    };
}

std::vector<EntryProbe::Case> EntryProbe::of_steps() {
    return {
        {"superblock-checkpoint",
         [](Core& c) {
             c.wanted_.checkpoint_op = 5;
             (void)c.store_superblock();
         }},
        {"superblock-sense",
         [](Core& c) {
             c.wanted_.log_op = most_op;
             (void)c.store_superblock();
         }},
        {"superblock-release",
         [](Core& c) {
             c.wanted_.release_active = newest_release + 1;
             (void)c.store_superblock();
         }},
        {"superblock-epoch",
         [](Core& c) {
             c.wanted_.membership.epoch = 1;
             (void)c.store_superblock();
         }},
        {"timer-booted",
         [](Core& c) {
             c.boot_ = Core::BootStage::Log;
             c.disarm(Timer::Ping);
             c.on_timer(Timer::Ping);
         }},
        {"status-halted",
         [](Core& c) {
             c.status_ = Status::Halted;
             c.set_status(Status::Normal);
         }},
        {"status-normal",
         [](Core& c) {
             c.view_ = View::of(0, 1);
             c.set_status(Status::Normal);
         }},
        {"reject-known", [](Core& c) { c.reject(static_cast<Reject>(reject_count), 1); }},
        {"membership-formed",
         [](Core& c) {
             Membership other = c.membership_;
             other.voters[1] = 1;
             c.set_membership(other);
         }},
        {"membership-same",
         [](Core& c) {
             Membership other = c.membership_;
             other.voters[2] = 4;
             c.set_membership(other);
         }},
        {"broadcast-voters-known",
         [](Core& c) {
             c.membership_ = {};
             c.broadcast_to_voters(own(c));
         }},
        {"promise-lasts",
         [](Core& c) {
             c.promised_until_ = c.now_ + c.config_.timeouts.lease + 1;
             c.promise();
         }},
        {"read-executed",
         [](Core& c) {
             lead(c);
             c.view_began_at_ = 3;
             (void)c.serve_read(reading(), 1);
         }},
    };
}

std::vector<EntryProbe::Case> EntryProbe::of_clients() {
    return {
        {"reply-to-client", [](Core& c) { c.reply_to(1, Command::Busy, Header{}, 0); }},
        {"reply-command",
         [](Core& c) {
             Header request;
             request.client = 1;
             c.reply_to(1, Command::Prepare, request, 0);
         }},
        {"redirect-client", [](Core& c) { c.redirect(1, Header{}); }},
        {"cached-session", [](Core& c) { c.reply_cached(1, Header{}, {}); }},
        {"read-leads",
         [](Core& c) {
             const auto read = encode({.code = OpCode::Read, .space = 1, .key = "k"});
             (void)c.serve_read(Message{Header{}, read}, 1);
         }},
        {"heard-members",
         [](Core& c) {
             c.membership_ = {};
             (void)c.quorum_heard();
         }},
        {"digest-rises",
         [](Core& c) {
             c.figures_.digest_op = 5;
             c.publish_digest(0);
         }},
    };
}

std::vector<EntryProbe::Case> EntryProbe::of_installs() {
    return {
        {"wanted-suffix",
         [](Core& c) {
             c.suffix_.resize(5);
             (void)c.wanted_checksum(wanted(c, 1), 1);
         }},
        {"install-replaced",
         [](Core& c) {
             c.install_.active = c.install_.storing = true;
             c.start_install(wanted(c, 3));
         }},
        {"install-of-view",
         [](Core& c) {
             c.view_ = View::of(0, 5);
             c.start_install(Core::Install{.view = View::of(0, 4), .op = 3});
         }},
        {"give-up-active", [](Core& c) { c.give_up_install(); }},
        {"truncate-checkpoint",
         [](Core& c) {
             c.journal_.set_checkpoint(1);
             c.truncate(0);
         }},
        {"drop-installing", [](Core& c) { (void)c.may_drop_above(1, true); }},
        {"unnamed-faulty",
         [](Core& c) {
             Header entry;
             entry.op = 1;
             (void)c.take_for_unnamed(entry, {});
         }},
        {"finish-active", [](Core& c) { c.finish_install(); }},
    };
}

std::vector<EntryProbe::Case> EntryProbe::of_work() {
    return {
        {"normal-spoken",
         [](Core& c) {
             lead(c);
             c.start_normal();
         }},
        {"batch-fresh",
         [](Core& c) {
             Header entry;
             entry.count = 1;
             (void)c.fill_batch(entry);
         }},
        {"batch-next",
         [](Core& c) {
             Header entry;
             (void)c.fill_batch(entry);
         }},
        {"append-leads",
         [](Core& c) {
             Header entry = own(c);
             c.append_and_send(entry, {});
         }},
        {"again-below-head",
         [](Core& c) {
             Message message;
             message.header.op = 9;
             c.on_prepare_again(message);
         }},
        {"tell-sound", [](Core& c) { c.tell_durable(9); }},
        {"acknowledge-other",
         [](Core& c) {
             c.membership_.voters = {2, 1, 3};
             c.acknowledge(0);
         }},
        {"replicated-voters", [](Core& c) { (void)c.replicated(Membership{}); }},
        {"answers-leads", [](Core& c) { (void)c.quorum_answers(); }},
    };
}

std::vector<EntryProbe::Case> EntryProbe::of_repair() {
    return {
        {"log-present", [](Core& c) { c.send_log(1, 9); }},
        {"answered-other", [](Core& c) { c.answered(2); }},
        {"ask-range", [](Core& c) { c.ask_log({}); }},
        {"ask-faulty", [](Core& c) { c.ask_for_faulty(); }},
        {"given-range",
         [](Core& c) {
             Header asked;
             asked.log_view = c.log_view_;
             c.on_get_log(asked, 1);
         }},
        {"given-op", [](Core& c) { c.on_get_prepare(Header{}, 1); }},
        {"taken-op",
         [](Core& c) {
             Message log;
             log.header.op = 5;
             log.body = bytes_of(*c.journal_.header(2));
             c.on_log(log, 1);
         }},
        {"taken-view",
         [](Core& c) {
             Header entry = *c.journal_.header(2);
             entry.view = View::of(0, 1);
             Message log;
             log.header.op = 2;
             log.body = bytes_of(entry);
             c.on_log(log, 1);
         }},
        {"answered-past",
         [](Core& c) {
             c.peers_[1].asked_at = c.now_ + 1;
             c.answered(1);
         }},
        {"oldest-faulty", [](Core& c) { (void)c.oldest_faulty(); }},
        {"forget-other",
         [](Core& c) {
             c.asked_peer_ = 2;
             c.forget_donor();
         }},
        {"ask-room",
         [](Core& c) {
             c.ask_log({View{}, 99, 99});
         }},
    };
}

TEST_CASE("What functions of the core require where they begin is noticed", "[replica_core]") {
    EntryProbe::each(EntryProbe::of_start());
    EntryProbe::each(EntryProbe::of_boot());
    EntryProbe::each(EntryProbe::of_resuming());
    EntryProbe::each(EntryProbe::of_steps());
    EntryProbe::each(EntryProbe::of_clients());
    EntryProbe::each(EntryProbe::of_installs());
    EntryProbe::each(EntryProbe::of_work());
    EntryProbe::each(EntryProbe::of_repair());
}

TEST_CASE("A core is not made for what no replica can be", "[replica_core]") {
    const auto refused = [](const std::function<void(Config&)>& change) {
        Config config = Bench().config;
        change(config);
        try {
            const Replica replica(config, {});
        } catch (const AssertionFailed& failure) {
            return std::string(failure.id());
        }
        return std::string();
    };
    CHECK(refused([](Config&) {}).empty());
    CHECK(refused([](Config& of) { of.self = no_replica; }) == "core-self");
    CHECK(refused([](Config& of) { of.timeouts.clock_drift = 500; }) == "core-drift");
    CHECK(refused([](Config& of) { of.release = newest_release + 1; }) == "core-release");
    CHECK(refused([](Config& of) {
              of.reads = Reads::Lease;
              of.timeouts.lease = of.timeouts.primary_silent;
          }) == "core-lease");
}

} // namespace faultlab::replica
