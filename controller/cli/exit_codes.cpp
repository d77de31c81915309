#include "controller/cli/exit_codes.hpp"

#include <algorithm>
#include <array>

namespace faultlab {

int combined_exit_code(std::span<const int> codes) {
    constexpr std::array<int, 9> precedence = {exit_violation,
                                               exit_lab_error,
                                               exit_terminated,
                                               exit_interrupted,
                                               exit_environment,
                                               exit_usage,
                                               exit_nothing_selected,
                                               exit_unknown,
                                               exit_valid};
    if (codes.empty()) return exit_nothing_selected;
    for (const int code : precedence) {
        if (std::ranges::find(codes, code) != codes.end()) return code;
    }
    return exit_lab_error;
}

} // namespace faultlab
