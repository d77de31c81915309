#include "tests/lint/lints.hpp"

#include <algorithm>
#include <iostream>
#include <iterator>

namespace {

struct Lint {
    std::string_view name;
    faultlab::lint::Problems (*run)(const faultlab::lint::Tree&);
};

constexpr Lint lints[] = {{"layering", faultlab::lint::layering},
                          {"banned", faultlab::lint::banned},
                          {"catalogue", faultlab::lint::catalogue},
                          {"length", faultlab::lint::length},
                          {"assertions", faultlab::lint::assertions},
                          {"docs", faultlab::lint::docs}};

} // namespace

/// lint NAME ROOT: prints each problem as FILE:LINE: MESSAGE; exits 1 when there is one.
int main(int argc, char** argv) {
    const auto lint = argc == 3 ? std::ranges::find(lints, std::string_view(argv[1]), &Lint::name)
                                : std::end(lints);
    if (lint == std::end(lints)) {
        std::cerr << "usage: lint layering|banned|catalogue|length|assertions|docs ROOT\n";
        return 64;
    }
    const faultlab::lint::Tree tree = faultlab::lint::load_tree(argv[2]);
    if (tree.empty()) {
        std::cerr << "lint: there are no files in " << argv[2] << '\n';
        return 64;
    }
    const faultlab::lint::Problems problems = lint->run(tree);
    for (const faultlab::lint::Problem& problem : problems) {
        std::cout << problem.path << ':' << problem.line << ": " << problem.message << '\n';
    }
    return problems.empty() ? 0 : 1;
}
