#include "tests/lint/tree.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

namespace faultlab::lint {

namespace {

constexpr std::array<std::string_view, 6> foreign_folders = {
    ".git", ".cache", "build", "runs", "node_modules", "Testing"};

/// Walks through C++ text and tells code from comments and quoted text.
class Splitter {
public:
    explicit Splitter(std::string_view text)
        : text_(text), code_(text), comments_(text.size(), ' '),
          raw_lines_(static_cast<std::size_t>(line_at(text, text.size())), false) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\n') comments_[i] = '\n';
        }
        while (at_ < text_.size())
            step();
    }

    std::string code() && { return std::move(code_); }
    std::string comments() && { return std::move(comments_); }
    std::vector<bool> raw_lines() && { return std::move(raw_lines_); }

private:
    void step() {
        if (starts("//")) return comment(text_.find('\n', at_));
        if (starts("/*")) return comment(end_after(text_.find("*/", at_ + 2), 2));
        if (starts("R\"") && !follows_word()) return raw_string();
        if (text_[at_] == '"') return quoted('"');
        if (text_[at_] == '\'' && !is_digit_separator()) return quoted('\'');
        ++at_;
    }

    [[nodiscard]] bool starts(std::string_view what) const {
        return text_.substr(at_, what.size()) == what;
    }
    [[nodiscard]] bool follows_word() const { return at_ > 0 && is_word(text_[at_ - 1]); }

    /// In 1'000 the quote is part of the number.
    [[nodiscard]] bool is_digit_separator() const {
        std::size_t begin = at_;
        while (begin > 0 && (is_word(text_[begin - 1]) || text_[begin - 1] == '\''))
            --begin;
        return begin < at_ && text_[begin] >= '0' && text_[begin] <= '9';
    }

    [[nodiscard]] std::size_t end_after(std::size_t found, std::size_t length) const {
        return found == std::string_view::npos ? text_.size() : found + length;
    }

    void comment(std::size_t end) {
        end = std::min(end, text_.size());
        for (; at_ < end; ++at_) {
            if (text_[at_] == '\n') continue;
            comments_[at_] = text_[at_];
            code_[at_] = ' ';
        }
    }

    void quoted(char quote) {
        std::size_t end = at_ + 1;
        while (end < text_.size() && text_[end] != quote && text_[end] != '\n') {
            end += text_[end] == '\\' ? 2 : 1;
        }
        blank(at_ + 1, end);
        at_ = std::min(end + 1, text_.size());
    }

    void raw_string() {
        const std::size_t open = text_.find('(', at_);
        if (open == std::string_view::npos) {
            at_ = text_.size();
            return;
        }
        const std::string close = ")" + std::string(text_.substr(at_ + 2, open - at_ - 2)) + "\"";
        const std::size_t end = end_after(text_.find(close, open), close.size());
        blank(at_ + 2, end - 1);
        const auto first = static_cast<std::size_t>(line_at(text_, at_));
        const auto last = static_cast<std::size_t>(line_at(text_, end));
        std::fill_n(raw_lines_.begin() + static_cast<std::ptrdiff_t>(first), last - first, true);
        at_ = end;
    }

    void blank(std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < std::min(end, text_.size()); ++i) {
            if (code_[i] != '\n') code_[i] = ' ';
        }
    }

    std::string_view text_;
    std::string code_;
    std::string comments_;
    std::vector<bool> raw_lines_; ///< by line, counted from 0
    std::size_t at_ = 0;
};

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

} // namespace

Tree load_tree(const std::filesystem::path& root) {
    Tree tree;
    auto walk = std::filesystem::recursive_directory_iterator(root);
    for (auto entry = begin(walk); entry != end(walk); ++entry) {
        const std::string name = entry->path().filename().string();
        if (entry->is_directory()) {
            if (std::ranges::find(foreign_folders, name) != foreign_folders.end()) {
                entry.disable_recursion_pending();
            }
        } else if (entry->is_regular_file() && name != ".git") {
            tree.push_back({entry->path().lexically_relative(root).generic_string(),
                            read_file(entry->path())});
        }
    }
    std::ranges::sort(tree, {}, &SourceFile::path);
    return tree;
}

std::string code_of(std::string_view text) {
    return Splitter(text).code();
}
std::string comments_of(std::string_view text) {
    return Splitter(text).comments();
}

std::vector<bool> raw_lines_of(std::string_view text) {
    return Splitter(text).raw_lines();
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

int line_at(std::string_view text, std::size_t position) {
    return 1 + static_cast<int>(std::ranges::count(text.substr(0, position), '\n'));
}

bool has_extension(const SourceFile& file, std::string_view extension) {
    return file.path.ends_with(extension);
}

bool is_cpp(const SourceFile& file) {
    return has_extension(file, ".cpp") || has_extension(file, ".hpp");
}

bool lies_in(std::string_view path, std::string_view folder) {
    return path == folder ||
           (path.starts_with(folder) && path.size() > folder.size() && path[folder.size()] == '/');
}

std::string_view folder_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

bool is_word(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '_';
}

} // namespace faultlab::lint
