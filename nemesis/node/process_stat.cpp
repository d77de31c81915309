#include "nemesis/node/process_stat.hpp"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

namespace faultlab::node {

std::optional<ProcessStat> process_stat(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string text;
    std::getline(file, text, '\0');
    const auto name_end = text.rfind(')'); // the name may hold anything
    if (name_end == std::string::npos) return std::nullopt;
    std::istringstream fields(text.substr(name_end + 1));
    ProcessStat stat;
    std::string field;
    fields >> stat.state; // the third
    constexpr int start_field = 22;
    for (int number = 4; number <= start_field; ++number)
        fields >> field;
    stat.started = field;
    return stat;
}

} // namespace faultlab::node
