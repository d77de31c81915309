#include "tests/lint/lints.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace faultlab::lint {

namespace {

struct Extensible {
    std::string_view folder;
    std::string_view seam; ///< the class that its extensions derive from
};

constexpr std::array<Extensible, 4> extensible = {{{"checker", "Checker"},
                                                   {"nemesis", "Nemesis"},
                                                   {"systems", "System"},
                                                   {"workloads", "Workload"}}};

/// What stands in the catalogue as `.name = "x"` or as the first text of `{"x", …}`.
std::set<std::string> catalogued_names(const std::string& text) {
    const std::string code = code_of(text);
    std::set<std::string> names;
    for (std::size_t open = code.find('"'); open != std::string::npos;) {
        const std::size_t close = code.find('"', open + 1);
        if (close == std::string::npos) break;
        std::string_view head = std::string_view(code).substr(0, open);
        head = head.substr(0, head.find_last_not_of(" \t\n") + 1);
        const bool named = head.ends_with(".name =") || head.ends_with('{');
        if (named) names.insert(text.substr(open + 1, close - open - 1));
        open = code.find('"', close + 1);
    }
    return names;
}

/// "clock-skew" lives in clock_skew.cpp.
std::string file_stem(std::string name) {
    std::ranges::replace(name, '-', '_');
    return name;
}

/// The file's name below the folder without its ending, or the folder's when it has one of its own.
std::string stem_in(std::string_view folder, std::string_view path) {
    const std::string_view rest = path.substr(folder.size() + 1);
    return std::string(rest.substr(0, rest.find_first_of("/.")));
}

bool derives_from(const SourceFile& file, std::string_view seam) {
    const std::string code = code_of(file.text);
    const std::string base = "public " + std::string(seam);
    for (std::size_t at = code.find(base); at != std::string::npos; at = code.find(base, at + 1)) {
        const std::size_t end = at + base.size();
        if (end < code.size() && !is_word(code[end])) return true;
    }
    return false;
}

void check_folder(const Tree& tree, const Extensible& kind, Problems& problems) {
    const std::string catalogue_path = std::string(kind.folder) + "/catalogue.cpp";
    std::set<std::string> named;
    std::set<std::string> stems;
    for (const SourceFile& file : tree) {
        if (!lies_in(file.path, kind.folder) || !has_extension(file, ".cpp")) continue;
        if (file.path == catalogue_path) {
            for (const std::string& name : catalogued_names(file.text)) {
                named.insert(file_stem(name));
            }
        } else {
            stems.insert(stem_in(kind.folder, file.path));
        }
    }
    for (const std::string& name : named) {
        if (stems.contains(name)) continue;
        problems.push_back({catalogue_path,
                            0,
                            "names " + name + ", but there is no " + std::string(kind.folder) +
                                "/" + name + ".cpp"});
    }
    for (const SourceFile& file : tree) {
        const bool candidate = lies_in(file.path, kind.folder) && has_extension(file, ".cpp") &&
                               file.path != catalogue_path;
        if (!candidate || !derives_from(file, kind.seam)) continue;
        if (named.contains(stem_in(kind.folder, file.path))) continue;
        problems.push_back(
            {file.path,
             0,
             "holds a " + std::string(kind.seam) + " that " + catalogue_path + " does not name"});
    }
}

} // namespace

Problems catalogue(const Tree& tree) {
    Problems problems;
    for (const Extensible& kind : extensible)
        check_folder(tree, kind, problems);
    return problems;
}

} // namespace faultlab::lint
