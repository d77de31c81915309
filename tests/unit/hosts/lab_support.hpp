#pragma once

#include "controller/hosts/local_lab.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/hosts/hosts_support.hpp"

#include <exception>
#include <functional>

namespace faultlab::hosts_test {

/// What a test inside the lab's namespaces finds wrong, told to the test outside by a file.
class Findings {
public:
    explicit Findings(std::filesystem::path file) : file_(std::move(file)) {}
    void expect(bool held, const std::string& what) const {
        if (!held) std::ofstream(file_, std::ios::app) << what << '\n';
    }
    /// Expects success, and tells the reason of the failure.
    template <class T>
    void expect_ok(const Result<T>& result, const std::string& what) const {
        expect(result.ok(), result.ok() ? "" : what + ": " + result.error().text());
    }
    [[nodiscard]] std::string text() const { return read_text(file_); }

private:
    std::filesystem::path file_;
};

using LabTest =
    std::function<void(Lab& lab, const Findings& findings, const std::filesystem::path& run)>;

/// Runs the body inside a supervised lab, as both kinds of user, and checks what it found.
inline void in_lab(int nodes, int clients, const LabTest& body) {
    for (const As who : {As::caller, As::ordinary_user}) {
        if (!namespaces_for(who)) continue;
        const TemporaryDirectory directory;
        const Findings findings(directory.path() / "findings");
        const auto run = directory.path() / "run";
        const int code = supervised(who, [&] {
            const SteadyTestClock clock;
            auto lab =
                create_local_lab({.nodes = nodes, .clients = clients, .run_directory = run}, clock);
            findings.expect_ok(lab, "create_local_lab");
            if (lab) body(**lab, findings, run);
            return 0;
        });
        CHECK(code == 0);
        CHECK(findings.text() == "");
    }
}

} // namespace faultlab::hosts_test
