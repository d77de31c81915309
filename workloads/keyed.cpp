#include "workloads/keyed.hpp"

#include <algorithm>
#include <memory>

namespace faultlab {
namespace {

class FinalReads : public Generator {
public:
    explicit FinalReads(std::vector<Value> keys) : keys_(std::move(keys)) {}

    Step next(const Moment& moment) override {
        if (position_ == keys_.size()) return End{};
        if (failed_) {
            failed_ = false;
            resume_ = moment.now + (first_pause << tries_);
        }
        if (moment.now < resume_) return WaitUntil{resume_};
        return Emit{.op = {.f = "read", .key = keys_[position_]}, .due = moment.now};
    }

    void observe(const Invocation&, const Completion& completion) override {
        failed_ = !std::holds_alternative<Done>(completion);
        if (failed_ && ++tries_ < tries_max) return;
        failed_ = false;
        tries_ = 0;
        ++position_;
    }

private:
    static constexpr int tries_max = 6;
    static constexpr Nanos first_pause = 50 * millisecond;

    std::vector<Value> keys_;
    std::size_t position_ = 0;
    int tries_ = 0;
    bool failed_ = false;
    Nanos resume_ = 0;
};

} // namespace

std::vector<OptionSpec> key_options() {
    return {{.name = "keys",
             .fallback = "0",
             .help = "keys in use at any moment; 0: so many that each is used for about 7 s",
             .range = {{0, 100'000}}},
            {.name = "ops-per-key",
             .fallback = "200",
             .help = "about so many operations on a key before it is replaced",
             .range = {{1, 100'000}}},
            {.name = "readers-per-node",
             .fallback = "1",
             .help = "workers of each node that only read; at least one worker writes",
             .range = {{0, 100}}}};
}

KeyTurnover key_turnover(const Plan& plan, std::int64_t keys_each) {
    const std::int64_t ops_per_key = integer_option(plan.options, "ops-per-key");
    std::int64_t active = integer_option(plan.options, "keys");
    if (active == 0) {
        // Longer than a fault lasts by default, so that a stale read meets writes it has missed.
        constexpr std::int64_t seconds_in_use = 7;
        const std::int64_t rate = plan.rate > 0 ? plan.rate : 2000;
        active = std::clamp<std::int64_t>(rate * seconds_in_use / ops_per_key, 4, 1000);
    }
    return {.active = std::max<std::int64_t>(active / keys_each, 1),
            .ops_per_key = ops_per_key * keys_each,
            .workers = plan.workers(),
            .seed = Rng(plan.seed).split("keys").seed()};
}

GeneratorPtr
readers_and_writers(const Plan& plan, const StreamContext& context, const KeyedStream& stream) {
    // Worker w talks to node w mod n: the first n workers are one on each node.
    const auto wanted = static_cast<std::int32_t>(integer_option(plan.options, "readers-per-node"));
    const std::int32_t readers = std::min(wanted, plan.workers_per_node - 1) * plan.nodes;
    const std::int32_t writers = context.workers - readers;
    const auto part = [&stream, writers](bool reads_only) -> GeneratorFactory {
        return [&stream, writers, reads_only](const StreamContext& range) {
            return stream(range, writers, reads_only);
        };
    };
    return reserve(context, {{.workers = readers, .factory = part(true)}}, part(false));
}

GeneratorPtr final_key_reads(const StreamContext& context, std::span<const Value> keys) {
    std::vector<Value> own;
    const auto stride = static_cast<std::size_t>(context.workers);
    for (auto i = static_cast<std::size_t>(context.worker); i < keys.size(); i += stride) {
        if (!keys[i].is_absent()) own.push_back(keys[i]);
    }
    return std::make_unique<FinalReads>(std::move(own));
}

} // namespace faultlab
