// sim matrix: how much work it takes to find each planted bug.

#include "controller/cli/commands.hpp"
#include "controller/cli/exit_codes.hpp"
#include "controller/cli/live_line.hpp"
#include "controller/cli/matrix_log.hpp"
#include "controller/cli/output_file.hpp"
#include "controller/cli/streams.hpp"
#include "reports/kill_matrix.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <ostream>
#include <thread>
#include <vector>

namespace faultlab {
namespace {

using Json = nlohmann::ordered_json;
using simulator::Cell;
using simulator::Quarry;
using simulator::Trial;
using Clock = std::chrono::steady_clock;

constexpr std::string_view swarm = "combined";
constexpr std::array<std::uint8_t, 2> sizes = {3, 5};

struct Square {
    CellKey key;
    Cell cell;
};

Square square_of(const Quarry& quarry, std::string_view scenario, std::uint8_t voters) {
    return {.key = {std::string(quarry.bugs), std::string(scenario), voters},
            .cell = {.bugs = replica::parse_bugs(quarry.bugs).bugs,
                     .scenario = simulator::find_scenario(scenario).value(),
                     .voters = voters}};
}

/// Of one row, by column; none where the bug has no scenario of its own.
std::vector<std::optional<Square>> squares_of(const Quarry& quarry) {
    std::vector<std::optional<Square>> squares;
    for (const std::string_view scenario : {swarm, quarry.scenario}) {
        for (const std::uint8_t voters : sizes) {
            squares.push_back(scenario.empty()
                                  ? std::nullopt
                                  : std::optional(square_of(quarry, scenario, voters)));
        }
    }
    return squares;
}

bool wanted(const MatrixCommand& command, const Quarry& quarry) {
    if (command.only.empty()) return true;
    return std::ranges::find(command.only, quarry.bugs) != command.only.end();
}

/// Searches in threads, square by square, until each has the trials that it should have.
class Searching {
public:
    Searching(const MatrixCommand& command, MatrixLog& log) : command_(command), log_(log) {
        for (const Quarry& quarry : simulator::quarries()) {
            if (!wanted(command, quarry)) continue;
            for (const auto& square : squares_of(quarry))
                if (square) squares_.push_back(*square);
        }
    }

    Result<void> run() {
        std::vector<std::jthread> threads;
        for (int i = 0; i < command_.jobs; ++i)
            threads.emplace_back([this] { work(); });
        threads.clear();
        line_.clear();
        if (failed_) return *failed_;
        return {};
    }

private:
    void work() {
        while (true) {
            const std::size_t index = next_++;
            if (index >= squares_.size()) return;
            while (const auto number = due(squares_[index])) {
                if (!search(squares_[index], *number)) return;
            }
        }
    }

    /// The number of the next trial; none when there are enough, or no time is left.
    std::optional<std::uint64_t> due(const Square& square) {
        const std::lock_guard lock(mutex_);
        const std::vector<Trial>& trials = log_.trials(square.key);
        if (failed_ || log_.seconds(square.key) >= command_.seconds_a_square) return std::nullopt;
        const std::size_t most = std::min(simulator::trials_wanted(trials), command_.trials);
        if (trials.size() >= most) return std::nullopt;
        return trials.size();
    }

    bool search(const Square& square, std::uint64_t number) {
        const auto start = Clock::now();
        const auto took = [&] {
            return std::chrono::duration<double>(Clock::now() - start).count();
        };
        double left = 0;
        {
            const std::lock_guard lock(mutex_);
            left = command_.seconds_a_square - log_.seconds(square.key);
            show(square);
        }
        const Trial trial =
            simulator::hunt(square.cell, number, {.simulations = command_.simulations, .over = [&] {
                                                      return took() >= left;
                                                  }});
        const std::lock_guard lock(mutex_);
        const auto added = log_.add(square.key, trial, took());
        if (!added) failed_ = added.error();
        return added.ok();
    }

    void show(const Square& square) {
        const auto& [bugs, scenario, voters] = square.key;
        const std::size_t begun = std::min<std::size_t>(next_, squares_.size());
        const std::string text = fmt::format(
            "square {} of {}  {} by {}, n = {}", begun, squares_.size(), bugs, scenario, voters);
        if (line_.terminal()) {
            line_.draw(text);
        } else if (log_.trials(square.key).empty()) {
            note("{}\n", text);
        }
    }

