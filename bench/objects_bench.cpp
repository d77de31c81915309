// How much processor time the object models of the linearizability checker take for generated
// histories; what else the machine does counts little.
// Usage: bench_objects [repetitions] [substring of the names to run]

#include "checker/object_catalogue.hpp"
#include "checker/object_linearizability.hpp"
#include "core/rng.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace faultlab;

namespace {

struct Load {
    std::string name;
    std::string model;
    std::int64_t ops = 10'000;
    std::size_t clients = 10;
    std::uint64_t info_percent = 0;
    std::uint64_t values = 0; ///< 0: unique
    /// Near its end one answer is exchanged for another that occurred.
    bool broken = false;
};

/// A correct object.
class Plain {
public:
    Value play(const Op& op) {
        if (op.f == "enqueue" || op.f == "push") items_.push_back(op.arg);
        if (op.f == "dequeue" || op.f == "pop") return take(op.f == "pop");
        if (op.f == "contains") return elements_.contains(op.arg);
        if (op.f == "remove") elements_.erase(op.arg);
        if (op.f == "txn") return transaction(*op.arg.transaction());
        if (op.f != "add" && op.f != "read") return {};
        if (op.f == "read") return sum_;
        if (set_)
            elements_.insert(op.arg);
        else
            sum_ += *op.arg.integer();
        return {};
    }
    void be_a_set() { set_ = true; }

private:
    Value take(bool newest) {
        if (items_.empty()) return {};
        Value item = newest ? items_.back() : items_.front();
        newest ? items_.pop_back() : items_.pop_front();
        return item;
    }
    Value transaction(Value::Transaction steps) {
        for (MicroOp& step : steps) {
            if (step.f == "w") registers_[step.key] = step.value;
            if (step.f == "r" && registers_.contains(step.key)) step.value = registers_[step.key];
        }
        return steps;
    }

    bool set_ = false;
    std::deque<Value> items_;
    std::set<Value> elements_;
    std::int64_t sum_ = 0;
    std::map<Value, Value> registers_;
};

/// Clients that are always busy: every operation takes effect at a random moment between its
/// invocation and its return.
class Generator {
public:
    Generator(const Load& load, std::uint64_t seed) : load_(load), rng_(seed) {
        if (load.model == "set") plain_.be_a_set();
    }

    History run() {
        struct Slot {
            std::size_t op = 0;
            bool busy = false;
            bool applied = false;
        };
        std::vector<Slot> slots(load_.clients);
        const auto wanted = static_cast<std::size_t>(load_.ops);
        for (std::size_t busy = 0; ops_.size() < wanted || busy > 0;) {
            Slot& slot = slots[rng_.below(slots.size())];
            if (!slot.busy && ops_.size() == wanted) continue;
            if (!slot.busy) {
                slot = {.op = invoke(), .busy = true};
                ++busy;
            } else if (!slot.applied) {
                Op& op = ops_[slot.op];
                if (op.status == OpStatus::ok || rng_.chance(1, 2)) op.ret = plain_.play(op);
                slot.applied = true;
            } else {
                finish(ops_[slot.op]);
                slot.busy = false;
                --busy;
            }
        }
        if (load_.broken) spoil();
        HistoryBuilder builder;
        for (const Op& op : ops_)
            builder.add(op);
        return builder.build();
    }

private:
    std::size_t invoke() {
        Op op{.key = 1, .inv_index = index_++, .status = OpStatus::ok};
        ask(op);
        if (rng_.chance(load_.info_percent, 100)) op.status = OpStatus::info;
        ops_.push_back(op);
        return ops_.size() - 1;
    }

    Value new_value() {
        return load_.values == 0 ? Value(next_value_++)
                                 : Value(static_cast<std::int64_t>(rng_.below(load_.values)));
    }

    void ask(Op& op) {
        const bool first = rng_.chance(1, 2);
        if (load_.model == "queue" || load_.model == "stack") {
            const bool queue = load_.model == "queue";
            op.f = first ? (queue ? "enqueue" : "push") : (queue ? "dequeue" : "pop");
            if (first) op.arg = new_value();
        } else if (load_.model == "counter") {
            op.f = first ? "add" : "read";
            if (first) op.arg = rng_.between(1, load_.values == 0 ? 5 : 1);
        } else if (load_.model == "set") {
            const auto elements = load_.values == 0 ? std::uint64_t{1000} : load_.values;
            op.arg = static_cast<std::int64_t>(rng_.below(elements));
            op.f = first ? "contains" : rng_.chance(1, 2) ? "add" : "remove";
        } else {
            op.key = {};
            op.f = "txn";
            Value::Transaction steps;
            for (int i = 0; i < 2; ++i) {
                const std::int64_t key = rng_.between(0, 4);
                if (first)
                    steps.push_back({"r", key, {}});
                else
                    steps.push_back({"w", key, new_value()});
            }
            op.arg = std::move(steps);
        }
    }

