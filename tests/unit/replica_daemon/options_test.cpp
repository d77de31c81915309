#include "replica/daemon/options.hpp"
#include "tests/support/catch.hpp"

#include <vector>

using namespace faultlab;
using namespace faultlab::replica;

namespace {

Result<CommandLine> parse(std::vector<const char*> words) {
    words.insert(words.begin(), "faultlab-replica");
    return parse_command_line(static_cast<int>(words.size()), words.data());
}

RunOptions run_with(std::vector<const char*> more) {
    std::vector<const char*> words{
        "run", "--data", "d", "--id", "2", "--listen", "127.0.0.1:7002", "--key-file", "k"};
    words.insert(words.end(), more.begin(), more.end());
    auto parsed = parse(words);
    INFO((parsed ? std::string() : parsed.error().text()));
    REQUIRE(parsed);
    return std::get<RunOptions>(*parsed);
}

std::string refusal(std::vector<const char*> more) {
    std::vector<const char*> words{
        "run", "--data", "d", "--id", "2", "--listen", "127.0.0.1:7002", "--key-file", "k"};
    words.insert(words.end(), more.begin(), more.end());
    const auto parsed = parse(words);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == ErrorKind::usage);
    return parsed.error().message;
}

} // namespace

TEST_CASE("format takes a membership and limits", "[replica_daemon]") {
    const auto parsed = parse({"format",
                               "--data",
                               "d",
                               "--id",
                               "3",
                               "--cluster",
                               "9",
                               "--voters",
                               "1,2,3",
                               "--standbys",
                               "4",
                               "--limit",
                               "batch=8,queue=10"});
    REQUIRE(parsed);
    const auto& options = std::get<FormatOptions>(*parsed);
    CHECK(options.self == 3);
    CHECK(options.cluster == 9);
    CHECK(options.membership.voter_count == 3);
    CHECK(options.membership.listens(4));
    CHECK(options.limits.batch == 8);
    CHECK(options.limits.queue == 10);
    CHECK(options.limits.slots == Limits{}.slots);
}

TEST_CASE("without voters a replica is a joiner", "[replica_daemon]") {
    const auto parsed = parse({"format", "--data", "d", "--id", "4", "--cluster", "9"});
    REQUIRE(parsed);
    CHECK(std::get<FormatOptions>(*parsed).membership == Membership{});
}

TEST_CASE("run reads peers, timeouts, bugs and the rest", "[replica_daemon]") {
    const RunOptions options = run_with({"--peers",
                                         "1=127.0.0.1:7001,2=127.0.0.1:7002,3=[::1]:7003",
                                         "--admin",
                                         "127.0.0.1:9002",
                                         "--timeout",
                                         "heartbeat=20,lease=0",
                                         "--bug",
                                         "B1,K3.1",
                                         "--reads",
                                         "lease",
                                         "--rate",
                                         "100",
                                         "--burst",
                                         "5",
                                         "--release",
                                         "1",
                                         "--disk-double",
                                         "--sync-fails-from",
                                         "9",
                                         "--journal",
                                         "j"});
    CHECK(options.format.self == 2);
    REQUIRE(options.peers.size() == 2);
    CHECK(options.peers.at(1) == Endpoint{"127.0.0.1", 7001});
    CHECK(options.peers.at(3) == Endpoint{"::1", 7003});
    CHECK(options.admin == Endpoint{"127.0.0.1", 9002});
    CHECK(options.timeouts.heartbeat == 20'000'000);
    CHECK(options.timeouts.lease == 0);
    CHECK(options.bugs.on(replica::Bug::B1));
    CHECK(options.bugs.on(replica::Bug::K3_1));
    CHECK_FALSE(options.bugs.on(replica::Bug::B2));
    CHECK(options.reads == Reads::Lease);
    CHECK(options.admission.rate == 100);
    CHECK(options.admission.burst == 5);
    CHECK(options.release == 1);
    CHECK(options.disk.on);
    CHECK(options.disk.sync_fails_from == 9);
    CHECK(options.journal == "j");
}

TEST_CASE("what cannot be is refused with the words that were wrong", "[replica_daemon]") {
    CHECK(refusal({"--bug", "B1,X9"}).find("X9") != std::string::npos);
    CHECK(refusal({"--peers", "1=nowhere:1"}).find("nowhere:1") != std::string::npos);
    CHECK(refusal({"--peers", "1=127.0.0.1:1,1=127.0.0.1:2"}).find("twice") != std::string::npos);
    CHECK(refusal({"--peers", "127.0.0.1:1"}).find("127.0.0.1:1") != std::string::npos);
    CHECK(refusal({"--timeout", "heartbeet=1"}).find("heartbeet=1") != std::string::npos);
    CHECK(refusal({"--timeout", "heartbeat=0"}).find("heartbeat=0") != std::string::npos);
    CHECK(refusal({"--timeout", "lease=500"}).find("lease") != std::string::npos);
    CHECK(refusal({"--limit", "slots"}).find("slots") != std::string::npos);
    CHECK(refusal({"--limit", "slots=3"}).find("--limit") != std::string::npos);
    CHECK(refusal({"--voters", "1,2,2"}).find("1,2,2") != std::string::npos);
    CHECK(refusal({"--voters", "1,99"}).find("99") != std::string::npos);
    CHECK(refusal({"--format-if-empty"}).find("--cluster") != std::string::npos);
    CHECK(refusal({"--sync-lies"}).find("--disk-double") != std::string::npos);
    CHECK(refusal({"--superblock-sync-ms", "5"}).find("--disk-double") != std::string::npos);
    CHECK(refusal({"--release", "3"}).find("release") != std::string::npos);
    CHECK(refusal({"--whatever"}).find("--whatever") != std::string::npos);
    for (const char* data : {"", "/", "//", "/.", "/x/..", ".", "..", "./", "x/..", "/x/."}) {
        INFO("--data '" << data << "'");
        const auto refused = parse({"format", "--data", data, "--id", "1", "--cluster", "9"});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().kind == ErrorKind::usage);
        CHECK(refused.error().message.find("--data") == 0);
    }
    for (const char* data : {"x", "x/", "./x", "../x", "/x"}) {
        INFO("--data '" << data << "'");
        CHECK(parse({"format", "--data", data, "--id", "1", "--cluster", "9"}));
    }
    CHECK_FALSE(parse({}));
    CHECK_FALSE(parse({"run", "--data", "d", "--id", "16"}));
}

TEST_CASE("help is text, not an error", "[replica_daemon]") {
    for (const auto& words : {std::vector<const char*>{"--help"}, {"run", "--help"}}) {
        const auto parsed = parse(words);
        REQUIRE(parsed);
        CHECK(std::get<HelpText>(*parsed).text.find("--") != std::string::npos);
    }
}

TEST_CASE("A replica is one of the members that it is formatted with", "[replica_daemon]") {
    const auto format = [](const char* voters, const char* standbys) {
        return parse({"format",
                      "--data",
                      "d",
                      "--id",
                      "4",
                      "--cluster",
                      "9",
                      "--voters",
                      voters,
                      "--standbys",
                      standbys});
    };
    CHECK(format("1,2,4", "5"));
    CHECK(format("1,2,3", "4"));
    CHECK(format("", ""));
    const auto outside = format("1,2,3", "5");
    REQUIRE_FALSE(outside);
    CHECK(outside.error().kind == ErrorKind::usage);
}
