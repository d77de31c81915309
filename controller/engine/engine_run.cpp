#include "controller/engine/engine_run.hpp"

#include "controller/engine/streams.hpp"
#include "nemesis/helper.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <future>
#include <set>
#include <utility>

namespace faultlab {
namespace {

constexpr Nanos progress_period = 200 * millisecond;
constexpr Nanos empty_limit = 10 * second;

/// What the lab has put into a data directory is there before the first fault of a disk.
Result<void> make_durable(Host& host) {
    FAULTLAB_TRY(
        const Output output,
        host.run({.argv = {"find", host.data_directory().string(), "-exec", "sync", "{}", "+"}}));
    if (output.success()) return {};
    return lab_error("cannot sync the data of " + host.name() + ": " + output.err);
}

} // namespace

EngineRun::EngineRun(const EngineParts& parts,
                     const Plan& plan,
                     const Deployment& deployment,
                     std::unique_ptr<RunWriter> writer)
    : parts_(parts), plan_(plan), deployment_(deployment), writer_(std::move(writer)),
      cluster_(parts.lab, parts.system, deployment, *writer_, parts.clock) {}

Result<RunOutcome> EngineRun::run() {
    try {
        const Result<void> provisioned = provision();
        if (!provisioned && !interrupted()) note_failure(provisioned.error());
        if (!ending()) load();
        if (!ending()) recover();
        if (!ending()) settle();
        if (!ending()) final_reads();
    } catch (const std::exception& e) {
        // Faults were healed when the load was unwound.
        note_failure(lab_error(e.what(), "this is a bug of the lab"));
    }
    watch_.reset();
    stop_nodes();
    if (!parts_.leave_now.stop_requested()) collect();
    return finish();
}

/// One of each kind that the plan has; unknown ones are reported when their time comes.
std::vector<const Nemesis*> EngineRun::nemeses() const {
    std::set<std::string> names;
    std::vector<const Nemesis*> kinds;
    for (const FaultSpec& fault : plan_.faults) {
        const Nemesis* const nemesis = parts_.find_nemesis(fault.nemesis);
        if (nemesis != nullptr && names.insert(fault.nemesis).second) kinds.push_back(nemesis);
    }
    return kinds;
}

/// A fault that a host cannot have ends the run before anything has begun.
Result<void> EngineRun::check_needs() {
    std::set<std::string> needs;
    for (const Nemesis* const nemesis : nemeses()) {
        for (const std::string& need : nemesis->needs())
            needs.insert(need);
    }
    for (const std::string& need : needs) {
        for (NodeId node = 0; node < plan_.nodes; ++node) {
            Host& host = parts_.lab.node(node);
            FAULTLAB_TRY(const std::string reason, lacking(host, need));
            if (reason.empty()) continue;
            return environment_error(fmt::format("a fault of this run needs {} on {}, which it "
                                                 "cannot have: {}",
                                                 need,
                                                 host.name(),
                                                 reason),
                                     "faultlab describe FAULT tells what each fault needs");
        }
    }
    return {};
}

Result<void> EngineRun::provision() {
    enter_phase("provision");
    FAULTLAB_DO(check_needs());
    std::vector<std::string> versions(deployment_.nodes.size());
    FAULTLAB_DO(on_nodes([&](NodeId node) {
        return provision_node(node, versions[static_cast<std::size_t>(node)]);
    }));
    writer_->meta("system_version", versions.front());
    const auto differs = std::ranges::find_if(
        versions, [&](const std::string& version) { return version != versions.front(); });
    if (differs != versions.end()) {
        return environment_error("the nodes have different versions of " + plan_.system + ": " +
                                 versions.front() + " and " + *differs);
    }
    FAULTLAB_DO(on_nodes([&](NodeId node) { return start_and_await(node, plan_.recovery_limit); }));
    FAULTLAB_TRY(const bool empty, parts_.system.empty(deployment_, empty_limit));
    if (!empty) return lab_error(plan_.system + " still holds data after it was wiped");
    return {};
}

Result<void> EngineRun::provision_node(NodeId node, std::string& version) {
    FAULTLAB_TRY(version, parts_.system.installed(parts_.lab.node(node)));
    for (const Nemesis* const nemesis : nemeses())
        FAULTLAB_DO(nemesis->prepare(parts_.lab.node(node)));
    FAULTLAB_DO(cluster_.wipe_node(node));
    FAULTLAB_DO(parts_.system.prepare(deployment_, node, parts_.lab.node(node)));
    return make_durable(parts_.lab.node(node));
}

Result<void> EngineRun::start_and_await(NodeId node, Nanos limit) {
    FAULTLAB_DO(cluster_.start_node(node));
    return await_ready(
        cluster_, parts_.system, deployment_, node, parts_.clock, limit, parts_.finish_early);
}

void EngineRun::load() {
    enter_phase("load");
    watch_.emplace(cluster_, parts_.system, deployment_, parts_.clock);
    std::vector<const Paced*> paced;
    for (std::int32_t w = 0; w < plan_.workers(); ++w) {
        const Seat seat{.worker = w, .workers = plan_.workers(), .node = w % plan_.nodes};
        Worker& worker = workers_.emplace_back(seat, writer_->open_lane(w), tally_);
        BodyStream stream = body_stream(parts_.workload, plan_, w);
        if (stream.paced != nullptr) paced.push_back(stream.paced);
        worker.follow(std::move(stream.generator));
    }
    const Nanos start = parts_.clock.now();
    writer_->meta("t_load", start);
    FaultConductor conductor({.find_nemesis = parts_.find_nemesis,
                              .target = &cluster_,
                              .writer = writer_.get(),
                              .clock = &parts_.clock,
                              .view = [this] { return cluster_.view(); }},
                             plan_.faults,
                             start);
    {
        Load load(load_parts(), workers_);
        // Declared after the load: when this scope is left, faults are healed first, so that
        // operations that are still open come to an end sooner.
        std::optional<Error> nemesis_failure;
        std::jthread nemesis([&](const std::stop_token& stop) {
            try {
                conduct(stop, conductor, start + plan_.duration);
            } catch (const std::exception& e) {
                nemesis_failure = lab_error(std::string("the nemesis thread failed: ") + e.what());
            }
        });
        watch_load(load, &conductor);
        nemesis.request_stop();
        nemesis.join();
        if (nemesis_failure) note_failure(*nemesis_failure);
        while (!load.wait_finished(progress_period))
            report_progress(&conductor);
        for (const std::string& what : load.failures())
            note_failure(lab_error(what));
    }
    std::int64_t dropped = 0;
    for (const Paced* one : paced)
        dropped += one->dropped();
    writer_->meta("dropped", dropped);
}

void EngineRun::conduct(const std::stop_token& stop, FaultConductor& conductor, Nanos end) {
    while (!stop.stop_requested() && parts_.clock.now() < end) {
        const Nanos next = std::min(end, conductor.next_time().value_or(end));
        if (!sleep_for(next - parts_.clock.now(), stop)) break;
        if (next < end) conductor.perform_next();
    }
    conductor.heal_all();
    // What is left are the measurements that the faults are gone.
    while (const std::optional<Nanos> next = conductor.next_time()) {
        if (!sleep_for(*next - parts_.clock.now(), parts_.leave_now)) break;
        conductor.perform_next();
    }
}

void EngineRun::recover() {
    enter_phase("recovery");
    // Replicas that died by themselves are started too: the final reads want all of them.
    const Nanos start = parts_.clock.now();
    const Result<void> ready =
        on_nodes([&](NodeId node) { return start_and_await(node, plan_.recovery_limit); });
    const Nanos now = parts_.clock.now();
    if (ready) {
        writer_->event({.t = now, .kind = "recovered", .fields = {{"took", now - start}}});
        return;
    }
    if (interrupted()) return;
    note_ = "the cluster did not recover after the last heal: " + ready.error().message;
    writer_->event({.t = now, .kind = "not_recovered", .fields = {{"reason", note_}}});
}

void EngineRun::settle() {
    enter_phase("settle");
    const Nanos end = parts_.clock.now() + plan_.settle;
    while (!ending() && parts_.clock.now() < end) {
        sleep_for(std::min(progress_period, end - parts_.clock.now()), parts_.finish_early);
        report_progress(nullptr);
    }
}

void EngineRun::final_reads() {
    enter_phase("final reads");
    const std::vector<Value> keys = touched_keys();
    for (Worker& worker : workers_)
        worker.follow(final_stream(parts_.workload, plan_, worker.seat().worker, keys));
    Load load(load_parts(), workers_);
    watch_load(load, nullptr);
    while (!load.wait_finished(progress_period))
        report_progress(nullptr);
    for (const std::string& what : load.failures())
        note_failure(lab_error(what));
}

void EngineRun::stop_nodes() {
    const Result<void> stopped = on_nodes([&](NodeId node) { return cluster_.kill_node(node); });
    if (!stopped) note_failure(stopped.error());
}

void EngineRun::collect() {
    enter_phase("collect");
    const std::filesystem::path run = parts_.run_db.parent_path();
    for (NodeId node = 0; node < plan_.nodes; ++node) {
        const std::filesystem::path logs =
            run / "nodes" / deployment_.nodes[static_cast<std::size_t>(node)].name / "logs";
        std::error_code error;
        std::set<std::filesystem::path> files; // in an order of their own
        for (const auto& entry : std::filesystem::recursive_directory_iterator(logs, error)) {
            if (entry.is_regular_file(error)) files.insert(entry.path());
        }
        for (const std::filesystem::path& file : files) {
            const auto bytes = std::filesystem::file_size(file, error);
            writer_->log_file({.node = node,
                               .path = file.lexically_relative(run).string(),
                               .bytes = error ? 0 : static_cast<std::int64_t>(bytes)});
        }
    }
}

Result<RunOutcome> EngineRun::finish() {
    if (const std::optional<Error> error = writer_->failure()) note_failure(*error);
    std::string ended = "complete";
    if (interrupted()) ended = "interrupted";
    if (failure_) ended = "error: " + failure_->message;
    const Result<void> finished = writer_->finish(ended);
    if (failure_) return *failure_;
    if (!finished) return finished.error();
    return RunOutcome{.run_db = parts_.run_db, .interrupted = interrupted(), .note = note_};
}

Result<void> EngineRun::on_nodes(const std::function<Result<void>(NodeId)>& task) {
    auto all = std::async(std::launch::async, [&] { return on_every_node(plan_.nodes, task); });
    while (all.wait_for(std::chrono::nanoseconds(progress_period)) != std::future_status::ready)
        report_progress(nullptr);
    return all.get();
}

void EngineRun::enter_phase(std::string_view name) {
    phase_ = name;
    phase_start_ = parts_.clock.now();
    writer_->event({.t = phase_start_, .kind = "phase", .fields = {{"name", Value(name)}}});
    report_progress(nullptr);
}

void EngineRun::watch_load(Load& load, const FaultConductor* conductor) {
    while (!load.wait_finished(progress_period)) {
        report_progress(conductor);
        if (!ending()) continue;
        load.stop();
        return;
    }
}

void EngineRun::report_progress(const FaultConductor* conductor) {
    if (!parts_.progress) return;
    const Nanos now = parts_.clock.now();
    Progress progress{.phase = phase_,
                      .elapsed = now - phase_start_,
                      .ok = tally_.ok.load(std::memory_order_relaxed),
                      .fail = tally_.fail.load(std::memory_order_relaxed),
                      .info = tally_.info.load(std::memory_order_relaxed),
                      .leaders = cluster_.leaders()};
    const std::int64_t done = progress.ok + progress.fail + progress.info;
    if (now - rate_t_ >= second) {
        rate_ = (done - rate_done_) * second / (now - rate_t_);
        rate_t_ = now;
        rate_done_ = done;
    }
    progress.rate = rate_;
    if (conductor != nullptr) progress.faults = conductor->active();
    parts_.progress(progress);
}

bool EngineRun::interrupted() const {
    return parts_.finish_early.stop_requested() || parts_.leave_now.stop_requested();
}

bool EngineRun::ending() const {
    return interrupted() || failure_.has_value() || writer_->failure().has_value();
}

void EngineRun::note_failure(const Error& error) {
    if (!failure_) failure_ = error;
}

LoadParts EngineRun::load_parts() {
    return {.lab = &parts_.lab,
            .system = &parts_.system,
            .deployment = &deployment_,
            .writer = writer_.get(),
            .clock = &parts_.clock,
            .op_timeout = plan_.op_timeout};
}

std::vector<Value> EngineRun::touched_keys() const {
    std::set<Value> keys;
    for (const Worker& worker : workers_)
        keys.insert(worker.keys().begin(), worker.keys().end());
    return {keys.begin(), keys.end()};
}

} // namespace faultlab
