#pragma once

#include "core/result.hpp"
#include "replica/daemon/options.hpp"

#include <boost/asio/ip/tcp.hpp>

namespace faultlab::replica {

/// Binds the acceptor and listens. `option` names the endpoint's place on the command line in the
/// error. Requires: the address is numeric.
Result<void>
listen_on(boost::asio::ip::tcp::acceptor& acceptor, const Endpoint& endpoint, const char* option);

} // namespace faultlab::replica
