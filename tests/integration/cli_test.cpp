// What a user types, and what comes back, without any cluster.

#include "tests/support/catch.hpp"
#include "tests/support/command.hpp"

#include <nlohmann/json.hpp>
#include <sched.h>
#include <unistd.h>

#include <filesystem>
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
        {{"check", "a.jsonl", "--replica-logs"}, "--replica-logs is for runs"},
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
        {{"run", "vsr", "-f", "cpu:leader:quot=5%"}, "nearest: quota"},
        {{"run", "vsr", "-f", "cpu:leader:quota=much"}, "like 5% or 150%"},
        {{"run", "vsr", "-f", "cpu:leader:all"}, "'all' is no PARAMETER=VALUE"},
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
    CHECK(check("invalid/stale_read.cas-register.jsonl", "cas-register").exit_code == 1);
    const Finished lost = check("invalid/lost_value.queue.jsonl", "queue");
    CHECK(lost.exit_code == 1);
    CHECK(lost.out.find("Dequeue by client 1 returned 2") != std::string::npos);
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

TEST_CASE("a checker that a file is judged by takes its options") {
    const std::string file =
        FAULTLAB_SOURCE_DIR "/tests/histories/checkers/valid/seen_late_but_for_good.set-full.jsonl";
    const auto check = [&](const std::vector<std::string>& more) {
        std::vector<std::string> arguments = {"check", file};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return lab_command(arguments);
    };
    CHECK(check({"--checker", "set-full"}).exit_code == 0);
    CHECK(check({"--checker", "set-full", "--option", "linearizable=yes"}).exit_code == 1);
    const Finished misspelt = check({"--checker", "set-full", "--option", "linear=yes"});
    CHECK(misspelt.exit_code == 64);
    CHECK(misspelt.err.find("checker set-full has no option 'linear'") != std::string::npos);
    CHECK(check({"--checker", "set-full", "--option", "linearizable=perhaps"}).exit_code == 64);
    const Finished model = check({"--model", "set", "--option", "model=set"});
    CHECK(model.exit_code == 64);
    CHECK(model.err.find("a model is named by --model") != std::string::npos);
}

TEST_CASE("a file of a format is a history, and its model is told by its operations") {
    const TemporaryDirectory directory;
    const auto file = [&](const char* name, const std::string& text) {
        const std::string path = (directory.path() / name).string();
        std::ofstream(path) << text;
        return path;
    };
    const std::string stale = file("stale.edn",
                                   "{:process 0 :type :invoke :f :write :value 1}\n"
                                   "{:process 0 :type :ok :f :write :value 1}\n"
                                   "{:process 1 :type :invoke :f :read :value nil}\n"
                                   "{:process 1 :type :ok :f :read :value nil}\n");
    const std::string fine = file("fine.csv",
                                  "process,type,f,value\n0,invoke,write,1\n0,ok,write,1\n"
                                  "1,invoke,read,\n1,ok,read,1\n");
    const std::string open = file("open.jsonl",
                                  "{\"process\":0,\"type\":\"invoke\",\"f\":\"read\"}\n"
                                  "{\"process\":0,\"type\":\"ok\",\"f\":\"read\","
                                  "\"value\":[1,1]}\n");
    const Finished invalid = lab_command({"check", stale});
    INFO(invalid.out << invalid.err);
    CHECK(invalid.exit_code == 1);
    CHECK(invalid.out.find("verdict  invalid") != std::string::npos);
    CHECK(lab_command({"check", fine}).exit_code == 0);

    const Finished ambiguous = lab_command({"check", open});
    CHECK(ambiguous.exit_code == 64);
    CHECK(ambiguous.err.find("--model register | --model versioned-register") != std::string::npos);
    CHECK(lab_command({"check", open, "--model", "versioned-register"}).exit_code == 1);

    const Finished several = lab_command({"check", fine, stale, open});
    CHECK(several.exit_code == 1);
    CHECK(several.out.find("valid    " + fine) == 0);
    CHECK(several.out.find("stale.edn") != std::string::npos);
    CHECK(several.err.find("leave several models") != std::string::npos);
    const Finished json = lab_command({"check", fine, stale, open, "--json"});
    const auto outcomes = nlohmann::json::parse(json.out).at("outcomes");
    REQUIRE(outcomes.size() == 3);
    CHECK(outcomes[0].at("verdict").at("status") == "valid");
    CHECK(outcomes[1].at("verdict").at("status") == "invalid");
    CHECK(outcomes[1].at("run").at("id") == stale);
    CHECK(outcomes[2].at("exit_code") == 64);

    CHECK(lab_command({"check", fine, "--checker", "stats"}).exit_code == 0);
    CHECK(lab_command({"check", fine, "--checker", "stats", "--checker", "linearizability"})
              .exit_code == 0);
    CHECK(lab_command({"check", fine, "--checker", "stat"}).err.find("stats") != std::string::npos);
    const Finished missing = lab_command({"check", fine + ".no.jsonl"});
    CHECK(missing.exit_code == 64);
    CHECK(missing.err.find("No such file") != std::string::npos);
}

