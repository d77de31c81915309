#include "core/store/import.hpp"

#include "core/check.hpp"
#include "core/store/assembly.hpp"
#include "core/store/line_buffer.hpp"
#include "core/store/readers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace faultlab {
namespace {

constexpr std::array formats = {HistoryFormat::jsonl, HistoryFormat::edn, HistoryFormat::csv};

/// `{"` begins JSON, a letter or a quote a table with a header; all else that can begin EDN is EDN.
HistoryFormat format_of_text(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return HistoryFormat::jsonl;
    const char c = text[first];
    if (c == '[' || c == '(' || c == '#' || c == ';') return HistoryFormat::edn;
    if (c == '{') {
        const std::size_t inside = text.find_first_not_of(" \t\r\n,", first + 1);
        const bool keyword = inside != std::string_view::npos && text[inside] == ':';
        return keyword ? HistoryFormat::edn : HistoryFormat::jsonl;
    }
    const bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    return letter || c == '"' ? HistoryFormat::csv : HistoryFormat::jsonl;
}

} // namespace

std::string_view to_string(HistoryFormat format) {
    switch (format) {
        case HistoryFormat::jsonl: return "jsonl";
        case HistoryFormat::edn: return "edn";
        case HistoryFormat::csv: return "csv";
    }
    return "jsonl";
}

std::optional<HistoryFormat> format_of_name(std::string_view file_name) {
    for (const std::string_view packed : {".gz", ".zst"}) {
        if (file_name.ends_with(packed)) file_name.remove_suffix(packed.size());
    }
    for (const HistoryFormat format : formats) {
        if (file_name.ends_with(fmt::format(".{}", to_string(format)))) return format;
    }
    return std::nullopt;
}

void EventLines::add(Index index, std::size_t line) {
    if (!stretches_.empty()) {
        const Stretch& last = stretches_.back();
        if (line == last.line + static_cast<std::size_t>(index - last.first)) return;
    }
    stretches_.push_back({.first = index, .line = line});
}

std::size_t EventLines::of(Index index) const {
    const auto after = std::ranges::upper_bound(stretches_, index, {}, &Stretch::first);
    FAULTLAB_CHECK(after != stretches_.begin());
    const Stretch& stretch = *std::prev(after);
    return stretch.line + static_cast<std::size_t>(index - stretch.first);
}

Result<ImportedHistory>
import_history(ByteSource& source, std::string_view file_name, const ImportOptions& options) {
    LineBuffer lines(source);
    FAULTLAB_TRY(LineBuffer::Piece first, lines.next());
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (first.text.starts_with(byte_order_mark)) first.text.remove_prefix(byte_order_mark.size());
    std::optional<HistoryFormat> format = options.format;
    if (!format) format = format_of_name(file_name);
    if (!format) format = format_of_text(first.text);
    HistoryAssembly assembly(file_name, options, *format);
    switch (*format) {
        case HistoryFormat::jsonl: break;
        case HistoryFormat::edn: return read_edn(lines, first, assembly);
        case HistoryFormat::csv: return read_csv(lines, first, assembly);
    }
    return read_jsonl(lines, first, assembly);
}

Result<Record>
import_jsonl_record(std::istream& in, std::string_view file_name, Namespaces namespaces) {
    const auto source = stream_source(in, file_name);
    FAULTLAB_TRY(ImportedHistory imported,
                 import_history(*source,
                                file_name,
                                {.format = HistoryFormat::jsonl, .namespaces = namespaces}));
    return std::move(imported.record);
}

Result<History> import_jsonl(std::istream& in, std::string_view file_name, Namespaces namespaces) {
    FAULTLAB_TRY(Record record, import_jsonl_record(in, file_name, namespaces));
    return std::move(record.history);
}

} // namespace faultlab
