#include "core/store/json_scanner.hpp"
#include "core/store/readers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

/// How the text of a column is to be read.
enum class Column : std::uint8_t {
    other, ///< none of ours
    text,
    json,
    process, ///< a number, or the name of what is no process
};

Column column_of(Field field) {
    switch (field) {
        case Field::process: return Column::process;
        case Field::type:
        case Field::f:
        case Field::node:
        case Field::error: return Column::text;
        default: return Column::json;
    }
}

/// Whether one slip of the pen makes `typed` of a name: another case, spaces around it, a letter
/// too many, two that changed places, and, of longer names, one too few or another one.
bool is_slip(std::string_view typed, std::string_view name) {
    std::string plain;
    for (const char c : typed) {
        if (c >= 'A' && c <= 'Z') plain += static_cast<char>(c - 'A' + 'a');
        if ((c < 'A' || c > 'Z') && c != ' ') plain += c;
    }
    std::string_view a = plain;
    std::string_view b = name;
    while (!a.empty() && !b.empty() && a.front() == b.front()) {
        a.remove_prefix(1);
        b.remove_prefix(1);
    }
    while (!a.empty() && !b.empty() && a.back() == b.back()) {
        a.remove_suffix(1);
        b.remove_suffix(1);
    }
    const bool too_many = a.size() <= 1 && b.empty();
    const bool swapped = a.size() == 2 && b.size() == 2 && a[0] == b[1] && a[1] == b[0];
    const bool other = name.size() > 3 && a.size() <= 1 && b.size() == 1;
    return plain == name || (name.size() > 2 && (too_many || swapped || other));
}

/// Reads a table of one event a row (RFC 4180), of which the header names the columns. It is small
/// or slow to read: the format is for spreadsheets.
class CsvReader {
public:
    explicit CsvReader(HistoryAssembly& assembly) : assembly_(assembly) {}

    Result<ImportedHistory> run(LineBuffer& lines, LineBuffer::Piece piece) {
        while (!piece.text.empty()) {
            text_ += piece.text;
            FAULTLAB_TRY(piece, lines.next());
        }
        rest_ = text_;
        const bool read = read_row() && read_header() && read_rows();
        if (!read) return assembly_.error();
        return assembly_.finish();
    }

private:
    struct Cell {
        std::string text;
        bool present = false; ///< an empty one is, if it is quoted
    };

    bool read_header() {
        for (const Cell& cell : row_) {
            const auto found = std::ranges::find(field_names, cell.text);
            std::optional<Field> field;
            if (found != field_names.end()) field = static_cast<Field>(found - field_names.begin());
            if (field && std::ranges::find(columns_, field) != columns_.end()) {
                return assembly_.refuse(
                    line_, fmt::format("column '{}' stands twice", cell.text), "it once");
            }
            columns_.push_back(field);
            headings_.push_back(cell.text);
        }
        // Misspelt, what an operation is of would read as null, and all keys as one.
        for (const Field field : {Field::process,
                                  Field::type,
                                  Field::f,
                                  Field::space,
                                  Field::key,
                                  Field::value,
                                  Field::ret}) {
            if (!is_spelt_right(field)) return false;
        }
        for (const Field needed : {Field::process, Field::type, Field::f}) {
            if (std::ranges::find(columns_, std::optional(needed)) != columns_.end()) continue;
            return assembly_.refuse(
                line_,
                fmt::format("there is no column '{}'", name_of(needed)),
                fmt::format("a header with columns of these: {}", fmt::join(field_names, ",")));
        }
        return true;
    }

