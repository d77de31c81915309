#include "core/store/import.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/checker/story.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

// tests/histories/VERDICT/NAME.MODEL.jsonl must be judged VERDICT as MODEL. NAME of an invalid
// history is the class of its anomaly, and after a dash what is special about it.

using namespace faultlab;

namespace {

struct HistoryFile {
    std::filesystem::path path;
    std::string name;
    std::string model;
};

std::vector<HistoryFile> history_files(const std::string& verdict) {
    std::vector<HistoryFile> found;
    const auto folder = std::filesystem::path(FAULTLAB_SOURCE_DIR) / "tests/histories" / verdict;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const std::string stem = entry.path().stem().string();
        const std::size_t dot = stem.rfind('.');
        REQUIRE(dot != std::string::npos);
        found.push_back({entry.path(), stem.substr(0, dot), stem.substr(dot + 1)});
    }
    return found;
}

CheckResult judge_file(const HistoryFile& file) {
    std::ifstream in(file.path);
    auto record = import_jsonl_record(
        in, file.path.string(), file.model == "kv" ? Namespaces::separate : Namespaces::ignored);
    INFO((record ? "" : record.error().text()));
    REQUIRE(record.ok());
    return check_with(*record, "linearizability", {{"model", file.model}});
}

void expect_all(Verdict verdict, std::size_t at_least) {
    const auto all = history_files(std::string(to_string(verdict)));
    CHECK(all.size() >= at_least);
    for (const HistoryFile& file : all) {
        INFO(file.path.string());
        const CheckResult result = judge_file(file);
        CHECK(result.verdict == verdict);
        CHECK(result.reason.empty() == (verdict == Verdict::valid));
    }
}

} // namespace

TEST_CASE("stored histories that are valid are judged so") {
    expect_all(Verdict::valid, 6);
}

TEST_CASE("stored histories that cannot be judged are unknown") {
    expect_all(Verdict::unknown, 4);
}

TEST_CASE("stored histories that are invalid are judged so, and their anomaly is named") {
    expect_all(Verdict::invalid, 14);
    for (const HistoryFile& file : history_files("invalid")) {
        INFO(file.path.string());
        const Finding finding = judge_file(file).findings.at(0);
        const std::string name = file.name.substr(0, file.name.find('-'));
        CHECK(finding.details.at("class") == Value(name));
        CHECK(finding.minimal);
    }
}
