#include "reports/kill_matrix.hpp"

#include "reports/markup.hpp"
#include "reports/style.hpp"
#include "reports/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace faultlab {
namespace {

std::string number(std::uint64_t value) {
    return count_text(static_cast<std::int64_t>(value));
}

/// "31", "> 2,000", "–"
std::string median_text(const KillCell& cell) {
    if (cell.trials == 0) return "–";
    return cell.median ? number(*cell.median) : "> " + number(cell.tried);
}

/// "30 of 30, S14"
std::string found_text(const KillCell& cell) {
    if (cell.trials == 0) return "not tried";
    std::string text = fmt::format("{} of {}", cell.found, cell.trials);
    if (!cell.by.empty()) text += ", " + cell.by;
    return text;
}

/// "9 of 10 within 84; 155,000 events"
std::string spread_text(const KillCell& cell) {
    std::string text;
    if (cell.ninth_decile) text = fmt::format("9 of 10 within {}", number(*cell.ninth_decile));
    if (cell.median_events) {
        if (!text.empty()) text += "; ";
        text += fmt::format("{} events", number(*cell.median_events));
    }
    return text;
}

std::string summary(const KillMatrix& matrix) {
    std::size_t found = 0;
    std::vector<std::string> missed;
    std::vector<std::string> untried;
    for (const KillRow& row : matrix.rows) {
        const auto any = [&](auto has) { return std::ranges::any_of(row.cells, has); };
        if (any([](const KillCell& cell) { return cell.found > 0; })) {
            ++found;
        } else if (any([](const KillCell& cell) { return cell.trials > 0; })) {
            missed.push_back(row.bug);
        } else {
            untried.push_back(row.bug);
        }
    }
    std::string text = fmt::format(
        "{} of {} that were tried were found in some way.", found, found + missed.size());
    if (!missed.empty()) text += fmt::format(" Not found: {}.", fmt::join(missed, ", "));
    if (!untried.empty()) text += fmt::format(" Not tried: {}.", fmt::join(untried, ", "));
    return text;
}

constexpr std::string_view reading =
    "Each search begins from seeds alone and ends with the first simulation in which anything is "
    "wrong. A square shows the median number of simulations over its searches (with \"> N\" where "
    "most searches gave up, after N), how many searches found it, and what saw it first most "
    "often. All that depends on seeds only, and is the same on every machine, but for where a "
    "search gave up.";

constexpr std::string_view colours =
    "p { margin: 10px 0; max-width: 90ch; } "
    ".killed b { color: var(--good); } .missed b { color: var(--bad); }";

} // namespace

std::string render_kill_matrix_markdown(const KillMatrix& matrix) {
    std::string out = "# Kill matrix\n\nHow much work it takes to find each planted bug of the "
                      "[embedded store](replication.md) in the [simulator](simulator.md). Made by ";
    out += fmt::format("`{}`.\n\n{}\n\n{}\n\n", matrix.made_by, reading, summary(matrix));
    out += "| Bug | What it does | Its own scenario |";
    for (const std::string& column : matrix.columns)
        out += fmt::format(" {} |", column);
    out += "\n|---|---|---|";
    for (std::size_t i = 0; i < matrix.columns.size(); ++i)
        out += "---|";
    out += "\n";
    for (const KillRow& row : matrix.rows) {
        out += fmt::format("| {} | {} | {} |",
                           row.bug,
                           escape(row.what),
                           row.scenario.empty() ? "–" : fmt::format("`{}`", row.scenario));
        for (const KillCell& cell : row.cells) {
            out += cell.trials == 0
                       ? std::string(" – |")
                       : fmt::format(" **{}** ({}) |", median_text(cell), found_text(cell));
        }
        out += "\n";
    }
    return out;
}

std::string render_kill_matrix_html(const KillMatrix& matrix) {
    Markup out;
    out.put("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
            "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<title>Kill matrix</title>\n<style>{}{}</style>\n</head>\n",
            Raw{style_sheet()},
            Raw{colours});
    out.put("<body class=\"VALID\">\n<header class=\"top\"><h1>Kill matrix</h1><p>{}</p></header>\n"
            "<p>{}</p>\n<p>{}</p>\n",
            matrix.made_by,
            summary(matrix),
            reading);
    out.put("<div class=\"scroll\" tabindex=\"0\"><table class=\"matrix\"><thead><tr>"
            "<th>bug</th><th>what it does</th><th>its own scenario</th>");
    for (const std::string& column : matrix.columns)
        out.put("<th>{}</th>", column);
    out.put("</tr></thead><tbody>\n");
    for (const KillRow& row : matrix.rows) {
        out.put("<tr><td>{}</td><td>{}</td><td>{}</td>", row.bug, row.what, row.scenario);
        for (const KillCell& cell : row.cells) {
            const bool none = cell.found == 0;
            out.put("<td class=\"{}\"><b>{}</b><br><small>{}<br>{}</small></td>",
                    cell.trials == 0 ? "untried"
                    : none           ? "missed"
                                     : "killed",
                    median_text(cell),
                    found_text(cell),
                    spread_text(cell));
        }
        out.put("</tr>\n");
    }
    out.put("</tbody></table></div>\n</body>\n</html>\n");
    return out.take();
}

std::string render_kill_matrix_text(const KillMatrix& matrix) {
    std::string out;
    for (const KillRow& row : matrix.rows) {
        out += fmt::format("{:<8} {}\n", row.bug, row.what);
        for (std::size_t i = 0; i < row.cells.size(); ++i) {
            const KillCell& cell = row.cells[i];
            if (cell.trials == 0) continue;
            out += fmt::format("         {:<22} {:>9}  {}\n",
                               matrix.columns[i],
                               median_text(cell),
                               found_text(cell));
        }
    }
    return out + summary(matrix) + "\n";
}

} // namespace faultlab
