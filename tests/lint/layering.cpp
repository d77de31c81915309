#include "tests/lint/lints.hpp"

#include <algorithm>
#include <optional>

namespace faultlab::lint {

namespace {

struct Layer {
    std::string_view folder;
    std::vector<std::string_view> may_use; ///< besides itself; a folder stands for what is below it
    std::vector<std::string_view> must_not_use = {}; ///< exceptions from it
};

/// The more specific folder stands before the folder that holds it.
const std::vector<Layer>& layers() {
    static const std::vector<Layer> table = {
        {"core/store", {"core"}},
        {"core", {}, {"core/store"}},
        {"checker", {"core"}, {"core/store"}},
        {"workloads", {"core", "checker"}, {"core/store"}},
        {"nemesis/node", {"core", "replica/wire"}},
        {"nemesis", {"core"}, {"core/store", "nemesis/node"}},
        {"systems",
         {"core", "replica/core", "replica/wire", "replica/client", "replica/daemon"},
         {"core/store"}},
        {"replica/core", {"core"}, {"core/store"}},
        {"replica/wire", {"core", "replica/core"}, {"core/store"}},
        {"replica/client", {"core", "replica/core", "replica/wire"}, {"core/store"}},
        {"replica/daemon", {"core", "replica"}},
        {"simulator", {"core", "replica", "checker", "workloads"}},
        {"search", {"core", "checker"}},
        {"reports", {"core", "checker"}},
        {"library", {"core", "checker", "reports"}, {"core/store"}},
        {"controller",
         {"core",
          "checker",
          "workloads",
          "nemesis",
          "systems",
          "replica",
          "simulator",
          "search",
          "reports"}},
    };
    return table;
}

/// Libraries that would let the outside world into a pure folder.
constexpr std::string_view effectful_headers[] = {"boost/asio",
                                                  "boost/beast",
                                                  "boost/process",
                                                  "curl/",
                                                  "libssh/",
                                                  "nftables/",
                                                  "sqlite3.h",
                                                  "sys/socket.h",
                                                  "unistd.h"};
constexpr std::string_view effectful_targets[] = {
    "CURL::", "PkgConfig::NFTABLES", "SQLite::SQLite3", "SQLiteCpp", "Threads::", "ssh"};
constexpr std::string_view pure_layers[] = {"core", "checker", "workloads", "nemesis", "reports"};

const Layer* layer_of(std::string_view path) {
    for (const Layer& layer : layers()) {
        if (lies_in(path, layer.folder)) return &layer;
    }
    return nullptr;
}

bool is_pure(const Layer& layer) {
    return std::ranges::find(pure_layers, layer.folder) != std::end(pure_layers);
}

bool allowed(const Layer& layer, std::string_view target) {
    const auto holds = [&](std::string_view folder) { return lies_in(target, folder); };
    if (layer_of(target) == &layer) return true;
    return std::ranges::any_of(layer.may_use, holds) &&
           std::ranges::none_of(layer.must_not_use, holds);
}

/// What stands between the quotes or brackets of an #include, with the opening mark.
std::optional<std::string_view> included(std::string_view line) {
    const std::size_t mark = line.find_first_not_of(" \t");
    if (mark == std::string_view::npos || line[mark] != '#') return std::nullopt;
    const std::size_t word = line.find_first_not_of(" \t", mark + 1);
    if (word == std::string_view::npos || !line.substr(word).starts_with("include")) {
        return std::nullopt;
    }
    const std::size_t open = line.find_first_of("\"<", word);
    if (open == std::string_view::npos) return std::nullopt;
    const std::size_t close = line.find_first_of("\">", open + 1);
    if (close == std::string_view::npos) return std::nullopt;
    return line.substr(open, close - open);
}

bool exists(const Tree& tree, std::string_view path) {
    return std::ranges::binary_search(tree, path, {}, &SourceFile::path);
}

void check_include(const Tree& tree,
                   const SourceFile& file,
                   int line,
                   std::string_view include,
                   Problems& problems) {
    const bool ours = include.front() == '"';
    const std::string_view target = include.substr(1);
    const Layer* layer = layer_of(file.path);
    if (ours && !exists(tree, target)) {
        problems.push_back(
            {file.path,
             line,
             "\"" + std::string(target) + "\" is no path from the root of the repository"});
    } else if (ours && layer != nullptr && !allowed(*layer, target)) {
        problems.push_back(
            {file.path,
             line,
             std::string(layer->folder) + " may not include " + std::string(target)});
    }
    const auto opens = [&](std::string_view header) { return target.starts_with(header); };
    if (!ours && layer != nullptr && is_pure(*layer) &&
        std::ranges::any_of(effectful_headers, opens)) {
        problems.push_back({file.path,
                            line,
                            std::string(layer->folder) + " is pure: it may not include <" +
                                std::string(target) + ">"});
    }
}

/// Comments of CMake are cut off; what remains is split at spaces and brackets.
std::vector<std::string> cmake_words(std::string_view line) {
    std::vector<std::string> words;
    std::string word;
    for (const char character : line.substr(0, line.find('#'))) {
        if (character == ' ' || character == '\t' || character == '(' || character == ')' ||
            character == '"') {
            if (!word.empty()) words.push_back(word);
            word.clear();
        } else {
            word += character;
        }
    }
    if (!word.empty()) words.push_back(word);
    return words;
}

struct Target {
    std::string name;
    std::string_view folder;
};

/// faultlab_library(NAME …) makes the target faultlab_NAME of the folder it stands in.
std::vector<Target> targets_of(const Tree& tree) {
    std::vector<Target> targets;
    for (const SourceFile& file : tree) {
        if (!has_extension(file, "CMakeLists.txt")) continue;
        for (const std::string_view line : lines_of(file.text)) {
            const std::vector<std::string> words = cmake_words(line);
            if (words.size() > 1 && words[0] == "faultlab_library") {
                targets.push_back({"faultlab_" + words[1], folder_of(file.path)});
            }
        }
    }
    return targets;
}

void check_link(const std::vector<Target>& targets,
                const SourceFile& file,
                int line,
                const std::string& word,
                Problems& problems) {
    const Layer& layer = *layer_of(file.path);
    const auto target = std::ranges::find(targets, word, &Target::name);
    const auto opens = [&](std::string_view prefix) { return word.starts_with(prefix); };
    const bool effectful = is_pure(layer) && std::ranges::any_of(effectful_targets, opens);
    if ((target != targets.end() && !allowed(layer, target->folder)) || effectful) {
        problems.push_back({file.path, line, std::string(layer.folder) + " may not link " + word});
    }
}

} // namespace

Problems layering(const Tree& tree) {
    Problems problems;
    const std::vector<Target> targets = targets_of(tree);
    for (const SourceFile& file : tree) {
        const bool cmake = has_extension(file, "CMakeLists.txt") && layer_of(file.path) != nullptr;
        if (!cmake && !is_cpp(file)) continue;
        int number = 0;
        for (const std::string_view line : lines_of(file.text)) {
            ++number;
            if (!cmake) {
                if (const auto include = included(line)) {
                    check_include(tree, file, number, *include, problems);
                }
                continue;
            }
            for (const std::string& word : cmake_words(line)) {
                check_link(targets, file, number, word, problems);
            }
        }
    }
    return problems;
}

} // namespace faultlab::lint
