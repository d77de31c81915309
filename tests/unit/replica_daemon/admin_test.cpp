#include "replica/daemon/admin.hpp"
#include "tests/support/catch.hpp"

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>

using namespace faultlab::replica;

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// While it lives, no descriptor can be opened.
class NoDescriptors {
public:
    NoDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const int lowest = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ::close(lowest);
        const rlimit none{static_cast<rlim_t>(lowest), before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;

private:
    rlimit before_{};
};

} // namespace

TEST_CASE("The admin port comes back when there are descriptors again", "[replica_daemon]") {
    asio::io_context io;
    tcp::acceptor reserved(io, tcp::v4());
    reserved.set_option(tcp::acceptor::reuse_address(true));
    reserved.bind({asio::ip::address_v4::loopback(), 0});
    Admin admin(io,
                {.status = [] { return std::string("{}"); },
                 .events = [](std::uint64_t) { return std::string("{}"); },
                 .bugs = [] { return std::string("{}"); },
                 .metrics = [] { return std::string(); }});
    REQUIRE(admin.listen({"127.0.0.1", reserved.local_endpoint().port()}));
    tcp::socket visitor(io);
    visitor.connect(reserved.local_endpoint());
    {
        const NoDescriptors none;
        io.run_for(std::chrono::milliseconds(20));
    }
    asio::write(visitor, asio::buffer("status\n", 7));
    std::string answer;
    asio::async_read_until(visitor,
                           asio::dynamic_buffer(answer),
                           '\n',
                           [&](const boost::system::error_code&, std::size_t) { io.stop(); });
    io.restart();
    io.run_for(std::chrono::seconds(10));
    CHECK(answer == "{}\n");
}
