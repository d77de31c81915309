#pragma once

#include "nemesis/node/packet_bytes.hpp"

#include <libmnl/libmnl.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace faultlab::node {

/// Packets that a rule of this network namespace hands to user space (NFQUEUE), and what becomes of
/// them. With this object's end the kernel passes what comes next, where the rule says bypass, and
/// drops what still waits. Not thread-safe.
class PacketQueue {
public:
    struct Options {
        std::uint16_t number = 0;
        bool whole_packets = false; ///< else only their headers are read
        bool joined = false;        ///< may be many segments of TCP in one, without checksums
    };

    /// Throws std::system_error: a queue has one owner, who must be able to administer the network.
    explicit PacketQueue(const Options& options);

    /// Readable when packets wait.
    [[nodiscard]] int descriptor() const;

    struct Packet {
        std::uint32_t id = 0;
        std::uint32_t size = 0; ///< of the whole packet
        ConstBytes bytes;       ///< as much as was read; ends with the call that gives it
    };
    /// Takes up to so many packets without waiting.
    void take(int most, const std::function<void(const Packet&)>& each);

    void pass(std::uint32_t id);
    void pass_changed(std::uint32_t id, ConstBytes bytes);
    void drop(std::uint32_t id);

private:
    struct Close {
        void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
    };
    void bind(const Options& options);
    void enlarge_buffer();
    void verdict(std::uint32_t id, int what, ConstBytes bytes);

    std::unique_ptr<mnl_socket, Close> socket_;
    std::uint16_t number_;
    std::vector<char> buffer_;
    std::vector<char> answer_;
};

} // namespace faultlab::node
