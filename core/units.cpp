#include "core/units.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace faultlab {
namespace {

struct Unit {
    std::string_view name;
    Nanos length;
};
constexpr std::array<Unit, 5> units = {{{"ms", millisecond},
                                        {"us", microsecond},
                                        {"s", second},
                                        {"m", 60 * second},
                                        {"h", 3600 * second}}};

} // namespace

Result<Nanos> parse_duration(std::string_view text) {
    const auto refuse = [text] {
        return usage_error(fmt::format("'{}' is not a length of time", text),
                           "write it like 60s, 2m, 1h or 500ms: more than zero, at most 7 days");
    };
    double amount = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
    if (error != std::errc{}) return refuse();
    const std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
    Nanos length = name.empty() ? second : 0;
    for (const Unit& unit : units) {
        if (unit.name == name) length = unit.length;
    }
    constexpr double longest = 7.0 * 86'400 * static_cast<double>(second);
    const double nanos = amount * static_cast<double>(length);
    if (!(nanos >= 1) || nanos > longest) return refuse();
    return static_cast<Nanos>(nanos);
}

std::string duration_argument(Nanos duration) {
    if (duration % second == 0) return fmt::format("{}s", duration / second);
    if (duration % millisecond == 0) return fmt::format("{}ms", duration / millisecond);
    return fmt::format("{}us", duration / microsecond);
}

Result<std::uint64_t> parse_seed(std::string_view text) {
    const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    const std::string_view digits = hexadecimal ? text.substr(2) : text;
    std::uint64_t seed = 0;
    const char* last = digits.data() + digits.size();
    const auto [end, error] = std::from_chars(digits.data(), last, seed, hexadecimal ? 16 : 10);
    if (error != std::errc{} || end != last) {
        return usage_error(fmt::format("'{}' is not a seed", text),
                           "a seed is a number of 64 bits, like 7 or 0x5eed");
    }
    return seed;
}

Result<std::pair<std::string, std::string>> parse_assignment(std::string_view text) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
        return usage_error(fmt::format("'{}' is not NAME=VALUE", text));
    }
    return std::pair{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

} // namespace faultlab
