#include "reports/html.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/reports/samples.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

using namespace faultlab;
namespace fs = std::filesystem;

// Pages as a real browser takes them: headless Chromium, without a network, from file://.

namespace {

const char* const browser = "/usr/bin/chromium";

class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string name = (fs::temp_directory_path() / "faultlab-page-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    [[nodiscard]] const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

// The browser's own serialisation of the page, with its console on standard error.
struct Visit {
    std::string dom;
    std::string console;
};

Visit visit(const test::Judged& run) {
    const TemporaryFolder folder;
    const fs::path page = folder.path() / "report.html";
    const fs::path console = folder.path() / "console";
    std::ofstream(page, std::ios::binary) << render_html(run.record, run.results, run.context);
    const std::string command =
        "timeout 60 " + std::string(browser) +
        " --headless --no-sandbox --disable-gpu --disable-quic --no-first-run"
        " --disable-background-networking --disable-component-update --disable-sync"
        " --enable-logging=stderr --v=0 --user-data-dir=" +
        (folder.path() / "profile").string() + " --dump-dom file://" + page.string() + " 2> " +
        console.string();
    FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    Visit result;
    std::array<char, 1 << 16> buffer{};
    while (const std::size_t got = fread(buffer.data(), 1, buffer.size(), pipe))
        result.dom.append(buffer.data(), got);
    REQUIRE(pclose(pipe) == 0);
    std::ifstream file(console, std::ios::binary);
    result.console.assign(std::istreambuf_iterator<char>(file), {});
    return result;
}

bool browser_missing() {
    if (fs::exists(browser)) return false;
    std::cout << "skipped: " << browser << " is not installed\n";
    return true;
}

} // namespace

TEST_CASE("a browser shows the first screen without a script or a complaint") {
    if (browser_missing()) return;
    const Visit seen = visit(test::stale_read());
    CHECK(seen.dom.find("✖ INVALID</span>register is not linearizable on key k17") !=
          std::string::npos);
    CHECK(seen.dom.find("had already been acknowledged 38 ms earlier.") != std::string::npos);
    CHECK(seen.dom.find("n1 cut off from n2 n3 (minority)") != std::string::npos);
    CHECK(seen.dom.find("faultlab replay runs/9f3c") != std::string::npos);
    CHECK(seen.dom.find("</svg>") != std::string::npos);
    INFO(seen.console);
    CHECK(seen.console.find("CONSOLE") == std::string::npos);
    CHECK(seen.console.find("Content Security Policy") == std::string::npos);
}

TEST_CASE("a browser runs nothing of a hostile value") {
    if (browser_missing()) return;
    const Visit seen =
        visit(test::hostile("</title></style></svg></script><script>document.title='owned'</script>"
                            "<img src=x onerror=\"document.title='owned'\">"));
    CHECK(seen.dom.find("<title>owned") == std::string::npos);
    CHECK(seen.dom.find("<script") == std::string::npos);
    CHECK(seen.dom.find("<img") == std::string::npos);
    CHECK(seen.dom.find("&lt;img src=x") != std::string::npos);
    INFO(seen.console);
    CHECK(seen.console.find("CONSOLE") == std::string::npos);
}
