#include "core/check.hpp"
#include "workloads/generators.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace faultlab {

KeyWindow::KeyWindow(const KeyTurnover& turnover)
    : turnover_(turnover),
      life_(std::max<std::int64_t>(
          1, turnover.ops_per_key * turnover.active / std::max(1, turnover.workers))),
      generation_(static_cast<std::size_t>(turnover.active), 0),
      turns_at_(static_cast<std::size_t>(turnover.active), 0) {
    FAULTLAB_CHECK(turnover.active > 0);
    FAULTLAB_CHECK(turnover.ops_per_key > 0);
    for (std::int64_t slot = 0; slot < turnover.active; ++slot)
        schedule_turnover(slot);
}

void KeyWindow::schedule_turnover(std::int64_t slot) {
    const auto i = static_cast<std::size_t>(slot);
    // Slots turn one after the other, each up to half a life later than an even beat would have it.
    const std::int64_t phase = (slot + 1) * life_ / turnover_.active;
    const auto name = static_cast<std::uint64_t>(slot + turnover_.active * generation_[i]);
    Rng rng(turnover_.seed ^ (name * 0x9e3779b97f4a7c15U));
    turns_at_[i] = generation_[i] * life_ + phase + rng.between(0, life_ / 2);
}

std::int64_t KeyWindow::key(std::int64_t slot, std::int64_t count) {
    const auto i = static_cast<std::size_t>(slot);
    while (count >= turns_at_[i]) {
        ++generation_[i];
        schedule_turnover(slot);
    }
    return slot + turnover_.active * generation_[i];
}

namespace {

class IndependentKeys : public Generator {
public:
    IndependentKeys(const KeyTurnover& turnover,
                    Rng rng,
                    std::function<GeneratorPtr(std::int64_t)> factory)
        : window_(turnover), rng_(rng), factory_(std::move(factory)),
          slots_(static_cast<std::size_t>(turnover.active)) {}

    Step next(const Moment& moment) override {
        if (in_a_row_ == 0) {
            slot_ = rng_.below(slots_.size());
            in_a_row_ = 1 + rng_.below(longest_row);
        }
        --in_a_row_;
        Nanos earliest = std::numeric_limits<Nanos>::max();
        for (std::size_t tried = 0; tried < slots_.size(); ++tried) {
            Step step = stream(slot_).next(moment);
            if (std::holds_alternative<Emit>(step)) {
                ++count_;
                return step;
            }
            FAULTLAB_CHECK(!std::holds_alternative<Barrier>(step));
            if (const auto* wait = std::get_if<WaitUntil>(&step))
                earliest = std::min(earliest, wait->t);
            slot_ = (slot_ + 1) % slots_.size();
        }
        // Turnover goes by operations made: with none to make, no new key will come.
        if (earliest == std::numeric_limits<Nanos>::max()) return End{};
        return WaitUntil{earliest};
    }

    void observe(const Invocation& op, const Completion& completion) override {
        slots_[slot_].stream->observe(op, completion);
    }

private:
    static constexpr std::uint64_t longest_row = 3;

    struct Slot {
        std::int64_t key = -1;
        GeneratorPtr stream;
    };

    Generator& stream(std::size_t at) {
        Slot& slot = slots_[at];
        const std::int64_t key = window_.key(static_cast<std::int64_t>(at), count_);
        if (slot.key != key) slot = {.key = key, .stream = factory_(key)};
        return *slot.stream;
    }

    KeyWindow window_;
    Rng rng_;
    std::function<GeneratorPtr(std::int64_t)> factory_;
    std::vector<Slot> slots_;
    std::size_t slot_ = 0;
    std::uint64_t in_a_row_ = 0;
    std::int64_t count_ = 0;
};

} // namespace

GeneratorPtr independent_keys(const KeyTurnover& turnover,
                              Rng rng,
                              std::function<GeneratorPtr(std::int64_t)> factory) {
    return std::make_unique<IndependentKeys>(turnover, rng, std::move(factory));
}

} // namespace faultlab
