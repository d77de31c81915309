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

/// What was read must be read again from what is written of it, in every format.
inline void check_copies(const History& history, Namespaces namespaces) {
    const Record record{.history = history};
    for (const HistoryFormat to : {HistoryFormat::jsonl, HistoryFormat::edn, HistoryFormat::csv}) {
        std::ostringstream out;
        require(export_history(record, to, out).ok());
        const std::string written = out.str();
        const auto again =
            import_history(*text_source(written), "fuzz", {.format = to, .namespaces = namespaces});
        require(again.ok());
        require(again->record.history.size() == history.size());
        for (std::size_t i = 0; i < history.size(); ++i) {
            const Op a = history.op(static_cast<OpId>(i));
            const Op b = again->record.history.op(static_cast<OpId>(i));
            require(a.f == b.f && a.key == b.key && a.arg == b.arg && a.ret == b.ret);
            require(a.status == b.status && a.process == b.process && a.error == b.error);
        }
    }
}

/// Namespaces change keys, and nothing else.
inline void check_namespaces(std::string_view text, HistoryFormat format, const History& plain) {
    const auto apart = import_history(
        *text_source(text), "fuzz", {.format = format, .namespaces = Namespaces::separate});
    if (!apart) {
        require(apart.error().kind == ErrorKind::usage);
        return;
    }
    const History& history = apart->record.history;
    require(history.size() == plain.size());
    for (std::size_t i = 0; i < history.size(); ++i) {
        Op a = history.op(static_cast<OpId>(i));
        jsonl::take_from_namespace(a);
        const Op b = plain.op(static_cast<OpId>(i));
        require(a.f == b.f && a.key == b.key && a.arg == b.arg && a.ret == b.ret);
    }
    check_copies(history, Namespaces::separate);
}

/// Bytes as a history file: the parser and the slow one must agree.
inline void check_parser(std::string_view text, HistoryFormat format) {
    const auto fast = import_history(*text_source(text), "fuzz", {.format = format});
    const auto slow =
        format == HistoryFormat::edn ? test::reference_edn(text) : test::reference_jsonl(text);
    require(fast.ok() == slow.record.has_value());
    if (!fast) {
        require(fast.error().kind == ErrorKind::usage);
        return;
    }
    // Faults of others are for display: they are not written, and so not copied.
    require(test::difference(fast->record, *slow.record).empty());
    const History& history = fast->record.history;
    // A list of two as a key is what the lab has for a key in a namespace, and is written as one.
    for (std::size_t i = 0; i < history.size(); ++i) {
        Op op = history.op(static_cast<OpId>(i));
        if (!jsonl::take_from_namespace(op).is_absent()) return;
    }
    check_copies(history, Namespaces::ignored);
    check_namespaces(text, format, history);
}

} // namespace faultlab::fuzz
