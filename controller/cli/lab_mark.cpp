#include "controller/cli/lab_mark.hpp"

#include "nemesis/node/process_stat.hpp"

#include <unistd.h>

#include <fstream>
#include <string>
#include <system_error>

namespace faultlab {
namespace {

std::filesystem::path mark_of(const RunDirectory& run) {
    return run.path / "supervisor";
}

} // namespace

LabMark::LabMark(const RunDirectory& run) : file_(mark_of(run)) {
    if (const auto self = node::process_stat(::getpid()))
        std::ofstream(file_) << ::getpid() << ' ' << self->started << '\n';
}

LabMark::~LabMark() {
    std::error_code gone;
    std::filesystem::remove(file_, gone);
}

std::optional<pid_t> living_supervisor(const RunDirectory& run) {
    std::ifstream in(mark_of(run));
    pid_t pid = 0;
    std::string started;
    if (!(in >> pid >> started) || pid <= 0) return std::nullopt;
    const auto stat = node::process_stat(pid);
    return stat && stat->started == started ? std::optional(pid) : std::nullopt;
}

} // namespace faultlab
