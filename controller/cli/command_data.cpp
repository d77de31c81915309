// export and sql: the stored run in other people's hands.

#include "controller/cli/check_files.hpp"
#include "controller/cli/commands.hpp"
#include "controller/cli/exit_codes.hpp"
#include "controller/cli/output_file.hpp"
#include "controller/cli/runs.hpp"
#include "controller/cli/streams.hpp"
#include "core/store/export.hpp"
#include "core/store/import.hpp"
#include "core/store/run_reader.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

namespace faultlab {
namespace {

Result<void> export_to(const ExportCommand& command, const ImportedHistory& copied) {
    // The command line allows no other names.
    const HistoryFormat format =
        format_of_name("." + command.format).value_or(HistoryFormat::jsonl);
    if (command.output.empty()) {
        FAULTLAB_DO(export_history(copied.record, format, std::cout, copied.kept));
        std::cout.flush();
        if (!std::cout) return lab_error("standard output could not be written");
        return {};
    }
    return write_packed_file(command.output, [&](std::ostream& out) {
        return export_history(copied.record, format, out, copied.kept);
    });
}

/// Of a run, or of a file in whatever format.
Result<ImportedHistory> copy_of(const ExportCommand& command) {
    if (names_history(command.run)) {
        FAULTLAB_TRY(const auto source, open_source(command.run, nullptr));
        // No model is named here: what namespaces mean is for who reads the copy, which has them.
        return import_history(*source, command.run, {.keep_all = true});
    }
    FAULTLAB_TRY(const RunDirectory run, find_run(command.common.lab, command.run));
    ImportedHistory stored;
    FAULTLAB_TRY(stored.record, load_record(run.run_db()));
    return stored;
}

} // namespace

int execute(const ExportCommand& command) {
    auto copied = copy_of(command);
    if (!copied) return fail(command.common, copied.error());
    if (auto written = export_to(command, *copied); !written) {
        return fail(command.common, written.error());
    }
    return exit_valid;
}

int execute(const SqlCommand& command) {
    auto run = find_run(command.common.lab, command.run);
    if (!run) return fail(command.common, run.error());
    const std::string file = run->run_db().string();
    std::vector<const char*> argv = {
        "sqlite3", "-readonly", command.common.json ? "-json" : "-box"};
    argv.push_back(file.c_str());
    if (!command.query.empty()) argv.push_back(command.query.c_str());
    argv.push_back(nullptr);
    // With a query the shell is a child, as its exit codes are not ours: 1 would be a violation.
    // Without one it takes over this process, with its prompt and its signals.
    const pid_t child = command.query.empty() ? 0 : ::fork();
    if (child == 0) {
        ::execvp("sqlite3", const_cast<char* const*>(argv.data()));
        const int code =
            fail(command.common,
                 environment_error(fmt::format("cannot start sqlite3: {}", std::strerror(errno)),
                                   "apt-get install sqlite3"));
        if (command.query.empty()) return code;
        ::_exit(delivered(code));
    }
    int status = 0;
    while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (child < 0 || !WIFEXITED(status)) {
        return fail(command.common, lab_error("sqlite3 did not come to its end"));
    }
    const int code = WEXITSTATUS(status);
    return code == exit_valid || code == exit_environment ? code : exit_usage;
}

} // namespace faultlab
