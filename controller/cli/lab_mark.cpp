#include "controller/cli/lab_mark.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>

namespace faultlab {
namespace {

/// When a process was started, in the kernel's ticks; empty when there is none. proc(5): field 22,
/// counted on from the end of the name, which may hold anything.
std::string start_of(pid_t pid) {
    std::ifstream in(fmt::format("/proc/{}/stat", pid));
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    const auto name_end = text.rfind(')');
    if (name_end == std::string::npos) return {};
    std::istringstream fields(text.substr(name_end + 1));
    std::string field;
    for (int number = 3; number <= 22; ++number)
        fields >> field;
    return field;
}

std::filesystem::path mark_of(const RunDirectory& run) {
    return run.path / "supervisor";
}

} // namespace

LabMark::LabMark(const RunDirectory& run) : file_(mark_of(run)) {
    std::ofstream(file_) << ::getpid() << ' ' << start_of(::getpid()) << '\n';
}

LabMark::~LabMark() {
    std::error_code gone;
    std::filesystem::remove(file_, gone);
}

std::optional<pid_t> living_supervisor(const RunDirectory& run) {
    std::ifstream in(mark_of(run));
    pid_t pid = 0;
    std::string started;
    if (!(in >> pid >> started) || pid <= 0 || start_of(pid) != started) return std::nullopt;
    return pid;
}

} // namespace faultlab
