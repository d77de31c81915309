#pragma once

#include "core/record.hpp"
#include "reports/markup.hpp"
#include "reports/scale.hpp"

#include <string_view>
#include <vector>

/// The parts that all pictures of a report share. Everything is drawn with attributes that make
/// sense without a style sheet; the classes are for it.
namespace faultlab::svg {

inline constexpr double width = 1120; ///< of every picture, in its own pixels
inline constexpr double left = 112;   ///< where the time axis begins: names of lanes before it
inline constexpr double right = 1050; ///< and ends: labels of curves after it

/// About how wide a label is drawn.
[[nodiscard]] double label_width(std::string_view text);

/// `title` is what a screen reader says of the picture.
void open(Markup& out, double height, std::string_view title);
void close(Markup& out);

enum class Anchor { start, middle, end };
void text(Markup& out,
          double x,
          double y,
          std::string_view css,
          std::string_view content,
          Anchor anchor = Anchor::start);
void line(Markup& out, double x1, double y1, double x2, double y2, std::string_view css);
void rect(Markup& out, double x, double y, double w, double h, std::string_view css);

/// Ticks with their labels above `top`, and a grid down to `bottom`.
void time_axis(Markup& out, const TimeScale& scale, double top, double bottom);

/// The class of the hatch of a fault: a distinct one for each kind that the lab knows.
[[nodiscard]] std::string_view hatch_of(std::string_view nemesis);

/// Bars of the faults, those that overlap below each other, each with the longest label that fits.
/// Returns the height used.
double fault_bars(Markup& out, const Record& record, const TimeScale& scale, double top);

/// The faults as faint bands behind a chart, with a mark where each was healed.
void fault_shades(
    Markup& out, const Record& record, const TimeScale& scale, double top, double bottom);

/// Who said that it leads: one lane a node. Returns the height used; 0 without samples of roles.
double role_lanes(Markup& out, const Record& record, const TimeScale& scale, double top);

} // namespace faultlab::svg
