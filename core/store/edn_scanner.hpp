#pragma once

#include "core/store/token.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

/// Reads EDN forms from a piece of text. Requires: the text ends in a line feed, with
/// `scan::padding_bytes` readable behind it. After a function that returned false, error() says
/// why, and nothing more may be read.
class EdnScanner {
public:
    struct Error {
        std::string wrong;
        bool unfinished = false; ///< the form goes on where the text ends
    };

    explicit EdnScanner(std::string_view text)
        : begin_(text.data()), p_(begin_), end_(begin_ + text.size()), counted_(begin_) {}

    [[nodiscard]] const std::optional<Error>& error() const { return error_; }
    /// How many line feeds lie behind us.
    [[nodiscard]] std::size_t lines() const;
    [[nodiscard]] std::size_t position() const { return static_cast<std::size_t>(p_ - begin_); }
    [[nodiscard]] bool at_end() const { return p_ == end_; }

    /// The next character; '\0' at the end.
    [[nodiscard]] char peek() const { return p_ < end_ ? *p_ : '\0'; }
    void advance() { ++p_; }
    /// "there is '7'", for an error.
    [[nodiscard]] static std::string shown_byte(char c);

    /// Passes over spaces, commas, comments and discarded forms.
    bool skip_space();
    /// Passes over this tag, of which '#' is the next character.
    bool skip_tag(std::string_view tag);
    /// The key of a map: of a keyword its name, of everything else an empty text.
    bool field_name(std::string_view& name);
    /// Reads one form. `scratch` takes a text with escapes or the canonical form of a list, with
    /// padding behind it; the token may refer to it.
    bool value(Token& token, std::string& scratch);

private:
    /// A list that is being written in canonical form; null where a form is only passed over.
    struct Output {
        std::string* text = nullptr;
        bool fits = true; ///< everything in it is a Value
        [[nodiscard]] std::size_t size() const { return text == nullptr ? 0 : text->size(); }
    };

    /// What stands between two brackets.
    struct Brackets {
        char closing = '\0'; ///< '\0': there is no bracket
        bool pairs = false;  ///< entries of a map, which become lists of two
        bool sorted = false; ///< in no order of its own: equal ones become equal lists
    };
    static Brackets opened_by(char c, bool set = false);

    /// An element of what is sorted, as places in the canonical text.
    struct Part {
        std::size_t begin = 0;
        std::size_t end = 0;
        std::size_t key_begin = 0; ///< what it is sorted by
        std::size_t key_end = 0;
    };
    static void sort_parts(std::vector<Part>& parts, std::string& text);

    bool fail(std::string wrong);
    bool unfinished();
    bool skip_tuple_tag(bool& found);
    bool form(Token& token, std::string& scratch);
    bool text(Token& token, std::string& scratch);
    bool keyword(Token& token);
    bool number(Token& token);
    bool symbol(Token& token);
    bool dispatch(Token& token, std::string& scratch);
    bool list(Token& token, std::string& scratch, Brackets brackets);
    bool elements(Output& output, Brackets brackets, std::size_t depth);
    bool entry(Output& output, std::size_t depth, Part& part);
    bool element(Output& output, std::size_t depth);
    bool nested(Output& output, std::size_t depth, bool& taken);
    bool pass_over();
    bool deeper();
    /// What stands until the next space or bracket.
    std::string_view word();

    const char* begin_;
    const char* p_;
    const char* end_;
    std::optional<Error> error_;
    std::string inner_;      ///< of texts inside lists
    std::size_t nested_ = 0; ///< how many forms are open, tags and discards among them
    mutable const char* counted_;
    mutable std::size_t lines_ = 0;
};

} // namespace faultlab
