#include "core/store/edn_scanner.hpp"

#include "core/store/text_scan.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstring>
#include <utility>

namespace faultlab {
namespace {

/// Nested deeper, a list is no Value (core/value.hpp reads no deeper either).
constexpr std::size_t depth_max = 64;
/// Nested deeper, a form is refused: it is read by recursion.
constexpr std::size_t form_depth_max = 1000;
constexpr std::string_view escapes = "\"\\bfnrt";

/// Characters at which a word ends.
constexpr std::array<bool, 256> delimiters = [] {
    std::array<bool, 256> table{};
    for (const char c : {' ', '\t', '\r', '\n', '\f', ',', ';', '"', '(', ')', '[', ']', '{', '}'})
        table[static_cast<unsigned char>(c)] = true;
    return table;
}();

bool is_delimiter(char c) {
    return delimiters[static_cast<unsigned char>(c)];
}

bool is_space(char c) {
    return c == ' ' || c == ',' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

/// The bracket that closes what `c` opens; '\0' when it opens nothing.
char closing_of(char c) {
    switch (c) {
        case '[': return ']';
        case '(': return ')';
        case '{': return '}';
        default: return '\0';
    }
}

/// Of an integer as EDN writes it: no leading zeros, perhaps an N behind it.
std::optional<std::int64_t> integer_of(std::string_view word) {
    if (word.ends_with('N')) word.remove_suffix(1);
    if (word.starts_with('+')) word.remove_prefix(1);
    const std::string_view digits = word.substr(word.starts_with('-') ? 1 : 0);
    if (digits.empty() || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;
    if (!scan::is_digit(digits[0])) return std::nullopt;
    std::int64_t integer = 0;
    const char* const end = word.data() + word.size();
    const auto parsed = std::from_chars(word.data(), end, integer);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return integer;
}

/// A fraction, a ratio or an integer of more than 64 bits; none of them is a value of ours.
bool is_other_number(std::string_view word) {
    return word.find_first_not_of("0123456789+-./eEMN") == std::string_view::npos;
}

bool is_utf8(std::string_view word) {
    const char* p = word.data();
    while (p != nullptr && p < word.data() + word.size())
        p = static_cast<unsigned char>(*p) < 0x80 ? p + 1 : scan::utf8_end(p);
    return p == word.data() + word.size();
}

void append_token(const Token& token, std::string& out) {
    switch (token.kind) {
        case Token::Kind::null: out += "null"; return;
        case Token::Kind::boolean: out += token.integer != 0 ? "true" : "false"; return;
        case Token::Kind::text: append_canonical_text(token.text, out); return;
        case Token::Kind::integer: break;
        case Token::Kind::list:
        case Token::Kind::unfit: return;
    }
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), token.integer).ptr;
    out.append(digits.data(), end);
}

} // namespace

std::size_t EdnScanner::lines() const {
    while (counted_ < p_) {
        const void* found = std::memchr(counted_, '\n', static_cast<std::size_t>(p_ - counted_));
        if (found == nullptr) break;
        counted_ = static_cast<const char*>(found) + 1;
        ++lines_;
    }
    counted_ = p_;
    return lines_;
}

bool EdnScanner::fail(std::string wrong) {
    error_ = Error{.wrong = std::move(wrong)};
    return false;
}

std::string EdnScanner::shown_byte(char c) {
    const bool printable = c > ' ' && c <= '~';
    return printable ? fmt::format("there is '{}'", c)
                     : fmt::format("there is byte {:#04x}", static_cast<unsigned char>(c));
}

bool EdnScanner::unfinished() {
    error_ = Error{.wrong = "it ends too early", .unfinished = true};
    return false;
}

bool EdnScanner::skip_space() {
    for (;;) {
        while (p_ < end_ && is_space(*p_))
            ++p_;
        if (p_ == end_) return true;
        if (*p_ == ';') {
            p_ = static_cast<const char*>(
                std::memchr(p_, '\n', static_cast<std::size_t>(end_ - p_)));
        } else if (*p_ == '#' && p_ + 1 < end_ && p_[1] == '_') {
            p_ += 2;
            if (!deeper() || !skip_space() || !pass_over()) return false;
            --nested_;
        } else {
            return true;
        }
    }
}

bool EdnScanner::skip_tag(std::string_view tag) {
    ++p_;
    const std::string_view found = word();
    if (p_ == end_) return unfinished();
    if (found != tag) return fail(fmt::format("there is #{}", quoted(found)));
    return skip_space() && (p_ < end_ || unfinished());
}

std::string_view EdnScanner::word() {
    const char* const first = p_;
    while (p_ < end_ && !is_delimiter(*p_))
        ++p_;
    return {first, p_};
}

bool EdnScanner::field_name(std::string_view& name) {
    name = {};
    if (peek() != ':') return pass_over();
    Token token;
    if (!keyword(token)) return false;
    name = token.text;
    return true;
}

bool EdnScanner::value(Token& token, std::string& scratch) {
    const char* const first = p_;
    if (!form(token, scratch)) return false;
    token.raw = {first, p_};
    return true;
}

bool EdnScanner::form(Token& token, std::string& scratch) {
    const char c = peek();
    if (c == ':') return keyword(token);
    if (c == '"') return text(token, scratch);
    if (scan::is_digit(c)) return number(token);
    if ((c == '-' || c == '+') && scan::is_digit(p_[1])) return number(token);
    if (c == '[' || c == '(') return list(token, scratch, closing_of(c));
    if (c == '#') return dispatch(token, scratch);
    if (c == '{') {
        token.kind = Token::Kind::unfit;
        return pass_over();
    }
    return symbol(token);
}

bool EdnScanner::text(Token& token, std::string& scratch) {
    const char* const first = ++p_;
    bool escaped = false;
    for (;;) {
        p_ = scan::plain_end(p_);
        if (p_ >= end_) {
            p_ = end_;
            return unfinished();
        }
        if (*p_ == '"') break;
        const char* next = p_ + 1; // a line feed, for example, may stand in a text
        if (*p_ == '\\') {
            escaped = true;
            next = scan::escape_end(p_, escapes);
        } else if (static_cast<unsigned char>(*p_) >= 0x80) {
            next = scan::utf8_end(p_);
        }
        if (next == nullptr) {
            if (end_ - p_ < 12) return unfinished(); // what stands behind the text is not it
            return fail(*p_ == '\\' ? "an escape that is none" : "bytes that are not UTF-8");
        }
        p_ = next;
    }
    token.kind = Token::Kind::text;
    token.text = {first, p_};
    ++p_;
    if (escaped) {
        scan::unescape(token.text, scratch);
        token.text = scratch;
    }
    return true;
}

bool EdnScanner::keyword(Token& token) {
    ++p_;
    token.kind = Token::Kind::text;
    token.text = word();
    if (p_ == end_) return unfinished();
    if (token.text.empty()) return fail("a ':' without a name");
    return is_utf8(token.text) || fail("bytes that are not UTF-8");
}

bool EdnScanner::number(Token& token) {
    const scan::Integer plain = scan::integer(p_);
    if (plain.end != nullptr && is_delimiter(*plain.end)) [[likely]] {
        token.kind = Token::Kind::integer;
        token.integer = plain.value;
        p_ = plain.end;
        return true;
    }
    const std::string_view written = word();
    if (p_ == end_) return unfinished();
    const auto integer = integer_of(written);
    token.kind = integer ? Token::Kind::integer : Token::Kind::unfit;
    token.integer = integer.value_or(0);
    return integer || is_other_number(written) ||
           fail(fmt::format("{} is no number", quoted(written)));
}

bool EdnScanner::symbol(Token& token) {
    const char* const first = p_;
    if (peek() == '\\') ++p_; // a character; it may be one at which words end
    if (p_ > first && p_ < end_) ++p_;
    const char* const rest = p_;
    word();
    if (p_ == end_) return unfinished();
    const std::string_view written(first, p_);
    if (p_ == rest && first == rest) return fail(shown_byte(*p_));
    token.integer = written == "true" ? 1 : 0;
    token.kind = written == "nil"                          ? Token::Kind::null
                 : written == "true" || written == "false" ? Token::Kind::boolean
                                                           : Token::Kind::unfit;
    return is_utf8(written) || fail("bytes that are not UTF-8");
}

/// Behind a '#': a set, a tagged form, or ##Inf and the like.
bool EdnScanner::dispatch(Token& token, std::string& scratch) {
    ++p_;
    if (peek() == '{') return list(token, scratch, '}');
    token.kind = Token::Kind::unfit;
    if (peek() == '#') {
        word();
        return p_ < end_ || unfinished();
    }
    const std::string_view tag = word();
    if (p_ == end_) return unfinished();
    if (tag.empty() || !is_utf8(tag)) return fail("a '#' without a tag");
    if (!deeper() || !skip_space() || !pass_over()) return false;
    --nested_;
    return true;
}

bool EdnScanner::list(Token& token, std::string& scratch, char closing) {
    ++p_;
    scratch.clear();
    Output output{.text = &scratch};
    if (!elements(output, closing, 1)) return false;
    token.kind = output.fits ? Token::Kind::list : Token::Kind::unfit;
    const std::size_t size = scratch.size();
    scratch += '\n';
    scratch.append(scan::padding_bytes, '\0');
    token.text = std::string_view(scratch).substr(0, size);
    return true;
}

/// Reads a form of which only the end matters.
bool EdnScanner::pass_over() {
    Output nothing;
    return element(nothing, 0);
}

/// Forms are read by recursion: one more of them is open now.
bool EdnScanner::deeper() {
    return ++nested_ <= form_depth_max || fail("forms are nested more than 1000 levels deep");
}

/// Elements of a list until `closing`; `depth` is theirs.
bool EdnScanner::elements(Output& output, char closing, std::size_t depth) {
    if (!deeper()) return false;
    if (output.text != nullptr) *output.text += '[';
    for (bool first = true;; first = false) {
        if (!skip_space()) return false;
        if (p_ == end_) return unfinished();
        if (*p_ == closing) break;
        if (output.text != nullptr && !first) *output.text += ',';
        if (!element(output, depth)) return false;
    }
    ++p_;
    if (output.text != nullptr) *output.text += ']';
    --nested_;
    return true;
}

bool EdnScanner::element(Output& output, std::size_t depth) {
    if (p_ == end_) return unfinished();
    if (depth > depth_max) output.fits = false;
    bool taken = false;
    if (!nested(output, depth, taken)) return false;
    if (taken) return true;
    Token token;
    if (!form(token, inner_)) return false;
    if (token.kind == Token::Kind::unfit) output.fits = false;
    if (output.text != nullptr) append_token(token, *output.text);
    return true;
}

/// Takes what has elements itself.
bool EdnScanner::nested(Output& output, std::size_t depth, bool& taken) {
    const bool set = *p_ == '#' && p_ + 1 < end_ && p_[1] == '{';
    const char closing = set ? '}' : closing_of(*p_);
    if (closing == '\0') return true;
    taken = true;
    if (*p_ == '{') output.fits = false;
    p_ += set ? 2 : 1;
    return elements(output, closing, depth + 1);
}

} // namespace faultlab
