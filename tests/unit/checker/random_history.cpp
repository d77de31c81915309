#include "tests/unit/checker/random_history.hpp"

#include "tests/unit/checker/overlap.hpp"

#include <algorithm>
#include <utility>

namespace faultlab {
namespace {

class Simulation {
public:
    Simulation(Rng& rng, const RandomHistoryOptions& options)
        : rng_(rng), options_(options), versioned_(options.model == "versioned-register") {}

    std::vector<Op> run() {
        draw_history(
            rng_,
            options_,
            ops_,
            [&](std::int32_t process) { return invoke(process); },
            [&](Op& op) { apply(op); },
            [&](Op& op) { finish(op); },
            5,
            [&] { corrupt(); });
        return std::move(ops_);
    }

private:
    Value some_value() {
        if (rng_.chance(1, 12)) return {};
        if (options_.unique) return rng_.between(std::max<std::int64_t>(0, written_ - 4), written_);
        return static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(options_.values)));
    }

    Value written_value() { return options_.unique ? Value(++written_) : some_value(); }

    OpId invoke(std::int32_t process) {
        Op op;
        op.id = static_cast<OpId>(ops_.size());
        op.process = process;
        op.key = "x";
        op.inv_index = index_++;
        const std::uint64_t kinds = options_.model == "register" ? 2 : 3;
        switch (rng_.below(kinds)) {
            case 0: op.f = "read"; break;
            case 1:
                op.f = "write";
                op.arg = written_value();
                break;
            default:
                op.f = "cas";
                op.arg = versioned_ ? Value(some_version()) : compared_value();
                op.arg = Value::List{op.arg, written_value()};
        }
        op.status = OpStatus::ok;
        if (rng_.chance(options_.info_percent, 100)) op.status = OpStatus::info;
        if (rng_.chance(options_.fail_percent, 100)) op.status = OpStatus::fail;
        ops_.push_back(op);
        return op.id;
    }

    /// Often what is there, so that chains of cas come about.
    Value compared_value() { return rng_.chance(1, 2) ? value_ : some_value(); }

    std::int64_t some_version() {
        return std::max<std::int64_t>(0, version_ + rng_.between(-1, 1));
    }

    void apply(Op& op) {
        if (op.status == OpStatus::fail) return;
        if (op.status == OpStatus::info && rng_.chance(1, 2)) return;
        if (op.f == "read") {
            op.ret = versioned_ ? Value(Value::List{value_, version_}) : value_;
            return;
        }
        Value next = op.arg;
        if (op.f == "cas") {
            const Value::List& pair = *op.arg.list();
            if (pair[0] != (versioned_ ? Value(version_) : value_)) {
                op.ret = false;
                if (options_.weak_cas && op.status == OpStatus::ok) op.status = OpStatus::fail;
                return;
            }
            next = pair[1];
        }
        value_ = next;
        ++version_;
        op.ret = op.f == "cas" ? Value(true) : Value();
        if (versioned_ && rng_.chance(100 - options_.untold_percent, 100))
            op.ret = Value::List{value_, version_};
    }

    void finish(Op& op) {
        const Index index = index_++;
        if (op.status == OpStatus::info) {
            op.ret = {};
            return;
        }
        if (op.status == OpStatus::fail) op.ret = {};
        op.ret_index = index;
    }

    void corrupt() {
        Op& op = ops_[static_cast<std::size_t>(rng_.below(ops_.size()))];
        if (op.status != OpStatus::ok) return;
        if (op.f == "read") {
            op.ret = versioned_ ? Value(Value::List{some_value(), some_version()}) : some_value();
        } else if (op.f == "cas") {
            if (options_.unique && rng_.chance(1, 2)) {
                const Value from = versioned_ ? Value(some_version()) : some_value();
                op.arg = Value::List{from, (*op.arg.list())[1]};
                return;
            }
            const bool failed = op.ret == Value(false);
            op.ret = options_.weak_cas || failed;
        } else if (versioned_) {
            op.ret = Value::List{op.arg, some_version()};
        }
    }

    Rng& rng_;
    const RandomHistoryOptions& options_;
    bool versioned_;
    std::vector<Op> ops_;
    Index index_ = 0;
    Value value_;
    std::int64_t version_ = 0;
    std::int64_t written_ = 0; ///< the last unique value
};

} // namespace

std::vector<Op> random_operations(Rng& rng, const RandomHistoryOptions& options) {
    return Simulation(rng, options).run();
}

History to_history(const std::vector<Op>& ops) {
    HistoryBuilder builder;
    for (const Op& op : ops)
        builder.add(op);
    return builder.build();
}

std::string describe(const std::vector<Op>& ops) {
    std::string text;
    for (const Op& op : ops) {
        text += "\n[" + std::to_string(op.inv_index) + ", " +
                (op.ret_index == never ? "never" : std::to_string(op.ret_index)) + "] " + op.f +
                " " + to_text(op.arg) + " -> " + to_text(op.ret) + " " +
                std::string(to_string(op.status));
    }
    return text;
}

} // namespace faultlab
