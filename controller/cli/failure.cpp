#include "controller/cli/commands.hpp"
#include "controller/cli/exit_codes.hpp"
#include "controller/cli/streams.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace faultlab {

int note_error(const Error& error) {
    note("faultlab: {}\n", error.text());
    return exit_code(error.kind);
}

int fail(const Common& common, const Error& error) {
    return fail(common, error, exit_code(error.kind));
}

int fail(const Common& common, const Error& error, int code) {
    note_error(error);
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
