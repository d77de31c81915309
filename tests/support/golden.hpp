#pragma once

#include "tests/support/catch.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace faultlab::test {

/// Compares with tests/golden/<name>. With FAULTLAB_UPDATE=1 in the environment the file is
/// rewritten instead: look at the difference before it is committed.
inline void check_golden(const std::string& name, const std::string& actual) {
    const std::filesystem::path path =
        std::filesystem::path(FAULTLAB_SOURCE_DIR) / "tests" / "golden" / name;
    if (const char* update = std::getenv("FAULTLAB_UPDATE");
        update != nullptr && std::string(update) == "1") {
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << actual;
    }
    std::ifstream file(path, std::ios::binary);
    INFO("golden file " << path.string());
    REQUIRE(file.good());
    std::ostringstream expected;
    expected << file.rdbuf();
    CHECK(actual == expected.str());
}

} // namespace faultlab::test