TEST_CASE("standard input is read, packed or not, and a witness proves the same alone") {
    const TemporaryDirectory directory;
    const std::string history =
        FAULTLAB_SOURCE_DIR "/tests/histories/invalid/stale_read.cas-register.jsonl";
    const std::string witness = (directory.path() / "witness.jsonl").string();
    const Finished piped =
        run_command({"/bin/sh",
                     "-c",
                     "gzip < \"$1\" | \"$0\" check - --model cas-register --witness \"$2\"",
                     FAULTLAB_BINARY,
                     history,
                     witness});
    INFO(piped.out << piped.err);
    CHECK(piped.exit_code == 1);
    CHECK(lab_command({"check", witness, "--model", "cas-register"}).exit_code == 1);
    const std::string valid = FAULTLAB_SOURCE_DIR
        "/tests/histories/valid/concurrent_writes_read_in_either_order.cas-register.jsonl";
    CHECK(
        lab_command({"check", valid, "--model", "cas-register", "--witness", witness}).exit_code ==
        0);
    CHECK(lab_command({"check", witness, "--model", "cas-register"}).exit_code == 0);
    const Finished of_stats =
        lab_command({"check", valid, "--checker", "stats", "--witness", witness});
    CHECK(of_stats.err.find("checker stats orders no operations") != std::string::npos);
    CHECK(of_stats.exit_code == 0); // the verdict stands
    const Finished itself =
        lab_command({"check", witness, "--model", "cas-register", "--witness", witness});
    CHECK(itself.exit_code == 64);
    CHECK(itself.err.find("--witness would overwrite") != std::string::npos);
    CHECK(lab_command({"check", witness, "--model", "cas-register"}).exit_code == 0);

    // What is no regular file is written to, and stays what it is.
    const std::string pipe = (directory.path() / "pipe").string();
    REQUIRE(run_command({"mkfifo", pipe}).exit_code == 0);
    const Finished through =
        run_command({"/bin/sh",
                     "-c",
                     "cat \"$2\" & \"$0\" export \"$1\" -o \"$2\"; wait; test -p \"$2\"",
                     FAULTLAB_BINARY,
                     valid,
                     pipe});
    CHECK(through.exit_code == 0);
    CHECK(through.out.find("\"invoke\"") != std::string::npos);
    const Finished from = run_command({"/bin/sh",
                                       "-c",
                                       "cat \"$1\" > \"$2\" & \"$0\" check \"$2\"",
                                       FAULTLAB_BINARY,
                                       valid,
                                       pipe});
    CHECK(from.exit_code == 0);
    const std::string link = (directory.path() / "link.jsonl").string();
    std::filesystem::create_symlink(witness, link);
    CHECK(lab_command({"export", valid, "-o", link}).exit_code == 0);
    CHECK(std::filesystem::is_symlink(link));
    CHECK(lab_command({"check", "-", "-"}).exit_code == 64);
    CHECK(lab_command({"check", history, witness, "--witness", "x"}).exit_code == 64);

    const Finished explained =
        lab_command({"check", history, "--model", "cas-register", "--explain"});
    CHECK(explained.out.find("linearizability: ") != std::string::npos);
}

TEST_CASE("a history that is none is refused with file, line, and what was expected") {
    const TemporaryDirectory directory;
    const std::string path = (directory.path() / "h.jsonl").string();
    std::ofstream(path) << R"({"process":0,"type":"invoke","f":"read"})"
                        << "\n"
                        << R"({"process":0,"type":"ok","f":"read","value":1})"
                        << "\n"
                        << R"({"process":0,"type":"invoke","f":"push","value":1})"
                        << "\n";
    const Finished unknown_f = lab_command({"check", path, "--model", "register"});
    CHECK(unknown_f.exit_code == 64);
    CHECK(unknown_f.err == "faultlab: " + path +
                               ":3: f 'push' is no operation of model register\n  expected read, "
                               "write\n");
    std::ofstream(path) << "{\"process\":0,\"type\":\"ok\",\"f\":\"read\"}\n";
    const Finished no_invoke = lab_command({"check", path});
    CHECK(no_invoke.exit_code == 64);
    CHECK(no_invoke.err.find(path + ":1: 'ok' without an open operation") != std::string::npos);
}

