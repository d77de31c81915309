#include "replica/daemon/listen.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

namespace faultlab::replica {

namespace asio = boost::asio;
using asio::ip::tcp;

Result<void> listen_on(tcp::acceptor& acceptor, const Endpoint& endpoint, const char* option) {
    const tcp::endpoint address{asio::ip::make_address(endpoint.address), endpoint.port};
    try {
        acceptor.open(address.protocol());
        acceptor.set_option(tcp::acceptor::reuse_address(true));
        acceptor.bind(address);
        acceptor.listen(asio::socket_base::max_listen_connections);
    } catch (const boost::system::system_error& problem) {
        return environment_error(fmt::format("listening on {}:{} ({}): {}",
                                             endpoint.address,
                                             endpoint.port,
                                             option,
                                             problem.code().message()),
                                 "stop who holds the port, or choose another");
    }
    return {};
}

} // namespace faultlab::replica
