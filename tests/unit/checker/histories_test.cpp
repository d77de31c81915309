#include "checker/catalogue.hpp"
#include "core/store/import.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/checker/story.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

// tests/histories/VERDICT/NAME.MODEL.jsonl must be judged VERDICT as MODEL, and
// tests/histories/checkers/VERDICT/NAME.CHECKER.jsonl by CHECKER. NAME of an invalid history is the
// class of its anomaly, and after a dash what is special about it. Underscores in it stand for
// dashes where the anomaly has these.

using namespace faultlab;

namespace {

struct HistoryFile {
    std::filesystem::path path;
    std::string name;
    std::string judge; ///< a checker, or a model of linearizability
    bool by_checker = false;
};

std::vector<HistoryFile> history_files(const std::string& verdict) {
    std::vector<HistoryFile> found;
    for (const bool by_checker : {false, true}) {
        const auto folder = std::filesystem::path(FAULTLAB_SOURCE_DIR) / "tests/histories" /
                            (by_checker ? "checkers" : "") / verdict;
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            const std::string stem = entry.path().stem().string();
            const std::size_t dot = stem.rfind('.');
            REQUIRE(dot != std::string::npos);
            found.push_back({entry.path(), stem.substr(0, dot), stem.substr(dot + 1), by_checker});
        }
    }
    return found;
}

CheckResult judge_file(const HistoryFile& file) {
    std::ifstream in(file.path);
    auto record = import_jsonl_record(
        in, file.path.string(), file.judge == "kv" ? Namespaces::separate : Namespaces::ignored);
    INFO((record ? "" : record.error().text()));
    REQUIRE(record.ok());
    if (file.by_checker) return check_with(*record, file.judge);
    return check_with(*record, "linearizability", {{"model", file.judge}});
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
    expect_all(Verdict::valid, 20);
}

TEST_CASE("stored histories that cannot be judged are unknown") {
    expect_all(Verdict::unknown, 16);
}

TEST_CASE("stored histories that are invalid are judged so, and their anomaly is named") {
    expect_all(Verdict::invalid, 14);
    for (const HistoryFile& file : history_files("invalid")) {
        INFO(file.path.string());
        const Finding finding = judge_file(file).findings.at(0);
        const std::string name = file.name.substr(0, file.name.find('-'));
        if (file.by_checker) {
            std::string anomaly = finding.anomaly;
            std::ranges::replace(anomaly, '-', '_');
            CHECK(anomaly == name);
            continue;
        }
        CHECK(finding.details.at("class") == Value(name));
        CHECK(finding.minimal);
    }
}

TEST_CASE("every checker of histories has a stored history of every anomaly that it can find") {
    std::set<std::string> stored;
    for (const HistoryFile& file : history_files("invalid"))
        if (file.by_checker)
            stored.insert(file.judge + " " + file.name.substr(0, file.name.find('-')));
    const std::set<std::string> expected = {"set lost_element",
                                            "set unexpected_element",
                                            "set-full lost_element",
                                            "set-full duplicate_element",
                                            "total-queue lost_value",
                                            "total-queue unexpected_value",
                                            "queue dequeued_before_enqueue",
                                            "queue dequeued_again",
                                            "unique-ids duplicate_id",
                                            "counter read_too_low",
                                            "counter read_too_high",
                                            "bank unexpected_key",
                                            "bank nil_balance",
                                            "bank wrong_total",
                                            "bank negative_value",
                                            "long-fork long_fork",
                                            "causal not_causal",
                                            "causal-reverse missing_predecessor",
                                            "adya-g2 G2",
                                            "kafka inconsistent_offsets",
                                            "kafka duplicate",
                                            "kafka G1a",
                                            "kafka precommitted_read",
                                            "kafka lost_write",
                                            "kafka unseen",
                                            "kafka int_poll_skip",
                                            "kafka int_nonmonotonic_poll",
                                            "kafka int_nonmonotonic_send",
                                            "kafka poll_skip",
                                            "kafka nonmonotonic_poll",
                                            "kafka nonmonotonic_send",
                                            "kafka G1c",
                                            "kafka G1c_process",
                                            "kafka G1c_realtime",
                                            "watch watch_filter",
                                            "watch watch_ordered",
                                            "watch watch_unique",
                                            "watch watch_atomic",
                                            "watch watch_bookmarkable",
                                            "watch watch_resumable",
                                            "watch watch_reliable",
                                            "watch watch_is_create",
                                            "watch watch_prev_kv"};
    CHECK(stored == expected);
}
