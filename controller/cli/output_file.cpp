#include "controller/cli/output_file.hpp"

#include "core/store/packing.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

namespace faultlab {
namespace {

namespace fs = std::filesystem;

Error unwritable(const fs::path& path, std::string_view why) {
    return lab_error(fmt::format("cannot write {}: {}", path.string(), why),
                     "is the disk full, or the directory read-only or not there?");
}

/// To the end of `path`, which is opened here.
Result<void> fill(const fs::path& path,
                  const fs::path& name,
                  const std::function<Result<void>(std::ostream&)>& write) {
    errno = 0;
    std::ofstream file(path, std::ios::binary);
    if (!file) return unwritable(name, std::strerror(errno));
    FAULTLAB_DO(write(file));
    file.close();
    if (!file) return unwritable(name, errno != 0 ? std::strerror(errno) : "it ended early");
    return {};
}

} // namespace

Result<void> write_file(const fs::path& path,
                        const std::function<Result<void>(std::ostream&)>& write) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (fs::exists(status) && !fs::is_regular_file(status)) return fill(path, path, write);
    const fs::path target = fs::is_symlink(fs::symlink_status(path, error)) && fs::exists(status)
                                ? fs::canonical(path, error)
                                : path;
    const fs::path partial = fmt::format("{}.{}.partial", target.string(), ::getpid());
    auto filled = fill(partial, path, write);
    if (filled) {
        fs::rename(partial, target, error);
        if (!error) return {};
        filled = unwritable(path, error.message());
    }
    fs::remove(partial, error);
    return filled;
}

Result<void> expect_writable(const fs::path& path) {
    if (path.empty()) return {};
    std::error_code ignored;
    const fs::file_status status = fs::status(path, ignored);
    const auto refused = [&path](std::string_view why) {
        return usage_error(fmt::format("cannot write {}: {}", path.string(), why),
                           "name a file in a directory that can be written");
    };
    if (fs::is_directory(status)) return refused("it is a directory");
    const bool device = fs::exists(status) && !fs::is_regular_file(status);
    const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
    const fs::path written = device ? path : parent;
    if (::access(written.c_str(), device ? W_OK : W_OK | X_OK) != 0)
        return refused(std::strerror(errno));
    if (!device && !fs::is_directory(parent, ignored)) return refused("its directory is none");
    return {};
}

Result<void> write_packed_file(const fs::path& path,
                               const std::function<Result<void>(std::ostream&)>& write) {
    const Packing packing = packing_of_name(path.string());
    return write_file(path, [&](std::ostream& out) { return write_packed(packing, out, write); });
}

} // namespace faultlab
