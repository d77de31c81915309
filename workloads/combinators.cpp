#include "core/check.hpp"
#include "workloads/generators.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

namespace faultlab {
namespace {

constexpr Nanos forever = std::numeric_limits<Nanos>::max();

class Repeat : public Generator {
public:
    explicit Repeat(std::function<Invocation()> draw) : draw_(std::move(draw)) {}
    Step next(const Moment& moment) override { return Emit{.op = draw_(), .due = moment.now}; }
    void observe(const Invocation&, const Completion&) override {}

private:
    std::function<Invocation()> draw_;
};

class Sequence : public Generator {
public:
    explicit Sequence(std::vector<Invocation> operations) : operations_(std::move(operations)) {}
    Step next(const Moment& moment) override {
        if (position_ == operations_.size()) return End{};
        return Emit{.op = operations_[position_++], .due = moment.now};
    }
    void observe(const Invocation&, const Completion&) override {}

private:
    std::vector<Invocation> operations_;
    std::size_t position_ = 0;
};

class Mix : public Generator {
public:
    Mix(std::vector<Weighted> children, Rng rng) : children_(std::move(children)), rng_(rng) {
        for (const Weighted& child : children_)
            FAULTLAB_CHECK(child.weight > 0);
    }

    Step next(const Moment& moment) override {
        // Drawn without replacement among those that have not ended: a child that waits gives way.
        std::vector<std::size_t> candidates(children_.size());
        std::iota(candidates.begin(), candidates.end(), std::size_t{0});
        Nanos earliest = forever;
        std::vector<std::size_t> ended;
        while (!candidates.empty()) {
            const std::size_t at = draw(candidates);
            const std::size_t child = candidates[at];
            Step step = children_[child].generator->next(moment);
            if (std::holds_alternative<Emit>(step)) {
                emitter_ = children_[child].generator.get();
                return step;
            }
            FAULTLAB_CHECK(!std::holds_alternative<Barrier>(step));
            const auto* wait = std::get_if<WaitUntil>(&step);
            if (wait != nullptr) earliest = std::min(earliest, wait->t);
            if (wait == nullptr) ended.push_back(child);
            candidates.erase(candidates.begin() + static_cast<std::ptrdiff_t>(at));
        }
        remove(ended);
        if (children_.empty()) return End{};
        return WaitUntil{earliest};
    }

    void observe(const Invocation& op, const Completion& completion) override {
        FAULTLAB_CHECK(emitter_ != nullptr);
        emitter_->observe(op, completion);
    }

private:
    std::size_t draw(const std::vector<std::size_t>& candidates) {
        std::uint64_t total = 0;
        for (const std::size_t child : candidates)
            total += children_[child].weight;
        std::uint64_t ticket = rng_.below(total);
        std::size_t at = 0;
        while (ticket >= children_[candidates[at]].weight) {
            ticket -= children_[candidates[at]].weight;
            ++at;
        }
        return at;
    }

    // Only when no child emitted, so that an emitter is never destroyed before it observes.
    void remove(std::vector<std::size_t>& ended) {
        std::ranges::sort(ended, std::greater{});
        for (const std::size_t child : ended)
            children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(child));
    }

