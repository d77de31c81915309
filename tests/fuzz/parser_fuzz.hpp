#pragma once

#include "core/store/export.hpp"
#include "core/store/import.hpp"
#include "core/store/jsonl_namespace.hpp"
#include "tests/fuzz/fuzz_input.hpp"
#include "tests/support/history_reference.hpp"

#include <sstream>
#include <string>
#include <string_view>

namespace faultlab::fuzz {

/// Bytes as a history file: the parser and the slow one must agree, and what was read must be read
/// again from what is written of it, in every format.
inline void check_parser(std::string_view text, HistoryFormat format) {
    const auto fast = import_history(*text_source(text), "fuzz", {.format = format});
    const auto slow =
        format == HistoryFormat::edn ? test::reference_edn(text) : test::reference_jsonl(text);
    require(fast.ok() == slow.record.has_value());
    if (!fast) {
        require(fast.error().kind == ErrorKind::usage);
        return;
    }
    require(test::difference(fast->record, *slow.record).empty());
    // Faults of others are for display: they are not written.
    const Record record{.history = fast->record.history};
    // A list of two as a key is what the lab has for a key in a namespace, and is written as one.
    for (std::size_t i = 0; i < record.history.size(); ++i) {
        Op op = record.history.op(static_cast<OpId>(i));
        if (!jsonl::take_from_namespace(op).is_absent()) return;
    }
    for (const HistoryFormat to : {HistoryFormat::jsonl, HistoryFormat::edn, HistoryFormat::csv}) {
        std::ostringstream out;
        require(export_history(record, to, out).ok());
        const std::string written = out.str();
        const auto again = import_history(*text_source(written), "fuzz", {.format = to});
        require(again.ok());
        require(again->record.history.size() == record.history.size());
        for (std::size_t i = 0; i < record.history.size(); ++i) {
            const Op a = record.history.op(static_cast<OpId>(i));
            const Op b = again->record.history.op(static_cast<OpId>(i));
            require(a.f == b.f && a.key == b.key && a.arg == b.arg && a.ret == b.ret);
            require(a.status == b.status && a.process == b.process && a.error == b.error);
        }
    }
}

} // namespace faultlab::fuzz
