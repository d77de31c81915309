#include "controller/cli/matrix_log.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

namespace faultlab {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view schema = "faultlab.matrix/1";

Error unusable(const std::filesystem::path& file, std::string_view what) {
    return usage_error(fmt::format("{}: {}", file.string(), what),
                       "name another file with --store, or remove this one to begin anew");
}

} // namespace

Result<MatrixLog> MatrixLog::open(const std::filesystem::path& file) {
    MatrixLog log(file);
    std::error_code none;
    if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), none);
    if (std::filesystem::exists(file, none)) {
        FAULTLAB_DO(log.read());
        return log;
    }
    std::ofstream out(file);
    out << Json{{"schema", schema}}.dump() << '\n' << std::flush;
    if (!out) return unusable(file, std::strerror(errno));
    return log;
}

Result<void> MatrixLog::read() {
    std::ifstream in(file_);
    std::string line;
    if (!std::getline(in, line)) return unusable(file_, "cannot be read, or is empty");
    const Json head = Json::parse(line, nullptr, false);
    if (!head.is_object() || head.value("schema", "") != schema)
        return unusable(file_, "is no log of a kill matrix");
    std::uintmax_t whole = line.size() + 1;
    for (int number = 2; std::getline(in, line); ++number) {
        if (in.eof()) break; // its end was never written
        const Json row = Json::parse(line, nullptr, false);
        try {
            const CellKey cell{row.at("bugs"), row.at("scenario"), row.at("voters")};
            Square& square = squares_[cell];
            square.trials.push_back({.number = row.at("trial"),
                                     .found = row.at("found"),
                                     .simulations = row.at("simulations"),
                                     .events = row.at("events"),
                                     .seed = row.at("seed"),
                                     .by = row.at("by")});
            square.seconds += row.at("seconds").get<double>();
        } catch (const Json::exception&) {
            return unusable(file_, fmt::format("line {} is no trial of a kill matrix", number));
        }
        whole += line.size() + 1;
    }
    in.close();
    std::error_code failed;
    std::filesystem::resize_file(file_, whole, failed);
    if (failed) return unusable(file_, failed.message());
    return {};
}

const std::vector<simulator::Trial>& MatrixLog::trials(const CellKey& cell) const {
    static const std::vector<simulator::Trial> none;
    const auto square = squares_.find(cell);
    return square == squares_.end() ? none : square->second.trials;
}

double MatrixLog::seconds(const CellKey& cell) const {
    const auto square = squares_.find(cell);
    return square == squares_.end() ? 0 : square->second.seconds;
}

Result<void> MatrixLog::add(const CellKey& cell, const simulator::Trial& trial, double seconds) {
    const auto& [bugs, scenario, voters] = cell;
    std::ofstream out(file_, std::ios::app);
    out << Json{{"bugs", bugs},
                {"scenario", scenario},
                {"voters", voters},
                {"trial", trial.number},
                {"found", trial.found},
                {"simulations", trial.simulations},
                {"events", trial.events},
                {"seed", trial.seed},
                {"by", trial.by},
                {"seconds", seconds}}
               .dump()
        << '\n'
        << std::flush;
    if (!out) return unusable(file_, std::strerror(errno));
    Square& square = squares_[cell];
    square.trials.push_back(trial);
    square.seconds += seconds;
    return {};
}

} // namespace faultlab
