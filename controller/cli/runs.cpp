#include "controller/cli/runs.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <random>

namespace faultlab {
namespace {

namespace fs = std::filesystem;

Result<RunDirectory> run_at(const fs::path& directory) {
    std::error_code error;
    // "run.db" alone has no parent: it lies here.
    const fs::path absolute = fs::weakly_canonical(directory.empty() ? "." : directory, error);
    const fs::path path = error ? directory : absolute;
    if (!fs::exists(path / "run.db", error)) {
        return usage_error(fmt::format("{} holds no run.db", directory.string()),
                           "faultlab list runs shows the runs of this lab");
    }
    return RunDirectory{.id = path.filename().string(), .path = path};
}

} // namespace

Result<LabIndex> existing_index(const fs::path& lab) {
    std::error_code error;
    if (!fs::exists(lab / "index.db", error)) {
        return usage_error(fmt::format("{} holds no runs", fs::absolute(lab).string()),
                           "faultlab run makes one; --lab names another directory");
    }
    return LabIndex::open(lab);
}

Result<RunDirectory> find_run(const fs::path& lab, std::string_view name) {
    const fs::path as_path(name);
    std::error_code error;
    if (as_path.filename() == "run.db") return run_at(as_path.parent_path());
    if (name != "latest" && fs::is_directory(as_path, error)) return run_at(as_path);
    const bool like_file = as_path.has_parent_path() || as_path.has_extension();
    if (like_file && fs::is_regular_file(as_path, error)) {
        return usage_error(fmt::format("'{}' is a file of another name than run.db", name),
                           "name it run.db, in a directory of its own");
    }
    const auto index = existing_index(lab);
    if (!index) {
        return usage_error(fmt::format("no run '{}': {}", name, index.error().message),
                           index.error().hint);
    }
    FAULTLAB_TRY(const RunEntry entry, name == "latest" ? index->latest() : index->find(name));
    return run_at(lab / entry.directory);
}

Result<RunDirectory> make_run_directory(const fs::path& lab) {
    std::error_code error;
    fs::create_directories(lab, error);
    if (error) {
        return environment_error(
            fmt::format("cannot make the lab directory {}: {}", lab.string(), error.message()),
            "give another one with --lab");
    }
    // Ids name runs, they decide nothing in them: so they need not come from the seed.
    std::random_device entropy;
    for (int attempt = 0; attempt < 100; ++attempt) {
        const std::string id = fmt::format("{:08x}", entropy());
        if (fs::create_directory(lab / id, error)) {
            const auto now = fmt::gmtime(std::time(nullptr));
            return RunDirectory{.id = id,
                                .path = fs::canonical(lab / id, error),
                                .started_utc = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", now)};
        }
        if (error) break;
    }
    return environment_error(
        fmt::format("cannot make a run's directory in {}: {}", lab.string(), error.message()),
        "give another lab directory with --lab");
}

std::string shell_word(std::string_view text) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:@%+";
    if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos) {
        return std::string(text);
    }
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'') {
            quoted += "'\\''";
        } else {
            quoted += c;
        }
    }
    return quoted + "'";
}

std::string run_arguments(const fs::path& lab, const RunDirectory& run) {
    std::error_code error;
    // A run that was mailed here is in no lab: only its place names it.
    if (fs::weakly_canonical(lab, error) / run.id != run.path) return shell_word(run.path.string());
    const fs::path standard = "runs";
    if (lab == standard) return run.id;
    return fmt::format("{} --lab {}", run.id, shell_word(lab.string()));
}

} // namespace faultlab
