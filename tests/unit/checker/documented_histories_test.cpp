#include "checker/catalogue.hpp"
#include "checker/catalogue_entries.hpp"
#include "core/store/import.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/checker/drawing.hpp"
#include "tests/unit/checker/story.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

// docs/checkers.md draws histories and states what is said of them, in lines like these:
//
//   [`NAME`](checkers/NAME.jsonl) · `--model queue` **invalid**, `out_of_order`
//   [`NAME`](checkers/NAME.jsonl) · `--checker set` **valid** · `--checker set-full` `a=b`
//   **unknown** A record · `digest-agreement` **invalid**, `state_differs`
//
// Behind the verdict stands what a violation is called. The block that follows is the drawing of
// the file, or the record itself. What the page says must be so, and nothing may be left out.

using namespace faultlab;

namespace {

const std::filesystem::path docs = std::filesystem::path(FAULTLAB_SOURCE_DIR) / "docs";
constexpr std::string_view separator = " · ";

/// What the page says of one history.
struct Statement {
    std::string judge; ///< a checker, or a model of linearizability
    bool by_model = false;
    Options options;
    std::string verdict;
    std::string anomaly; ///< empty: not named
};

struct Example {
    std::string file; ///< empty: the block is a record
    std::vector<Statement> statements;
    std::string block;
};

std::vector<std::string> lines_of_file(const std::filesystem::path& path) {
    std::ifstream in(path);
    REQUIRE(in.good());
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

std::vector<std::string> parts_of(std::string_view line) {
    std::vector<std::string> parts;
    for (;;) {
        const std::size_t end = line.find(separator);
        parts.emplace_back(line.substr(0, end));
        if (end == std::string_view::npos) return parts;
        line.remove_prefix(end + separator.size());
    }
}

Statement statement_of(std::string_view part) {
    Statement statement;
    while (!part.empty()) {
        const bool bold = part.starts_with("**");
        const std::string_view mark = bold ? "**" : "`";
        if (!part.starts_with(mark)) {
            part.remove_prefix(1);
            continue;
        }
        const std::size_t end = part.find(mark, mark.size());
        REQUIRE(end != std::string_view::npos);
        const std::string text(part.substr(mark.size(), end - mark.size()));
        part.remove_prefix(end + mark.size());
        const std::size_t equals = text.find('=');
        if (bold)
            statement.verdict = text;
        else if (!statement.verdict.empty())
            statement.anomaly = text;
        else if (statement.judge.empty())
            statement.judge = text;
        else
            statement.options[text.substr(0, equals)] = text.substr(equals + 1);
    }
    for (const std::string_view option : {"--model ", "--checker "}) {
        if (!statement.judge.starts_with(option)) continue;
        statement.judge.erase(0, option.size());
        statement.by_model = option == "--model ";
    }
    return statement;
}

std::optional<Example> example_of(const std::string& line) {
    constexpr std::string_view link = "](checkers/";
    const std::vector<std::string> parts = parts_of(line);
    const std::size_t at = parts.front().find(link);
    const bool file = parts.front().starts_with("[`") && at != std::string::npos;
    if (parts.size() < 2 || (!file && parts.front() != "A record")) return std::nullopt;
    Example example;
    if (file) {
        example.file = parts.front().substr(at + link.size());
        example.file.pop_back();
    }
    for (std::size_t i = 1; i < parts.size(); ++i)
        example.statements.push_back(statement_of(parts[i]));
    return example;
}

std::vector<Example> examples() {
    std::vector<Example> found;
    bool waits = false; // for the block of the last example
    bool inside = false;
    for (const std::string& line : lines_of_file(docs / "checkers.md")) {
        if (line.starts_with("```")) {
            inside = !inside && waits;
            waits = waits && inside;
        } else if (inside) {
            found.back().block += line + "\n";
        } else if (std::optional<Example> example = example_of(line)) {
            REQUIRE(!waits);
            found.push_back(std::move(*example));
            waits = true;
        }
    }
    REQUIRE(!waits);
    return found;
}

Record load(const std::string& file, Namespaces namespaces) {
    std::ifstream in(docs / "checkers" / file);
    auto record = import_jsonl_record(in, file, namespaces);
    INFO(file << (record ? "" : record.error().text()));
    REQUIRE(record.ok());
    return std::move(*record);
}

CheckResult judge(const Example& example, const Statement& statement) {
    if (example.file.empty())
        return check_with(record_from_table(example.block), statement.judge, statement.options);
    const bool kv = statement.by_model && statement.judge == "kv";
    const Record record = load(example.file, kv ? Namespaces::separate : Namespaces::ignored);
    if (!statement.by_model) return check_with(record, statement.judge, statement.options);
    return check_with(record, "linearizability", {{"model", statement.judge}});
}

/// What the violation is called.
std::string name_of(const Finding& finding) {
    const auto named = finding.details.find("class");
    return named == finding.details.end() ? finding.anomaly : *named->second.text();
}

std::set<std::string> every_judge() {
    std::set<std::string> judges;
    const std::vector<OptionSpec> options = linearizability_options();
    for (const std::string& model : options.front().choices)
        judges.insert("--model " + model);
    for (const CheckerEntry& entry : checker_catalogue())
        if (entry.name != "linearizability") judges.insert("--checker " + std::string(entry.name));
    return judges;
}

} // namespace

TEST_CASE("every verdict that the page on checkers states is given") {
    for (const Example& example : examples()) {
        for (const Statement& statement : example.statements) {
            INFO(example.file << " " << statement.judge << "\n" << example.block);
            const CheckResult result = judge(example, statement);
            INFO(result.reason);
            CHECK(to_string(result.verdict) == statement.verdict);
            CHECK((statement.verdict == "invalid") == !statement.anomaly.empty());
            if (statement.anomaly.empty() || result.findings.empty()) continue;
            CHECK(name_of(result.findings.front()) == statement.anomaly);
        }
    }
}

TEST_CASE("every drawing on the page on checkers is that of its file") {
    for (const Example& example : examples()) {
        if (example.file.empty()) continue;
        INFO(example.file);
        CHECK(example.block == draw(load(example.file, Namespaces::ignored).history));
    }
}

TEST_CASE("the page on checkers draws a violation for everybody who can find one") {
    std::set<std::string> drawn;
    std::set<std::string> files;
    for (const Example& example : examples()) {
        if (!example.file.empty()) files.insert(example.file);
        for (const Statement& statement : example.statements) {
            const bool never_invalid =
                statement.judge == "stats" || statement.judge == "evidence-floor";
            if (statement.verdict != (never_invalid ? "unknown" : "invalid")) continue;
            drawn.insert((statement.by_model ? "--model " : "--checker ") + statement.judge);
        }
    }
    CHECK(drawn == every_judge());
    std::set<std::string> stored;
    for (const auto& entry : std::filesystem::directory_iterator(docs / "checkers"))
        stored.insert(entry.path().filename().string());
    CHECK(files == stored);
}

TEST_CASE("the page on checkers has a heading for every model and every checker") {
    std::set<std::string> headings;
    for (const std::string& line : lines_of_file(docs / "checkers.md"))
        if (line.starts_with("### `")) headings.insert(line.substr(4));
    for (const std::string& judge : every_judge()) {
        INFO(judge);
        CHECK(headings.contains("`" + judge + "`"));
    }
    CHECK(headings.size() == every_judge().size());
}
