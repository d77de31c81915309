#include "controller/cli/checker_options.hpp"

#include "reports/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace faultlab {

Options own_options(const CheckerEntry& checker, const Options& given, Options& unused) {
    Options own;
    for (const OptionSpec& spec : checker.options()) {
        const auto found = given.find(spec.name);
        if (found == given.end() || spec.name == "model") continue;
        own.insert(*found);
        unused.erase(spec.name);
    }
    return own;
}

Result<void> all_used(const std::vector<std::string>& checkers, const Options& unused) {
    if (unused.empty()) return {};
    return usage_error(fmt::format("checker {} has no option '{}'",
                                   fmt::join(checkers, ", "),
                                   visible(unused.begin()->first, 60)),
                       unused.contains("model")
                           ? std::string("a model is named by --model")
                           : fmt::format("faultlab describe {} lists them", checkers.front()));
}

} // namespace faultlab
