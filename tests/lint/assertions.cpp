#include "tests/lint/lints.hpp"

#include <map>
#include <set>

namespace faultlab::lint {

namespace {

constexpr std::string_view folder = "replica/core";
constexpr std::string_view macro = "REPLICA_ASSERT(";
constexpr std::string_view definition = "replica/core/assert.hpp";

/// The text between the first pair of quotes after `position`, within the same statement.
std::string_view literal_after(std::string_view text, std::size_t position) {
    const std::size_t open = text.find_first_not_of(" \t\n", position);
    if (open == std::string_view::npos || text[open] != '"') return {};
    const std::size_t close = text.find('"', open + 1);
    return close == std::string_view::npos ? std::string_view{}
                                           : text.substr(open + 1, close - open - 1);
}

/// Every quoted text of the tests: ids have no quotes in them, so pairs of quotes suffice.
std::set<std::string_view> literals_of_tests(const Tree& tree) {
    std::set<std::string_view> literals;
    for (const SourceFile& file : tree) {
        if (!is_cpp(file) || !lies_in(file.path, "tests")) continue;
        for (const std::string_view line : lines_of(file.text)) {
            std::size_t open = line.find('"');
            while (open != std::string_view::npos) {
                const std::size_t close = line.find('"', open + 1);
                if (close == std::string_view::npos) break;
                literals.insert(line.substr(open + 1, close - open - 1));
                open = line.find('"', close + 1);
            }
        }
    }
    return literals;
}

} // namespace

Problems assertions(const Tree& tree) {
    Problems problems;
    const std::set<std::string_view> tested = literals_of_tests(tree);
    std::map<std::string_view, std::string> seen;
    for (const SourceFile& file : tree) {
        if (!is_cpp(file) || !lies_in(file.path, folder) || file.path == definition) continue;
        const std::string code = code_of(file.text);
        for (std::size_t at = code.find(macro); at != std::string::npos;
             at = code.find(macro, at + 1)) {
            const int line = line_at(code, at);
            const std::string_view id = literal_after(file.text, at + macro.size());
            if (id.empty()) {
                problems.push_back({file.path, line, "an assertion begins with its id, a literal"});
                continue;
            }
            const auto [first, is_new] = seen.emplace(id, file.path + ":" + std::to_string(line));
            if (!is_new) {
                problems.push_back(
                    {file.path, line, "`" + std::string(id) + "` is taken by " + first->second});
            } else if (!tested.contains(id)) {
                problems.push_back({file.path, line, "no test trips `" + std::string(id) + "`"});
            }
        }
    }
    return problems;
}

} // namespace faultlab::lint
