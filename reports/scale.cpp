#include "reports/scale.hpp"

#include "core/check.hpp"
#include "reports/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace faultlab {
namespace {

constexpr double gap_width = 36;
constexpr std::size_t most_pieces = 8;

struct Stretch {
    Nanos from;
    Nanos to;
};

// Margins around all moments, joined where folding what lies between would save nothing.
std::vector<Stretch> stretches_of(const std::vector<Nanos>& moments, Nanos margin) {
    std::vector<Stretch> stretches;
    for (const Nanos t : moments) {
        const Nanos from = std::max<Nanos>(0, t - margin);
        if (!stretches.empty() && from - stretches.back().to < margin) {
            stretches.back().to = t + margin;
        } else {
            stretches.push_back({from, t + margin});
        }
    }
    while (stretches.size() > most_pieces) {
        std::size_t nearest = 1;
        for (std::size_t i = 2; i < stretches.size(); ++i) {
            const auto distance = [&](std::size_t k) {
                return stretches[k].from - stretches[k - 1].to;
            };
            if (distance(i) < distance(nearest)) nearest = i;
        }
        stretches[nearest - 1].to = stretches[nearest].to;
        stretches.erase(stretches.begin() + static_cast<std::ptrdiff_t>(nearest));
    }
    return stretches;
}

std::string tick_label(Nanos t, Nanos step) {
    if (step >= second) return count_text(t / second);
    if (step >= 100 * millisecond) return fmt::format("{:.1f}", static_cast<double>(t) / 1e9);
    return moment_text(t);
}

} // namespace

TimeScale::TimeScale(Nanos from, Nanos to, double x0, double x1) {
    FAULTLAB_CHECK(to > from);
    FAULTLAB_CHECK(x1 > x0);
    pieces_.push_back({from, to, x0, x1, false});
}

TimeScale TimeScale::around(std::vector<Nanos> moments, Nanos margin, double x0, double x1) {
    FAULTLAB_CHECK(!moments.empty());
    FAULTLAB_CHECK(margin > 0);
    std::ranges::sort(moments);
    const std::vector<Stretch> stretches = stretches_of(moments, margin);
    Nanos shown = 0;
    for (const Stretch& stretch : stretches)
        shown += stretch.to - stretch.from;
    const double gaps = gap_width * static_cast<double>(stretches.size() - 1);
    const double pixels = (x1 - x0 - gaps) / static_cast<double>(shown);
    TimeScale scale;
    double x = x0;
    for (std::size_t i = 0; i < stretches.size(); ++i) {
        if (i > 0) {
            const Nanos before = stretches[i - 1].to;
            scale.pieces_.push_back({before, stretches[i].from, x, x + gap_width, true});
            x += gap_width;
        }
        const double end = x + static_cast<double>(stretches[i].to - stretches[i].from) * pixels;
        scale.pieces_.push_back({stretches[i].from, stretches[i].to, x, end, false});
        x = end;
    }
    return scale;
}

double TimeScale::x(Nanos t) const {
    if (t <= from()) return left();
    for (const Piece& piece : pieces_) {
        if (t > piece.to) continue;
        const double part =
            static_cast<double>(t - piece.from) / static_cast<double>(piece.to - piece.from);
        return piece.x0 + part * (piece.x1 - piece.x0);
    }
    return right();
}

bool TimeScale::shows(Nanos from, Nanos to) const {
    return std::ranges::any_of(pieces_, [from, to](const Piece& piece) {
        return !piece.gap && from <= piece.to && to >= piece.from;
    });
}

std::vector<TimeScale::Tick> TimeScale::ticks(double spacing) const {
    const Piece& first = pieces_.front();
    const double a_pixel = static_cast<double>(first.to - first.from) / (first.x1 - first.x0);
    Nanos step = millisecond;
    for (int i = 0; static_cast<double>(step) < spacing * a_pixel; ++i)
        step = i % 3 == 1 ? step / 2 * 5 : step * 2;
    std::vector<Tick> ticks;
    for (const Piece& piece : pieces_) {
        if (piece.gap) continue;
        for (Nanos t = (piece.from + step - 1) / step * step; t <= piece.to; t += step) {
            const double at = x(t);
            if (ticks.empty() || at - ticks.back().x >= spacing * 0.7)
                ticks.push_back({at, tick_label(t, step)});
        }
    }
    return ticks;
}

} // namespace faultlab
