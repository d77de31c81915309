#pragma once

#include "core/record.hpp"
#include "core/store/run_writer.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace faultlab {

/// What a MemoryWriter was given. Look at it when the run is over.
struct MemoryRun {
    /// Set before the run: the store fails after so many operations were invoked.
    std::optional<std::int64_t> fails_after;

    RunHeader header;
    std::vector<Op> ops; ///< in order of invocation
    std::map<FaultId, FaultRecord> faults;
    std::vector<Event> events;
    std::vector<Sample> samples;
    struct Life {
        NodeId node = no_node;
        std::int32_t incarnation = 0;
        std::string ended_by; ///< empty: alive
    };
    std::vector<Life> lives;
    std::vector<LogFile> logs;
    Params meta;
    std::string ended; ///< empty: never finished

    [[nodiscard]] Record record() const;
    [[nodiscard]] std::vector<Event> events_of(const std::string& kind) const;
    /// Every row of every table as text: equal runs have equal texts.
    [[nodiscard]] std::string dump() const;
};

/// Writes a run into memory.
std::function<Result<std::unique_ptr<RunWriter>>(const std::filesystem::path&, const RunHeader&)>
write_into(std::shared_ptr<MemoryRun> run);

} // namespace faultlab