    void finish(Op& op) {
        const Index index = index_++;
        if (op.status == OpStatus::info)
            op.ret = {};
        else
            op.ret_index = index;
    }

    /// Exchanges the answer of an operation near the end for one of the same kind near the start.
    void spoil() {
        for (std::size_t late = ops_.size() * 9 / 10; late < ops_.size(); ++late) {
            Op& op = ops_[late];
            if (op.status != OpStatus::ok || op.ret.is_absent()) continue;
            for (const Op& early : ops_) {
                const bool same = early.f == op.f && early.arg == op.arg;
                if (!same || early.status != OpStatus::ok || early.ret.is_absent()) continue;
                if (early.ret == op.ret) continue;
                op.ret = early.ret;
                return;
            }
        }
    }

    const Load& load_;
    Rng rng_;
    Plain plain_;
    std::vector<Op> ops_;
    Index index_ = 0;
    std::int64_t next_value_ = 1;
};

void measure(const Load& load, int repetitions) {
    Record record;
    record.history = Generator(load, 42).run();
    const ObjectModel& model = *find_object_model(load.model);
    double best = 1e9;
    CheckResult result;
    for (int i = 0; i < repetitions; ++i) {
        const std::clock_t start = std::clock();
        result = check_objects(record, model, Budget{});
        const auto took = static_cast<double>(std::clock() - start);
        best = std::min(best, took / CLOCKS_PER_SEC);
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    fmt::print(
        "{:<52} {:>8} ops  {:>10.3f} ms  {:>8} {:>7} configurations  widest {:>5}  peak {} MB\n",
        load.name,
        record.history.size(),
        best * 1e3,
        to_string(result.verdict),
        to_text(result.statistics.at("configurations")),
        to_text(result.statistics.at("widest")),
        usage.ru_maxrss / 1024);
    std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
    const int repetitions = argc > 1 ? std::max(1, std::atoi(argv[1])) : 3;
    const std::string_view only = argc > 2 ? argv[2] : "";
    const std::vector<Load> loads = {
        {.name = "counter, 10 clients", .model = "counter"},
        {.name = "counter, 10 clients, +1 only", .model = "counter", .values = 1},
        {.name = "counter, 10 clients, 1 % info",
         .model = "counter",
         .ops = 1'000,
         .info_percent = 1},
        {.name = "counter, 10 clients, 5 % info", .model = "counter", .info_percent = 5},
        {.name = "counter, 10 clients, long", .model = "counter", .ops = 100'000},
        {.name = "counter, 10 clients, broken", .model = "counter", .broken = true},
        {.name = "set by element, 10 clients", .model = "set", .ops = 100'000},
        {.name = "set by element, 10 clients, 5 % info",
         .model = "set",
         .ops = 100'000,
         .info_percent = 5},
        {.name = "set of 5 elements, 30 clients",
         .model = "set",
         .ops = 100'000,
         .clients = 30,
         .values = 5},
        {.name = "queue, 10 clients", .model = "queue", .ops = 100'000},
        {.name = "queue, 10 clients, very long", .model = "queue", .ops = 1'000'000},
        {.name = "queue, 10 clients, broken", .model = "queue", .ops = 100'000, .broken = true},
        {.name = "queue, 5 clients, 5 values",
         .model = "queue",
         .ops = 200,
         .clients = 5,
         .values = 5},
        {.name = "queue, 10 clients, 5 values", .model = "queue", .ops = 1'000, .values = 5},
        {.name = "queue, 10 clients, 5 values, long", .model = "queue", .values = 5},
        {.name = "queue, 10 clients, 5 % info", .model = "queue", .info_percent = 5},
        {.name = "stack, 10 clients", .model = "stack", .ops = 100'000},
        {.name = "stack, 10 clients, very long", .model = "stack", .ops = 1'000'000},
        {.name = "stack, 10 clients, broken", .model = "stack", .ops = 100'000, .broken = true},
        {.name = "stack, 5 clients, 5 values",
         .model = "stack",
         .ops = 100,
         .clients = 5,
         .values = 5},
        {.name = "stack, 10 clients, 1 % info", .model = "stack", .ops = 1'000, .info_percent = 1},
        {.name = "stack, 10 clients, 5 % info", .model = "stack", .info_percent = 5},
        {.name = "multi-register, 5 keys, 10 clients", .model = "multi-register"},
        {.name = "multi-register, 5 keys, 10 clients, broken",
         .model = "multi-register",
         .broken = true},
        {.name = "multi-register, 5 keys, 10 clients, 5 values",
         .model = "multi-register",
         .values = 5},
    };
    for (const Load& load : loads) {
        if (load.name.find(only) != std::string::npos) measure(load, repetitions);
    }
    return 0;
}
