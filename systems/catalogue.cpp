#include "systems/catalogue.hpp"

#include "core/catalogue.hpp"
#include "core/result.hpp"
#include "core/system.hpp"

#include <array>
#include <memory>
#include <span>
#include <string_view>

namespace faultlab {

// Each is defined in the file or folder of its name; extension files have no headers.
std::unique_ptr<System> make_etcd();
std::unique_ptr<System> make_vsr();

namespace {

constexpr std::array systems = {
    SystemEntry{"vsr", "the lab's own key-value store, whose bugs can be planted", make_vsr},
    SystemEntry{"etcd", "key-value store over Raft (Debian's etcd-server)", make_etcd},
};

} // namespace

std::span<const SystemEntry> system_catalogue() {
    return systems;
}

Result<const SystemEntry*> find_system(std::string_view name) {
    return find_entry(system_catalogue(), "system", name);
}

} // namespace faultlab
