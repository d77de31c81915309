// What a user is told of files, without any run.

#include "tests/support/catch.hpp"
#include "tests/support/command.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
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
    std::ofstream(path) << R"({"process":0,"type":"invoke","f":"write","key":"k","ns":"a","value":1}
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

TEST_CASE("the first divergence is the earliest of all keys, whichever is drawn") {
    const TemporaryDirectory directory;
    const std::string path = (directory.path() / "h.jsonl").string();
    std::ofstream file(path);
    const auto done = [&file](const char* f, int key, const char* value) {
        for (const char* type : {"invoke", "ok"}) {
            const bool asks = f == std::string("read") && type == std::string("invoke");
            file << fmt::format(R"({{"process":0,"type":"{}","f":"{}","key":{},"value":{}}})"
                                "\n",
                                type,
                                f,
                                key,
                                asks ? "null" : value);
        }
    };
    done("write", 1, "1");
    done("write", 1, "2");
    done("read", 1, "1"); // stale, shown by three operations
    done("read", 2, "7"); // from nowhere, shown by one
    file.close();
    const Finished told = check(path, {"--model", "register"});
    INFO(told.out);
    CHECK(told.exit_code == 1);
    CHECK(told.out.find("operation #2: the longest explanation") != std::string::npos);
    CHECK(told.out.find("of the operations shown: 0.000 s, operation #3") != std::string::npos);
    CHECK(check(path, {"--model", "register", "--json"}).out.find(R"("first_divergence": {
      "op": 2,)") != std::string::npos);
}

TEST_CASE("a witness that cannot be given leaves the verdict and its code") {
    const TemporaryDirectory directory;
    const std::string path = (directory.path() / "h.jsonl").string();
    const std::string witness = (directory.path() / "w.jsonl").string();
    const auto judged = [&](const std::string& text, std::vector<std::string> options) {
        std::ofstream(path) << text;
        std::filesystem::remove(witness);
        options.insert(options.end(), {"--witness", witness});
        return check(path, options);
    };
    const auto done = [](int process, const char* f, const char* value) {
        return fmt::format(R"({{"process":{0},"type":"invoke","f":"{1}","key":1,"value":{2}}}
{{"process":{0},"type":"ok","f":"{1}","key":1,"value":{2}}}
)",
                           process,
                           f,
                           value);
    };
    const auto begun = [](int process, const char* f, const char* value) {
        return fmt::format(R"({{"process":{},"type":"invoke","f":"{}","key":1,"value":{}}}
)",
                           process,
                           f,
                           value);
    };

    const Finished map = judged(begun(0, "add", "1") + done(1, "add", "2"), {"--model", "kv"});
    CHECK(map.exit_code == 0);
    CHECK(map.err.empty());
    CHECK(check(witness, {"--model", "kv"}).exit_code == 0);

    // What a checker that looks for no order finds valid has no witness.
    const Finished counted = judged(done(0, "generate", "7"), {"--checker", "unique-ids"});
    CHECK(counted.exit_code == 0);
    CHECK(counted.err.find("there is no witness: checker unique-ids orders no operations") !=
          std::string::npos);
    CHECK_FALSE(std::filesystem::exists(witness));

    const Finished unknown = judged(done(0, "enqueue", "7"), {"--checker", "total-queue"});
    CHECK(unknown.exit_code == 2);
    CHECK(unknown.err.find("there is no witness: the verdict is unknown") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(witness));

    const Finished open = judged(begun(0, "acquire", "null"), {"--model", "mutex"});
    CHECK(open.exit_code == 0);
    CHECK(open.err.find("the witness is empty") != std::string::npos);

    const std::string nowhere = (directory.path() / "none" / "w.jsonl").string();
    for (const std::string& where : {nowhere, directory.path().string()}) {
        const Finished refused = check(path, {"--model", "mutex", "--witness", where});
        CHECK(refused.exit_code == 64);
        CHECK(refused.out.empty());
        CHECK(refused.err.find("cannot write " + where) != std::string::npos);
    }
}

TEST_CASE("operations of unknown outcome stand in a witness where they took effect") {
    const TemporaryDirectory directory;
    const std::string path = (directory.path() / "h.jsonl").string();
    const std::string witness = (directory.path() / "w.jsonl").string();
    std::ofstream(path) << R"({"process":0,"type":"invoke","f":"write","value":1,"time":1}
{"process":1,"type":"invoke","f":"read","value":null,"time":2}
{"process":1,"type":"ok","f":"read","value":1,"time":3}
{"process":2,"type":"invoke","f":"write","value":2,"time":4}
{"process":0,"type":"info","f":"write","value":1,"time":9}
)";
    CHECK(check(path, {"--model", "register", "--witness", witness}).exit_code == 0);
    std::ifstream in(witness);
    const std::string written{std::istreambuf_iterator<char>(in), {}};
    CHECK(written == R"({"process":0,"type":"invoke","f":"write","value":1,"time":1}
{"process":0,"type":"info","f":"write","value":1,"time":9}
{"process":1,"type":"invoke","f":"read","value":null,"time":2}
{"process":1,"type":"ok","f":"read","value":1,"time":3}
)");
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
