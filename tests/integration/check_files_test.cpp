// What a user is told of files, without any run.

#include "tests/support/catch.hpp"
#include "tests/support/command.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using faultlab::test::Finished;
using faultlab::test::run_command;
using faultlab::test::TemporaryDirectory;

namespace {

Finished check(const std::string& path, std::vector<std::string> options = {}) {
    options.insert(options.begin(), {FAULTLAB_BINARY, "check", path});
    return run_command(options);
}

} // namespace

TEST_CASE("an operation of another form than its model's is refused, in every format and model") {
    struct Bad {
        const char* model;
        const char* jsonl; ///< in its third and fourth line
        const char* edn;
        int line;
        const char* what;
    };
    const Bad bad = GENERATE(
        Bad{"kv",
            R"({"process":1,"type":"invoke","f":"add","key":1,"value":2}
{"process":1,"type":"ok","f":"add","key":1,"value":true})",
            "{:process 1, :type :invoke, :f :add, :key 1, :value 2}\n"
            "{:process 1, :type :ok, :f :add, :key 1, :value true}",
            4,
            "'add' 2 → true does not fit model kv\n  expected the sum as its result\n"},
        Bad{"cas-register",
            R"({"process":1,"type":"invoke","f":"cas","key":1,"value":2}
{"process":1,"type":"info","f":"cas","key":1,"value":2})",
            "{:process 1, :type :invoke, :f :cas, :key 1, :value 2}\n"
            "{:process 1, :type :info, :f :cas, :key 1, :value 2}",
            3,
            "'cas' 2 does not fit model cas-register\n  expected an argument of two elements\n"},
        Bad{"register",
            R"({"process":1,"type":"invoke","f":"read","key":1,"value":2}
{"process":1,"type":"fail","f":"read","key":1,"value":2})",
            "{:process 1, :type :invoke, :f :read, :key 1, :value 2}\n"
            "{:process 1, :type :fail, :f :read, :key 1, :value 2}",
            3,
            "'read' 2 does not fit model register\n  expected a read without an argument\n"});
    const TemporaryDirectory directory;
    const auto refused = [&](const char* ending, const std::string& text) {
        const std::string path = (directory.path() / "h.").string() + ending;
        std::ofstream(path) << text;
        const Finished checked = check(path, {"--model", bad.model});
        CHECK(checked.exit_code == 64);
        CHECK(checked.err ==
              "faultlab: " + path + ":" + std::to_string(bad.line) + ": " + bad.what);
    };
    refused("jsonl", std::string(R"({"process":"nemesis","type":"info","f":"start","value":null}

)") + bad.jsonl);
    refused("edn", std::string("[{:process :nemesis, :type :info, :f :start}\n\n") + bad.edn + "]");
}

TEST_CASE("no file of operations that are none of its model is judged") {
    const auto folder = std::filesystem::path(FAULTLAB_SOURCE_DIR) / "tests/histories/unknown";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const std::string stem = entry.path().stem().string();
        const std::string model = stem.substr(stem.rfind('.') + 1);
        const Finished checked = check(entry.path().string(), {"--model", model});
        INFO(entry.path().string() << checked.err);
        CHECK(checked.exit_code == 64);
        CHECK(checked.err.find(entry.path().string() + ":") != std::string::npos);
    }
    // One model only has these operations, and this one's values are not its own.
    const std::string named = (folder / "null_pushed.stack.jsonl").string();
    CHECK(check(named).err.find("does not fit model stack") != std::string::npos);
}

TEST_CASE("a transactional history is judged by no model that is none of it") {
    const TemporaryDirectory directory;
    const std::string path = (directory.path() / "h.edn").string();
    std::ofstream(path) << "{:process 0 :type :invoke :f :txn :value [[:append 1 1] [:r 1 nil]]}\n"
                           "{:process 0 :type :ok :f :txn :value [[:append 1 1] [:r 1 [1]]]}\n";
    for (const auto& options : std::vector<std::vector<std::string>>{
             {}, {"--model", "list-append"}, {"--checker", "list-append"}}) {
        const Finished checked = check(path, options);
        CHECK(checked.exit_code == 64);
        CHECK(checked.err.find("is a transactional history (list-append), and no checker of these "
                               "is there yet") != std::string::npos);
    }
    CHECK(check(path, {"--model", "kv"}).err.find(":1: 'txn'") != std::string::npos);
}

TEST_CASE("namespaces make a history one of kv, and other models refuse them") {
    const TemporaryDirectory directory;
    const std::string path = (directory.path() / "h.jsonl").string();
    std::ofstream(path)
        << R"({"process":0,"type":"invoke","f":"write","key":"k","ns":"a","value":1}
{"process":0,"type":"ok","f":"write","key":"k","ns":"a","value":1}
{"process":1,"type":"invoke","f":"read","key":"k","ns":"b","value":null}
{"process":1,"type":"ok","f":"read","key":"k","ns":"b","value":1}
)";
    CHECK(check(path).exit_code == 1); // as a register it would be right
    const Finished refused = check(path, {"--model", "register"});
    CHECK(refused.exit_code == 64);
    CHECK(refused.err.find("has namespaces ('ns'), and model register knows none") !=
          std::string::npos);
}

TEST_CASE("a file is packed as its name says") {
    const TemporaryDirectory directory;
    const std::string plain = (directory.path() / "h.jsonl").string();
    std::ofstream history(plain);
    for (int i = 0; i < 20'000; ++i) {
        const std::string rest = R"(","f":"write","key":1,"value":)" + std::to_string(i) + "}\n";
        history << R"({"process":0,"type":"invoke)" << rest << R"({"process":0,"type":"ok)" << rest;
    }
    history.close();
    const std::string ending = GENERATE(".gz", ".zst");
    const std::string witness = (directory.path() / "w.jsonl").string() + ending;
    CHECK(check(plain, {"--model", "register", "--witness", witness}).exit_code == 0);
    const std::string copy = (directory.path() / "c.edn").string() + ending;
    CHECK(
        run_command({FAULTLAB_BINARY, "export", plain, "--format", "edn", "-o", copy}).exit_code ==
        0);
    for (const std::string& file : {witness, copy}) {
        CHECK(std::filesystem::file_size(file) < 400'000);
        CHECK(check(file, {"--model", "register"}).exit_code == 0);
        if (ending == ".gz") CHECK(run_command({"gzip", "-t", file}).exit_code == 0);
    }
}
