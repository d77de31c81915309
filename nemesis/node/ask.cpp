// faultlab-node ask: one question to a helper on this host, and its answer on standard output.
#include "nemesis/node/helper_arguments.hpp"
#include "nemesis/node/helper_socket.hpp"
#include "nemesis/node/tool.hpp"

#include <fmt/format.h>

namespace faultlab::node {

int run_ask(std::span<char* const> arguments) {
    CLI::App app("asks a helper that runs on this host");
    HelperAddress address;
    std::string question;
    std::string otherwise;
    std::string wait = "0s";
    add_helper_address(app, address);
    app.add_option("--wait", wait, "for a helper that is not there yet, like 10s");
    app.add_option("--or", otherwise, "what to print when there is no helper");
    app.add_option("question", question, "report, runs, stop, or what the helper knows")
        ->required();
    if (const auto code = parse_arguments(app, arguments)) return *code;
    const auto limit = wait == "0s" ? Result<Nanos>(Nanos{0}) : parse_duration(wait);
    if (!limit) return complain(64, limit.error().text());
    const std::string answer =
        ask(address, question, static_cast<double>(*limit) / static_cast<double>(second));
    if (answer.empty() && otherwise.empty())
        return complain(70, fmt::format("no helper {} answers", address.name));
    fmt::print("{}\n", answer.empty() ? otherwise : answer);
    return 0;
}

} // namespace faultlab::node
