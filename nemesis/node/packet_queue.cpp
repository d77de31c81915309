#include "nemesis/node/packet_queue.hpp"

#include <arpa/inet.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

namespace faultlab::node {
namespace {

constexpr std::size_t most_bytes = 0xffff + 4096; // one packet, and what netlink puts around it
constexpr int header_bytes = 64;
constexpr std::uint32_t most_waiting = 65'535;

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

} // namespace

PacketQueue::PacketQueue(const Options& options)
    : socket_(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC)), number_(options.number),
      buffer_(most_bytes), answer_(most_bytes) {
    if (!socket_ || mnl_socket_bind(socket_.get(), 0, MNL_SOCKET_AUTOPID) < 0)
        fail("cannot open a netfilter socket");
    bind(options);
    enlarge_buffer();
}

void PacketQueue::bind(const Options& options) {
    nlmsghdr* message = nfq_nlmsg_put(buffer_.data(), NFQNL_MSG_CONFIG, number_);
    nfq_nlmsg_cfg_put_cmd(message, AF_INET, NFQNL_CFG_CMD_BIND);
    nfq_nlmsg_cfg_put_params(
        message, NFQNL_COPY_PACKET, options.whole_packets ? 0xffff : header_bytes);
    nfq_nlmsg_cfg_put_qmaxlen(message, most_waiting);
    if (options.joined) {
        mnl_attr_put_u32(message, NFQA_CFG_FLAGS, htonl(NFQA_CFG_F_GSO));
        mnl_attr_put_u32(message, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO));
    }
    message->nlmsg_flags |= NLM_F_ACK;
    if (mnl_socket_sendto(socket_.get(), message, message->nlmsg_len) < 0)
        fail("cannot ask for packet queue " + std::to_string(number_));
    const ssize_t size = mnl_socket_recvfrom(socket_.get(), buffer_.data(), buffer_.size());
    const auto part = mnl_socket_get_portid(socket_.get());
    if (size < 0 ||
        mnl_cb_run(buffer_.data(), static_cast<std::size_t>(size), 0, part, nullptr, nullptr) < 0)
        fail("cannot have packet queue " + std::to_string(number_));
}

/// A burst of packets waits in the socket; what finds no room there is lost.
void PacketQueue::enlarge_buffer() {
    const int number = descriptor();
    const int bytes = 16 << 20;
    if (::setsockopt(number, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
        ::setsockopt(number, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    int yes = 1;
    mnl_socket_setsockopt(socket_.get(), NETLINK_NO_ENOBUFS, &yes, sizeof(yes));
}

int PacketQueue::descriptor() const {
    return mnl_socket_get_fd(socket_.get());
}

void PacketQueue::take(int most, const std::function<void(const Packet&)>& each) {
    for (int i = 0; i < most; ++i) {
        const ssize_t size = ::recv(descriptor(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (size <= 0) return;
        const auto* message = reinterpret_cast<const nlmsghdr*>(buffer_.data());
        if (!mnl_nlmsg_ok(message, static_cast<int>(size))) continue;
        if ((message->nlmsg_type & 0xff) != NFQNL_MSG_PACKET) continue;
        std::array<nlattr*, NFQA_MAX + 1> attributes{};
        if (nfq_nlmsg_parse(message, attributes.data()) < 0) continue;
        if (attributes[NFQA_PACKET_HDR] == nullptr || attributes[NFQA_PAYLOAD] == nullptr) continue;
        const auto* header = static_cast<const nfqnl_msg_packet_hdr*>(
            mnl_attr_get_payload(attributes[NFQA_PACKET_HDR]));
        Packet packet{.id = ntohl(header->packet_id)};
        const auto length = mnl_attr_get_payload_len(attributes[NFQA_PAYLOAD]);
        packet.bytes = {
            static_cast<const std::uint8_t*>(mnl_attr_get_payload(attributes[NFQA_PAYLOAD])),
            length};
        packet.size = attributes[NFQA_CAP_LEN] == nullptr
                          ? length
                          : ntohl(mnl_attr_get_u32(attributes[NFQA_CAP_LEN]));
        each(packet);
    }
}

void PacketQueue::verdict(std::uint32_t id, int what, ConstBytes bytes) {
    nlmsghdr* message = nfq_nlmsg_put(answer_.data(), NFQNL_MSG_VERDICT, number_);
    nfq_nlmsg_verdict_put(message, static_cast<int>(id), what);
    if (!bytes.empty()) {
        nfq_nlmsg_verdict_put_pkt(message, bytes.data(), static_cast<std::uint32_t>(bytes.size()));
    }
    // A packet that the kernel does not know any more is no loss of ours.
    [[maybe_unused]] const auto sent =
        mnl_socket_sendto(socket_.get(), message, message->nlmsg_len);
}

void PacketQueue::pass(std::uint32_t id) {
    verdict(id, NF_ACCEPT, {});
}

void PacketQueue::pass_changed(std::uint32_t id, ConstBytes bytes) {
    verdict(id, NF_ACCEPT, bytes);
}

void PacketQueue::drop(std::uint32_t id) {
    verdict(id, NF_DROP, {});
}

} // namespace faultlab::node
