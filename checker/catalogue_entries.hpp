#pragma once

#include "checker/catalogue.hpp"

#include <memory>
#include <vector>

namespace faultlab {

// What each checker's file gives to the catalogue; for catalogue.cpp and those files only.

std::vector<OptionSpec> linearizability_options();
Result<std::unique_ptr<Checker>> make_linearizability(const Options& options);

std::vector<OptionSpec> stats_options();
Result<std::unique_ptr<Checker>> make_stats(const Options& options);

std::vector<OptionSpec> evidence_floor_options();
Result<std::unique_ptr<Checker>> make_evidence_floor(const Options& options);

std::vector<OptionSpec> digest_agreement_options();
Result<std::unique_ptr<Checker>> make_digest_agreement(const Options& options);

std::vector<OptionSpec> convergence_options();
Result<std::unique_ptr<Checker>> make_convergence(const Options& options);

std::vector<OptionSpec> invariants_options();
Result<std::unique_ptr<Checker>> make_invariants(const Options& options);

std::vector<OptionSpec> set_options();
Result<std::unique_ptr<Checker>> make_set(const Options& options);

std::vector<OptionSpec> set_full_options();
Result<std::unique_ptr<Checker>> make_set_full(const Options& options);

std::vector<OptionSpec> total_queue_options();
Result<std::unique_ptr<Checker>> make_total_queue(const Options& options);

std::vector<OptionSpec> queue_options();
Result<std::unique_ptr<Checker>> make_queue(const Options& options);

std::vector<OptionSpec> unique_ids_options();
Result<std::unique_ptr<Checker>> make_unique_ids(const Options& options);

std::vector<OptionSpec> counter_options();
Result<std::unique_ptr<Checker>> make_counter(const Options& options);

std::vector<OptionSpec> bank_options();
Result<std::unique_ptr<Checker>> make_bank(const Options& options);

std::vector<OptionSpec> long_fork_options();
Result<std::unique_ptr<Checker>> make_long_fork(const Options& options);

std::vector<OptionSpec> causal_options();
Result<std::unique_ptr<Checker>> make_causal(const Options& options);

std::vector<OptionSpec> causal_reverse_options();
Result<std::unique_ptr<Checker>> make_causal_reverse(const Options& options);

std::vector<OptionSpec> adya_g2_options();
Result<std::unique_ptr<Checker>> make_adya_g2(const Options& options);

std::vector<OptionSpec> kafka_options();
Result<std::unique_ptr<Checker>> make_kafka(const Options& options);

std::vector<OptionSpec> watch_options();
Result<std::unique_ptr<Checker>> make_watch(const Options& options);

std::vector<OptionSpec> log_patterns_options();
Result<std::unique_ptr<Checker>> make_log_patterns(const Options& options);

std::vector<OptionSpec> availability_options();
Result<std::unique_ptr<Checker>> make_availability(const Options& options);

} // namespace faultlab
