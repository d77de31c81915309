#include "tests/unit/replica_protocol/random_run.hpp"

#include <cstdlib>
#include <iostream>
#include <optional>

namespace faultlab::simulator {
namespace {

std::optional<std::uint64_t> from_environment(const char* variable) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets the environment of a test
    const char* const text = std::getenv(variable);
    if (text == nullptr) return std::nullopt;
    return std::strtoull(text, nullptr, 10);
}

/// FAULTLAB_WORLD_SEED=7 runs that seed alone, with every event on standard error.
bool single_seed() {
    const auto seed = from_environment("FAULTLAB_WORLD_SEED");
    if (!seed) return false;
    const RandomRun run =
        run_seed(*seed, [](const std::string& line) { std::cerr << line << '\n'; });
    INFO(run.story);
    CHECK(run.failure.empty());
    return true;
}

void run_seeds(std::uint64_t first, std::uint64_t count) {
    if (single_seed()) return;
    // FAULTLAB_WORLD_FIRST and FAULTLAB_WORLD_COUNT choose other seeds.
    first = from_environment("FAULTLAB_WORLD_FIRST").value_or(first);
    count = from_environment("FAULTLAB_WORLD_COUNT").value_or(count);
    std::uint64_t completed = 0;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const RandomRun run = run_seed(seed, {});
        INFO(run.story);
        CHECK(run.failure.empty());
        completed += run.completed;
    }
    CHECK(completed > 20 * count);
}

} // namespace

TEST_CASE("Random faults: safe throughout, and well again after", "[replica_protocol]") {
    run_seeds(1, 500);
}

TEST_CASE("Random faults, at length", "[.long][at_length]") {
    run_seeds(10'000, 20'000);
}

TEST_CASE("A seed of random faults is a run", "[replica_protocol]") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        CHECK(run_seed(seed, {}).effects == run_seed(seed, {}).effects);
    }
}

} // namespace faultlab::simulator
