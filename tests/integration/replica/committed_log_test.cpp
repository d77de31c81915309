#include "replica/daemon/committed_log.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/replica_cluster/cluster.hpp"

#include <fmt/format.h>

using namespace faultlab;
using namespace faultlab::test;
using namespace std::chrono_literals;
using replica::OpCode;
using replica::ReplicaId;

namespace {

std::vector<std::filesystem::path> journals_of(const ReplicaCluster& cluster, ReplicaId id) {
    std::vector<std::filesystem::path> journals;
    for (int start = 1;; ++start) {
        const std::filesystem::path file =
            fmt::format("{}.{}", cluster.journal(id).native(), start);
        if (!std::filesystem::exists(file)) return journals;
        journals.push_back(file);
    }
}

} // namespace

TEST_CASE("the committed log is put together from the journals of replicas that were killed",
          "[replica_processes]") {
    ReplicaCluster cluster({.journals = true});
    cluster.start_all();
    REQUIRE(cluster.await_primary());
    auto session = cluster.session();
    std::vector<std::vector<std::byte>> sent;
    for (const ReplicaId id : cluster.ids()) {
        for (int i = 0; i < 20; ++i) {
            const auto number = static_cast<std::int64_t>(sent.size());
            const replica::Operation operation{
                .code = OpCode::Cas, .key = "k", .value = number, .expected = Value(number - 1)};
            const auto execution = session.execute(operation, replica::Session::Clock::now() + 10s);
            const auto* const failed = std::get_if<replica::Failed>(&execution);
            const auto* const unknown = std::get_if<replica::Unknown>(&execution);
            INFO((failed != nullptr ? failed->why : unknown != nullptr ? unknown->why : "done"));
            REQUIRE(std::holds_alternative<replica::Done>(execution));
            sent.push_back(replica::encode(operation));
        }
        cluster.kill(id);
        cluster.start(id);
        REQUIRE(cluster.await_primary());
    }
    cluster.kill_all();

    std::vector<std::filesystem::path> all;
    std::vector<std::filesystem::path> second_starts;
    for (const ReplicaId id : cluster.ids()) {
        const auto journals = journals_of(cluster, id);
        REQUIRE(journals.size() == 2);
        second_starts.push_back(journals[1]);
        all.insert(all.end(), journals.begin(), journals.end());
    }
    const auto log = replica::committed_log(all);
    INFO((log ? "" : log.error().message));
    REQUIRE(log);
    std::vector<std::vector<std::byte>> executed;
    for (const replica::CommittedRequest& request : log->requests) {
        // -1 was never there: the first comparison is false, and so are all after it.
        CHECK(request.result.outcome == replica::Outcome::CompareFailed);
        executed.push_back(request.operation);
    }
    REQUIRE(executed.size() == sent.size());
    CHECK(executed == sent);
    CHECK(log->newest >= log->requests.back().op);

    const auto cut = replica::committed_log(std::span(all).first(1));
    REQUIRE(cut); // what one replica committed before it was killed is whole up to there
    CHECK(cut->requests.size() <= sent.size());
    CHECK_FALSE(replica::committed_log(std::vector<std::filesystem::path>{"/nowhere.1"}));
}
