// How fast the linearizability checker judges generated histories, and how that compares with a
// bare scan of the same columns (the cost of looking at every operation once).
// Usage: bench_checker [repetitions]

#include "checker/catalogue.hpp"
#include "core/checker.hpp"
#include "core/rng.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

using namespace faultlab;

namespace {

struct Shape {
    std::string name;
    int keys = 1;
    int ops_per_key = 10'000;
    int clients = 10;
    std::uint64_t info_percent = 0;
    std::uint64_t read_percent = 50;
    std::uint64_t cas_percent = 0;
};

/// Clients that are always busy on one correct register: every operation takes effect at a random
/// moment between its invocation and its return. Values written are unique.
class Generator {
public:
    Generator(const Shape& shape, std::uint64_t seed) : shape_(shape), rng_(seed) {}

    History run() {
        for (int key = 0; key < shape_.keys; ++key)
            one_key(key);
        HistoryBuilder builder;
        for (const Op& op : ops_)
            builder.add(op);
        return builder.build();
    }

private:
    void one_key(int key) {
        value_ = {};
        const std::size_t end = ops_.size() + static_cast<std::size_t>(shape_.ops_per_key);
        std::vector<Slot> slots(static_cast<std::size_t>(shape_.clients));
        std::size_t busy = 0;
        while (ops_.size() < end || busy > 0) {
            Slot& slot = slots[rng_.below(slots.size())];
            if (!slot.busy && ops_.size() == end) continue;
            if (!slot.busy) {
                slot = {.op = invoke(key), .busy = true};
                ++busy;
            } else if (!slot.applied) {
                apply(ops_[slot.op]);
                slot.applied = true;
            } else {
                finish(ops_[slot.op]);
                slot.busy = false;
                --busy;
            }
        }
    }

    struct Slot {
        std::size_t op = 0;
        bool busy = false;
        bool applied = false;
    };

    std::size_t invoke(int key) {
        Op op{.f = "read", .key = key, .inv_index = index_++, .status = OpStatus::ok};
        const std::uint64_t draw = rng_.below(100);
        if (draw >= shape_.read_percent + shape_.cas_percent) {
            op.f = "write";
            op.arg = next_value_++;
        } else if (draw >= shape_.read_percent) {
            op.f = "cas";
            op.arg = Value::List{value_, next_value_++};
        }
        if (rng_.chance(shape_.info_percent, 100)) op.status = OpStatus::info;
        ops_.push_back(op);
        return ops_.size() - 1;
    }

    void apply(Op& op) {
        if (op.status == OpStatus::info && rng_.chance(1, 2)) return;
        if (op.f == "read") {
            op.ret = value_;
        } else if (op.f == "write") {
            value_ = op.arg;
        } else {
            const bool equal = (*op.arg.list())[0] == value_;
            op.ret = equal;
            if (equal) value_ = (*op.arg.list())[1];
        }
    }

    void finish(Op& op) {
        const Index index = index_++;
        if (op.status == OpStatus::info)
            op.ret = {};
        else
            op.ret_index = index;
    }

    const Shape& shape_;
    Rng rng_;
    std::vector<Op> ops_;
    Index index_ = 0;
    Value value_;
    std::int64_t next_value_ = 1;
};

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Looks once at every column that the checker reads.
std::uint64_t scan(const History& history) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < history.size(); ++i) {
        sum += history.f()[i] + history.key()[i] + history.arg()[i] + history.ret()[i];
        sum += static_cast<std::uint64_t>(history.inv_index()[i] ^ history.ret_index()[i]);
        sum += static_cast<std::uint64_t>(history.status()[i]);
    }
    return sum;
}

void measure(const Shape& shape, int repetitions) {
    Record record;
    record.history = Generator(shape, 42).run();
    const auto checker = find_checker("linearizability").value()->make({}).value();
    double best = 1e9;
    double best_scan = 1e9;
    std::uint64_t sum = 0;
    CheckResult result;
    for (int i = 0; i < repetitions; ++i) {
        auto start = std::chrono::steady_clock::now();
        sum += scan(record.history);
        best_scan = std::min(best_scan, seconds_since(start));
        start = std::chrono::steady_clock::now();
        result = checker->check(record, Budget{});
        best = std::min(best, seconds_since(start));
    }
    fmt::print(
        "{:<44} {:>8} ops  {:>9.2f} ms  {:>10.0f} op/s  {:>7.0f} x scan  widest {:>5}  {}{}\n",
        shape.name,
        record.history.size(),
        best * 1e3,
        static_cast<double>(record.history.size()) / best,
        best / best_scan,
        to_text(result.statistics.at("widest")),
        to_string(result.verdict),
        sum == 0 ? " (empty)" : "");
}

} // namespace

int main(int argc, char** argv) {
    const int repetitions = argc > 1 ? std::max(1, std::atoi(argv[1])) : 3;
    const std::vector<Shape> shapes = {
        {.name = "1 key, 10 clients, unique values"},
        {.name = "1 key, 10 clients, unique values, 30 % cas",
         .read_percent = 40,
         .cas_percent = 30},
        {.name = "200 keys x 300, 12 clients, 5 % info, cas",
         .keys = 200,
         .ops_per_key = 300,
         .clients = 12,
         .info_percent = 5,
         .read_percent = 40,
         .cas_percent = 30},
        {.name = "200 keys x 300, 20 clients, 5 % info, cas",
         .keys = 200,
         .ops_per_key = 300,
         .clients = 20,
         .info_percent = 5,
         .read_percent = 40,
         .cas_percent = 30},
        {.name = "1 key, 10 clients, 5 % info", .info_percent = 5},
        {.name = "1 key, 10 clients, 5 % info, cas",
         .info_percent = 5,
         .read_percent = 40,
         .cas_percent = 30},
        {.name = "1 key, 30 clients, unique values", .ops_per_key = 1'000, .clients = 30},
    };
    for (const Shape& shape : shapes)
        measure(shape, repetitions);
    return 0;
}
