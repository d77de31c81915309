#pragma once

#include "replica/core/message.hpp"
#include "replica/wire/mutators.hpp"
#include "simulator/script.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

/// How scripts write down the parts of a line; for their text and their story.
namespace faultlab::simulator {

/// "n1", "c2".
[[nodiscard]] std::string word(Endpoint one);
[[nodiscard]] std::string word(const Link& link);
[[nodiscard]] std::string word(Command command);
[[nodiscard]] std::string word(const replica::Mutation& change);

template <class Items>
[[nodiscard]] std::string list(const Items& items, std::string_view separator = ",") {
    std::string all;
    for (const auto& item : items)
        all += fmt::format("{}{}", all.empty() ? "" : separator, word(item));
    return all;
}

} // namespace faultlab::simulator
