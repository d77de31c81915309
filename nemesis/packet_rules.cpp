#include "nemesis/packet_rules.hpp"

#include "core/check.hpp"

#include <fmt/format.h>

#include <charconv>

namespace faultlab {
namespace {

/// Every fault of a run has another number; runs are shorter than this.
constexpr FaultId most_faults = 4096;

/// Whether the text holds the word, and not as a part of another one.
bool has_word(std::string_view text, std::string_view word) {
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        const auto after = at + word.size();
        const bool begins = at == 0 || text[at - 1] == ' ' || text[at - 1] == ':';
        if (begins && (after == text.size() || text[after] == ' ')) return true;
    }
    return false;
}

template <class Line>
void each_line(std::string_view text, const Line& line) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        line(text.substr(0, end));
        if (end == std::string_view::npos) return;
        text.remove_prefix(end + 1);
    }
}

/// The number before the word, as in " 12 pkt".
std::int64_t number_before(std::string_view line, std::string_view word) {
    const auto at = line.find(word);
    if (at == std::string_view::npos || at == 0) return 0;
    const auto begin = line.find_last_of(" (,", at - 1) + 1;
    std::int64_t number = 0;
    std::from_chars(line.data() + begin, line.data() + at, number);
    return number;
}

std::int64_t number_after(std::string_view line, std::string_view word) {
    const auto at = line.find(word);
    if (at == std::string_view::npos) return 0;
    std::int64_t number = 0;
    std::from_chars(line.data() + at + word.size(), line.data() + line.size(), number);
    return number;
}

} // namespace

std::string packet_chain(FaultId fault) {
    return fmt::format("fl-f{}", fault);
}

std::uint16_t packet_queue(FaultId fault) {
    constexpr int first = 0x7000;
    return static_cast<std::uint16_t>(first + fault % most_faults);
}

std::string packet_handle(FaultId fault) {
    return fmt::format("{:x}:", packet_queue(fault));
}

std::string queue_rules(const std::string& chain,
                        std::uint16_t queue,
                        const std::vector<std::string>& senders) {
    std::string text = fmt::format("*mangle\n:{} - [0:0]\n", chain);
    for (const std::string& sender : senders) {
        text += fmt::format(
            "-A {} ! -i lo -s {} -j NFQUEUE --queue-num {} --queue-bypass\n", chain, sender, queue);
    }
    return text + fmt::format("-A PREROUTING -j {}\nCOMMIT\n", chain);
}

std::string removal_rules(std::string_view listing, const std::string& chain) {
    std::string jumps;
    bool there = false;
    each_line(listing, [&](std::string_view line) {
        if (!has_word(line, chain)) return;
        there = true;
        const bool jump = line.starts_with("-A ") && !line.starts_with("-A " + chain + " ");
        if (jump) jumps += fmt::format("-D {}\n", line.substr(3));
    });
    if (!there) return {};
    return fmt::format("*mangle\n{0}-F {1}\n-X {1}\nCOMMIT\n", jumps, chain);
}

std::string netem_commands(const std::string& device,
                           const std::string& handle,
                           const std::vector<std::string>& receivers,
                           const std::string& netem) {
    FAULTLAB_CHECK(receivers.size() <= most_netem_receivers);
    // The first band is for everybody else.
    std::string text = fmt::format("qdisc add dev {} root handle {} prio bands {} priomap",
                                   device,
                                   handle,
                                   std::max<std::size_t>(receivers.size() + 1, 2));
    for (int i = 0; i < 16; ++i)
        text += " 0";
    text += '\n';
    std::size_t band = 2;
    for (const std::string& receiver : receivers) {
        text += fmt::format("qdisc add dev {0} parent {1}{2:x} netem {3}\n"
                            "filter add dev {0} parent {1} protocol ip prio 1 u32 "
                            "match ip dst {4}/32 flowid {1}{2:x}\n",
                            device,
                            handle,
                            band,
                            netem,
                            receiver);
        ++band;
    }
    return text;
}

bool has_qdisc(std::string_view listing, const std::string& handle) {
    bool there = false;
    each_line(listing, [&](std::string_view line) { there = there || has_word(line, handle); });
    return there;
}

QdiscCounts netem_counts(std::string_view listing, const std::string& handle) {
    QdiscCounts counts;
    bool ours = false;
    each_line(listing, [&](std::string_view line) {
        if (line.starts_with("qdisc ")) {
            ours = line.starts_with("qdisc netem ") &&
                   line.find(" parent " + handle) != std::string_view::npos;
        } else if (ours) {
            counts.packets += number_before(line, " pkt");
            counts.dropped += number_after(line, "dropped ");
        }
    });
    return counts;
}

} // namespace faultlab
