#include "checker/catalogue.hpp"
#include "checker/models.hpp"
#include "core/store/export.hpp"
#include "core/store/import.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/checker/story.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using namespace faultlab;

namespace {

History read(const std::string& text) {
    std::istringstream in(text);
    return import_jsonl(in, "h").value();
}

std::vector<std::string> models_of(const std::string& text) {
    std::vector<std::string> names;
    for (const ModelEntry* model : models_for(read(text)))
        names.emplace_back(model->name);
    return names;
}

std::string
operation(int process, const char* f, const char* arg, const char* ret, const char* key) {
    const std::string head = R"({"process":)" + std::to_string(process) + R"(,"f":")" + f +
                             R"(","key":)" + key + R"(,"type":)";
    return head + R"("invoke","value":)" + arg + "}\n" + head + R"("ok","value":)" + ret + "}\n";
}

} // namespace

TEST_CASE("every model of the checker linearizability says what operations it has") {
    const auto options = find_checker("linearizability").value()->options();
    const auto model = std::ranges::find(options, "model", &OptionSpec::name);
    REQUIRE(model != options.end());
    for (const std::string& choice : model->choices) {
        INFO(choice);
        const auto entry = find_model(choice);
        REQUIRE(entry);
        CHECK((*entry)->checker == "linearizability");
        CHECK_FALSE((*entry)->operations.empty());
        CHECK(((*entry)->extends.empty() || find_model((*entry)->extends)));
    }
}

TEST_CASE("a model is told by operations and the form of answers, or not at all") {
    using Names = std::vector<std::string>;
    const std::string write = operation(0, "write", "1", "1", "1");
    CHECK(models_of(write + operation(1, "read", "null", "1", "1")) == Names{"register"});
    CHECK(models_of(write + operation(1, "read", "null", "1", "1") +
                    operation(2, "cas", "[1,2]", "[1,2]", "1")) == Names{"cas-register"});
    CHECK(models_of(write + operation(1, "delete", "null", "null", "1")) == Names{"kv"});
    CHECK(models_of(write + operation(1, "read", "null", "null", "1")) == Names{"register"});
    CHECK(models_of(operation(1, "read", "null", "[7,1]", "1")) ==
          Names{"register", "versioned-register", "set"});
    CHECK(models_of(operation(1, "add", "1", "1", "null") +
                    operation(2, "read", "null", "1", "null")) == Names{"counter"});
    CHECK(models_of(operation(1, "enqueue", "1", "1", "null")) == Names{"queue"});
    // Appends to lists are those of no map.
    CHECK(models_of(operation(
              1, "txn", R"([["append",1,"a"]])", R"([["append",1,"a"]])", "null")) == Names{"kv"});
    CHECK(models_of(operation(1, "txn", R"([["append",1,1]])", R"([["append",1,1]])", "null"))
              .empty());
    CHECK(models_of(operation(1,
                              "txn",
                              R"([["append",1,"a"],["r",1,null]])",
                              R"([["append",1,"a"],["r",1,["a"]]])",
                              "null"))
              .empty());
    CHECK(models_of(operation(1, "no-such", "null", "null", "1")).empty());
}

TEST_CASE("export and import change neither verdict nor divergence, in every format") {
    const auto format = GENERATE(HistoryFormat::jsonl, HistoryFormat::edn, HistoryFormat::csv);
    const auto folder = std::filesystem::path(FAULTLAB_SOURCE_DIR) / "tests/histories";
    int compared = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file()) continue;
        if (entry.path().parent_path().parent_path() == folder / "checkers") continue;
        const std::string stem = entry.path().stem().string();
        const std::string model = stem.substr(stem.rfind('.') + 1);
        INFO(entry.path().string());
        std::ifstream in(entry.path());
        const auto namespaces = model == "kv" ? Namespaces::separate : Namespaces::ignored;
        const Record before = import_jsonl_record(in, "h", namespaces).value();
        std::ostringstream out;
        REQUIRE(export_history(before, format, out));
        const std::string text = out.str();
        INFO(text);
        const auto after =
            import_history(*text_source(text), "h", {.format = format, .namespaces = namespaces});
        REQUIRE(after);
        const CheckResult a = check_with(before, "linearizability", {{"model", model}});
        const CheckResult b = check_with(after->record, "linearizability", {{"model", model}});
        CHECK(a.verdict == b.verdict);
        CHECK(a.reason == b.reason);
        REQUIRE(a.findings.size() == b.findings.size());
        if (!a.findings.empty()) {
            CHECK(a.findings[0].divergence == b.findings[0].divergence);
            CHECK(a.findings[0].ops == b.findings[0].ops);
        }
        ++compared;
    }
    CHECK(compared >= 40);
}
