// How fast the linearizability checker judges generated histories of registers: the time of the
// check alone and what of it this process had the processor, operations a second, the peak of
// resident memory of a process that generates and checks (and of one that only generates), and
// which methods judged the keys. Usage: bench_checker [repetitions [part of a name [threads
// [directory]]]]; in the directory it leaves each history as NAME.jsonl, for other checkers.

#include "bench/register_histories.hpp"
#include "checker/catalogue.hpp"
#include "core/checker.hpp"
#include "core/store/export.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

using namespace faultlab;

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Of all threads of this process. On a machine that others use too it is the better measure.
double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double peak_mb() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

class Threads : public Workers {
public:
    explicit Threads(std::size_t count) : count_(count) {}
    [[nodiscard]] std::size_t count() const override { return count_; }
    void run(const std::function<void()>& body) const override {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < count_; ++i)
            threads.emplace_back(body);
    }

private:
    std::size_t count_;
};

std::string methods(const CheckResult& result) {
    std::string text;
    for (const auto& [name, value] : result.statistics) {
        if (name.starts_with("keys_by_"))
            text += fmt::format(" {}={}", name.substr(8), to_text(value));
    }
    return text;
}

struct Manner {
    int repetitions = 3;
    std::size_t threads = 1;
    std::string directory; ///< empty: no history is kept
};

void keep(const Record& record, const std::string& file) {
    std::ofstream out(file);
    if (!export_jsonl(record, out)) fmt::print(stderr, "{}: cannot be written\n", file);
}

void measure(const RegisterShape& shape, const Manner& manner) {
    Record record;
    record.history = generate_registers(shape, 42);
    if (!manner.directory.empty())
        keep(record, fmt::format("{}/{}.jsonl", manner.directory, shape.name));
    const double before = peak_mb();
    const auto checker =
        find_checker("linearizability").value()->make({{"model", shape.model}}).value();
    const Threads workers(manner.threads);
    double best = 1e9;
    double best_cpu = 1e9;
    CheckResult result;
    for (int i = 0; i < manner.repetitions; ++i) {
        const double cpu = cpu_seconds();
        const auto start = std::chrono::steady_clock::now();
        result = checker->check(record, Budget{.workers = manner.threads > 1 ? &workers : nullptr});
        best = std::min(best, seconds_since(start));
        best_cpu = std::min(best_cpu, cpu_seconds() - cpu);
    }
    fmt::print("{:<52} {:>8} ops {:>10.3f} ms (cpu {:>9.3f}) {:>9.0f} op/s {:>6.0f} MB (history "
               "{:>4.0f}) {:>7} "
               "widest {}{}\n",
               shape.name,
               record.history.size(),
               best * 1e3,
               best_cpu * 1e3,
               static_cast<double>(record.history.size()) / best,
               peak_mb(),
               before,
               to_string(result.verdict),
               to_text(result.statistics.at("widest")),
               methods(result));
}

