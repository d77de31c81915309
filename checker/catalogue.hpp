#pragma once

#include "core/checker.hpp"
#include "core/options.hpp"
#include "core/result.hpp"
#include "core/types.hpp"

#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace faultlab {

/// One checker: what it is called, what it can be told, and how it is made.
struct CheckerEntry {
    std::string_view name;
    std::string_view summary; ///< one line
    std::vector<OptionSpec> (*options)();
    /// A wrong option is a usage error that names the nearest valid ones.
    Result<std::unique_ptr<Checker>> (*make)(const Options& options);
};

/// All checkers, in the order in which people see them.
[[nodiscard]] std::span<const CheckerEntry> checker_catalogue();

/// A name that is not in the catalogue is a usage error that names the nearest ones.
Result<const CheckerEntry*> find_checker(std::string_view name);

} // namespace faultlab
