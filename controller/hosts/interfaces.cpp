#include "controller/hosts/interfaces.hpp"

#include "controller/hosts/descriptor.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace faultlab {
namespace {

ifreq request_for(const std::string& interface) {
    ifreq request{};
    interface.copy(request.ifr_name, IFNAMSIZ - 1);
    return request;
}

bool set_address(int socket, const std::string& interface, unsigned long call, const char* text) {
    ifreq request = request_for(interface);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (::inet_pton(AF_INET, text, &address.sin_addr) != 1) {
        errno = EINVAL;
        return false;
    }
    static_assert(sizeof(address) == sizeof(request.ifr_addr));
    std::memcpy(&request.ifr_addr, &address, sizeof(address));
    return ::ioctl(socket, call, &request) == 0;
}

bool take_up(int socket, const std::string& interface) {
    ifreq request = request_for(interface);
    if (::ioctl(socket, SIOCGIFFLAGS, &request) != 0) return false;
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    return ::ioctl(socket, SIOCSIFFLAGS, &request) == 0;
}

} // namespace

Result<void>
configure_interface(int socket, const std::string& interface, const std::string& address) {
    const bool addressed =
        address.empty() || (set_address(socket, interface, SIOCSIFADDR, address.c_str()) &&
                            set_address(socket, interface, SIOCSIFNETMASK, "255.255.255.0"));
    if (addressed && take_up(socket, interface)) return {};
    return environment_error(fmt::format("cannot configure network interface {} ({}): {}",
                                         interface,
                                         address.empty() ? "up" : address,
                                         errno_text(errno)));
}

} // namespace faultlab