    const MatrixCommand& command_;
    MatrixLog& log_;
    std::vector<Square> squares_;
    std::atomic<std::size_t> next_ = 0;
    std::mutex mutex_; ///< of what follows, and of the log
    LiveLine line_;
    std::optional<Error> failed_;
};

KillCell cell_of(const MatrixLog& log, const std::optional<Square>& square) {
    if (!square) return {};
    const simulator::Tally said = simulator::tally(log.trials(square->key));
    return {.trials = said.trials,
            .found = said.found,
            .median = said.median,
            .ninth_decile = said.ninth_decile,
            .median_events = said.median_events,
            .tried = said.tried,
            .by = said.by};
}

std::string what_of(const Quarry& quarry) {
    for (const replica::BugEntry& entry : replica::bugs())
        if (entry.id == quarry.bugs) return entry.summary;
    return "both together";
}

KillMatrix matrix_of(const MatrixCommand& command, const MatrixLog& log) {
    KillMatrix matrix{.made_by = "faultlab sim matrix"};
    for (const char* way : {"swarm", "own scenario"}) {
        for (const std::uint8_t voters : sizes)
            matrix.columns.push_back(fmt::format("{}, n = {}", way, voters));
    }
    for (const Quarry& quarry : simulator::quarries()) {
        if (!wanted(command, quarry)) continue;
        KillRow row{.bug = std::string(quarry.bugs),
                    .what = what_of(quarry),
                    .scenario = std::string(quarry.scenario)};
        for (const auto& square : squares_of(quarry))
            row.cells.push_back(cell_of(log, square));
        matrix.rows.push_back(std::move(row));
    }
    return matrix;
}

Json tree_of(const KillMatrix& matrix) {
    const auto number = [](const std::optional<std::uint64_t>& value) {
        return value ? Json(*value) : Json(nullptr);
    };
    Json rows = Json::array();
    for (const KillRow& row : matrix.rows) {
        Json cells = Json::array();
        for (std::size_t i = 0; i < row.cells.size(); ++i) {
            const KillCell& cell = row.cells[i];
            cells.push_back({{"way", matrix.columns[i]},
                             {"trials", cell.trials},
                             {"found", cell.found},
                             {"median_simulations", number(cell.median)},
                             {"p90_simulations", number(cell.ninth_decile)},
                             {"median_events", number(cell.median_events)},
                             {"longest_in_vain", cell.tried},
                             {"first_seen_by", cell.by}});
        }
        rows.push_back({{"bugs", row.bug}, {"scenario", row.scenario}, {"cells", cells}});
    }
    return {{"schema", "faultlab.kill-matrix/1"}, {"rows", rows}};
}

Result<void> write_pages(const MatrixCommand& command, const KillMatrix& matrix) {
    const auto write = [](const std::filesystem::path& file, const std::string& text) {
        return write_file(file, [&](std::ostream& out) -> Result<void> {
            out << text;
            return {};
        });
    };
    if (!command.html.empty()) FAULTLAB_DO(write(command.html, render_kill_matrix_html(matrix)));
    if (!command.markdown.empty())
        FAULTLAB_DO(write(command.markdown, render_kill_matrix_markdown(matrix)));
    return {};
}

} // namespace

int execute(const MatrixCommand& command) {
    for (const std::filesystem::path* file : {&command.html, &command.markdown}) {
        if (const auto writable = expect_writable(*file); !writable)
            return fail(command.common, writable.error());
    }
    const std::filesystem::path file =
        command.store.empty() ? std::filesystem::path(command.common.lab) / "matrix.jsonl"
                              : command.store;
    auto log = MatrixLog::open(file);
    if (!log) return fail(command.common, log.error());
    if (!command.render_only) {
        if (const auto done = Searching(command, *log).run(); !done)
            return fail(command.common, done.error());
    }
    const KillMatrix matrix = matrix_of(command, *log);
    if (command.common.json) {
        say("{}\n", tree_of(matrix).dump(2));
    } else {
        say("{}", render_kill_matrix_text(matrix));
        note("kept in {}\n", file.string());
    }
    const auto written = write_pages(command, matrix);
    return written ? exit_valid : fail(command.common, written.error());
}

} // namespace faultlab
