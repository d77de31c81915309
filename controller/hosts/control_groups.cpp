#include "controller/hosts/control_groups.hpp"

#include "nemesis/node/control_group.hpp"

#include <filesystem>
#include <string>
#include <system_error>

namespace faultlab {

void remove_left_control_groups() {
    namespace fs = std::filesystem;
    for (const char* controller : {"cpu", "memory", "pids", "blkio"}) {
        const auto place = node::group_place(controller);
        if (!place) continue;
        std::error_code code;
        for (const auto& entry : fs::directory_iterator(place->directory, code)) {
            const std::string name = entry.path().filename();
            std::error_code busy;
            if (name.starts_with("faultlab-")) fs::remove(entry.path(), busy); // rmdir
        }
    }
}

} // namespace faultlab