    std::vector<Weighted> children_;
    Rng rng_;
    Generator* emitter_ = nullptr;
};

class Take : public Generator {
public:
    Take(std::int64_t count, GeneratorPtr child) : left_(count), child_(std::move(child)) {}
    Step next(const Moment& moment) override {
        if (left_ <= 0) return End{};
        Step step = child_->next(moment);
        if (std::holds_alternative<Emit>(step)) --left_;
        return step;
    }
    void observe(const Invocation& op, const Completion& completion) override {
        child_->observe(op, completion);
    }

private:
    std::int64_t left_;
    GeneratorPtr child_;
};

class TimeLimit : public Generator {
public:
    TimeLimit(Nanos length, GeneratorPtr child) : length_(length), child_(std::move(child)) {}
    Step next(const Moment& moment) override {
        if (!end_) end_ = moment.now + length_;
        if (moment.now >= *end_) return End{};
        Step step = child_->next(moment);
        if (auto* wait = std::get_if<WaitUntil>(&step)) wait->t = std::min(wait->t, *end_);
        return step;
    }
    void observe(const Invocation& op, const Completion& completion) override {
        child_->observe(op, completion);
    }

private:
    Nanos length_;
    std::optional<Nanos> end_;
    GeneratorPtr child_;
};

class UntilOk : public Generator {
public:
    explicit UntilOk(GeneratorPtr child) : child_(std::move(child)) {}
    Step next(const Moment& moment) override {
        if (done_) return End{};
        return child_->next(moment);
    }
    void observe(const Invocation& op, const Completion& completion) override {
        done_ = done_ || std::holds_alternative<Done>(completion);
        child_->observe(op, completion);
    }

private:
    GeneratorPtr child_;
    bool done_ = false;
};

class Phases : public Generator {
public:
    explicit Phases(std::vector<GeneratorPtr> children) : children_(std::move(children)) {}
    Step next(const Moment& moment) override {
        if (phase_ == children_.size()) return End{};
        Step step = children_[phase_]->next(moment);
        if (std::holds_alternative<End>(step)) {
            if (++phase_ == children_.size()) return End{};
            return Barrier{barriers_++};
        }
        // The barriers of a phase that has phases of its own are counted together with ours.
        if (std::holds_alternative<Barrier>(step)) return Barrier{barriers_++};
        return step;
    }
    void observe(const Invocation& op, const Completion& completion) override {
        // An operation completes before the next is asked for, thus in the phase that emitted it.
        children_[phase_]->observe(op, completion);
    }

private:
    std::vector<GeneratorPtr> children_;
    std::size_t phase_ = 0;
    std::int32_t barriers_ = 0;
};

class EachProcess : public Generator {
public:
    explicit EachProcess(std::function<GeneratorPtr(std::int32_t)> factory)
        : factory_(std::move(factory)) {}
    Step next(const Moment& moment) override {
        if (!process_ || *process_ != moment.process) {
            process_ = moment.process;
            copy_ = factory_(moment.process);
        }
        return copy_->next(moment);
    }
    void observe(const Invocation& op, const Completion& completion) override {
        copy_->observe(op, completion);
    }

private:
    std::function<GeneratorPtr(std::int32_t)> factory_;
    std::optional<std::int32_t> process_;
    GeneratorPtr copy_;
};

} // namespace

GeneratorPtr repeat(std::function<Invocation()> draw) {
    return std::make_unique<Repeat>(std::move(draw));
}

GeneratorPtr sequence(std::vector<Invocation> operations) {
    return std::make_unique<Sequence>(std::move(operations));
}

GeneratorPtr mix(std::vector<GeneratorPtr> children, Rng rng) {
    std::vector<Weighted> equal;
    for (GeneratorPtr& child : children)
        equal.push_back({.weight = 1, .generator = std::move(child)});
    return weighted(std::move(equal), rng);
}

GeneratorPtr weighted(std::vector<Weighted> children, Rng rng) {
    return std::make_unique<Mix>(std::move(children), rng);
}

GeneratorPtr limit(std::int64_t total, const StreamContext& context, GeneratorPtr child) {
    const std::int64_t extra = context.worker < total % context.workers ? 1 : 0;
    return take(total / context.workers + extra, std::move(child));
}

GeneratorPtr take(std::int64_t count, GeneratorPtr child) {
    return std::make_unique<Take>(count, std::move(child));
}

GeneratorPtr time_limit(Nanos length, GeneratorPtr child) {
    return std::make_unique<TimeLimit>(length, std::move(child));
}

GeneratorPtr until_ok(GeneratorPtr child) {
    return std::make_unique<UntilOk>(std::move(child));
}

GeneratorPtr phases(std::vector<GeneratorPtr> children) {
    return std::make_unique<Phases>(std::move(children));
}

GeneratorPtr reserve(const StreamContext& context,
                     const std::vector<Reserved>& ranges,
                     const GeneratorFactory& rest) {
    std::int32_t first = 0;
    for (const Reserved& range : ranges) {
        const std::int32_t size = std::min(range.workers, context.workers - first);
        if (context.worker < first + size) {
            return range.factory(
                {.worker = context.worker - first, .workers = size, .seed = context.seed});
        }
        first += size;
    }
    return rest({.worker = context.worker - first,
                 .workers = context.workers - first,
                 .seed = context.seed});
}

GeneratorPtr each_process(std::function<GeneratorPtr(std::int32_t)> factory) {
    return std::make_unique<EachProcess>(std::move(factory));
}

} // namespace faultlab
