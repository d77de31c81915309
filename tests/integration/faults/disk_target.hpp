#pragma once

#include "core/check.hpp"
#include "nemesis/catalogue.hpp"
#include "nemesis/disk.hpp"
#include "nemesis/helper.hpp"
#include "nemesis/parameters.hpp"
#include "tests/integration/faults/plain_target.hpp"
#include "tests/unit/hosts/lab_support.hpp"

#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// Disks of hosts, and faults on them, for tests.
namespace faultlab::faults_test {

/// Adds to a file, syncs it, and says so in another place, again and again.
inline std::vector<std::string> syncing_writer() {
    return {"sh",
            "-c",
            "i=0; while :; do i=$((i+1)); echo $i >> log || exit 1; sync log || exit 2; "
            "echo $i > ../next; mv ../next ../synced; done"};
}

/// One that never syncs.
inline std::vector<std::string> careless_writer() {
    return {"sh", "-c", "i=0; while :; do i=$((i+1)); echo $i >> log; echo $i > ../written; done"};
}

inline Result<std::string> sh(Host& host, const std::string& script) {
    FAULTLAB_TRY(Output output, host.run({.argv = {"sh", "-c", script}}));
    if (output.success()) return std::move(output.out);
    return lab_error(fmt::format("{}: exit {}: {}", script, output.exit_status, output.err));
}

/// In the data directory, as the host sees it.
inline Result<std::string> there(Host& host, const std::string& script) {
    return sh(host, fmt::format("cd {} && {}", host.data_directory().string(), script));
}

/// A spec as the planner makes it of "NAME:DETAIL".
inline FaultSpec spec_of(const std::string& name, const std::string& detail) {
    FaultSpec spec{.id = 7, .nemesis = name, .duration = 10 * second, .seed = 42};
    const auto nemesis = (*find_nemesis(name))->make();
    const auto options = nemesis->options();
    FAULTLAB_CHECK(read_detail(detail, options, name, spec).ok());
    Rng rng(1);
    nemesis->draw(rng, 1, spec);
    return spec;
}

/// One fault on one host with a replica, step by step.
class OneFault {
public:
    OneFault(Lab& lab, const hosts_test::Findings& findings, std::vector<std::string> argv)
        : target(lab, std::move(argv)), host(lab.node(0)), findings_(findings) {}

    void begin(const std::string& name, const std::string& detail) {
        nemesis_ = (*find_nemesis(name))->make();
        findings_.expect_ok(nemesis_->prepare(host), "prepare");
        findings_.expect_ok(nemesis_->prepare(host), "prepare again");
        findings_.expect_ok(target.start_node(0), "start");
        spec_ = spec_of(name, detail);
    }
    void inject() {
        auto fault = nemesis_->resolve(spec_, target.view());
        findings_.expect_ok(fault, "resolve");
        if (!fault) return;
        fault_ = *fault;
        findings_.expect_ok(nemesis_->inject(fault_, target), "inject");
    }
    void heal() {
        findings_.expect_ok(nemesis_->heal(fault_, target), "heal");
        findings_.expect_ok(nemesis_->heal(fault_, target), "heal again");
        findings_.expect(proven(EvidencePhase::after), "proven to be gone");
    }
    bool proven(EvidencePhase phase) {
        bool all = true;
        for (const Evidence& one : nemesis_->probe(fault_, target, phase)) {
            all = all && one.proves;
            if (!one.proves) last_ = one.name + " = " + to_json(one.value);
        }
        return all;
    }
    void expect_bites() {
        for (int i = 0; i < 50 && !proven(EvidencePhase::during); ++i)
            pass(100);
        findings_.expect(proven(EvidencePhase::during), "proven to bite, but " + last_);
    }
    static void pass(int milliseconds) {
        std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    }
    std::int64_t number(const std::string& script) {
        const auto text = sh(host, script);
        findings_.expect_ok(text, script);
        return text && !text->empty() ? std::stoll(*text) : -1;
    }
    /// What a file beside the data says; 0 when it is not there, or is being written.
    std::int64_t beside(const std::string& file) {
        const auto path = (host.data_directory().parent_path() / file).string();
        return number(fmt::format("cat {} 2>/dev/null | grep . || echo 0", path));
    }
    /// Until a syncing writer has synced something.
    void await_synced() {
        for (int i = 0; i < 100 && beside("synced") < 2; ++i)
            pass(50);
    }

    PlainTarget target;
    Host& host;

private:
    const hosts_test::Findings& findings_;
    std::unique_ptr<Nemesis> nemesis_;
    FaultSpec spec_;
    Fault fault_;
    std::string last_;
};

/// Where FUSE cannot be had, the lab refuses the fault; there is nothing to test then.
inline bool has_fuse(Host& host, const hosts_test::Findings& findings) {
    const auto reason = lacking(host, "fuse");
    findings.expect_ok(reason, "can fuse");
    if (reason && reason->empty()) return true;
    WARN("no FUSE here: " << (reason ? *reason : reason.error().text()));
    return false;
}

inline void with_disk(const std::vector<std::string>& replica,
                      const std::function<void(OneFault&, const hosts_test::Findings&)>& body) {
    hosts_test::in_lab(1, 0, [&](Lab& lab, const hosts_test::Findings& findings, const auto&) {
        if (!has_fuse(lab.node(0), findings)) return;
        OneFault fault(lab, findings, replica);
        body(fault, findings);
    });
}

} // namespace faultlab::faults_test
