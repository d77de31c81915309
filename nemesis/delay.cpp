// Effect     Packets between the targets and their peers come later, by a delay that may vary:
//            uniformly, normally or with a long tail, and like that of the packet before. In
//            order, unless asked.
// Mechanism  netem on the senders where their kernels have it; else a program on the receivers,
//            which gets the packets from a netfilter queue. See packet_links.hpp.
// Undo       The chain, the helper and the qdiscs of this fault are taken away, where they are:
//            the hosts are stored.
// Needs      netem, or iptables with NFQUEUE; IPv4 between the hosts.
#include "nemesis/catalogue.hpp"
#include "nemesis/packet_fault.hpp"

namespace faultlab {

std::unique_ptr<Nemesis> make_delay() {
    return make_packet_fault("delay");
}

} // namespace faultlab
