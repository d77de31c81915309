// What the replicas' input journals say of operations whose outcome no client learned.

#include "systems/vsr/parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <system_error>

namespace faultlab::vsr {
namespace {

/// The journals in a data directory, in the order of starts: FILE.1, FILE.2, …
std::vector<std::filesystem::path> journals_in(const std::filesystem::path& directory) {
    std::vector<std::filesystem::path> found;
    for (int start = 1;; ++start) {
        std::filesystem::path file = directory / fmt::format("{}.{}", journal_name, start);
        std::error_code error;
        if (!std::filesystem::exists(file, error)) return found;
        found.push_back(std::move(file));
    }
}

/// Takes out those of replicas that were gone before they did anything; returns how many.
std::size_t drop_empty(std::vector<std::filesystem::path>& journals) {
    return std::erase_if(journals, [](const std::filesystem::path& file) {
        std::error_code error;
        return std::filesystem::file_size(file, error) == 0 && !error;
    });
}

/// What asks for the same: operations of the history, and requests of the log, by position.
struct Alike {
    std::vector<OpId> ops;
    std::vector<std::int64_t> positions;
    std::int64_t seen_done = 0; ///< operations, reads among them
    OpId first = -1;            ///< of these operations, for people
};

/// An operation without effect is executed wherever it is asked, or not at all: it may be left out.
bool changes_state(std::string_view f) {
    return f != "read" && f != "scan";
}

LoggedOutcomes::Executed
executed(OpId op, std::int64_t position, const replica::CommittedLog& log, const History& history) {
    const replica::CommittedRequest& request = log.requests[static_cast<std::size_t>(position)];
    const Op asked = history.op(op);
    const auto operation = operation_of({.f = asked.f, .key = asked.key, .arg = asked.arg});
    Completion completion = completion_of(asked.f,
                                          replica::Done{.result = request.result, .op = request.op},
                                          operation ? operation->space : 0);
    auto* const done = std::get_if<Done>(&completion);
    return {.op = op,
            .position = position,
            .done = done != nullptr,
            .ret = done != nullptr ? std::move(done->ret) : Value()};
}

} // namespace

Result<LoggedOutcomes> match_log(const replica::CommittedLog& log, const History& history) {
    std::map<std::vector<std::byte>, Alike> by_bytes;
    for (std::int64_t position = 0; position < std::ssize(log.requests); ++position) {
        by_bytes[log.requests[static_cast<std::size_t>(position)].operation].positions.push_back(
            position);
    }
    for (OpId id = 0; id < std::ssize(history.f()); ++id) {
        const Op op = history.op(id);
        const auto operation = operation_of({.f = op.f, .key = op.key, .arg = op.arg});
        if (!operation) continue;
        Alike& alike = by_bytes[replica::encode(*operation)];
        alike.seen_done += op.status == OpStatus::ok ? 1 : 0;
        if (changes_state(op.f)) alike.ops.push_back(id);
        if (alike.first < 0) alike.first = id;
    }
    LoggedOutcomes outcomes;
    for (const auto& [bytes, alike] : by_bytes) {
        if (std::ssize(alike.positions) < alike.seen_done) {
            return lab_error(
                fmt::format("operation {} ({}) was seen done more often than it is in the log",
                            alike.first,
                            history.op(alike.first).f));
        }
        if (alike.positions.empty()) {
            std::ranges::copy(alike.ops, std::back_inserter(outcomes.absent));
        } else if (alike.ops.size() == 1 && alike.positions.size() == 1) {
            outcomes.executed.push_back(
                executed(alike.ops.front(), alike.positions.front(), log, history));
        }
    }
    std::ranges::sort(outcomes.absent);
    std::ranges::sort(outcomes.executed, {}, &LoggedOutcomes::Executed::position);
    return outcomes;
}

Result<LoggedOutcomes> logged_outcomes(std::span<const std::filesystem::path> data_directories,
                                       const History& history) {
    std::vector<std::filesystem::path> journals;
    for (const std::filesystem::path& directory : data_directories) {
        std::ranges::move(journals_in(directory), std::back_inserter(journals));
    }
    if (journals.empty()) {
        return usage_error("the replicas of this run kept no input journals",
                           "record them: faultlab run vsr --option journal=on");
    }
    // What a step does leaves after its input: who wrote down none has done nothing.
    const std::size_t empty = drop_empty(journals);
    if (journals.empty()) {
        return usage_error("the input journals of this run are empty",
                           "no replica took an input: there is nothing to decide by");
    }
    FAULTLAB_TRY(const replica::CommittedLog log, replica::committed_log(journals));
    FAULTLAB_TRY(LoggedOutcomes outcomes, match_log(log, history));
    outcomes.source = fmt::format("{} input journals of {} replicas, {} requests in {} entries",
                                  journals.size(),
                                  data_directories.size(),
                                  log.requests.size(),
                                  log.newest);
    if (empty > 0)
        outcomes.source +=
            fmt::format(" (without {} that {} empty)", empty, empty == 1 ? "is" : "are");
    return outcomes;
}

} // namespace faultlab::vsr
