#include "simulator/namespaces.hpp"

#include "core/check.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace faultlab::simulator {
namespace {

Value key_in(std::int64_t space, Value key) {
    return key.is_absent() ? key : Value(Value::List{Value(space), std::move(key)});
}

Invocation operation_in(std::int64_t space, Invocation op) {
    op.key = key_in(space, std::move(op.key));
    if (op.f == "scan") {
        Value::List range = *op.arg.list();
        for (Value& end : range)
            end = key_in(space, std::move(end));
        op.arg = std::move(range);
    }
    if (op.f == "txn") {
        Value::Transaction steps = *op.arg.transaction();
        for (MicroOp& step : steps)
            step.key = key_in(space, std::move(step.key));
        op.arg = std::move(steps);
    }
    return op;
}

class Namespaces : public Generator {
public:
    Namespaces(std::vector<GeneratorPtr> streams, Rng rng)
        : streams_(std::move(streams)), rng_(std::move(rng)) {}

    Step next(const Moment& moment) override {
        turn_ = rng_.below(streams_.size());
        Nanos earliest = std::numeric_limits<Nanos>::max();
        for (std::size_t tried = 0; tried < streams_.size(); ++tried) {
            Step step = streams_[turn_]->next(moment);
            if (auto* const emit = std::get_if<Emit>(&step)) {
                asked_ = emit->op;
                emit->op = operation_in(static_cast<std::int64_t>(turn_) + 1, emit->op);
                return step;
            }
            FAULTLAB_CHECK(!std::holds_alternative<Barrier>(step));
            if (const auto* const until = std::get_if<WaitUntil>(&step))
                earliest = std::min(earliest, until->t);
            turn_ = (turn_ + 1) % streams_.size();
        }
        if (earliest == std::numeric_limits<Nanos>::max()) return End{};
        return WaitUntil{earliest};
    }

    void observe(const Invocation&, const Completion& completion) override {
        streams_[turn_]->observe(asked_, completion);
    }

private:
    std::vector<GeneratorPtr> streams_;
    Rng rng_;
    std::size_t turn_ = 0;
    Invocation asked_; ///< of the stream whose turn it was, as that has it
};

} // namespace

GeneratorPtr in_namespaces(std::vector<GeneratorPtr> streams, Rng rng) {
    FAULTLAB_CHECK(!streams.empty());
    return std::make_unique<Namespaces>(std::move(streams), std::move(rng));
}

} // namespace faultlab::simulator
