#include "core/store/edn_scanner.hpp"
#include "core/store/field_names.hpp"
#include "core/store/readers.hpp"
#include "core/store/tuples.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <utility>

namespace faultlab {
namespace {

/// Of its two events, on the small side.
constexpr std::size_t usual_operation_bytes = 120;
constexpr std::string_view one_event = "maps, one an event: {:process 0, :type :invoke, …}";

/// Reads a history as Jepsen stores it: maps in a row, or in one vector or list, perhaps tagged as
/// its records. Maps may span lines, and pieces of the file: a form that goes on behind a piece is
/// read again with what follows.
class EdnReader {
public:
    explicit EdnReader(HistoryAssembly& assembly) : assembly_(assembly) {}

    Result<ImportedHistory> run(LineBuffer& lines, LineBuffer::Piece piece) {
        FAULTLAB_DO(see_tuples(lines, piece));
        assembly_.reserve(lines.size_hint() / usual_operation_bytes);
        while (!piece.text.empty()) {
            FAULTLAB_TRY(const std::size_t used, read_piece(piece));
            lines.give_back(piece.text.size() - used);
            if (piece.last) break;
            FAULTLAB_TRY(piece, lines.next());
        }
        if (place_.outer != '\0') {
            return refusal(place_.line, "the file ends too early", bracket(place_.outer));
        }
        return assembly_.finish();
    }

private:
    static std::string bracket(char closing) { return fmt::format("a closing '{}'", closing); }

    Error refusal(std::size_t line, std::string_view wrong, std::string_view expected) {
        assembly_.refuse(line, wrong, expected);
        return assembly_.error();
    }

    /// Finds out whether values are [key value] tuples, before the first is read. Only a history in
    /// which nothing tells is looked at to its end for that.
    Result<void> see_tuples(LineBuffer& lines, LineBuffer::Piece& piece) {
        TupleQuestion question;
        asking_ = &question;
        std::size_t asked = 0;
        for (;;) {
            const auto used = read_piece({.text = piece.text.substr(asked), .last = piece.last});
            // What is wrong is told when it is read again.
            if (question.decided() || piece.last || !used) break;
            asked += *used;
            lines.give_back(piece.text.size());
            FAULTLAB_TRY(piece, lines.next());
        }
        asking_ = nullptr;
        tuples_ = question.are_tuples();
        place_ = {};
        return {};
    }

    /// Reads the forms that end in this piece; returns how much of it they were.
    Result<std::size_t> read_piece(const LineBuffer::Piece& piece) {
        EdnScanner scanner(piece.text);
        const std::size_t first_line = place_.line;
        const auto line = [&] { return first_line + scanner.lines(); };
        std::size_t form_line = first_line;
        std::size_t used = 0;
        // The scanner went no further: because the form goes on behind the piece, or is wrong.
        const auto stopped = [&]() -> Result<std::size_t> {
            const EdnScanner::Error& error = *scanner.error();
            if (error.unfinished && !piece.last) return used;
            return refusal(error.unfinished ? form_line : line(), error.wrong, one_event);
        };
        for (;;) {
            if (!scanner.skip_space()) return stopped();
            if (scanner.at_end()) break;
            form_line = line();
            if (!read_form(scanner, form_line)) {
                if (!scanner.error()) return assembly_.error();
                return stopped();
            }
            used = scanner.position();
            place_.line = line();
            if (asking_ != nullptr && asking_->decided()) return used;
        }
        place_.line = line();
        return piece.text.size();
    }

    /// One event, or a bracket around them all. False: the scanner or the assembly has an error.
    bool read_form(EdnScanner& scanner, std::size_t line) {
        const char c = scanner.peek();
        if (place_.outer != '\0' && c == place_.outer) {
            scanner.advance();
            place_.outer = '\0';
            place_.closed = true;
            return true;
        }
        if (place_.closed) {
            return assembly_.refuse(line, "there is more behind the closing bracket", "the end");
        }
        if (place_.outer == '\0' && !place_.begun && (c == '[' || c == '(')) {
            scanner.advance();
            place_.outer = c == '[' ? ']' : ')';
            place_.begun = true;
            return true;
        }
        place_.begun = true;
        if (c == '#' && !scanner.skip_tag("jepsen.history.Op")) return false;
        if (scanner.peek() != '{')
            return assembly_.refuse(line, EdnScanner::shown_byte(scanner.peek()), one_event);
        scanner.advance();
        return read_map(scanner, line);
    }

