#include "replica/daemon/input_journal.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/replica_cluster/cluster.hpp"

#include <fmt/format.h>

#include <csignal>
#include <fstream>

using namespace faultlab;
using namespace faultlab::test;
using namespace std::chrono_literals;
using replica::ReplicaId;

namespace {

std::filesystem::path numbered(const std::filesystem::path& journal, int start) {
    return journal.native() + "." + std::to_string(start);
}

Finished replay_node(const std::filesystem::path& journal) {
    return run_command({FAULTLAB_BINARY, "replay-node", journal});
}

/// A journal of one replica that served some writes and was killed.
struct Recorded {
    ReplicaCluster cluster{{.replicas = 1, .journals = true}};
    std::filesystem::path journal = numbered(cluster.journal(1), 1);
    Recorded() {
        cluster.start_all();
        auto session = cluster.session();
        for (std::int64_t key = 0; key < 20; ++key)
            REQUIRE(std::holds_alternative<replica::Done>(write(session, key, key)));
        cluster.signal(1, SIGTERM);
        REQUIRE(cluster.wait(1) == 0);
    }
};

std::uint64_t inputs_in(const std::filesystem::path& journal) {
    auto reader = replica::InputJournalReader::open(journal);
    REQUIRE(reader);
    std::uint64_t inputs = 0;
    while (reader->next())
        ++inputs;
    return inputs;
}

} // namespace

TEST_CASE("every node of a cluster replays byte for byte", "[replica_processes]") {
    ReplicaCluster cluster({.journals = true});
    cluster.start_all();
    auto session = cluster.session();
    std::int64_t key = 0;
    for (const ReplicaId id : cluster.ids()) {
        for (int i = 0; i < 100; ++i, ++key)
            REQUIRE(std::holds_alternative<replica::Done>(write(session, key, key, 10s)));
        cluster.kill(id);
        cluster.start(id);
    }
    REQUIRE(cluster.await_primary());
    cluster.kill_all();
    for (const ReplicaId id : cluster.ids()) {
        for (const int start : {1, 2}) {
            const Finished finished = replay_node(numbered(cluster.journal(id), start));
            INFO(finished.out << finished.err);
            CHECK(finished.exit_code == 0);
            CHECK(finished.out.find("the same effects after") != std::string::npos);
        }
        CHECK(inputs_in(numbered(cluster.journal(id), 1)) > 100);
    }
}

TEST_CASE("a journal that was cut off replays up to its end", "[replica_processes]") {
    const Recorded recorded;
    const std::uint64_t inputs = inputs_in(recorded.journal);
    std::filesystem::resize_file(recorded.journal,
                                 std::filesystem::file_size(recorded.journal) - 3);
    CHECK(inputs_in(recorded.journal) == inputs - 1);
    const Finished finished = replay_node(recorded.journal);
    CHECK(finished.exit_code == 0);
    CHECK(finished.out.find(fmt::format("the same effects after {} inputs", inputs - 1)) !=
          std::string::npos);
    CHECK(finished.out.find("cut off") != std::string::npos);
}

TEST_CASE("the first input with other effects is named", "[replica_processes]") {
    const Recorded recorded;
    // The same inputs, claimed to have gone to a replica with another heartbeat.
    auto reader = replica::InputJournalReader::open(recorded.journal);
    REQUIRE(reader);
    replica::Config other = reader->config();
    other.timeouts.heartbeat += 1;
    auto forged = replica::InputJournal::create(recorded.journal, other, reader->bugs());
    REQUIRE(forged);
    while (const auto next = reader->next())
        forged->append(next->input, next->chain);
    forged->flush();
    const Finished finished = replay_node(forged->path());
    INFO(finished.out << finished.err);
    CHECK(finished.exit_code == 1);
    CHECK(finished.out.find("differs") != std::string::npos);
    CHECK(finished.out.find("input ") != std::string::npos);
}

TEST_CASE("what is no journal is refused", "[replica_processes]") {
    const TemporaryDirectory directory;
    const auto file = directory.path() / "text";
    std::ofstream(file) << "this is a text of more than eight bytes";
    CHECK(replay_node(file).exit_code == 64);
    CHECK(replay_node(directory.path() / "missing").exit_code == 64);
}
