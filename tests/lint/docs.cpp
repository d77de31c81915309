#include "tests/lint/lints.hpp"

#include <algorithm>
#include <filesystem>

namespace faultlab::lint {

namespace {

constexpr std::size_t max_readme_lines = 150;

/// Blanks fenced blocks and `code`, in which brackets are no links.
std::string prose_of(std::string_view text) {
    std::string prose;
    bool fenced = false;
    for (const std::string_view line : lines_of(text)) {
        const std::size_t first = line.find_first_not_of(' ');
        if (first != std::string_view::npos && line.substr(first).starts_with("```")) {
            fenced = !fenced;
        } else if (!fenced) {
            bool code = false;
            for (const char character : line) {
                if (character == '`') code = !code;
                prose += code ? ' ' : character;
            }
        }
        prose += '\n';
    }
    return prose;
}

/// The anchor that a heading gets: lower case, spaces as dashes, most marks left out.
std::string anchor_of(std::string_view heading) {
    std::string anchor;
    for (const char character : heading.substr(heading.find_first_not_of("# "))) {
        if (character == ' ') {
            anchor += '-';
        } else if (character >= 'A' && character <= 'Z') {
            anchor += static_cast<char>(character - 'A' + 'a');
        } else if (is_word(character) || character == '-' ||
                   static_cast<unsigned char>(character) >= 0x80U) {
            anchor += character;
        }
    }
    return anchor;
}

bool has_anchor(const SourceFile& file, std::string_view anchor) {
    const auto matches = [&](std::string_view line) {
        return line.starts_with('#') && line.find_first_not_of("# ") != std::string_view::npos &&
               anchor_of(line) == anchor;
    };
    return std::ranges::any_of(lines_of(file.text), matches);
}

const SourceFile* find_file(const Tree& tree, const std::string& path) {
    const auto file = std::ranges::lower_bound(tree, path, {}, &SourceFile::path);
    return file != tree.end() && file->path == path ? &*file : nullptr;
}

bool is_folder(const Tree& tree, const std::string& path) {
    const auto inside = [&](const SourceFile& file) {
        return lies_in(file.path, path) && file.path != path;
    };
    return path == "." || std::ranges::any_of(tree, inside);
}

void check_link(
    const Tree& tree, const SourceFile& file, int line, std::string_view link, Problems& problems) {
    if (link.find("://") != std::string_view::npos || link.starts_with("mailto:")) return;
    const std::size_t hash = std::min(link.find('#'), link.size());
    std::string path = file.path;
    if (hash > 0) {
        path = (std::filesystem::path(folder_of(file.path)) / link.substr(0, hash))
                   .lexically_normal()
                   .generic_string();
        while (path.ends_with('/'))
            path.pop_back();
    }
    const SourceFile* target = find_file(tree, path);
    if (target == nullptr && !is_folder(tree, path)) {
        problems.push_back({file.path, line, "the link to " + std::string(link) + " is broken"});
    } else if (target != nullptr && hash < link.size() &&
               !has_anchor(*target, link.substr(hash + 1))) {
        problems.push_back({file.path, line, "no heading for the link " + std::string(link)});
    }
}

} // namespace

Problems docs(const Tree& tree) {
    Problems problems;
    for (const SourceFile& file : tree) {
        if (!has_extension(file, ".md")) continue;
        if (file.path == "README.md" && lines_of(file.text).size() > max_readme_lines) {
            problems.push_back(
                {file.path, 0, "more than " + std::to_string(max_readme_lines) + " lines"});
        }
        const std::string prose = prose_of(file.text);
        for (std::size_t at = prose.find("]("); at != std::string::npos;
             at = prose.find("](", at + 1)) {
            const std::size_t end = prose.find_first_of(") \n", at + 2);
            if (end == std::string::npos) break;
            check_link(
                tree, file, line_at(prose, at), prose.substr(at + 2, end - at - 2), problems);
        }
    }
    return problems;
}

} // namespace faultlab::lint
