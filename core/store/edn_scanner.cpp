#include "core/store/edn_scanner.hpp"

#include "core/store/text_scan.hpp"

#include <fmt/format.h>

#include <algorithm>
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

/// Of an integer in the base that its prefix names: 0x1F, 2r101; 10 when there is none.
int take_base(std::string_view& digits) {
    if (digits.starts_with("0x") || digits.starts_with("0X")) {
        digits.remove_prefix(2);
        return 16;
    }
    const std::size_t r = digits.find_first_of("rR");
    int base = 0;
    if (r == std::string_view::npos || r > 2) return 10;
    std::from_chars(digits.data(), digits.data() + r, base);
    if (base < 2 || base > 36 || digits[0] == '0') return 10;
    digits.remove_prefix(r + 1);
    return base;
}

/// A word that begins with a digit, or a sign and a digit.
struct Number {
    bool well_formed = false;
    std::optional<std::int64_t> integer; ///< of 64 bits; no other number is a value of ours
};

Number number_of(std::string_view word) {
    // Fractions, ratios, and integers with zeros in front or of more than 64 bits among them.
    const bool plain = word.find_first_not_of("0123456789+-./eEMN") == std::string_view::npos;
    std::string_view digits = word;
    const bool negative = digits.starts_with('-');
    if (negative || digits.starts_with('+')) digits.remove_prefix(1);
    const int base = take_base(digits);
    if (digits.ends_with('N') && base <= 'N' - 'A' + 10) digits.remove_suffix(1);
    if (base == 10 && digits.size() > 1 && digits[0] == '0') return {.well_formed = plain};
    const std::string signed_digits = (negative ? "-" : "") + std::string(digits);
    std::int64_t integer = 0;
    const char* const begin = signed_digits.data();
    const char* const end = begin + signed_digits.size();
    const auto parsed = std::from_chars(begin, end, integer, base);
    const bool whole = !digits.starts_with('-') && parsed.ptr == end;
    if (whole && parsed.ec == std::errc{}) return {.well_formed = true, .integer = integer};
    return {.well_formed = plain || (whole && parsed.ec == std::errc::result_out_of_range)};
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
    token.tuple = false;
    if (!skip_tuple_tag(token.tuple) || !form(token, scratch)) return false;
    token.raw = {first, p_};
    return true;
}

/// The tag says what a list of two is for, and changes nothing in it.
bool EdnScanner::skip_tuple_tag(bool& found) {
    constexpr std::string_view tag = "jepsen.independent/tuple";
    const std::string_view rest(p_, end_);
    if (!rest.starts_with('#') || !rest.substr(1).starts_with(tag)) return true;
    if (rest.size() > tag.size() + 1 && !is_delimiter(rest[tag.size() + 1])) return true;
    found = true;
    return skip_tag(tag);
}

bool EdnScanner::form(Token& token, std::string& scratch) {
    const char c = peek();
    if (c == ':') return keyword(token);
    if (c == '"') return text(token, scratch);
    if (scan::is_digit(c)) return number(token);
    if ((c == '-' || c == '+') && scan::is_digit(p_[1])) return number(token);
    if (c == '#') return dispatch(token, scratch);
    const Brackets brackets = opened_by(c);
    return brackets.closing != '\0' ? list(token, scratch, brackets) : symbol(token);
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
    const Number found = number_of(written);
    token.kind = found.integer ? Token::Kind::integer : Token::Kind::unfit;
    token.integer = found.integer.value_or(0);
    return found.well_formed || fail(fmt::format("{} is no number", quoted(written)));
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
    if (peek() == '{') return list(token, scratch, opened_by('{', true));
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

EdnScanner::Brackets EdnScanner::opened_by(char c, bool set) {
    switch (c) {
        case '[': return {.closing = ']'};
        case '(': return {.closing = ')'};
        case '{': return {.closing = '}', .pairs = !set, .sorted = true};
        default: return {};
    }
}

bool EdnScanner::list(Token& token, std::string& scratch, Brackets brackets) {
    ++p_;
    scratch.clear();
    Output output{.text = &scratch};
    if (!elements(output, brackets, 1)) return false;
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

/// Elements of a list until its closing bracket; `depth` is theirs.
bool EdnScanner::elements(Output& output, Brackets brackets, std::size_t depth) {
    if (!deeper()) return false;
    std::vector<Part> parts;
    if (output.text != nullptr) *output.text += '[';
    for (bool first = true;; first = false) {
        if (!skip_space()) return false;
        if (p_ == end_) return unfinished();
        if (*p_ == brackets.closing) break;
        if (output.text != nullptr && !first) *output.text += ',';
        Part part{.begin = output.size()};
        if (!(brackets.pairs ? entry(output, depth, part) : element(output, depth))) return false;
        if (!brackets.sorted || output.text == nullptr) continue;
        part.end = output.size();
        if (!brackets.pairs) part.key_begin = part.begin, part.key_end = part.end;
        parts.push_back(part);
    }
    ++p_;
    if (!parts.empty()) sort_parts(parts, *output.text);
    if (output.text != nullptr) *output.text += ']';
    --nested_;
    return true;
}

/// The list [key, value] of an entry of a map.
bool EdnScanner::entry(Output& output, std::size_t depth, Part& part) {
    if (output.text != nullptr) *output.text += '[';
    part.key_begin = output.size();
    if (!element(output, depth + 1)) return false;
    part.key_end = output.size();
    if (!skip_space()) return false;
    if (p_ == end_) return unfinished();
    if (*p_ == '}') return fail("a map has a key without a value");
    if (output.text != nullptr) *output.text += ',';
    if (!element(output, depth + 1)) return false;
    if (output.text != nullptr) *output.text += ']';
    return true;
}

/// Shorter ones first, so that numbers that are not negative stand in their own order.
void EdnScanner::sort_parts(std::vector<Part>& parts, std::string& text) {
    const std::string_view all = text;
    const std::size_t begin = parts.front().begin;
    std::ranges::stable_sort(parts, {}, [all](const Part& part) {
        return std::pair(part.key_end - part.key_begin,
                         all.substr(part.key_begin, part.key_end - part.key_begin));
    });
    std::string sorted;
    for (const Part& part : parts) {
        if (!sorted.empty()) sorted += ',';
        sorted += all.substr(part.begin, part.end - part.begin);
    }
    text.replace(begin, std::string::npos, sorted);
}

bool EdnScanner::element(Output& output, std::size_t depth) {
    if (p_ == end_) return unfinished();
    if (depth > depth_max) output.fits = false;
    bool tagged = false; // as nothing inside a value
    if (!skip_tuple_tag(tagged)) return false;
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
    const Brackets brackets = opened_by(set ? '{' : *p_, set);
    if (brackets.closing == '\0') return true;
    taken = true;
    p_ += set ? 2 : 1;
    return elements(output, brackets, depth + 1);
}

} // namespace faultlab
