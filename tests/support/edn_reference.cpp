#include "tests/support/edn_reference.hpp"

#include <algorithm>
#include <optional>
#include <regex>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

namespace faultlab::test {
namespace {

using Json = nlohmann::json;

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    std::vector<Json> events() {
        std::vector<Json> events;
        space();
        char outer = '\0';
        if (peek() == '[' || peek() == '(') {
            outer = next() == '[' ? ']' : ')';
            space();
        }
        while (at_ < text_.size() && (outer == '\0' || peek() != outer)) {
            events.push_back(event());
            space();
        }
        if (outer != '\0') {
            if (at_ == text_.size()) refuse("the bracket is not closed");
            next();
            space();
            if (at_ < text_.size()) refuse("more behind the bracket");
        }
        return events;
    }

private:
    [[noreturn]] static void refuse(const char* why) { throw std::runtime_error(why); }

    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    char next() {
        if (at_ == text_.size()) refuse("it ends too early");
        return text_[at_++];
    }
    static bool is_delimiter(char c) {
        return std::string_view(" \t\r\n\f,;\"()[]{}").find(c) != std::string_view::npos;
    }
    std::string word() {
        const std::size_t first = at_;
        while (at_ < text_.size() && !is_delimiter(text_[at_]))
            ++at_;
        return std::string(text_.substr(first, at_ - first));
    }
    static void check_utf8(const std::string& text) {
        std::string quoted = "\"";
        for (const char c : text) {
            const bool plain = static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
            quoted += plain ? c : '.';
        }
        if (!Json::accept(quoted + '"')) refuse("not UTF-8");
    }

    struct Nested {
        explicit Nested(int& depth) : depth_(depth) {
            if (++depth_ > 1000) refuse("nested too deep");
        }
        Nested(const Nested&) = delete;
        Nested& operator=(const Nested&) = delete;
        ~Nested() { --depth_; }
        int& depth_;
    };

    void space() {
        for (;;) {
            while (at_ < text_.size() &&
                   std::string_view(" ,\n\t\r\f").find(text_[at_]) != std::string_view::npos)
                ++at_;
            if (at_ < text_.size() && text_[at_] == ';') {
                while (at_ < text_.size() && text_[at_] != '\n')
                    ++at_;
            } else if (peek() == '#' && peek(1) == '_') {
                at_ += 2;
                const Nested nested(depth_);
                space();
                form();
            } else {
                return;
            }
        }
    }

    Json event() {
        if (peek() == '#') {
            next();
            if (word() != "jepsen.history.Op") refuse("another tag");
            space();
        }
        if (next() != '{') refuse("no map");
        Json event = Json::object();
        std::set<std::string> seen;
        for (space(); peek() != '}' || at_ == text_.size(); space()) {
            const bool named = peek() == ':';
            const Json key = form();
            const std::string name = named ? key.get<std::string>() : std::string();
            space();
            Json value = form();
            static const std::set<std::string> ours = {"process",
                                                       "type",
                                                       "f",
                                                       "key",
                                                       "value",
                                                       "time",
                                                       "node",
                                                       "error",
                                                       "client",
                                                       "due",
                                                       "ret",
                                                       "ns"};
            if (ours.contains(name) && !seen.insert(name).second) refuse("a field twice");
            if (ours.contains(name)) event[name] = std::move(value);
        }
        next();
        return event;
    }

    Json form() {
        if (at_ == text_.size()) refuse("it ends too early");
        const char c = peek();
        if (c == '"') return text();
        if (c == ':') return keyword();
        if (c == '[') return list(']');
        if (c == '(') return list(')');
        if (c == '{') return map();
        if (c == '#') return dispatch();
        const bool sign = c == '-' || c == '+';
        const char digit = sign ? peek(1) : c;
        if (digit >= '0' && digit <= '9') return number();
        return symbol();
    }

    Json list(char closing) {
        next();
        const Nested nested(depth_);
        Json list = Json::array();
        for (space(); peek() != closing || at_ == text_.size(); space())
            list.push_back(form());
        next();
        return list;
    }

    /// What is sorted by: the shorter JSON first.
    static std::pair<std::size_t, std::string> order_of(const Json& json) {
        std::string text;
        if (json.is_array()) {
            for (const Json& element : json)
                text += (text.empty() ? "" : ",") + order_of(element).second;
            text = '[' + text + ']';
        } else if (json.is_string()) {
            text = '"';
            for (const char c : json.get<std::string>()) {
                constexpr const char* digits = "0123456789abcdef";
                const auto byte = static_cast<unsigned char>(c);
                if (c == '"' || c == '\\') text += '\\';
                if (byte >= 0x20) text += c;
                if (byte < 0x20) {
                    text += std::string("\\u00") + digits[byte >> 4U] + digits[byte & 0xFU];
                }
            }
            text += '"';
        } else {
            text = json.dump();
        }
        return {text.size(), text};
    }

