#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab::lint {

/// A file of the repository. Paths are relative to its root, with forward slashes.
struct SourceFile {
    std::string path;
    std::string text;
};
using Tree = std::vector<SourceFile>;

/// A breach of a rule, for a person: where, what, and what to do instead.
struct Problem {
    std::string path;
    int line = 0; ///< counted from 1; 0: the file as a whole
    std::string message;
};
using Problems = std::vector<Problem>;

/// Every file below the root that people wrote: no build folders, runs or version control.
Tree load_tree(const std::filesystem::path& root);

/// The text with comments, and what stands between quotes, replaced by spaces. Lines and columns
/// stay where they are.
std::string code_of(std::string_view text);
/// The opposite: only what stands in comments.
std::string comments_of(std::string_view text);

/// For each line whether it begins inside a raw string: it is a document of its own, not code.
std::vector<bool> raw_lines_of(std::string_view text);

std::vector<std::string_view> lines_of(std::string_view text);
int line_at(std::string_view text, std::size_t position);

bool has_extension(const SourceFile& file, std::string_view extension);
/// C++ sources and headers.
bool is_cpp(const SourceFile& file);
/// Whether the path is the folder or lies below it.
bool lies_in(std::string_view path, std::string_view folder);
/// "" for a file in the root.
std::string_view folder_of(std::string_view path);

/// Letters, digits and the underscore.
bool is_word(char character);

} // namespace faultlab::lint