TEST_CASE("operations of a process that is no integer are not left out without a word") {
    const TemporaryDirectory directory;
    const std::string path = (directory.path() / "h.jsonl").string();
    std::ofstream(path) << R"({"process":"c0","type":"invoke","f":"write","value":1}
{"process":"c0","type":"ok","f":"write","value":1}
{"process":"nemesis","type":"info","f":"start","value":null}
{"process":1,"type":"invoke","f":"read","value":null}
{"process":1,"type":"ok","f":"read","value":null}
)";
    const Finished checked = lab_command({"check", path, "--model", "register"});
    CHECK(checked.exit_code == 0);
    CHECK(checked.out.find("2 events of process 'c0' and the like are taken for faults") !=
          std::string::npos);
}

TEST_CASE("a run of another name is no history") {
    const TemporaryDirectory directory;
    const std::string path = (directory.path() / "mailed.db").string();
    std::ofstream(path) << "SQLite format 3";
    const Finished checked = lab_command({"check", path});
    CHECK(checked.exit_code == 64);
    CHECK(checked.err.find("name it run.db") != std::string::npos);
}

TEST_CASE("export turns a history into the other formats, and back") {
    const TemporaryDirectory directory;
    const std::string history =
        FAULTLAB_SOURCE_DIR "/tests/histories/invalid/stale_read-scan.kv.jsonl";
    std::string from = history;
    for (const char* format : {"edn", "csv", "jsonl"}) {
        const std::string to = (directory.path() / "h.").string() + format;
        REQUIRE(lab_command({"export", from, "--format", format, "-o", to}).exit_code == 0);
        const Finished checked = lab_command({"check", to, "--model", "kv"});
        CHECK(checked.exit_code == 1);
        CHECK(checked.out.find("The scan from a to c") != std::string::npos);
        from = to;
    }
}

TEST_CASE("namespaces of a file are kept apart, also by whoever only copies it") {
    const TemporaryDirectory directory;
    const std::string path = (directory.path() / "h.jsonl").string();
    const auto event = [](const std::string& type, const std::string& f, const char* space) {
        const std::string value = f == "write" || (f == "read" && type == "ok") ? "1" : "null";
        return R"({"process":0,"type":")" + type + R"(","f":")" + f + R"(","ns":")" + space +
               R"(","key":"a","value":)" + value + "}\n";
    };
    // Without namespaces the read would be stale: the delete comes between.
    std::ofstream(path) << event("invoke", "write", "x") << event("ok", "write", "x")
                        << event("invoke", "delete", "y") << event("ok", "delete", "y")
                        << event("invoke", "read", "x") << event("ok", "read", "x");
    const Finished inferred = lab_command({"check", path});
    INFO(inferred.out << inferred.err);
    CHECK(inferred.exit_code == 0);
    for (const char* format : {"edn", "csv", "jsonl"}) {
        const std::string copy = (directory.path() / "copy.").string() + format;
        REQUIRE(lab_command({"export", path, "--format", format, "-o", copy}).exit_code == 0);
        CHECK(lab_command({"check", copy, "--model", "kv"}).exit_code == 0);
    }
    const auto piped = [&](const char* command) {
        return run_command({"/bin/sh", "-c", command, FAULTLAB_BINARY, path});
    };
    const Finished unnamed = piped("\"$0\" check - < \"$1\"");
    CHECK(unnamed.exit_code == 64);
    CHECK(unnamed.err.find("--model kv") != std::string::npos);
    CHECK(piped("\"$0\" check - --model kv < \"$1\"").exit_code == 0);
}

TEST_CASE("what takes over a second says on a pipe how far it is, and what does not says nothing") {
    const std::string history =
        FAULTLAB_SOURCE_DIR "/tests/histories/valid/deleted_while_read.kv.jsonl";
    const Finished slow = run_command({"/bin/sh",
                                       "-c",
                                       "(cat \"$1\"; sleep 2) | \"$0\" check - --model kv",
                                       FAULTLAB_BINARY,
                                       history});
    CHECK(slow.exit_code == 0);
    CHECK(slow.err.find("reading - 0 MB") != std::string::npos);
    CHECK(lab_command({"check", history, "--model", "kv"}).err.empty());
}
