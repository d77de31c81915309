#pragma once

#include "core/record.hpp"
#include "core/result.hpp"
#include "core/store/import.hpp"

#include <iosfwd>

namespace faultlab {

/// Writes the history, one event a line, lines in real-time order. import_history reads the same
/// history from it in every format.
///
/// Invocations, ok and fail stand in the order of their indexes. An info, and the beginnings and
/// ends of faults (process "nemesis"), have only a time: each stands before the first event of a
/// later time, and an info always after its invocation. An open operation has only its invocation.
///
/// A line's `value` is the argument for invoke, fail and info. For ok it is what was returned; for
/// an operation that only acknowledges (write, cas, enqueue, …) and returned nothing or a boolean,
/// it is the argument, and `ret` is the boolean. Optional fields that import_jsonl understands:
/// `ns` for a key [ns, key], `node` ("n1"), `error`, `client` when it is not the process, `due`
/// when it is not the time.
///
/// EDN is Jepsen's history.edn with the same fields; keys stand in the values, as in
/// jepsen.independent, or in :key where values alone would not show them. CSV has a header; key,
/// value and ret are JSON in it.
///
/// `kept` of a file that is copied: its other events and every info stand where they stood, and
/// fields that are none of ours where they were. EDN numbers the events anew.
///
/// Text that is not UTF-8 is written with its bad bytes replaced. The error is that of the stream.
Result<void> export_history(const Record& record,
                            HistoryFormat format,
                            std::ostream& out,
                            const Kept& kept = {});

/// The same as JSON lines.
Result<void> export_jsonl(const Record& record, std::ostream& out);

} // namespace faultlab
