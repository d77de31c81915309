#pragma once

#include "core/units.hpp"
#include "nemesis/node/helper_socket.hpp"
#include "nemesis/node/tool.hpp"

#include <CLI/CLI.hpp>

#include <optional>
#include <span>
#include <string>
#include <vector>

/// How tools read their arguments.
namespace faultlab::node {

/// --directory and --name, which every helper has.
inline void add_helper_address(CLI::App& app, HelperAddress& address) {
    app.add_option("--directory", address.directory, "where its socket is")->required();
    app.add_option("--name", address.name, "the helper's name")->required();
}

/// Nothing when they are right; else the code to end with: 0 after --help, 64 after a complaint.
inline std::optional<int> parse_arguments(CLI::App& app, std::span<char* const> arguments) {
    // It takes them from the back.
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    try {
        app.parse(std::move(reversed));
        return std::nullopt;
    } catch (const CLI::CallForHelp&) {
        std::fputs(app.help().c_str(), stdout);
        return 0;
    } catch (const CLI::ParseError& error) {
        return complain(64, error.what());
    }
}

} // namespace faultlab::node
