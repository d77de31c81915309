#include "replica/wire/key.hpp"
#include "tests/support/catch.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

using namespace faultlab::replica;
namespace fs = std::filesystem;

namespace {

/// A folder of this test's own, gone with it.
struct Folder {
    fs::path path = fs::temp_directory_path() / ("faultlab-key-" + std::to_string(::getpid()));
    Folder() { fs::create_directory(path); }
    ~Folder() { fs::remove_all(path); }
};

void write(const fs::path& path, const std::string& text) {
    std::ofstream(path) << text;
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
}

} // namespace

TEST_CASE("a key file is made once, for its owner, and gives the key back") {
    const Folder folder;
    const fs::path path = folder.path / "key";
    REQUIRE(generate_key_file(path));
    CHECK_FALSE(generate_key_file(path));
    CHECK((fs::status(path).permissions() & (fs::perms::group_all | fs::perms::others_all)) ==
          fs::perms::none);
    const auto once = load_key(path);
    const auto again = load_key(path);
    REQUIRE(once);
    REQUIRE(again);
    CHECK(std::ranges::equal(once->bytes(), again->bytes()));
    CHECK(once->fingerprint() == again->fingerprint());
    CHECK(once->fingerprint() != Key::generate().fingerprint());
}

TEST_CASE("a key file that is not one is refused without quoting it") {
    const Folder folder;
    const fs::path path = folder.path / "key";
    const std::string good(64, 'a');
    CHECK_FALSE(load_key(path));
    for (const std::string& text :
         {std::string(), good.substr(1), good + "a", good + "\n\n", "g" + good.substr(1)}) {
        write(path, text);
        const auto key = load_key(path);
        REQUIRE_FALSE(key);
        CHECK(key.error().text().find("aaa") == std::string::npos);
    }
    write(path, good + "\n");
    CHECK(load_key(path));
    fs::permissions(path, fs::perms::others_read, fs::perm_options::add);
    CHECK_FALSE(load_key(path));
}