    /// Whether it has its column, or none that is nearly called so.
    bool is_spelt_right(Field field) {
        const std::string_view name = name_of(field);
        if (std::ranges::find(columns_, std::optional(field)) != columns_.end()) return true;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (columns_[i] || !is_slip(headings_[i], name)) continue;
            return assembly_.refuse(
                line_,
                fmt::format("column {} is '{}', and no column '{}'", i + 1, headings_[i], name),
                fmt::format("'{}', or a name that is not so near to it", name));
        }
        return true;
    }

    bool read_rows() {
        while (!rest_.empty()) {
            if (!read_row()) return false;
            const bool blank = row_.size() == 1 && !row_[0].present;
            if (blank) continue;
            if (row_.size() != columns_.size()) {
                return assembly_.refuse(line_,
                                        fmt::format("{} cells", row_.size()),
                                        fmt::format("{}, as in the header", columns_.size()));
            }
            event_.clear();
            for (std::size_t i = 0; i < row_.size(); ++i) {
                if (!columns_[i]) {
                    event_.meet(headings_[i]);
                    if (row_[i].present) keep(i);
                    continue;
                }
                if (row_[i].present && !read_cell(row_[i].text, *columns_[i])) return false;
                // An empty cell is an absent field; of this one, which has a column, null.
                if (!row_[i].present && columns_[i] == Field::value)
                    event_.add(Field::value) = {.kind = Token::Kind::null};
            }
            if (!assembly_.add(event_, line_)) return false;
        }
        return true;
    }

    /// JSON where it is some, as in our columns.
    void keep(std::size_t column) {
        const std::string& cell = row_[column].text;
        const Token token{.kind = is_json(cell) ? Token::Kind::unfit : Token::Kind::text,
                          .text = cell,
                          .raw = cell};
        assembly_.keep(headings_[column], token, event_);
    }

    bool read_cell(const std::string& cell, Field field) {
        Token& token = event_.add(field);
        const Column column = column_of(field);
        const bool number = !cell.empty() && (cell[0] == '-' || scan::is_digit(cell[0]));
        if (column == Column::text || (column == Column::process && !number)) {
            if (!is_text(cell)) {
                return assembly_.refuse(line_, "bytes that are not UTF-8", "a text in UTF-8");
            }
            token = {.kind = Token::Kind::text, .text = cell, .raw = cell};
            return true;
        }
        std::string& padded = padded_[static_cast<std::size_t>(field)];
        padded = cell;
        padded += '\n';
        padded.append(scan::padding_bytes, '\0');
        const char* const begin = JsonScanner::skip_space(padded.data());
        const char* end = scanner_.value(begin, token, scratch_[static_cast<std::size_t>(field)]);
        if (end != nullptr) end = JsonScanner::skip_space(end);
        if (end == padded.data() + cell.size()) return true;
        return assembly_.refuse(
            line_,
            fmt::format("'{}' is {}, which is not JSON", name_of(field), quoted(cell)),
            "a JSON value: 4, \"text\", null, [1,2]");
    }

    static bool is_text(std::string_view cell) {
        std::string padded(cell);
        padded.append(scan::padding_bytes, '\0');
        const char* p = padded.data();
        const char* const end = p + cell.size();
        while (p != nullptr && p < end)
            p = static_cast<unsigned char>(*p) < 0x80 ? p + 1 : scan::utf8_end(p);
        return p == end;
    }

    /// Reads the cells of the next row; line_ is where it begins.
    bool read_row() {
        line_ = next_line_;
        row_.clear();
        for (;;) {
            Cell& cell = row_.emplace_back();
            const bool read = rest_.starts_with('"') ? read_quoted(cell) : read_plain(cell);
            if (!read) return false;
            if (!rest_.starts_with(',')) break;
            rest_.remove_prefix(1);
        }
        if (rest_.starts_with('\r')) rest_.remove_prefix(1);
        if (!rest_.starts_with('\n') && !rest_.empty()) {
            return assembly_.refuse(
                line_, "there is more behind a closing quote", "a comma or the end of the line");
        }
        if (!rest_.empty()) rest_.remove_prefix(1);
        ++next_line_;
        return true;
    }

    bool read_plain(Cell& cell) {
        const std::size_t end = std::min(rest_.find_first_of(",\n\""), rest_.size());
        cell.text = rest_.substr(0, end);
        rest_.remove_prefix(end);
        if (rest_.starts_with('"'))
            return assembly_.refuse(line_, "a quote inside a cell", "the whole cell in quotes");
        if (rest_.starts_with('\n') && cell.text.ends_with('\r')) cell.text.pop_back();
        cell.present = !cell.text.empty();
        return true;
    }

    bool read_quoted(Cell& cell) {
        cell.present = true;
        for (;;) {
            rest_.remove_prefix(1);
            const std::size_t end = rest_.find('"');
            if (end == std::string_view::npos)
                return assembly_.refuse(line_, "a quote that is not closed", "a closing quote");
            const std::string_view part = rest_.substr(0, end);
            next_line_ += static_cast<std::size_t>(std::ranges::count(part, '\n'));
            cell.text += part;
            rest_.remove_prefix(end + 1);
            if (!rest_.starts_with('"')) return true;
            cell.text += '"';
        }
    }

    HistoryAssembly& assembly_;
    JsonScanner scanner_;
    std::string text_;
    std::string_view rest_; ///< of it
    std::size_t line_ = 1;
    std::size_t next_line_ = 1;
    std::vector<Cell> row_;
    std::vector<std::optional<Field>> columns_;
    std::vector<std::string> headings_; ///< of all columns
    EventFields event_;
    std::array<std::string, field_count> padded_, scratch_;
};

} // namespace

Result<ImportedHistory>
read_csv(LineBuffer& lines, LineBuffer::Piece first, HistoryAssembly& assembly) {
    return CsvReader(assembly).run(lines, first);
}

} // namespace faultlab
