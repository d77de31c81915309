// replay-node: the core of one replica, executed again from the inputs that it recorded.

#include "controller/cli/commands.hpp"
#include "controller/cli/exit_codes.hpp"
#include "controller/cli/streams.hpp"
#include "replica/daemon/input_journal.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace faultlab {
namespace {

using Json = nlohmann::ordered_json;

Json tree_of(const std::filesystem::path& journal, const replica::NodeReplay& replay) {
    return {{"journal", journal.native()},
            {"inputs", replay.inputs},
            {"effects", fmt::format("{:016x}", replay.chain)},
            {"same", !replay.differs},
            {"first_difference", replay.differs.value_or("")},
            {"bytes_cut_off", replay.bytes_unread},
            {"halted", replay.halted}};
}

void print(const std::filesystem::path& journal, const replica::NodeReplay& replay) {
    if (replay.differs) {
        say("{}: differs\n  {}\n", journal.native(), *replay.differs);
    } else {
        say("{}: the same effects after {} inputs ({:016x})\n",
            journal.native(),
            replay.inputs,
            replay.chain);
    }
    if (!replay.halted.empty()) say("  halted: {}\n", replay.halted);
    if (replay.bytes_unread != 0 && !replay.differs) {
        say("  {} bytes of a record that was cut off are left out\n", replay.bytes_unread);
    }
}

} // namespace

int execute(const ReplayNodeCommand& command) {
    bool same = true;
    Json rows = Json::array();
    for (const std::filesystem::path& path : command.journals) {
        auto journal = replica::InputJournalReader::open(path);
        if (!journal) return fail(command.common, journal.error());
        const replica::NodeReplay replayed = replica::replay(*journal);
        same = same && !replayed.differs;
        rows.push_back(tree_of(path, replayed));
        if (!command.common.json) print(path, replayed);
    }
    if (command.common.json) {
        say("{}\n", Json{{"schema", "faultlab.replay_node/1"}, {"journals", rows}}.dump(2));
    }
    return same ? exit_valid : exit_violation;
}

} // namespace faultlab
