#include "reports/html.hpp"
#include "tests/unit/reports/samples.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

using namespace faultlab;

/// Writes one page of every kind into the given folder, to be looked at by people.
int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: sample_pages FOLDER\n", stderr);
        return 64;
    }
    const std::filesystem::path folder = argv[1];
    std::filesystem::create_directories(folder);
    const std::pair<const char*, test::Judged> pages[] = {
        {"busy", test::busy_run(60, 1000)},
        {"stale_read", test::stale_read()},
        {"nonlinearizable", test::nonlinearizable()},
        {"valid", test::valid_run()},
        {"unknown", test::unknown_floor()},
        {"error", test::failed_lab()},
        {"hostile", test::hostile("</script><img src=x onerror=alert(1)>\xe2\x80\xae\x1b[2J\xff")}};
    for (const auto& [name, run] : pages) {
        std::ofstream(folder / (std::string(name) + ".html"), std::ios::binary)
            << render_html(run.record, run.results, run.context);
    }
    return 0;
}
