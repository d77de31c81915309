#include "tests/unit/replica_core/view_probe.hpp"

// Of views and epochs.
namespace faultlab::replica {

std::vector<ViewProbe::Case> ViewProbe::of_views() {
    return {
        {"wish-voter",
         [](Core& c) {
             c.membership_.voters = {7, 8, 9};
             c.send_start_view_change();
         }},
        {"count-voter",
         [](Core& c) {
             c.membership_.voters = {7, 8, 9};
             c.count_votes(View::of(0, 1));
         }},
        {"enter-voter",
         [](Core& c) {
             c.membership_.voters = {7, 8, 9};
             c.enter_view(View::of(0, 1));
         }},
        {"enter-epoch", [](Core& c) { c.enter_view(View::of(1, 0)); }},
        {"keep-view",
         [](Core& c) {
             Header vote;
             vote.view = View::of(0, 9);
             c.keep_do_view_change(vote, {}, 1);
         }},
        {"lay-out-commit",
         [](Core& c) {
             Header header;
             c.commit_max_ = 9;
             (void)c.lay_out_view(header);
         }},
        {"learn-other", [](Core& c) { c.learn_view(View::of(0, 1), 2); }},
        {"choose-leads", [](Core& c) { (void)c.choose_vote(); }},
        {"holding-op", [](Core& c) { (void)c.holding(0, nullptr, View{}); }},
        {"fill-suffix",
         [](Core& c) {
             Core::Vote vote;
             vote.header.op = 5;
             c.fill_suffix(vote);
         }},
        {"cut-within",
         [](Core& c) {
             Core::Install install = wanted(c, 1);
             install.commit = 5;
             (void)c.cut_what_nobody_has(install, 0);
         }},
        {"forget-leads", [](Core& c) { c.drop_forgotten_votes(); }},
    };
}

std::vector<ViewProbe::Case> ViewProbe::of_choices() {
    return {
        {"newest-older",
         [](Core& c) {
             change(c);
             voted(c).header.log_view = c.view_;
             (void)c.newest_vote();
         }},
        {"newest-view",
         [](Core& c) {
             change(c);
             voted(c).header.view = View::of(0, 4);
             (void)c.newest_vote();
         }},
        {"tell-best", [](Core& c) { (void)c.enough_tell(Core::Vote{}); }},
        {"tell-voters",
         [](Core& c) {
             c.membership_.voter_count = 1;
             voted(c, 1);
             (void)c.enough_tell(voted(c, 0));
         }},
        {"give-up-vote", [](Core& c) { (void)c.gives_up(Core::Vote{}); }},
        {"choose-changes",
         [](Core& c) {
             c.view_ = c.log_view_ = View::of(0, 1);
             (void)c.choose_vote();
         }},
        {"holding-voters",
         [](Core& c) {
             voted(c, 0);
             voted(c, 1);
             c.membership_.voter_count = 1;
             (void)c.holding(5, nullptr, View{});
         }},
        {"fill-room",
         [](Core& c) {
             Core::Vote best;
             best.slots.resize(most_suffix(c.config_.limits) + 1);
             best.header.op = best.slots.size();
             c.fill_suffix(best);
         }},
        {"fill-head",
         [](Core& c) {
             Core::Vote best;
             best.slots.resize(1);
             best.slots[0].header = *c.journal_.header(1);
             best.header.op = 1;
             c.fill_suffix(best);
         }},
        {"form-view",
         [](Core& c) {
             change(c);
             on_disk(c, View::of(0, 2));
             c.try_form_view();
         }},
        {"cut-base",
         [](Core& c) {
             Core::Install install = wanted(c, 1);
             (void)c.cut_what_nobody_has(install, 5);
         }},
        {"cut-suffix",
         [](Core& c) {
             Core::Install install = wanted(c, 1);
             (void)c.cut_what_nobody_has(install, 0);
         }},
    };
}

std::vector<ViewProbe::Case> ViewProbe::of_votes() {
    return {
        {"silent-past",
         [](Core& c) {
             c.heard_primary_ = c.now_ + 1;
             c.on_primary_silent();
         }},
        {"leave-syncing",
         [](Core& c) {
             c.sync_.active = true;
             c.leave_normal();
         }},
        {"learn-who", [](Core& c) { c.learn_view(View::of(0, 1), no_replica); }},
        {"wish-may",
         [](Core& c) {
             c.status_ = Status::Recovering;
             c.send_start_view_change();
         }},
        {"vote-executed",
         [](Core& c) {
             c.status_ = Status::ViewChange;
             c.commit_min_ = c.commit_max_ = 9;
             c.send_do_view_change();
         }},
        {"vote-older",
         [](Core& c) {
             c.status_ = Status::ViewChange;
             c.send_do_view_change();
         }},
        {"vote-room",
         [](Core& c) {
             change(c);
             c.scratch_.resize(sizeof(SlotRecord));
             c.send_do_view_change();
         }},
        {"keep-leads", [](Core& c) { c.keep_do_view_change(vote(c), {}, 1); }},
        {"keep-older",
         [](Core& c) {
             change(c);
             Header header = vote(c);
             header.log_view = c.view_;
             c.keep_do_view_change(header, {}, 1);
         }},
        {"keep-bytes",
         [](Core& c) {
             change(c);
             c.keep_do_view_change(vote(c), Bytes(c.scratch_).first(sizeof(SlotRecord)), 1);
         }},
        {"keep-room",
         [](Core& c) {
             change(c);
             Header header = vote(c);
             header.count = 100;
             c.keep_do_view_change(header, {}, 1);
         }},
    };
}

std::vector<ViewProbe::Case> ViewProbe::of_starts() {
    return {
        {"begin-installed",
         [](Core& c) {
             c.install_.active = true;
             c.begin_view();
         }},
        {"begin-whole",
         [](Core& c) {
             c.journal_.durable_ = 1;
             c.begin_view();
         }},
        {"begin-epoch",
         [](Core& c) {
             c.view_ = c.log_view_ = View::of(1, 0);
             on_disk(c, c.view_);
             c.begin_view();
         }},
        {"begin-committed",
         [](Core& c) {
             c.commit_max_ = 4;
             c.begin_view();
         }},
        {"begin-remembers",
         [](Core& c) {
             c.wanted_.recovering = 1;
             c.begin_view();
         }},
        {"begin-ended",
         [](Core& c) {
             c.wanted_.log_end = 3;
             c.begin_view();
         }},
        {"begin-stored",
         [](Core& c) {
             c.then_ = Then::BeginView;
             c.run_continuation();
         }},
    };
}

std::vector<ViewProbe::Case> ViewProbe::of_layouts() {
    return {
        {"lay-out-epoch",
         [](Core& c) {
             Header header;
             header.view = View::of(1, 0);
             (void)c.lay_out_view(header);
         }},
        {"lay-out-count",
         [](Core& c) {
             Header header;
             header.count = 1;
             (void)c.lay_out_view(header);
         }},
        {"lay-out-members",
         [](Core& c) {
             Header header;
             c.membership_ = {};
             (void)c.lay_out_view(header);
         }},
        {"lay-out-room",
         [](Core& c) {
             Header header;
             c.scratch_.resize(sizeof(Membership) + sizeof(Header));
             (void)c.lay_out_view(header);
         }},
        {"install-view-room",
         [](Core& c) {
             Message message;
             message.header.count = 100;
             c.install_view(message, c.membership_);
         }},
        {"install-view-epoch",
         [](Core& c) {
             Membership next = c.membership_;
             next.epoch = 1;
             c.install_view(Message{}, next);
         }},
        {"install-view-bytes", [](Core& c) { c.install_view(Message{}, c.membership_); }},
        {"ask-view-may",
         [](Core& c) {
             c.status_ = Status::Syncing;
             c.ask_for_view();
         }},
        {"install-view-falls",
         [](Core& c) {
             on_disk(c, View::of(0, 5));
             c.install_view(Message{}, c.membership_);
         }},
    };
}

std::vector<ViewProbe::Case> ViewProbe::of_members() {
    return {
        {"enter-leads", [](Core& c) { (void)c.may_enter(c.membership_); }},
        {"enter-members",
         [](Core& c) {
             lead(c);
             (void)c.may_enter(Membership{});
         }},
        {"enter-settled",
         [](Core& c) {
             lead(c);
             c.decided_.membership.epoch = 1;
             (void)c.may_enter(c.membership_);
         }},
        {"flags-leads",
         [](Core& c) {
             const std::array operation{std::byte{1}};
             (void)c.reconfiguration_flags(operation);
         }},
        {"waits-next", [](Core& c) { (void)c.upgrade_waits(9, {}); }},
        {"reconfigure-flags",
         [](Core& c) {
             Header entry;
             entry.op = 2;
             entry.flags = flag_primary;
             (void)c.execute_reconfiguration(entry, {}, c.result_);
         }},
        {"bare-room",
         [](Core& c) {
             Header entry;
             entry.op = 2;
             (void)c.execute_reconfiguration(entry, {}, {});
         }},
        {"reconfigure-rises",
         [](Core& c) {
             execute_second(c, {.code = OpCode::Reconfigure, .membership = c.membership_});
         }},
        {"upgrade-rises",
         [](Core& c) {
             c.decided_.release = 2;
             execute_second(c, {.code = OpCode::Upgrade, .release = 1});
         }},
    };
}

std::vector<ViewProbe::Case> ViewProbe::of_decisions() {
    return {
        {"upgrade-last",
         [](Core& c) { execute_second(c, {.code = OpCode::Upgrade, .release = 2}); }},
        {"reconfigure-by-one",
         [](Core& c) {
             c.decided_.membership = c.membership_;
             c.decided_.membership.epoch = 1;
             Membership next = c.membership_;
             next.epoch = 3;
             execute_second(c, {.code = OpCode::Reconfigure, .membership = next});
         }},
        {"waits-leads", [](Core& c) { (void)c.upgrade_waits(4, {}); }},
        {"flags-code",
         [](Core& c) {
             lead(c);
             (void)c.reconfiguration_flags(encode({.code = OpCode::Register}));
         }},
        {"epoch-known",
         [](Core& c) {
             c.decided_.membership = c.membership_;
             c.decided_.membership.epoch = 1;
             c.decided_.membership.began_at = 1;
             c.journal_.slots_[1] = {};
             c.journal_.slots_[2].known = false;
             c.settle_membership();
         }},
        {"epoch-view",
         [](Core& c) {
             c.decided_.membership = c.membership_;
             c.decided_.membership.epoch = 1;
             c.decided_.membership.began_at = 1;
             c.view_ = View::of(3, 0);
             c.settle_membership();
         }},
        {"tell-known",
         [](Core& c) {
             c.membership_ = {};
             c.tell_epoch(1);
         }},
        {"upgrade-leads", [](Core& c) { (void)c.may_upgrade(2); }},
        {"flags-operation", [](Core& c) { (void)c.reconfiguration_flags({}); }},
        {"reconfigure-next",
         [](Core& c) { (void)c.execute_reconfiguration(Header{}, {}, c.result_); }},
    };
}

std::vector<ViewProbe::Case> ViewProbe::of_epochs() {
    return {
        {"epoch-executed",
         [](Core& c) {
             c.decided_.membership = c.membership_;
             c.decided_.membership.epoch = 1;
             c.decided_.membership.began_at = 3;
             c.settle_membership();
         }},
        {"tell-other", [](Core& c) { c.tell_epoch(2); }},
        {"retire-out", [](Core& c) { c.retire(c.membership_); }},
    };
}

TEST_CASE("What must be so between views is noticed when it is not", "[replica_core]") {
    ViewProbe::each(ViewProbe::of_views());
    ViewProbe::each(ViewProbe::of_choices());
    ViewProbe::each(ViewProbe::of_votes());
    ViewProbe::each(ViewProbe::of_starts());
    ViewProbe::each(ViewProbe::of_layouts());
}

TEST_CASE("What must be so between epochs is noticed when it is not", "[replica_core]") {
    ViewProbe::each(ViewProbe::of_members());
    ViewProbe::each(ViewProbe::of_decisions());
    ViewProbe::each(ViewProbe::of_epochs());
}

} // namespace faultlab::replica
