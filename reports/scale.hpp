#pragma once

#include "core/types.hpp"

#include <span>
#include <string>
#include <vector>

namespace faultlab {

/// Maps times of the run to pixels. Long stretches in which nothing of interest happened can be
/// folded into a narrow gap, so that operations of milliseconds stay visible over many seconds.
class TimeScale {
public:
    struct Piece {
        Nanos from = 0;
        Nanos to = 0;
        double x0 = 0;
        double x1 = 0;
        bool gap = false; ///< folded
    };

    /// One even stretch. Requires: to > from, x1 > x0.
    TimeScale(Nanos from, Nanos to, double x0, double x1);

    /// Every moment with `margin` around it in full, and what lies between them folded where that
    /// saves room. Requires: at least one moment, margin > 0.
    static TimeScale around(std::vector<Nanos> moments, Nanos margin, double x0, double x1);

    /// Times outside are at the edges.
    [[nodiscard]] double x(Nanos t) const;
    [[nodiscard]] Nanos from() const { return pieces_.front().from; }
    [[nodiscard]] Nanos to() const { return pieces_.back().to; }
    [[nodiscard]] double left() const { return pieces_.front().x0; }
    [[nodiscard]] double right() const { return pieces_.back().x1; }
    [[nodiscard]] std::span<const Piece> pieces() const { return pieces_; }
    /// Whether some part of the stretch is drawn in full.
    [[nodiscard]] bool shows(Nanos from, Nanos to) const;

    struct Tick {
        double x = 0;
        std::string label;
    };
    /// Round times, at least `spacing` pixels apart, none in a gap.
    [[nodiscard]] std::vector<Tick> ticks(double spacing) const;

private:
    TimeScale() = default;
    std::vector<Piece> pieces_;
};

} // namespace faultlab
