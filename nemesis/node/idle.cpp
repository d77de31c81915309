// faultlab-node idle: a helper that does nothing but live, for tests of what all helpers have in
// common.
#include "nemesis/node/helper_arguments.hpp"
#include "nemesis/node/helper_socket.hpp"
#include "nemesis/node/tool.hpp"

namespace faultlab::node {

int run_idle(std::span<char* const> arguments) {
    CLI::App app("a helper that does nothing");
    HelperAddress address;
    add_helper_address(app, address);
    if (const auto code = parse_arguments(app, arguments)) return *code;
    return serve(address, {.report = [] { return std::string("{}"); }});
}

} // namespace faultlab::node