    Json map() {
        next();
        const Nested nested(depth_);
        Json pairs = Json::array();
        for (space(); peek() != '}' || at_ == text_.size(); space()) {
            const Json key = form();
            space();
            if (peek() == '}') refuse("a key without a value");
            pairs.push_back(Json::array({key, form()}));
        }
        next();
        std::stable_sort(pairs.begin(), pairs.end(), [](const Json& a, const Json& b) {
            return order_of(a[0]) < order_of(b[0]);
        });
        return pairs;
    }

    Json set() {
        Json elements = list('}');
        std::stable_sort(elements.begin(), elements.end(), [](const Json& a, const Json& b) {
            return order_of(a) < order_of(b);
        });
        return elements;
    }

    Json dispatch() {
        next();
        if (peek() == '{') return set();
        if (peek() == '#') {
            word();
            return Json::object();
        }
        const std::string tag = word();
        if (tag.empty()) refuse("no tag");
        check_utf8(tag);
        const Nested nested(depth_);
        space();
        form();
        return Json::object();
    }

    Json keyword() {
        next();
        const std::string name = word();
        if (name.empty()) refuse("no keyword");
        check_utf8(name);
        return name;
    }

    static Json in_base(const std::smatch& parts) {
        const int base = parts[2].length() == 0 ? 16 : std::stoi(parts[2]);
        std::string digits = parts[3];
        if (digits.back() == 'N' && base < 24) digits.pop_back();
        for (const char c : digits) {
            const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
            if (digit >= base) refuse("a digit of another base");
        }
        if (digits.empty()) refuse("no digits");
        try {
            return std::stoll(parts[1].str() + digits, nullptr, base);
        } catch (const std::out_of_range&) {
            return 0.5;
        }
    }

    Json number() {
        const std::string written = word();
        static const std::regex based(
            "([+-]?)(?:0[xX]|([2-9]|[12][0-9]|3[0-6])[rR])([0-9A-Za-z]+)");
        std::smatch parts;
        if (std::regex_match(written, parts, based)) return in_base(parts);
        static const std::regex integer("[+-]?(0|[1-9][0-9]*)N?");
        static const std::regex other("[0-9+\\-./eEMN]+");
        if (!std::regex_match(written, other)) refuse("no number");
        if (!std::regex_match(written, integer)) return 0.5;
        std::string digits = written;
        if (digits.back() == 'N') digits.pop_back();
        try {
            return std::stoll(digits);
        } catch (const std::out_of_range&) {
            return 0.5;
        }
    }

    Json symbol() {
        std::string written;
        if (peek() == '\\') {
            written += next();
            written += next();
        }
        written += word();
        if (written.empty()) refuse("a stray bracket");
        // A character may be one that ends words, the rest must be UTF-8 all the same.
        check_utf8(written);
        if (written == "nil") return nullptr;
        if (written == "true") return true;
        if (written == "false") return false;
        return Json::object();
    }

    Json text() {
        next();
        std::string json = "\"";
        for (char c = next(); c != '"'; c = next()) {
            if (c == '\\') {
                const char escape = next();
                if (std::string_view("\"\\bfnrtu").find(escape) == std::string_view::npos)
                    refuse("no escape");
                json += c;
                json += escape;
            } else if (static_cast<unsigned char>(c) < 0x20) {
                constexpr const char* digits = "0123456789abcdef";
                json += "\\u00";
                json += digits[static_cast<unsigned char>(c) >> 4U];
                json += digits[static_cast<unsigned char>(c) & 0xFU];
            } else {
                json += c;
            }
        }
        Json parsed = Json::parse(json + '"', nullptr, false);
        if (parsed.is_discarded()) refuse("no text");
        return parsed;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

} // namespace

std::vector<Json> edn_events(std::string_view text) {
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    if (text.starts_with(mark)) text.remove_prefix(mark.size());
    return Parser(text).events();
}

bool is_tuple(const Json& value) {
    if (!value.is_array() || value.size() != 2) return false;
    return value[0].is_string() || value[0].is_number_integer();
}

bool values_are_tuples(const std::vector<Json>& events) {
    bool likely = false;
    for (const Json& event : events) {
        const bool client = event.contains("process") && event["process"].is_number_integer();
        if (!client || !event.contains("f") || !event.contains("type")) continue;
        if (event["type"] != "invoke" || event["f"] == "scan" || event["f"] == "txn") continue;
        if (event.contains("key")) return false;
        if (!event.contains("value") || !is_tuple(event["value"])) return false;
        const Json& rest = event["value"][1];
        if (event["f"] == "cas") return rest.is_array() && rest.size() == 2;
        if (rest.is_null()) return true;
        likely = true;
    }
    return likely;
}

} // namespace faultlab::test
