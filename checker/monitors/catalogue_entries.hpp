#pragma once

#include "checker/monitors/catalogue.hpp"

namespace faultlab::monitors {

// What each rule's file gives to the catalogue; for catalogue.cpp and those files only.
std::unique_ptr<Rule> one_entry_per_op();
std::unique_ptr<Rule> committed_chain();
std::unique_ptr<Rule> committed_stays();
std::unique_ptr<Rule> leader_completeness();
std::unique_ptr<Rule> quorum_certificate();
std::unique_ptr<Rule> commit_within_log();
std::unique_ptr<Rule> commit_monotone();
std::unique_ptr<Rule> durable_before_promise();
std::unique_ptr<Rule> one_log_per_view();
std::unique_ptr<Rule> views_monotone();
std::unique_ptr<Rule> log_chain();
std::unique_ptr<Rule> state_agreement();
std::unique_ptr<Rule> image_agreement();
std::unique_ptr<Rule> promises_kept();
std::unique_ptr<Rule> exactly_once();
std::unique_ptr<Rule> same_reply();
std::unique_ptr<Rule> restored_state();
std::unique_ptr<Rule> one_electorate_per_epoch();
std::unique_ptr<Rule> timestamps_rise();
std::unique_ptr<Rule> one_activation();
std::unique_ptr<Rule> whole_messages();
std::unique_ptr<Rule> fitting_tails();
std::unique_ptr<Rule> no_fork();
std::unique_ptr<Rule> fitting_sizes();
std::unique_ptr<Rule> fields_in_range();
std::unique_ptr<Rule> no_strangers();
std::unique_ptr<Rule> nobody_halts();
std::unique_ptr<Rule> damage_ends();
std::unique_ptr<Rule> requests_end();
std::unique_ptr<Rule> leader_found();
std::unique_ptr<Rule> abdication();
std::unique_ptr<Rule> catch_up();
std::unique_ptr<Rule> repair_ends();
std::unique_ptr<Rule> steady_leader();
std::unique_ptr<Rule> wished_views();
std::unique_ptr<Rule> epochs_spread();
std::unique_ptr<Rule> refused_is_refused();
std::unique_ptr<Rule> sought_exists();
std::unique_ptr<Rule> within_limits();

/// What a rule derives from: Self is the rule, Base what it has in common with others.
template <class Self, class Base = Rule>
class RuleOf : public Base {
public:
    [[nodiscard]] std::unique_ptr<Rule> copy() const final {
        return std::make_unique<Self>(static_cast<const Self&>(*this));
    }
};

} // namespace faultlab::monitors
