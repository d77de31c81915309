#pragma once

#include "core/generator.hpp"
#include "core/rng.hpp"

#include <vector>

namespace faultlab::simulator {

/// One worker's stream in several namespaces: now an operation of one of these streams, now of
/// another. What the i-th is about is in namespace i + 1: its keys are lists [namespace, key]
/// (docs/checkers.md), so that the same name is another key in each. Requires: none of them knows
/// barriers.
[[nodiscard]] GeneratorPtr in_namespaces(std::vector<GeneratorPtr> streams, Rng rng);

} // namespace faultlab::simulator
