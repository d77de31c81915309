#include "tests/lint/lints.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

namespace faultlab::lint {
namespace {

/// "file:line" of each problem, in order.
std::vector<std::string> places(const Problems& problems) {
    std::vector<std::string> result;
    for (const Problem& problem : problems) {
        result.push_back(problem.path + ":" + std::to_string(problem.line));
    }
    return result;
}

/// Tree functions rely on the order that load_tree gives.
Tree sorted(Tree tree) {
    std::ranges::sort(tree, {}, &SourceFile::path);
    return tree;
}

using Places = std::vector<std::string>;

Tree one(const std::string& path, const std::string& text) {
    return {{path, text}};
}

bool bans(const std::string& path, const std::string& code) {
    return !banned(one(path, code + "\n")).empty();
}

std::string function_of_lines(int lines) {
    std::string text = "int f(int a) {\n";
    for (int i = 0; i < lines - 2; ++i)
        text += "    ++a;\n";
    return text + "}\n";
}

} // namespace

TEST_CASE("code and comments are told apart, and stay in their lines", "[lint]") {
    const std::string text = "int a; // new\n"
                             "auto s = \"// no \\\" comment\"; /* goto\n"
                             "goto */ int big = 1'000'000; char c = '\"';\n"
                             "auto r = R\"x(new // \")x\"; // end\n";
    const std::string code = code_of(text);
    const std::string comments = comments_of(text);
    CHECK(code.size() == text.size());
    CHECK(code.find("new") == std::string::npos);
    CHECK(code.find("goto") == std::string::npos);
    CHECK(code.find("int big = 1'000'000; char c = ' ';") != std::string::npos);
    CHECK(comments.find("no") == std::string::npos);
    CHECK(line_at(comments, comments.find("end")) == 4);
}

TEST_CASE("layering: who includes what it must not is named", "[lint]") {
    const Tree tree = sorted({{"core/a.hpp", ""},
                              {"core/store/run.hpp", "#include \"core/a.hpp\"\n"},
                              {"checker/c.cpp",
                               "#include \"core/a.hpp\"\n"
                               "#include \"core/store/run.hpp\"\n"},
                              {"core/a.cpp", "#include <vector>\n#include \"checker/c.hpp\"\n"},
                              {"checker/c.hpp", ""},
                              {"controller/main.cpp", "#include \"core/store/run.hpp\"\n"},
                              {"reports/r.cpp", "#include \"core/store/run.hpp\"\n"}});
    CHECK(places(layering(tree)) == Places{"checker/c.cpp:2", "core/a.cpp:2"});
}

TEST_CASE("layering: includes are written from the root", "[lint]") {
    const Tree tree = sorted({{"core/a.hpp", ""}, {"core/a.cpp", "#include \"a.hpp\"\n"}});
    CHECK(places(layering(tree)) == Places{"core/a.cpp:1"});
}

TEST_CASE("layering: a pure folder includes no library that acts", "[lint]") {
    CHECK(places(layering(one("checker/c.cpp", "#include <sqlite3.h>\n"))) ==
          Places{"checker/c.cpp:1"});
    CHECK(layering(one("core/store/s.cpp", "#include <sqlite3.h>\n")).empty());
}

TEST_CASE("layering: links follow the same table", "[lint]") {
    const Tree tree = sorted({{"core/CMakeLists.txt", "faultlab_library(core SOURCES a.cpp)\n"},
                              {"core/store/CMakeLists.txt",
                               "faultlab_library(store SOURCES s.cpp\n"
                               "    PUBLIC faultlab_core PRIVATE SQLite::SQLite3)\n"},
                              {"checker/CMakeLists.txt",
                               "faultlab_library(checker SOURCES c.cpp\n"
                               "    PUBLIC faultlab_core # not faultlab_store\n"
                               "    PRIVATE faultlab_store\n"
                               "            SQLite::SQLite3)\n"}});
    CHECK(places(layering(tree)) == Places{"checker/CMakeLists.txt:3", "checker/CMakeLists.txt:4"});
}

TEST_CASE("banned: pure folders have no clock, randomness, waiting, threads, output", "[lint]") {
    const std::string code = GENERATE(as<std::string>{},
                                      "auto t = std::chrono::steady_clock::now();",
                                      "auto t = std::time(nullptr);",
                                      "auto t = time(0);",
                                      "std::mt19937 engine;",
                                      "int r = rand();",
                                      "std::this_thread::sleep_for(limit);",
                                      "std::thread worker;",
                                      "std::cout << 1;",
                                      "printf(format);",
                                      "fmt::print(format);",
                                      "std::ifstream in(path);");
    CAPTURE(code);
    CHECK(bans("checker/x.cpp", code));
    CHECK(bans("core/x.hpp", code));
    CHECK_FALSE(bans("controller/x.cpp", code));
    CHECK_FALSE(bans("core/store/x.cpp", code));
}

TEST_CASE("banned: members, declarations, comments and texts are no calls", "[lint]") {
    const std::string code = GENERATE(as<std::string>{},
                                      "auto t = op.time();",
                                      "Nanos time() const;",
                                      "int thread = 0;",
                                      "// std::cout is for others",
                                      "auto s = \"steady_clock\";",
                                      "auto t = start_time(3);",
                                      "auto t = Plan::time(3);");
    CAPTURE(code);
    CHECK_FALSE(bans("checker/x.cpp", code));
}

TEST_CASE("banned: everywhere, what nobody owns or follows", "[lint]") {
    const std::string code = GENERATE(as<std::string>{},
                                      "auto* p = new int;",
                                      "delete p;",
                                      "void* p = malloc(3);",
                                      "std::free(p);",
                                      "using namespace std;",
                                      "goto end;",
                                      "int a; // NOLINT",
                                      "int a; // NOLINT(bugprone-x)",
                                      "// TODO: later",
                                      "// FIXME");
    CAPTURE(code);
    CHECK(bans("controller/x.cpp", code));
    CHECK(bans("tests/x.cpp", code));
}

TEST_CASE("banned: what is explained or harmless passes", "[lint]") {
    const std::string code = GENERATE(as<std::string>{},
                                      "X(const X&) = delete;",
                                      "void operator delete(void*) noexcept;",
                                      "using namespace std::chrono_literals;",
                                      "int a; // NOLINT(bugprone-x): the library wants it",
                                      "// TODO(#12): widen it",
                                      "sqlite3_free(message);",
                                      "// a new idea");
    CAPTURE(code);
    CHECK_FALSE(bans("controller/x.cpp", code));
}

TEST_CASE("catalogue: files and names match both ways", "[lint]") {
    const std::string nemesis = "class X final : public Nemesis {};\n";
    const Tree tree = sorted(
        {{"nemesis/catalogue.cpp",
          "constexpr std::array entries{\n"
          "    NemesisEntry{.name = \"clock-skew\", .summary = \"turns\"},\n"
          "    NemesisEntry{\"kill\", \"kills\"},\n"
          "    NemesisEntry{\"gone\", \"has no file\"}};\n"},
         {"nemesis/clock_skew.cpp", nemesis},
         {"nemesis/kill.cpp", nemesis},
         {"nemesis/forgotten.cpp", nemesis},
         {"nemesis/grudge.cpp", "int helper() { return 1; }\n"},
         {"systems/catalogue.cpp", "constexpr Entry entries[] = {{\"etcd\", \"a store\"}};\n"},
         {"systems/etcd/client.cpp", "class Etcd : public System {};\n"}});
    const Problems problems = catalogue(tree);
    CHECK(places(problems) == Places{"nemesis/catalogue.cpp:0", "nemesis/forgotten.cpp:0"});
    CHECK(problems.front().message.find("gone") != std::string::npos);
}

TEST_CASE("banned: the replicated store has one order and exact numbers", "[lint]") {
    const std::string code = GENERATE(as<std::string>{},
                                      "std::unordered_map<int, int> map;",
                                      "double share = 0;",
                                      "std::mutex mutex;",
                                      "std::atomic<int> count;");
    CAPTURE(code);
    CHECK(bans("replica/core/x.cpp", code));
    CHECK_FALSE(bans("replica/daemon/x.cpp", code));
}

TEST_CASE("assertions: an id is a literal, used once, and tripped by a test", "[lint]") {
    const Tree tree = {{"replica/core/a.cpp",
                        "REPLICA_ASSERT(\"one\", a);\n"
                        "REPLICA_ASSERT(\"two\", a);\n"
                        "REPLICA_ASSERT(name, a);\n"},
                       {"replica/core/b.cpp", "REPLICA_ASSERT(\"one\",\n  b);\n"},
                       {"tests/unit/a_test.cpp", "trips(\"one\");"}};
    CHECK(places(assertions(tree)) ==
          Places{"replica/core/a.cpp:2", "replica/core/a.cpp:3", "replica/core/b.cpp:1"});
}

TEST_CASE("length: files, functions and lines have a limit", "[lint]") {
    CHECK(length(one("a.cpp", function_of_lines(70))).empty());
    CHECK(places(length(one("a.cpp", "\n" + function_of_lines(71)))) == Places{"a.cpp:2"});
    CHECK(length(one("a.cpp", std::string(600, '\n'))).empty());
    CHECK(places(length(one("a.cpp", std::string(601, '\n')))) == Places{"a.cpp:0"});
    CHECK(places(length(one("a.cpp", "\n" + std::string(101, 'x') + "\n"))) == Places{"a.cpp:2"});
}

TEST_CASE("length: columns are characters, not bytes", "[lint]") {
    std::string line = "// ";
    for (int i = 0; i < 97; ++i)
        line += "é";
    CHECK(length(one("a.cpp", line + "\n")).empty());
    CHECK(length(one("a.cpp", line + "é\n")).size() == 1);
}

TEST_CASE("length: functions are found wherever they stand", "[lint]") {
    std::string body;
    for (int i = 0; i < 70; ++i)
        body += "    x();\n";
    const std::string head =
        GENERATE(as<std::string>{},
                 "namespace a {\nclass B : public C {\npublic:\n    B() : c_{1}, "
                 "d_{2} {\n@    }\n};\n}\n",
                 "template <class T>\nauto f(T t) -> int {\n@}\n",
                 "struct S {\n    int a = 0;\n    bool operator==(const S& o) "
                 "const {\n@    }\n};\n",
                 "TEST_CASE(\"x\") {\n@}\n",
                 "constexpr auto f = [](int a) {\n@};\n");
    CAPTURE(head);
    std::string text = head;
    text.replace(text.find('@'), 1, body);
    CHECK(length(one("a.cpp", text)).size() == 1);
}

TEST_CASE("length: long tables and classes are no functions", "[lint]") {
    std::string rows;
    for (int i = 0; i < 90; ++i)
        rows += "    int a();\n";
    CHECK(length(one("a.hpp", "class A {\npublic:\n" + rows + "};\n")).empty());
    std::string entries;
    for (int i = 0; i < 90; ++i)
        entries += "    {\"a\", make(1)},\n";
    CHECK(length(one("a.cpp", "constexpr Entry t[] = {\n" + entries + "};\n")).empty());
}

TEST_CASE("length: documents in raw strings are no code", "[lint]") {
    std::string sheet = "auto f() {\n    return R\"css(\n";
    for (int i = 0; i < 90; ++i)
        sheet += std::string(120, 'x') + "\n";
    sheet += ")css\";\n}\n";
    CHECK(length(one("a.cpp", sheet)).empty());
    const std::string long_line = "int a; // " + std::string(100, 'x') + "\n";
    CHECK(places(length(one("a.cpp", sheet + long_line))) == Places{"a.cpp:95"});
    CHECK(places(length(one("a.cpp", sheet + function_of_lines(71)))) == Places{"a.cpp:95"});
}

TEST_CASE("docs: links lead to files, folders and headings", "[lint]") {
    const Tree tree = sorted(
        {{"README.md",
          "[a](docs/A.md) [b](docs/A.md#two-words) [c](docs/) [d](https://x.org)\n"
          "[bad](docs/B.md)\n"
          "```\n[no link](nowhere)\n```\n"
          "`[code](nowhere)` [bad](docs/A.md#three)\n"},
         {"docs/A.md", "# A\n\n## Two words\n\n[up](../README.md) [bad](README.md) [self](#a)\n"}});
    CHECK(places(docs(tree)) == Places{"README.md:2", "README.md:6", "docs/A.md:5"});
}

TEST_CASE("docs: the README is short", "[lint]") {
    CHECK(docs(one("README.md", std::string(150, '\n'))).empty());
    CHECK(docs(one("README.md", std::string(151, '\n'))).size() == 1);
    CHECK(docs(one("docs/x.md", std::string(151, '\n'))).empty());
}

} // namespace faultlab::lint
