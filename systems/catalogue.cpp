#include "systems/catalogue.hpp"

#include "core/catalogue.hpp"

#include <array>

namespace faultlab {

// Each is defined in the file or folder of its name; extension files have no headers.
std::unique_ptr<System> make_etcd();

namespace {

constexpr std::array systems = {
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
