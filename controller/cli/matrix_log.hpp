#pragma once

#include "core/result.hpp"
#include "simulator/matrix.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace faultlab {

/// Which square a trial belongs to: bugs, scenario, voters.
using CellKey = std::tuple<std::string, std::string, int>;

/// The trials of a kill matrix as they end, a line of JSON each, so that whatever was found is kept
/// and a matrix can be gone on with. One that a crash cut off at the end is left out. Owned by one
/// thread; one process at a time writes a file.
class MatrixLog {
public:
    /// Makes the file and its directory when there is none. A file that is no such log is an error.
    static Result<MatrixLog> open(const std::filesystem::path& file);

    /// In the order of their numbers.
    [[nodiscard]] const std::vector<simulator::Trial>& trials(const CellKey& cell) const;
    /// What all searches in the square have taken.
    [[nodiscard]] double seconds(const CellKey& cell) const;
    /// The file has it when this returns.
    Result<void> add(const CellKey& cell, const simulator::Trial& trial, double seconds);

private:
    struct Square {
        std::vector<simulator::Trial> trials;
        double seconds = 0;
    };

    explicit MatrixLog(std::filesystem::path file) : file_(std::move(file)) {}
    Result<void> read();

    std::filesystem::path file_;
    std::map<CellKey, Square> squares_;
};

} // namespace faultlab
