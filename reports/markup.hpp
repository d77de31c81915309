#pragma once

#include "reports/text.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace faultlab {

/// A text that is markup already, made by this folder. Everything else is escaped.
struct Raw {
    std::string_view markup;
};

/// HTML or SVG under construction. Whatever is put into it as an argument is escaped, so that
/// escaping cannot be forgotten; only literals and Raw go in as they are.
class Markup {
public:
    /// `format` is a literal of ours, with fmt's placeholders.
    template <std::size_t size, class... Args>
    void put(const char (&format)[size], const Args&... args) {
        const auto safe = std::make_tuple(safe_of(args)...);
        std::apply(
            [&](const auto&... values) {
                fmt::vformat_to(std::back_inserter(text_),
                                std::string_view(format, size - 1),
                                fmt::make_format_args(values...));
            },
            safe);
    }

    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    template <class T>
    static auto safe_of(const T& value) {
        if constexpr (std::is_same_v<T, Raw>) {
            return value.markup;
        } else if constexpr (std::is_arithmetic_v<T>) {
            return value;
        } else {
            return escape(std::string_view(value));
        }
    }
    std::string text_;
};

} // namespace faultlab
