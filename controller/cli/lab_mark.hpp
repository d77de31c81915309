#pragma once

#include "controller/cli/runs.hpp"
#include "core/result.hpp"

#include <sys/types.h>

#include <filesystem>
#include <optional>

namespace faultlab {

/// A note in a run's directory of the process that supervises its lab, as long as that lives: by it
/// `faultlab heal` finds a lab to stop. Owned by the supervisor; removed with this object.
class LabMark {
public:
    /// Of this process. A note that cannot be written is no error: the run is not lost by it.
    explicit LabMark(const RunDirectory& run);
    ~LabMark();
    LabMark(const LabMark&) = delete;
    LabMark& operator=(const LabMark&) = delete;

private:
    std::filesystem::path file_;
};

/// The supervisor of the run's lab, if one lives. Another process that got its number since is
/// none.
[[nodiscard]] std::optional<pid_t> living_supervisor(const RunDirectory& run);

} // namespace faultlab
