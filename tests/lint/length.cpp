#include "tests/lint/lints.hpp"

#include <algorithm>

namespace faultlab::lint {

namespace {

constexpr int max_file_lines = 600;
constexpr int max_function_lines = 70;
constexpr int max_columns = 100;

/// Columns as a person counts them: UTF-8 continuation bytes add none.
int columns(std::string_view line) {
    return static_cast<int>(std::ranges::count_if(
        line, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

bool has_word(std::string_view text, std::string_view word) {
    for (std::size_t at = text.find(word); at != std::string_view::npos;
         at = text.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        const bool begins = at == 0 || !is_word(text[at - 1]);
        if (begins && (end == text.size() || !is_word(text[end]))) return true;
    }
    return false;
}

/// Without `template <…>`, whose `class` declares no class.
std::string_view without_template(std::string_view head) {
    while (head.starts_with("template")) {
        std::size_t end = head.find('<');
        int depth = 0;
        for (; end < head.size(); ++end) {
            if (head[end] == '<') ++depth;
            if (head[end] == '>' && --depth == 0) break;
        }
        if (end >= head.size()) return head;
        head = trimmed(head.substr(end + 1));
    }
    return head;
}

enum class Scope { container, function, initializer };

/// What a brace opens, by the text between the end of the last statement and it.
Scope scope_of(std::string_view head) {
    head = without_template(trimmed(head));
    const std::size_t bracket = head.find('(');
    const std::string_view name = head.substr(0, bracket);
    if (has_word(name, "namespace") || head.starts_with("extern")) return Scope::container;
    for (const std::string_view kind : {"class", "struct", "union", "enum"}) {
        if (name.starts_with(kind) && bracket == std::string_view::npos) return Scope::container;
    }
    if (bracket == std::string_view::npos) return Scope::initializer;
    const bool assigned = name.find('=') != std::string_view::npos && !has_word(name, "operator");
    // In `Type() : member_{…}` the brace after a name still belongs to the list.
    const bool in_member_list =
        head.find(") :") != std::string_view::npos && is_word(head.back()) && head.back() != ')';
    const bool lambda = head.find('[') != std::string_view::npos && assigned;
    if (lambda) return Scope::function;
    return assigned || in_member_list ? Scope::initializer : Scope::function;
}

/// Finds functions by their braces in code that clang-format laid out.
class FunctionFinder {
public:
    FunctionFinder(const SourceFile& file, Problems& problems)
        : file_(file), problems_(problems), raw_lines_(raw_lines_of(file.text)) {
        const std::string code = without_directives(code_of(file.text));
        for (std::size_t i = 0; i < code.size(); ++i)
            step(code, i);
    }

private:
    static std::string without_directives(std::string code) {
        bool directive = false;
        bool at_begin = true;
        for (std::size_t i = 0; i < code.size(); ++i) {
            if (code[i] == '\n') {
                directive = directive && i > 0 && code[i - 1] == '\\';
                at_begin = true;
                continue;
            }
            if (at_begin && code[i] == '#') directive = true;
            at_begin = at_begin && (code[i] == ' ' || code[i] == '\t');
            // The backslash stays: it tells that the next line is part of the directive.
            if (directive && code[i] != '\\') code[i] = ' ';
        }
        return code;
    }

    void step(const std::string& code, std::size_t i) {
        if (code[i] == '{') return open(code, i);
        if (code[i] == '}') return close(code, i);
        if (code[i] == ';' && at_declarations()) head_ = i + 1;
        if (code[i] == ':' && at_declarations() && is_access(code, i)) head_ = i + 1;
    }

    [[nodiscard]] bool is_access(const std::string& code, std::size_t i) const {
        const std::string_view head = trimmed(std::string_view(code).substr(head_, i - head_));
        return head == "public" || head == "private" || head == "protected";
    }

    [[nodiscard]] bool at_declarations() const {
        return std::ranges::all_of(open_, [](Scope scope) { return scope == Scope::container; });
    }

    void open(const std::string& code, std::size_t i) {
        if (!at_declarations()) {
            open_.push_back(Scope::initializer);
            return;
        }
        const std::string_view head = std::string_view(code).substr(head_, i - head_);
        open_.push_back(scope_of(head));
        if (open_.back() == Scope::container) head_ = i + 1;
        if (open_.back() != Scope::function) return;
        const std::size_t first = head.find_first_not_of(" \t\n\\");
        function_begin_ = line_at(code, head_ + std::min(first, head.size()));
    }

    void close(const std::string& code, std::size_t i) {
        if (open_.empty()) return;
        const Scope closed = open_.back();
        open_.pop_back();
        if (!at_declarations()) return;
        // An initializer's brace is part of a declaration that goes on.
        if (closed != Scope::initializer) head_ = i + 1;
        if (closed != Scope::function) return;
        const int end = line_at(code, i);
        const auto raw =
            std::count(raw_lines_.begin() + function_begin_, raw_lines_.begin() + end, true);
        const auto lines = end - function_begin_ + 1 - raw;
        if (lines > max_function_lines) {
            problems_.push_back({file_.path,
                                 function_begin_,
                                 "a function of " + std::to_string(lines) + " lines (at most " +
                                     std::to_string(max_function_lines) + ")"});
        }
    }

    const SourceFile& file_;
    Problems& problems_;
    std::vector<bool> raw_lines_;
    std::vector<Scope> open_;
    std::size_t head_ = 0; ///< where the declaration began that is being read
    int function_begin_ = 0;
};

} // namespace

Problems length(const Tree& tree) {
    Problems problems;
    for (const SourceFile& file : tree) {
        if (!is_cpp(file)) continue;
        const std::vector<std::string_view> lines = lines_of(file.text);
        if (lines.size() > max_file_lines) {
            problems.push_back({file.path,
                                0,
                                std::to_string(lines.size()) + " lines (at most " +
                                    std::to_string(max_file_lines) + ")"});
        }
        const std::vector<bool> raw = raw_lines_of(file.text);
        int number = 0;
        for (const std::string_view line : lines) {
            const bool code = !raw[static_cast<std::size_t>(number++)];
            if (code && columns(line) > max_columns) {
                problems.push_back({file.path,
                                    number,
                                    std::to_string(columns(line)) + " columns (at most " +
                                        std::to_string(max_columns) + ")"});
            }
        }
        FunctionFinder(file, problems);
    }
    return problems;
}

} // namespace faultlab::lint
