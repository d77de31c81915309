// How the findings of the checkers that fold over a history are worded: the first screen of every
// stored invalid history that such a checker judges.

#include "checker/catalogue.hpp"
#include "core/store/import.hpp"
#include "reports/story.hpp"
#include "reports/terminal.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/golden.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace faultlab;

namespace {

std::string screen_of(const std::filesystem::path& path, const CheckerEntry& entry) {
    std::ifstream in(path);
    Record record = import_jsonl_record(in, path.filename().string()).value();
    record.plan.workload = std::string(entry.name);
    record.meta["ended"] = "complete";
    const std::vector<CheckResult> results = {entry.make({}).value()->check(record, {})};
    return render_text(make_story(record, results, {.run = path.filename().string()}),
                       {.width = 100});
}

} // namespace

TEST_CASE("the findings of every checker of histories are worded as the golden file says") {
    const auto folder =
        std::filesystem::path(FAULTLAB_SOURCE_DIR) / "tests/histories/checkers/invalid";
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator(folder))
        files.push_back(file.path());
    std::ranges::sort(files);
    std::string all;
    for (const auto& file : files) {
        const std::string checker = file.stem().extension().string().substr(1);
        const auto entry = find_checker(checker);
        if (!entry) continue;
        all += "=== " + file.filename().string() + "\n" + screen_of(file, **entry) + "\n";
    }
    test::check_golden("reports/plain_checkers.txt", all);
}
