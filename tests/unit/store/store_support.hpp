#pragma once

#include "core/clock.hpp"
#include "core/store/run_writer.hpp"
#include "tests/support/catch.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

namespace faultlab::store_test {

/// A new directory, removed at the end of the test.
class Directory {
public:
    Directory() {
        std::string name = (std::filesystem::temp_directory_path() / "store-test-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::filesystem::path operator/(const char* name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

/// Every look at it is one nanosecond later.
class TickingClock final : public Clock {
public:
    [[nodiscard]] Nanos now() const override { return ++ticks_; }

private:
    mutable std::atomic<Nanos> ticks_ = 0;
};

inline RunHeader header() {
    RunHeader header{.run_id = "run-1"};
    header.plan.seed = 7;
    header.plan.system = "toy";
    header.plan.workload = "register";
    header.plan.faults = {{.id = 3, .nemesis = "kill", .t_start = 5, .target = "one"}};
    header.meta = {{"kernel", Value("6.1")}, {"started_utc", Value("2026-01-02T03:04:05Z")}};
    header.cluster.nodes = {{.name = "n1", .address = "10.0.0.1"},
                            {.name = "n2", .address = "10.0.0.2"}};
    header.cluster.clients = {{.name = "c1", .address = "10.0.1.1", .node = 0}};
    return header;
}

inline std::unique_ptr<RunWriter> writer_at(const std::filesystem::path& run_db) {
    auto writer = RunWriter::create(run_db, header());
    INFO((writer ? std::string() : writer.error().text()));
    REQUIRE(writer);
    return std::move(writer).value();
}

/// Invokes and returns one operation.
inline std::pair<Index, Index> operate(OpLane& lane,
                                       const Clock& clock,
                                       std::int32_t process,
                                       Invocation op,
                                       const Completion& completion,
                                       NodeId asked = no_node) {
    const Index invoked = lane.invoke({.process = process, .node = 1, .op = std::move(op)}, clock);
    return {invoked, lane.complete(invoked, completion, asked, clock)};
}

} // namespace faultlab::store_test
