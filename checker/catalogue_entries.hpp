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

} // namespace faultlab
