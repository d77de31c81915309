#pragma once

#include "checker/monitors/catalogue.hpp"

namespace faultlab::monitors {

// What each rule's file gives to the catalogue; for catalogue.cpp and those files only.
std::unique_ptr<Monitor> one_entry_per_op(const Ledger& ledger);
std::unique_ptr<Monitor> committed_chain(const Ledger& ledger);
std::unique_ptr<Monitor> committed_stays(const Ledger& ledger);
std::unique_ptr<Monitor> leader_completeness(const Ledger& ledger);
std::unique_ptr<Monitor> quorum_certificate(const Ledger& ledger);
std::unique_ptr<Monitor> commit_within_log(const Ledger& ledger);
std::unique_ptr<Monitor> commit_monotone(const Ledger& ledger);
std::unique_ptr<Monitor> durable_before_promise(const Ledger& ledger);
std::unique_ptr<Monitor> one_log_per_view(const Ledger& ledger);
std::unique_ptr<Monitor> views_monotone(const Ledger& ledger);
std::unique_ptr<Monitor> log_chain(const Ledger& ledger);
std::unique_ptr<Monitor> state_agreement(const Ledger& ledger);
std::unique_ptr<Monitor> image_agreement(const Ledger& ledger);
std::unique_ptr<Monitor> promises_kept(const Ledger& ledger);
std::unique_ptr<Monitor> exactly_once(const Ledger& ledger);
std::unique_ptr<Monitor> same_reply(const Ledger& ledger);
std::unique_ptr<Monitor> restored_state(const Ledger& ledger);
std::unique_ptr<Monitor> one_electorate_per_epoch(const Ledger& ledger);
std::unique_ptr<Monitor> timestamps_rise(const Ledger& ledger);
std::unique_ptr<Monitor> one_activation(const Ledger& ledger);
std::unique_ptr<Monitor> whole_messages(const Ledger& ledger);
std::unique_ptr<Monitor> fitting_tails(const Ledger& ledger);
std::unique_ptr<Monitor> no_fork(const Ledger& ledger);
std::unique_ptr<Monitor> fitting_sizes(const Ledger& ledger);
std::unique_ptr<Monitor> fields_in_range(const Ledger& ledger);
std::unique_ptr<Monitor> no_strangers(const Ledger& ledger);
std::unique_ptr<Monitor> nobody_halts(const Ledger& ledger);
std::unique_ptr<Monitor> damage_ends(const Ledger& ledger);
std::unique_ptr<Monitor> requests_end(const Ledger& ledger);
std::unique_ptr<Monitor> leader_found(const Ledger& ledger);
std::unique_ptr<Monitor> abdication(const Ledger& ledger);
std::unique_ptr<Monitor> catch_up(const Ledger& ledger);
std::unique_ptr<Monitor> repair_ends(const Ledger& ledger);
std::unique_ptr<Monitor> wished_views(const Ledger& ledger);
std::unique_ptr<Monitor> epochs_spread(const Ledger& ledger);
std::unique_ptr<Monitor> refused_is_refused(const Ledger& ledger);
std::unique_ptr<Monitor> sought_exists(const Ledger& ledger);
std::unique_ptr<Monitor> within_limits(const Ledger& ledger);

/// By node, growing as nodes are heard of.
template <typename T>
class PerNode {
public:
    T& operator[](NodeId node) {
        const auto index = static_cast<std::size_t>(node < 0 ? 0 : node);
        if (values_.size() <= index) values_.resize(index + 1);
        return values_[index];
    }

private:
    std::vector<T> values_;
};

} // namespace faultlab::monitors
