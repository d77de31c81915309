#pragma once

#include "controller/cli/commands.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace faultlab {

/// What every command has.
void add_common(CLI::App& app, Common& common);
/// For who gives none.
[[nodiscard]] std::uint64_t random_seed();

/// What the commands that simulate are read into: sim with its own commands, and shrink. Lives
/// until the chosen command has been carried out; not to be moved.
class SimulationArguments {
public:
    /// Adds them to the command line; the one that is chosen is put into `chosen`.
    void add_to(CLI::App& app, std::function<int()>& chosen);

private:
    /// The text of options that are parsed by our own readers after CLI11 is done.
    struct RawSim {
        std::string bugs;
        std::string simbug;
        std::string seed;
        std::string first;
        std::int64_t nodes = 0;
        std::vector<std::string> knobs;
        std::string script; ///< itself, or a file that has it
    };
    struct RawMatrix {
        std::string only;
        std::string time = "20m";
    };

    static Result<SimCommand> read_sim(SimCommand command, const RawSim& raw);
    static Result<MatrixCommand> read_matrix(MatrixCommand command, const RawMatrix& raw);
    static void add_simulation(CLI::App& app, SimCommand& sim, RawSim& raw);
    void add_sim(CLI::App& line);
    void add_shrink(CLI::App& line);
    void add_audit(CLI::App& sim);
    void add_self_test(CLI::App& sim);
    void add_matrix(CLI::App& sim);
    void add_mc(CLI::App& sim);

    SimCommand sim_;
    RawSim raw_sim_;
    ShrinkCommand shrink_;
    RawSim raw_shrink_;
    AuditCommand audit_;
    SelfTestCommand self_test_;
    MatrixCommand matrix_;
    RawMatrix raw_matrix_;
    McCommand mc_;
    std::string mc_bugs_; ///< raw
    std::function<int()>* chosen_ = nullptr;
};

} // namespace faultlab
