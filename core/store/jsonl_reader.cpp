#include "core/store/field_names.hpp"
#include "core/store/json_scanner.hpp"
#include "core/store/readers.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <utility>

namespace faultlab {
namespace {

/// Of its two lines, on the small side.
constexpr std::size_t usual_operation_bytes = 120;

class JsonlReader {
public:
    explicit JsonlReader(HistoryAssembly& assembly) : assembly_(assembly) {}

    Result<ImportedHistory> run(LineBuffer& lines, LineBuffer::Piece piece) {
        assembly_.reserve(lines.size_hint() / usual_operation_bytes);
        while (!piece.text.empty()) {
            const char* p = piece.text.data();
            const char* const end = p + piece.text.size();
            while (p < end) {
                ++line_;
                p = read_line(p);
                if (p == nullptr) return assembly_.error();
            }
            FAULTLAB_TRY(piece, lines.next());
        }
        return assembly_.finish();
    }

private:
    const char* not_json(const char* line, const char* at) {
        const auto column = at - line + 1;
        assembly_.refuse(
            line_, fmt::format("not JSON at column {}", column), "one JSON object a line");
        return nullptr;
    }

    /// Behind its line feed; null when it was refused.
    const char* read_line(const char* const line) {
        const char* p = JsonScanner::skip_space(line);
        if (*p == '\n') return p + 1;
        if (*p != '{') return read_stranger(line, p);
        event_.clear();
        p = JsonScanner::skip_space(p + 1);
        if (*p != '}') {
            for (;;) {
                p = read_field(line, p);
                if (p == nullptr) return nullptr;
                p = JsonScanner::skip_space(p);
                if (*p == '}') break;
                if (*p != ',') return not_json(line, p);
                p = JsonScanner::skip_space(p + 1);
            }
        }
        p = JsonScanner::skip_space(p + 1);
        if (*p != '\n') return not_json(line, p);
        return assembly_.add(event_, line_) ? p + 1 : nullptr;
    }

    /// Behind the value of the field whose name begins at `p`.
    const char* read_field(const char* line, const char* p) {
        if (*p != '"') return not_json(line, p);
        const char* const name = p + 1;
        bool escaped = false;
        const char* const name_end = JsonScanner::text_end(name, escaped);
        if (name_end == nullptr) return not_json(line, p);
        p = JsonScanner::skip_space(name_end);
        if (*p != ':') return not_json(line, p);
        p = JsonScanner::skip_space(p + 1);
        const auto field =
            escaped ? escaped_field({name, name_end - 1}) : field_of({name, name_end - 1});
        if (field && event_.has(*field)) {
            assembly_.refuse(line_, fmt::format("'{}' stands twice", name_of(*field)), "it once");
            return nullptr;
        }
        if (!field) event_.meet({name, name_end - 1});
        Token& token = field ? event_.add(*field) : ignored_;
        std::string& scratch = scratch_[field ? static_cast<std::size_t>(*field) : field_count];
        const char* const end = scanner_.value(p, token, scratch);
        if (!field && end != nullptr)
            assembly_.keep(plain_name({name, name_end - 1}), token, event_);
        return end != nullptr ? end : not_json(line, p);
    }

    static std::string plain_name(std::string_view name) {
        std::string plain;
        scan::unescape(name, plain);
        return plain;
    }

    static std::optional<Field> escaped_field(std::string_view name) {
        std::string plain = plain_name(name);
        const std::size_t size = plain.size();
        plain.append(scan::padding_bytes, '\0');
        return field_of(std::string_view(plain).substr(0, size));
    }

    /// A line that holds no object.
    const char* read_stranger(const char* line, const char* p) {
        const char* end = scanner_.value(p, ignored_, scratch_.back());
        if (end == nullptr || *JsonScanner::skip_space(end) != '\n') return not_json(line, p);
        assembly_.refuse(line_,
                         fmt::format("{} is not an object", quoted(ignored_.raw)),
                         "one JSON object a line");
        return nullptr;
    }

    HistoryAssembly& assembly_;
    JsonScanner scanner_;
    std::size_t line_ = 0;
    EventFields event_;
    Token ignored_; ///< the value of a field that is none of ours
    std::array<std::string, field_count + 1> scratch_;
};

} // namespace

Result<ImportedHistory>
read_jsonl(LineBuffer& lines, LineBuffer::Piece first, HistoryAssembly& assembly) {
    return JsonlReader(assembly).run(lines, first);
}

} // namespace faultlab
