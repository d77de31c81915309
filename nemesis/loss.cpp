// Effect     Packets between the targets and their peers are lost: each with the same
//            probability, or like the one before, or in bursts (the two states of Gilbert and
//            Elliott).
// Mechanism  netem on the senders where their kernels have it; else a program on the receivers,
//            which gets the packets from a netfilter queue. See packet_links.hpp.
// Undo       The chain, the helper and the qdiscs of this fault are taken away, where they are:
//            the hosts are stored.
// Needs      netem, or iptables with NFQUEUE; IPv4 between the hosts.
#include "nemesis/catalogue.hpp"
#include "nemesis/packet_fault.hpp"

namespace faultlab {

std::unique_ptr<Nemesis> make_loss() {
    return make_packet_fault("loss");
}

} // namespace faultlab
