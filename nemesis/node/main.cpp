#include "nemesis/node/tool.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string_view>

namespace faultlab::node {

int complain(int code, std::string_view what) {
    fmt::print(stderr, "{}\n", what);
    return code;
}

} // namespace faultlab::node

namespace {

int help(std::FILE* where, int code) {
    fmt::print(where,
               "faultlab-node: what faults of faultlab do on a host. The lab calls it; a person "
               "need not.\n\nusage: faultlab-node TOOL [ARGUMENT...]\n\n");
    for (const auto& tool : faultlab::node::tools())
        fmt::print(where, "  {:<10} {}\n", tool.name, tool.summary);
    return code;
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view name = argc > 1 ? argv[1] : "";
    if (name == "--help" || name == "-h") return help(stdout, 0);
    for (const auto& tool : faultlab::node::tools()) {
        if (tool.name != name) continue;
        try {
            return tool.run({argv + 2, argv + argc});
        } catch (const std::exception& error) {
            return faultlab::node::complain(70, error.what());
        }
    }
    if (!name.empty()) faultlab::node::complain(64, fmt::format("there is no tool '{}'", name));
    return help(stderr, 64);
}
