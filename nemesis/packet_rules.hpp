#pragma once

#include "core/types.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What packet faults say to iptables and tc, and the reading of what these answer. Pure.
///
/// A fault has one chain, one queue and one qdisc of its own on a host, found again by their names
/// and numbers alone, so that they go without touching what is not the fault's.
namespace faultlab {

/// "fl-f7".
[[nodiscard]] std::string packet_chain(FaultId fault);
/// Of the netfilter queue.
[[nodiscard]] std::uint16_t packet_queue(FaultId fault);
/// "7007:", of the qdisc.
[[nodiscard]] std::string packet_handle(FaultId fault);

/// For `iptables-restore --noflush`: hands what these addresses send to the queue. Where nobody
/// serves the queue, packets pass. What this host sends to itself is left alone.
[[nodiscard]] std::string
queue_rules(const std::string& chain, std::uint16_t queue, const std::vector<std::string>& senders);

/// For `iptables-restore --noflush`: takes the chain away, given what `iptables-save -t mangle`
/// lists; empty when there is nothing of it.
[[nodiscard]] std::string removal_rules(std::string_view listing, const std::string& chain);

/// For `tc -batch -`: a queue of the kernel for each receiver, and nothing for anybody else.
/// Requires: at most most_netem_receivers.
[[nodiscard]] std::string netem_commands(const std::string& device,
                                         const std::string& handle,
                                         const std::vector<std::string>& receivers,
                                         const std::string& netem);
inline constexpr std::size_t most_netem_receivers = 15;

/// Whether the answer of `tc qdisc show` has it.
[[nodiscard]] bool has_qdisc(std::string_view listing, const std::string& handle);

/// Packets that went through its netem queues, and those dropped there, in `tc -s qdisc show`.
struct QdiscCounts {
    std::int64_t packets = 0;
    std::int64_t dropped = 0;
};
[[nodiscard]] QdiscCounts netem_counts(std::string_view listing, const std::string& handle);

} // namespace faultlab