/// In a process of its own, so that its memory is its own.
void measure_apart(const RegisterShape& shape, const Manner& manner) {
    const pid_t child = ::fork();
    if (child == 0) {
        measure(shape, manner);
        std::fflush(stdout);
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (status != 0) fmt::print("{}: ended with status {}\n", shape.name, status);
}

std::vector<RegisterShape> unique_values() {
    return {
        {.name = "unique, 1 key, 10 clients, 1 k", .ops_per_key = 1'000},
        {.name = "unique, 1 key, 30 clients, 1 k", .ops_per_key = 1'000, .clients = 30},
        {.name = "unique, 1 key, 100 clients, 1 k", .ops_per_key = 1'000, .clients = 100},
        {.name = "unique, 1 key, 10 clients, 10 k, low", .busy_percent = 30},
        {.name = "unique, 1 key, 10 clients, 10 k"},
        {.name = "unique, 1 key, 10 clients, 10 k, cas", .read_percent = 40, .cas_percent = 30},
        {.name = "unique, 1 key, 10 clients, 10 k, cas, 5 % info",
         .info_percent = 5,
         .read_percent = 40,
         .cas_percent = 30},
        {.name = "unique, 1 key, 10 clients, 10 k, strong cas",
         .read_percent = 40,
         .cas_percent = 30,
         .strong_cas = true},
        {.name = "unique, 1 key, 10 clients, 10 k, stale read", .stale_read = true},
        {.name = "unique, 1 key, 10 clients, 100 k, low",
         .ops_per_key = 100'000,
         .busy_percent = 30},
        {.name = "unique, 1 key, 10 clients, 100 k", .ops_per_key = 100'000},
        {.name = "unique, 1 key, 10 clients, 100 k, stale read",
         .ops_per_key = 100'000,
         .stale_read = true},
        {.name = "unique, 1 key, 5 clients, 1 M", .ops_per_key = 1'000'000, .clients = 5},
        {.name = "unique, 1 key, 10 clients, 1 M, register",
         .model = "register",
         .ops_per_key = 1'000'000},
        {.name = "unique, 1 key, 10 clients, 1 M, 5 % info",
         .ops_per_key = 1'000'000,
         .info_percent = 5},
        {.name = "unique, 1 key, 100 clients, 1 M", .ops_per_key = 1'000'000, .clients = 100},
        {.name = "unique, 1 key, 100 clients, 1 M, 5 % info",
         .ops_per_key = 1'000'000,
         .clients = 100,
         .info_percent = 5},
        {.name = "unique, 100 keys, 10 clients, 1 M", .keys = 100, .ops_per_key = 10'000},
    };
}

RegisterShape versioned(std::string what, int ops) {
    return {.name = "versioned, 1 key, 10 clients, " + std::move(what),
            .model = "versioned-register",
            .ops_per_key = ops,
            .read_percent = 40,
            .cas_percent = 30};
}

std::vector<RegisterShape> versions() {
    std::vector<RegisterShape> all = {versioned("10 k", 10'000),
                                      versioned("10 k, 5 % info", 10'000),
                                      versioned("10 k, 5 values, 5 % info", 10'000),
                                      versioned("10 k, strong cas", 10'000),
                                      versioned("10 k, strong cas, 5 % info", 10'000),
                                      versioned("10 k, stale read", 10'000),
                                      versioned("1 M", 1'000'000),
                                      versioned("1 M, 5 % info", 1'000'000)};
    for (RegisterShape& shape : all) {
        const auto has = [&](std::string_view what) {
            return shape.name.find(what) != shape.name.npos;
        };
        if (has("info")) shape.info_percent = 5;
        if (has("values")) shape.values = 5;
        shape.strong_cas = has("strong");
        shape.stale_read = has("stale");
    }
    return all;
}

std::vector<RegisterShape> repeated_values() {
    return {
        {.name = "5 values, 10 clients, 10 k, low", .values = 5, .busy_percent = 30},
        {.name = "5 values, 10 clients, 10 k", .values = 5},
        {.name = "5 values, 10 clients, 100 k", .ops_per_key = 100'000, .values = 5},
        {.name = "5 values, 10 clients, 10 k, 1 % info", .values = 5, .info_percent = 1},
        {.name = "5 values, 10 clients, 10 k, 5 % info", .values = 5, .info_percent = 5},
        {.name = "5 values, 10 clients, 10 k, stale read", .values = 5, .stale_read = true},
        {.name = "5 values, 30 clients, 1 k", .ops_per_key = 1'000, .clients = 30, .values = 5},
        {.name = "5 values, 30 clients, 1 k, stale read",
         .ops_per_key = 1'000,
         .clients = 30,
         .values = 5,
         .stale_read = true},
        {.name = "5 values, 10 clients, 100 k, cas",
         .ops_per_key = 100'000,
         .values = 5,
         .read_percent = 40,
         .cas_percent = 30},
        {.name = "5 values, 10 clients, 100 k, strong cas",
         .ops_per_key = 100'000,
         .values = 5,
         .read_percent = 40,
         .cas_percent = 30,
         .strong_cas = true},
        {.name = "5 values, 10 clients, 10 k, strong cas, 5 % info",
         .values = 5,
         .info_percent = 5,
         .read_percent = 40,
         .cas_percent = 30,
         .strong_cas = true},
        {.name = "50 values, 10 clients, 100 k", .ops_per_key = 100'000, .values = 50},
    };
}

} // namespace

int main(int argc, char** argv) {
    Manner manner;
    if (argc > 1) manner.repetitions = std::max(1, std::atoi(argv[1]));
    const std::string part = argc > 2 ? argv[2] : "";
    if (argc > 3) manner.threads = static_cast<std::size_t>(std::max(1, std::atoi(argv[3])));
    if (argc > 4) manner.directory = argv[4];
    for (const auto& table : {unique_values(), versions(), repeated_values()}) {
        for (const RegisterShape& shape : table) {
            if (shape.name.find(part) != std::string::npos) measure_apart(shape, manner);
        }
    }
    return 0;
}