    bool read_map(EdnScanner& scanner, std::size_t line) {
        event_.clear();
        for (;;) {
            if (!scanner.skip_space()) return false;
            if (scanner.peek() == '}') break;
            std::string_view name;
            if (!scanner.field_name(name)) return false;
            if (!scanner.skip_space()) return false;
            const auto field = field_of(name);
            if (field && event_.has(*field)) {
                return assembly_.refuse(line, fmt::format("'{}' stands twice", name), "it once");
            }
            if (!field) event_.meet(name);
            Token& token = field ? event_.add(*field) : ignored_;
            const std::size_t place = field ? static_cast<std::size_t>(*field) : field_count;
            if (!scanner.value(token, scratch_[place])) return false;
            if (!field && asking_ == nullptr) assembly_.keep(name, token, event_);
        }
        scanner.advance();
        if (asking_ != nullptr) {
            ask();
            return true;
        }
        return (tuples_ ? split_tuple(line) : no_tuple(line)) && assembly_.add(event_, line);
    }

    [[nodiscard]] const Token* tagged_value() const {
        const Token* const process = event_.find(Field::process);
        const Token* const value = event_.find(Field::value);
        const bool of_operation = process != nullptr && process->kind == Token::Kind::integer;
        return of_operation && value != nullptr && value->tuple ? value : nullptr;
    }

    /// Other events have told that their values are none.
    bool no_tuple(std::size_t line) {
        const Token* const tagged = tagged_value();
        return tagged == nullptr ||
               assembly_.refuse(line,
                                fmt::format("'value' is {}", quoted(tagged->raw)),
                                "no tuple, as in the events before it");
    }

    /// Empty for what is no text, which is refused later.
    static std::string_view text_of(const Token& token) {
        return token.kind == Token::Kind::text ? token.text : std::string_view{};
    }

    void ask() {
        const Token* const process = event_.find(Field::process);
        const Token* const type = event_.find(Field::type);
        const Token* const f = event_.find(Field::f);
        if (process == nullptr || process->kind != Token::Kind::integer) return;
        if (type == nullptr || text_of(*type) != "invoke" || f == nullptr) return;
        if (event_.has(Field::key)) return asking_->see_key();
        if (tagged_value() != nullptr) return asking_->see_tag();
        const Token* const value = event_.find(Field::value);
        const bool list = value != nullptr && value->kind == Token::Kind::list;
        asking_->look_at(text_of(*f), list ? decode_canonical(value->text) : Value{});
    }

    /// Takes the key out of the value, as the value of an operation on one key is a tuple.
    bool split_tuple(std::size_t line) {
        const Token* const process = event_.find(Field::process);
        const Token* const f = event_.find(Field::f);
        if (process == nullptr || process->kind != Token::Kind::integer) return true;
        const bool spans = f != nullptr && spans_keys(text_of(*f));
        if (f == nullptr || (spans && tagged_value() == nullptr)) return true;
        if (event_.has(Field::key)) {
            return assembly_.refuse(line,
                                    "a ':key', where the values of other events are [key value]",
                                    "one or the other in the whole file");
        }
        const Token* const value = event_.find(Field::value);
        const auto parts = value == nullptr ? std::nullopt : splitter_.split(*value);
        if (!parts) {
            return assembly_.refuse(
                line,
                fmt::format("'value' is {}", value == nullptr ? "absent" : quoted(value->raw)),
                "[key value], as in the other events");
        }
        const std::string_view raw = value->raw;
        Token& key = event_.add(Field::key);
        key = parts->key;
        Token& rest = event_.add(Field::value);
        rest = parts->value;
        key.raw = rest.raw = raw;
        return true;
    }

    /// Where we are between the events.
    struct Place {
        std::size_t line = 1;
        char outer = '\0';   ///< the bracket that will close around them
        bool begun = false;  ///< something was read
        bool closed = false; ///< that bracket was read
    };

    HistoryAssembly& assembly_;
    Place place_;
    bool tuples_ = false;
    TupleQuestion* asking_ = nullptr; ///< events are only looked at
    TupleSplitter splitter_;
    EventFields event_;
    Token ignored_;
    std::array<std::string, field_count + 1> scratch_;
};

} // namespace

Result<ImportedHistory>
read_edn(LineBuffer& lines, LineBuffer::Piece first, HistoryAssembly& assembly) {
    return EdnReader(assembly).run(lines, first);
}

} // namespace faultlab
