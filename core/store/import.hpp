#pragma once

#include "core/history.hpp"
#include "core/record.hpp"
#include "core/result.hpp"
#include "core/store/byte_source.hpp"
#include "core/store/kept.hpp"

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

/// How a history is written down: docs/reference/history-files.md.
enum class HistoryFormat : std::uint8_t { jsonl, edn, csv };
[[nodiscard]] std::string_view to_string(HistoryFormat format);
/// By its ending: .jsonl, .edn, .csv, with or without .gz or .zst behind it. Nothing for others.
[[nodiscard]] std::optional<HistoryFormat> format_of_name(std::string_view file_name);

/// What the field "ns" of an event means.
enum class Namespaces : std::uint8_t {
    ignored,  ///< nothing, as any field that is not known
    separate, ///< of the model kv: keys of different namespaces are different keys, [ns, key]
};

struct ImportOptions {
    std::optional<HistoryFormat> format; ///< nothing: the name tells it, or the first character
    Namespaces namespaces = Namespaces::ignored;
    bool keep_all = false; ///< also what is no part of a history, namespaces among it: for a copy
};

/// An f of the history, and the first line in which it stands.
struct FirstUse {
    std::string f;
    std::size_t line = 0;
};

/// In which line the events of operations stand, by their index. Lines that follow each other, as
/// they nearly always do, are kept as one stretch.
class EventLines {
public:
    /// Requires: the indexes come in turn.
    void add(Index index, std::size_t line);
    /// Requires: the index was added.
    [[nodiscard]] std::size_t of(Index index) const;

private:
    struct Stretch {
        Index first = 0;
        std::size_t line = 0;
    };
    std::vector<Stretch> stretches_;
};

struct ImportedHistory {
    /// Its history; and the events of processes that are no numbers (faults, for display) as
    /// events: kind is their process, fields their type, f and value.
    Record record;
    std::vector<FirstUse> operations; ///< in the order of those lines
    EventLines lines;
    Kept kept;                   ///< where that was asked for
    bool has_namespaces = false; ///< some operation has one, whatever it means
};

/// Reads a history, ours or anybody's. The order of its events becomes the order of the indexes.
/// Nothing is guessed: what is not a history is refused with `file_name`, the line, what is wrong
/// and what was expected (usage error). Which f a model knows is checked by whoever knows the
/// model.
Result<ImportedHistory>
import_history(ByteSource& source, std::string_view file_name, const ImportOptions& options = {});

/// The same for JSON lines, the history alone.
Result<History> import_jsonl(std::istream& in,
                             std::string_view file_name,
                             Namespaces namespaces = Namespaces::ignored);
/// The same for JSON lines, with the events.
Result<Record> import_jsonl_record(std::istream& in,
                                   std::string_view file_name,
                                   Namespaces namespaces = Namespaces::ignored);

} // namespace faultlab
