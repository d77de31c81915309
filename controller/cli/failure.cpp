#include "controller/cli/commands.hpp"
#include "controller/cli/exit_codes.hpp"
#include "controller/cli/streams.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace faultlab {

int fail(const Common& common, const Error& error) {
    const int code = exit_code(error.kind);
    note("faultlab: {}\n", error.text());
    if (common.json) {
        const nlohmann::ordered_json tree = {{"schema", "faultlab.error/1"},
                                             {"error", error.message},
                                             {"hint", error.hint},
                                             {"exit_code", code}};
        say("{}\n", tree.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    }
    return code;
}

} // namespace faultlab
