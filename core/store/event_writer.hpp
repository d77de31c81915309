#pragma once

#include "core/store/export.hpp"
#include "core/types.hpp"
#include "core/value.hpp"

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace faultlab {

/// One event to be written. Refers to values of the exporter.
struct EventRow {
    std::string_view process; ///< a number, or the name of what is no process
    bool numbered = true;     ///< process is a number
    std::string_view type;
    std::string_view f;
    const Value* space = nullptr; ///< namespace of the keys; null: there is none
    const Value* key = nullptr;   ///< null: there is none
    const Value* value = nullptr;
    Nanos time = 0;
    std::string_view node; ///< empty: none
    std::optional<std::int32_t> client;
    std::optional<Nanos> due;
    const Value* ret = nullptr;      ///< null: there is none
    std::string_view error;          ///< empty: none
    std::span<const KeptField> kept; ///< besides these
};

/// Writes events in one format. Owned by one thread.
class EventWriter {
public:
    virtual ~EventWriter() = default;
    virtual void write(const EventRow& row) = 0;
    /// One that is no operation, of a file.
    virtual void write(const KeptEvent& event) = 0;
};

/// `history` tells the writer what events will come, and `names` what other fields; all must
/// outlive it.
std::unique_ptr<EventWriter> event_writer(HistoryFormat format,
                                          const History& history,
                                          std::span<const std::string> names,
                                          std::ostream& out);

} // namespace faultlab
