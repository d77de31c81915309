#pragma once

#include "core/rng.hpp"
#include "core/types.hpp"

#include <cstdint>
#include <optional>

/// What happens to the packets of a link while its fault lasts, without any packet or clock: the
/// same seed, times and sizes give the same fates. Not thread-safe.
namespace faultlab::node {

/// Probabilities are in millionths.
inline constexpr std::int64_t whole = 1'000'000;

enum class Spread : std::uint8_t {
    uniform, ///< from delay - jitter to delay + jitter
    normal,  ///< jitter is the standard deviation; never more than six of them
    pareto,  ///< never less than delay; jitter is the mean of what is added, with a long tail
};

/// With a correlation of c, what the packet before got is repeated with probability c and drawn
/// anew otherwise: the share stays what it was, and successive packets correlate by c.
struct PacketEffects {
    Nanos delay = 0;
    Nanos jitter = 0;
    Spread spread = Spread::normal;
    std::int64_t delay_correlation = 0;
    /// No packet is delivered before one that came earlier, but those that are held back.
    bool keeps_order = true;

    std::int64_t loss = 0;
    std::int64_t loss_correlation = 0;
    // Gilbert-Elliott: the link is good, where `loss` holds, or bad.
    std::int64_t burst_start = 0;    ///< from good to bad, before each packet; 0: it stays good
    std::int64_t burst_stop = whole; ///< from bad to good
    std::int64_t burst_loss = whole; ///< loss while it is bad

    std::int64_t duplicate = 0;
    std::int64_t duplicate_correlation = 0;

    std::int64_t reorder = 0; ///< held back, so that later ones overtake them
    std::int64_t reorder_correlation = 0;
    Nanos reorder_by = 0;

    std::int64_t corrupt = 0;
    std::int64_t corrupt_correlation = 0;

    std::int64_t rate = 0; ///< bits a second; 0: no limit
    Nanos queue = 0;       ///< what would wait longer for its turn is dropped

    /// Whether each packet of the wire needs a fate of its own, so that none may be handled joined.
    [[nodiscard]] bool counts_packets() const {
        return loss > 0 || burst_start > 0 || duplicate > 0 || reorder > 0 || corrupt > 0 ||
               rate > 0;
    }
    /// Whether the content of a packet is needed.
    [[nodiscard]] bool needs_content() const { return duplicate > 0 || corrupt > 0; }
};

enum class Loss : std::uint8_t {
    none,
    lost,       ///< by chance
    overflowed, ///< it would have waited longer for its turn than the queue allows
};

struct Fate {
    Loss loss = Loss::none;
    Nanos deliver = 0;            ///< when
    std::optional<Nanos> copy;    ///< when a second one is delivered
    bool held_back = false;       ///< by reordering
    bool corrupt = false;         ///< the first one is
    std::uint64_t corrupt_at = 0; ///< a number to choose the bit by
    Nanos waited = 0;             ///< for the rate
};

/// An event of a given share that may repeat itself.
class CorrelatedChance {
public:
    CorrelatedChance(std::int64_t share, std::int64_t correlation, Rng rng)
        : share_(share), correlation_(correlation), rng_(rng) {}
    bool draw();

private:
    std::int64_t share_;
    std::int64_t correlation_;
    Rng rng_;
    std::optional<bool> last_;
};

/// One direction of one link. Each effect draws from a stream of its own: asking for one more
/// changes nothing about the others.
class LinkModel {
public:
    LinkModel(const PacketEffects& effects, const Rng& rng);

    /// The fate of a packet that comes now. Requires: times do not decrease.
    Fate next(Nanos now, std::int64_t bytes);

private:
    bool lost();
    Nanos draw_delay();
    Nanos draw_offset();
    Nanos in_order(Nanos deliver);

    PacketEffects effects_;
    CorrelatedChance loss_;
    CorrelatedChance duplicate_;
    CorrelatedChance reorder_;
    CorrelatedChance corrupt_;
    Rng burst_;
    Rng bits_;
    Rng delays_;
    bool bad_ = false;
    std::optional<Nanos> last_delay_;
    Nanos last_delivery_ = 0;
    Nanos free_at_ = 0; ///< when all that came before has been sent, at the rate
};

} // namespace faultlab::node
