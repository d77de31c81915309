// Effect     Each link between the targets and their peers carries only so many bits a second.
//            What would wait too long for its turn is dropped, as a router with a short queue
//            does.
// Mechanism  netem on the senders where their kernels have it; else a program on the receivers,
//            which gets the packets from a netfilter queue. See packet_links.hpp.
// Undo       The chain, the helper and the qdiscs of this fault are taken away, where they are:
//            the hosts are stored.
// Needs      netem, or iptables with NFQUEUE; IPv4 between the hosts.
#include "nemesis/catalogue.hpp"
#include "nemesis/packet_fault.hpp"

namespace faultlab {

std::unique_ptr<Nemesis> make_rate() {
    return make_packet_fault("rate");
}

} // namespace faultlab
