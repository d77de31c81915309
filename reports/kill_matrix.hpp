#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace faultlab {

/// What the searches for one planted bug in one way have said.
struct KillCell {
    std::uint64_t trials = 0;                  ///< 0: not tried
    std::uint64_t found = 0;                   ///< of them
    std::optional<std::uint64_t> median;       ///< simulations; none: more than `tried`
    std::optional<std::uint64_t> ninth_decile; ///< likewise
    std::optional<std::uint64_t> median_events;
    std::uint64_t tried = 0; ///< simulations of the longest search that found nothing
    std::string by;          ///< rule or checker that saw it first, most often
};

struct KillRow {
    std::string bug;             ///< "V11", "F6a,F6b"
    std::string what;            ///< one sentence
    std::string scenario;        ///< its own; empty: it has none
    std::vector<KillCell> cells; ///< by column
};

/// How much work it takes to find each planted bug.
struct KillMatrix {
    std::vector<std::string> columns; ///< "swarm, n = 3"
    std::vector<KillRow> rows;
    std::string made_by; ///< the command
};

/// As a page of the documentation, in Markdown. Pure.
[[nodiscard]] std::string render_kill_matrix_markdown(const KillMatrix& matrix);
/// As one self-contained HTML file: no script, no network. Pure.
[[nodiscard]] std::string render_kill_matrix_html(const KillMatrix& matrix);
/// A line a bug, for terminals of any width. Pure.
[[nodiscard]] std::string render_kill_matrix_text(const KillMatrix& matrix);

} // namespace faultlab
