// What a user types, and what comes back, without any cluster.

#include "tests/support/catch.hpp"
#include "tests/support/command.hpp"

#include <nlohmann/json.hpp>
#include <sched.h>
#include <unistd.h>

#include <fstream>

using faultlab::test::Finished;
using faultlab::test::run_command;
using faultlab::test::TemporaryDirectory;

namespace {

Finished lab_command(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), FAULTLAB_BINARY);
    return run_command(arguments);
}

std::string plan_of_seed(const char* seed) {
    const Finished dry = lab_command({"run", "etcd", "--seed", seed, "--time", "60s", "--dry-run"});
    REQUIRE(dry.exit_code == 0);
    return dry.out;
}

} // namespace

TEST_CASE("one seed has one plan, byte for byte, and another seed another") {
    const std::string plan = plan_of_seed("7");
    CHECK(plan == plan_of_seed("7"));
    CHECK(plan == plan_of_seed("0x7"));
    CHECK(plan != plan_of_seed("8"));
    const auto tree = nlohmann::json::parse(plan);
    CHECK(tree.at("seed") == "0x7");
    CHECK(tree.at("faults").size() >= 6);
}

TEST_CASE("without arguments the lab's own store is run under partition, kill and pause for 30 s") {
    const Finished dry = lab_command({"run", "--dry-run"});
    REQUIRE(dry.exit_code == 0);
    const auto plan = nlohmann::json::parse(dry.out);
    CHECK(plan.at("system") == "vsr");
    CHECK(plan.at("workload") == "register");
    CHECK(plan.at("nemeses") == nlohmann::json({"partition", "kill", "pause"}));
    CHECK(plan.at("duration") == 30'000'000'000);
    CHECK(plan.at("options").at("bug") == "");
}

TEST_CASE("wrong input ends with 64 and names what is near") {
    struct Case {
        std::vector<std::string> arguments;
        std::string said;
    };
    const std::vector<Case> cases = {
        {{"run", "etdc"}, "nearest: etcd"},
        {{"run", "etcd", "-w", "registr"}, "nearest: register"},
        {{"run", "etcd", "-f", "partitoin"}, "nearest: partition"},
        {{"run", "etcd", "--option", "read=stale"}, "nearest: reads"},
        {{"run", "etcd", "--option", "reads=stale"}, "one of: linearizable, serializable"},
        {{"run", "etcd", "--sed", "7"}, "--seed"},
        {{"run", "etcd", "--time", "soon"}, "60s"},
        {{"run", "etcd", "--nodes", "0"}, "from 1 to"},
        {{"run", "etcd", "--hosts", "cloud"}, "local"},
        {{"run", "etcd", "--floor", "okops=1"}, "ok_ops"},
        {{"rnu"}, "run"},
        {{"describe", "partion"}, "partition"},
        {{"list", "system"}, "systems"},
        {{"run", "vsr", "--bug", "V111"}, "V11"},
        {{"run", "vsr", "--bug", "B2,W1"}, "'W1'"},
        {{"run", "etcd", "--bug", "V11"}, "faultlab list bugs"},
        {{"run", "vsr", "--option", "model=versioned-register"}, "cas-register"},
        {{"run", "vsr", "--nodes", "8"}, "from 1 to 7"},
        {{}, "--help"},
    };
    for (const Case& one : cases) {
        const Finished finished = lab_command(one.arguments);
        INFO(finished.err);
        CHECK(finished.exit_code == 64);
        CHECK(finished.err.find(one.said) != std::string::npos);
        CHECK(finished.out.empty());
    }
}

TEST_CASE("with --json also a wrong command line is answered by one JSON object") {
    const std::vector<std::vector<std::string>> cases = {
        {"--json"},
        {"rnu", "--json"},
        {"run", "--nodes", "x", "--json"},
        {"run", "--json", "--sed", "7"},
        {"check", "--json"},
        {"export", "latest", "--format", "edn", "--json"},
    };
    for (const auto& arguments : cases) {
        const Finished finished = lab_command(arguments);
        INFO(finished.err);
        CHECK(finished.exit_code == 64);
        CHECK(nlohmann::json::parse(finished.out).at("exit_code") == 64);
    }
    const TemporaryDirectory lab;
    const Finished two = lab_command({"check", "a", "b", "--json", "--lab", lab.path().string()});
    CHECK(two.exit_code == 64);
    CHECK(nlohmann::json::parse(two.out).at("outcomes").size() == 2);
}

TEST_CASE("a plan that was edited into something impossible is refused before anything starts") {
    const auto plan = nlohmann::json::parse(plan_of_seed("7"));
    const std::vector<nlohmann::json> patches = {
        {{"rate", -1}},
        {{"nodes", 1 << 30}},
        {{"nodes", 17}},
        {{"workers_per_node", -4}},
        {{"duration", std::int64_t{1} << 62}},
        {{"op_timeout", 0}},
        {{"recovery_limit", -1}},
        {{"settle", std::int64_t{1} << 62}},
        {{"options", {{"reads", "stale"}}}},
        {{"options", {{"no-such", "1"}}}},
        {{"stream_seeds", nlohmann::json::array({"0x1"})}},
        {{"schema", "faultlab.plan/99"}},
    };
    const TemporaryDirectory directory;
    const std::filesystem::path file = directory.path() / "plan.json";
    const auto refused = [&file](const nlohmann::json& edited) {
        std::ofstream(file) << edited;
        const Finished finished = lab_command({"run", "--plan", file.string(), "--dry-run"});
        INFO(edited.dump());
        CHECK(finished.exit_code == 64);
        CHECK(finished.out.empty());
    };
    for (const nlohmann::json& patch : patches) {
        nlohmann::json edited = plan;
        edited.update(patch);
        refused(edited);
    }
    for (const char* time : {"t_start", "duration"}) {
        for (const std::int64_t value : {std::int64_t{-5}, std::int64_t{1} << 62}) {
            nlohmann::json edited = plan;
            edited["faults"][0][time] = value;
            refused(edited);
        }
    }
    for (const char* target : {"n9", "zz"}) {
        nlohmann::json edited = plan;
        edited["faults"][0]["target"] = target;
        edited["faults"][0]["params"] = nlohmann::json::object();
        refused(edited);
    }
    nlohmann::json late = plan;
    late["faults"][0]["t_start"] = plan["duration"];
    refused(late);
    nlohmann::json twice = plan;
    twice["faults"].push_back(plan["faults"][0]);
    refused(twice);
}

TEST_CASE("output that cannot be written is an error, a reader that had enough is none") {
    const auto shell = [](const std::string& redirected) {
        return run_command({"/bin/sh", "-c", "\"$0\" " + redirected, FAULTLAB_BINARY}).exit_code;
    };
    for (const char* command : {"list", "describe etcd", "run --dry-run"}) {
        INFO(command);
        CHECK(shell(std::string(command) + " >/dev/full") == 70);
        CHECK(shell(std::string(command) + " 2>/dev/full >/dev/null") == 0);
        CHECK(shell(std::string(command) + " 2>&- >/dev/null") == 0);
    }
    CHECK(shell("rnu 2>&-") == 64);
    CHECK(shell("rnu 2>/dev/full") == 64);
    CHECK(shell("run --time 6s --dry-run 2>/dev/full >/dev/null") == 0);
}

TEST_CASE("a run that does not exist is a usage error that says where it was looked for") {
    const TemporaryDirectory lab;
    for (const char* command : {"check", "explain", "report", "export", "sql", "replay"}) {
        const Finished finished = lab_command({command, "--lab", lab.path().string(), "0123abcd"});
        INFO(command << ": " << finished.err);
        CHECK(finished.exit_code == 64);
        CHECK(finished.err.find("0123abcd") != std::string::npos);
    }
}

TEST_CASE("a file that is no run is refused with its name") {
    const TemporaryDirectory lab;
    std::ofstream(lab.path() / "run.db") << "this is no database, but long enough to look at";
    const Finished finished = lab_command({"check", (lab.path() / "run.db").string()});
    INFO(finished.err);
    CHECK(finished.exit_code != 0);
    CHECK(finished.exit_code != 1);
    CHECK(finished.err.find("run.db") != std::string::npos);
}

TEST_CASE("a query that fails ends with 64, whatever sqlite's own exit code") {
    const TemporaryDirectory lab;
    const std::string run_db = (lab.path() / "run.db").string();
    std::ofstream(run_db).close(); // an empty file is an empty database
    CHECK(lab_command({"sql", run_db, "select 1"}).exit_code == 0);
    CHECK(lab_command({"sql", run_db, "select"}).exit_code == 64);
    CHECK(lab_command({"sql", run_db, "select * from nothing"}).exit_code == 64);
    CHECK(lab_command({"sql", run_db, "create table t(x)"}).exit_code == 64);
}

TEST_CASE("everything that is listed can be described, as text and as JSON") {
    const Finished list = lab_command({"list", "--json"});
    REQUIRE(list.exit_code == 0);
    const auto entries = nlohmann::json::parse(list.out).at("entries");
    REQUIRE(entries.size() >= 6);
    for (const auto& entry : entries) {
        const std::string name = entry.at("name");
        const Finished text = lab_command({"describe", name});
        CHECK(text.exit_code == 0);
        CHECK(text.out.find(name) == 0);
        const Finished json = lab_command({"describe", name, "--json"});
        CHECK(nlohmann::json::parse(json.out).at("name") == name);
    }
    const Finished etcd = lab_command({"describe", "etcd"});
    CHECK(etcd.out.find("info") != std::string::npos);
    CHECK(etcd.out.find("reads=linearizable") != std::string::npos);
}

TEST_CASE("doctor looks at every need and gives each lack its fix") {
    const Finished doctor = lab_command({"doctor", "--json"});
    const auto tree = nlohmann::json::parse(doctor.out);
    REQUIRE(tree.at("lines").size() >= 5);
    for (const auto& line : tree.at("lines")) {
        INFO(line.dump());
        CHECK((line.at("status") == "ok" || !line.at("fix").get<std::string>().empty()));
    }
    CHECK(doctor.exit_code == (tree.at("fit").get<bool>() ? 0 : 69));
}

TEST_CASE("a machine that allows no namespaces ends with 69 and the fix") {
    const TemporaryDirectory lab;
    // An ordinary user of a user namespace in which no further one may be made.
    const auto forbid = [] {
        const auto write = [](const char* path, const std::string& text) {
            std::ofstream file(path);
            file << text;
        };
        const std::string uid = std::to_string(::geteuid());
        const std::string gid = std::to_string(::getegid());
        if (::unshare(CLONE_NEWUSER) != 0) ::_exit(125);
        write("/proc/self/setgroups", "deny");
        write("/proc/self/uid_map", "1000 " + uid + " 1");
        write("/proc/self/gid_map", "1000 " + gid + " 1");
        write("/proc/sys/user/max_user_namespaces", "0");
    };
    const Finished run =
        run_command({FAULTLAB_BINARY, "run", "etcd", "--time", "5s", "--lab", lab.path().string()},
                    {.prepare = forbid});
    INFO(run.out << run.err);
    if (run.exit_code == 125) {
        WARN("skipped: this machine lets nobody make user namespaces");
        return;
    }
    CHECK(run.exit_code == 69);
    CHECK(run.err.find("max_user_namespaces") != std::string::npos);
}

TEST_CASE("bugs are listed, described and planted from one table") {
    const Finished list = lab_command({"list", "bugs", "--json"});
    REQUIRE(list.exit_code == 0);
    const auto entries = nlohmann::json::parse(list.out).at("entries");
    CHECK(entries.size() >= 71);
    for (const auto& entry : entries) {
        CHECK(entry.at("kind") == "bug");
        CHECK_FALSE(entry.at("summary").get<std::string>().empty());
    }
    const Finished described = lab_command({"describe", "V11"});
    REQUIRE(described.exit_code == 0);
    CHECK(described.out.find("faults: ") != std::string::npos);
    CHECK(described.out.find("source: ") != std::string::npos);
    CHECK(described.out.find("faultlab run vsr --bug V11") != std::string::npos);

    const Finished dry = lab_command({"run", "vsr", "--bug", "V11,K3.1", "--dry-run"});
    REQUIRE(dry.exit_code == 0);
    CHECK(nlohmann::json::parse(dry.out).at("options").at("bug") == "V11,K3.1");
}

TEST_CASE("a history of JSON lines is judged by the model that is named") {
    const std::string histories = FAULTLAB_SOURCE_DIR "/tests/histories/";
    const auto check = [&](const std::string& file, const char* model) {
        return lab_command({"check", histories + file, "--model", model});
    };
    CHECK(check("valid/absent_counts_as_nothing.kv.jsonl", "kv").exit_code == 0);
    const Finished stale = check("invalid/stale_read-scan.kv.jsonl", "kv");
    CHECK(stale.exit_code == 1);
    CHECK(stale.out.find("The scan from a to c") != std::string::npos);
    CHECK(check("unknown/addition_without_its_sum.kv.jsonl", "kv").exit_code == 2);
    CHECK(check("invalid/stale_read.cas-register.jsonl", "cas-register").exit_code == 1);
    const Finished lost = check("invalid/lost_value.queue.jsonl", "queue");
    CHECK(lost.exit_code == 1);
    CHECK(lost.out.find("Dequeue by client 1 returned 2") != std::string::npos);
    CHECK(check("unknown/null_pushed.stack.jsonl", "stack").exit_code == 2);
    CHECK(check("valid/absent_counts_as_nothing.kv.jsonl", "kw").exit_code == 64);
    CHECK(check("valid/there_is_none.jsonl", "kv").exit_code == 64);
}

TEST_CASE("a history of JSON lines is judged by the checker that is named") {
    const std::string histories = FAULTLAB_SOURCE_DIR "/tests/histories/checkers/";
    const auto check = [&](const std::string& file, const char* checker) {
        return lab_command({"check", histories + file, "--checker", checker});
    };
    const Finished wrong = check("invalid/wrong_total.bank.jsonl", "bank");
    CHECK(wrong.exit_code == 1);
    CHECK(wrong.out.find("adds up to 99 instead of 100") != std::string::npos);
    CHECK(check("valid/seen_late_but_for_good.set-full.jsonl", "set-full").exit_code == 0);
    CHECK(check("unknown/never_read.set.jsonl", "set").exit_code == 2);
    const Finished misspelt = check("invalid/wrong_total.bank.jsonl", "bnk");
    CHECK(misspelt.exit_code == 64);
    CHECK(misspelt.err.find("bank") != std::string::npos);
}
