#include "tests/unit/replica_core/invariant_probe.hpp"

// Of the log, of views, votes, installations and members.
namespace faultlab::replica {

std::vector<InvariantProbe::Case> InvariantProbe::of_views() {
    return {
        {"is-log-view", [](Core& c) { c.log_view_ = View::of(0, 1); }},
        {"is-wanted-view",
         [](Core& c) {
             c.wanted_.view = View::of(0, 2);
             c.then_ = Then::BeginView;
         }},
        {"is-durable-view",
         [](Core& c) { on_disk(c, [](Superblock& d) { d.view = View::of(0, 2); }); }},
        {"is-durable-log-view",
         [](Core& c) { on_disk(c, [](Superblock& d) { d.log_view = View::of(0, 2); }); }},
        {"is-durable-log-behind",
         [](Core& c) {
             c.wanted_.view = View::of(0, 2);
             on_disk(c, [](Superblock& d) { d.view = d.log_view = View::of(0, 2); });
         }},
        {"is-log-durable", [](Core& c) { c.view_ = c.log_view_ = View::of(0, 1); }},
        {"is-candidate",
         [](Core& c) {
             c.view_ = View::of(0, 3);
             c.candidate_ = View::of(0, 2);
         }},
        {"is-candidate-epoch", [](Core& c) { c.candidate_ = View::of(1, 2); }},
        {"is-incarnation", [](Core& c) { c.wanted_.incarnation = 0; }},
        {"is-incarnation-fits", [](Core& c) { c.wanted_.incarnation = end_of_incarnations; }},
        {"is-life", [](Core& c) { c.wanted_.lives.lost[2] = 1; }},
        {"is-self", [](Core& c) { c.wanted_.self = 3; }},
        {"is-recovering-flag", [](Core& c) { c.wanted_.recovering = 2; }},
        {"is-wanted-epoch", [](Core& c) { c.wanted_.membership.epoch = 1; }},
        {"is-wanted-log-view",
         [](Core& c) { c.wanted_.view = c.wanted_.log_view = View::of(0, 1); }},
        {"is-doubt-end",
         [](Core& c) {
             c.wanted_.log_end = 3;
             c.wanted_.doubt_end = 2;
         }},
        {"is-lives-nobody", [](Core& c) { c.wanted_.lives.lost[no_replica] = 1; }},
    };
}

std::vector<InvariantProbe::Case> InvariantProbe::of_log() {
    return {
        {"is-executed", [](Core& c) { c.commit_max_ = 0; }},
        {"is-committed", [](Core& c) { c.commit_max_ = 9; }},
        {"is-own-head",
         [](Core& c) {
             install(c, 9);
             c.commit_max_ = 9;
         }},
        {"is-checkpoint-executed",
         [](Core& c) {
             c.journal_.set_checkpoint(1);
             c.commit_min_ = 0;
         }},
        {"is-checkpoint-durable", [](Core& c) { c.journal_.set_checkpoint(1); }},
        {"is-executed-known",
         [](Core& c) {
             c.commit_min_ = c.commit_max_ = 3;
             c.journal_.truncate(1);
             c.journal_.head_ = 3;
         }},
        {"is-durable", [](Core& c) { c.journal_.durable_ = 4; }},
        {"is-durable-checkpoint",
         [](Core& c) {
             on_disk(c, [](Superblock& d) { d.checkpoint_op = 1; });
             c.journal_.checkpoint_ = 1;
             c.journal_.durable_ = 0;
         }},
        {"is-ring", [](Core& c) { c.journal_.head_ = c.config_.limits.slots + 1; }},
        {"is-tail", [](Core& c) { c.journal_.tail_ = 2; }},
        {"is-ring-tail", [](Core& c) { c.journal_.head_ = c.config_.limits.slots; }},
        {"is-committed-view",
         [](Core& c) {
             c.commit_max_ = 2;
             c.journal_.headers_[2].view = View::of(0, 1);
         }},
        {"is-log-entry",
         [](Core& c) {
             c.status_ = Status::ViewChange;
             c.view_ = View::of(0, 1);
             c.journal_.headers_[3].view = View::of(0, 1);
         }},
        {"is-durable-whole", [](Core& c) { rot(c, 3); }},
        {"is-executed-whole",
         [](Core& c) {
             c.journal_.durable_ = 0;
             rot(c, 1);
         }},
        {"is-executed-view", [](Core& c) { c.journal_.headers_[1].view = View::of(0, 1); }},
        {"is-view-entry", [](Core& c) { c.journal_.headers_[3].view = View::of(0, 1); }},
        {"is-view-began", [](Core& c) { c.view_began_at_ = 4; }},
        {"is-log-op", [](Core& c) { c.wanted_.log_op = 4; }},
        {"is-timestamp",
         [](Core& c) {
             lead(c);
             c.last_timestamp_ = 0;
         }},
    };
}

std::vector<InvariantProbe::Case> InvariantProbe::of_status() {
    return {
        {"is-booted", [](Core& c) { c.status_ = Status::Booting; }},
        {"is-normal", [](Core& c) { c.view_ = View::of(0, 1); }},
        {"is-normal-durable", [](Core& c) { c.view_ = c.log_view_ = View::of(0, 1); }},
        {"is-normal-whole", [](Core& c) { c.install_.active = true; }},
        {"is-normal-member",
         [](Core& c) {
             c.membership_.voters = {7, 8, 9};
         }},
        {"is-normal-head", [](Core& c) { c.wanted_.doubt_end = 9; }},
        {"is-recovering", [](Core& c) { c.status_ = Status::Recovering; }},
        {"is-not-recovering", [](Core& c) { on_disk(c, [](Superblock& d) { d.recovering = 1; }); }},
        {"is-syncing", [](Core& c) { c.status_ = Status::Syncing; }},
        {"is-sync-apart",
         [](Core& c) {
             c.status_ = Status::Syncing;
             c.sync_.active = c.install_.active = true;
         }},
        {"is-told", [](Core& c) { c.told_ = 9; }},
        {"is-abdicated", [](Core& c) { c.abdicated_ = true; }},
        {"is-abdicated-wishing",
         [](Core& c) {
             lead(c);
             on_disk(c, [&](Superblock& d) { d.view = c.view_; });
             c.abdicated_ = true;
         }},
        {"is-sync-status", [](Core& c) { c.sync_.active = true; }},
        {"is-pipeline",
         [](Core& c) {
             lead(c);
             on_disk(c, [&](Superblock& d) { d.view = c.view_; });
             c.told_ = 0;
             c.journal_.reset(8, {});
         }},
        {"is-proposing",
         [](Core& c) {
             Header request;
             request.client = 5;
             const std::array operation{std::byte{1}};
             c.queue_.push(request, operation, 1);
         }},
        {"is-serving",
         [](Core& c) {
             Header request;
             request.client = 5;
             const std::array operation{std::byte{1}};
             c.queue_.push(request, operation, 1);
             c.queue_.pop();
         }},
        {"is-retired", [](Core& c) { c.status_ = Status::Retired; }},
        {"is-claim", [](Core& c) { c.claimed_head_ = 3; }},
        {"is-stale", [](Core& c) { c.stale_above_ = 3; }},
        {"is-promise", [](Core& c) { c.promised_until_ += 1; }},
        {"is-heard", [](Core& c) { c.heard_primary_ = c.now_ + 1; }},
        {"is-beat", [](Core& c) { c.heartbeat_sent_ = c.now_ + 1; }},
        {"is-scratch", [](Core& c) { c.scratch_.pop_back(); }},
        {"is-result", [](Core& c) { c.result_.pop_back(); }},
    };
}

std::vector<InvariantProbe::Case> InvariantProbe::of_votes() {
    return {
        {"is-vote-counted",
         [](Core& c) {
             vote(c);
             c.view_ = View{};
         }},
        {"is-vote-voter", [](Core& c) { c.votes_[5] = vote(c); }},
        {"is-vote-place", [](Core& c) { vote(c).header.replica = 3; }},
        {"is-vote-view", [](Core& c) { vote(c).header.view = View::of(0, 4); }},
        {"is-vote-older", [](Core& c) { vote(c).header.log_view = View::of(0, 1); }},
        {"is-vote-commit", [](Core& c) { vote(c).header.commit = 3; }},
        {"is-vote-suffix", [](Core& c) { vote(c).slots.clear(); }},
        {"is-vote-count", [](Core& c) { vote(c).header.count = 2; }},
        {"is-vote-slot", [](Core& c) { vote(c).slots[0].header.op = 3; }},
        {"is-vote-head",
         [](Core& c) {
             Core::Vote& broken = vote(c);
             broken.slots[0].header = *c.journal_.header(2);
             broken.header.parent = {1, 2};
         }},
        {"is-vote-own",
         [](Core& c) {
             c.votes_[1] = vote(c);
             c.votes_[1].header.replica = 2;
             c.votes_[1].header.incarnation = 9;
         }},
        {"is-vote-doubt", [](Core& c) { vote(c).header.to = 5; }},
        {"is-suffix", [](Core& c) { c.suffix_.resize(most_suffix(c.config_.limits) + 1); }},
        {"is-suffix-room", [](Core& c) { c.suffix_ = std::vector<Header>(); }},
        {"is-vote-room", [](Core& c) { c.votes_[6].slots = std::vector<SlotRecord>(); }},
        {"is-vote-waiting", [](Core& c) { c.vote_waits_ = true; }},
        {"is-vote-due",
         [](Core& c) {
             c.status_ = Status::ViewChange;
             c.vote_waits_ = true;
         }},
        {"is-candidate-voter",
         [](Core& c) {
             c.status_ = Status::Retired;
             c.candidate_ = View::of(0, 1);
         }},
        {"is-voting", [](Core& c) { c.then_ = Then::DoViewChange; }},
        {"is-voting-higher",
         [](Core& c) {
             c.status_ = Status::ViewChange;
             c.then_ = Then::DoViewChange;
         }},
        {"is-recovering-again", [](Core& c) { c.then_ = Then::Recover; }},
        {"is-entered", [](Core& c) { c.then_ = Then::EnterAfterBoot; }},
    };
}

std::vector<InvariantProbe::Case> InvariantProbe::of_installs() {
    const auto installing = [](const std::function<void(Core&)>& change) {
        return [change](Core& c) {
            install(c, 3);
            change(c);
        };
    };
    return {
        {"is-storing", [](Core& c) { c.install_.storing = true; }},
        {"is-beginning", [](Core& c) { c.then_ = Then::BeginView; }},
        {"is-install-status", installing([](Core& c) { c.status_ = Status::Normal; })},
        {"is-install-view", installing([](Core& c) { c.view_ = View::of(0, 2); })},
        {"is-install-next", installing([](Core& c) { c.install_.next = 5; })},
        {"is-install-commit", installing([](Core& c) { c.install_.commit = 4; })},
        {"is-install-executed", installing([](Core& c) { c.install_.op = c.install_.next = 0; })},
        {"is-install-leads", installing([](Core& c) {
             c.install_.as_primary = true;
             c.view_ = c.install_.view = View::of(0, 2);
         })},
        {"is-install-donor", installing([](Core& c) { c.install_.donor = 2; })},
        {"is-install-suffix", installing([](Core& c) { c.suffix_.resize(4); })},
        {"is-install-member", installing([](Core& c) { c.install_.membership.epoch = 1; })},
        {"is-install-began", installing([](Core& c) { c.install_.began = c.now_ + 1; })},
        {"is-install-kept", installing([](Core& c) { c.install_.kept = 3; })},
        {"is-install-lowered", installing([](Core& c) { c.install_.lowered_at = 1; })},
        {"is-install-here", installing([](Core& c) { c.install_.op = c.install_.next = 5; })},
        {"is-install-whole", installing([](Core& c) { c.install_.storing = true; })},
        {"is-install-end", installing([](Core& c) {
             c.install_.storing = true;
             c.install_.op = 2;
             c.install_.checksum = *c.journal_.checksum_at(2);
         })},
        {"is-install-right", installing([](Core& c) { c.install_.next = 4; })},
        {"is-install-older", installing([](Core& c) { c.install_.as_primary = true; })},
        {"is-install-durable", installing([](Core& c) {
             c.install_.storing = true;
             c.install_.next = 4;
             c.install_.checksum = c.journal_.head_checksum();
             c.journal_.durable_ = 2;
         })},
        {"is-suffix-op", installing([](Core& c) {
             c.suffix_.resize(2);
             c.suffix_[1].op = 2;
         })},
        {"is-suffix-chain", installing([](Core& c) {
             c.suffix_ = {*c.journal_.header(2), *c.journal_.header(3)};
             c.suffix_[1].parent = {};
         })},
    };
}

std::vector<InvariantProbe::Case> InvariantProbe::of_members() {
    return {
        {"is-membership", [](Core& c) { c.membership_.voters[1] = 1; }},
        {"is-epoch", [](Core& c) { c.membership_.epoch = 1; }},
        {"is-normal-epoch", [](Core& c) { c.view_ = View::of(1, 0); }},
        {"is-epoch-begun", [](Core& c) { c.membership_.began_at = 3; }},
        {"is-decided", [](Core& c) { c.decided_.membership.epoch = 1; }},
        {"is-decided-at", [](Core& c) { c.decided_.membership.began_at = 2; }},
        {"is-decided-begun", [](Core& c) { c.decided_.membership.began_at = 1; }},
        {"is-decided-view",
         [](Core& c) {
             decide_first(c);
             c.decided_.membership.first_view = 3;
         }},
        {"is-first-epoch", [](Core& c) { c.membership_.began_at = 1; }},
        {"is-decided-next",
         [](Core& c) {
             c.decided_.membership = c.membership_;
             c.decided_.membership.epoch = 2;
             c.decided_.membership.began_at = 1;
         }},
        {"is-release", [](Core& c) { c.decided_.release = newest_release + 1; }},
        {"is-release-durable", [](Core& c) { c.wanted_.release_active = c.decided_.release + 1; }},
        {"is-release-known", [](Core& c) { c.decided_.release = c.wanted_.release_active = 0; }},
        {"is-first-view", [](Core& c) { c.membership_.first_view = 1; }},
        {"is-wanted-members", [](Core& c) { c.wanted_.membership.epoch = 1; }},
        {"is-epoch-entered", [](Core& c) { decide_first(c); }},
    };
}

void InvariantProbe::between_steps() {
    each(of_views(), [](const Core& c) { c.check_views(); });
    each(of_log(), [](const Core& c) { c.check_log(); });
    each(of_status(), [](const Core& c) { c.check_status(); });
    each(of_votes(), [](const Core& c) { c.check_view_change(); });
    each(of_installs(), [](const Core& c) { c.check_install(); });
    each(of_members(), [](const Core& c) { c.check_members(); });
}

TEST_CASE("Whatever must hold between steps is noticed when it does not", "[replica_core]") {
    InvariantProbe::between_steps();
}

} // namespace faultlab::replica
