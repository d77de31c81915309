#include "simulator/setup.hpp"

#include "core/check.hpp"
#include "core/options.hpp"
#include "workloads/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace faultlab::simulator {
namespace {

constexpr Nanos us = 1'000;
constexpr Nanos ms = 1'000'000;

std::uint32_t u32(std::int64_t value) {
    return static_cast<std::uint32_t>(value);
}

Limits limits_of(const Knobs& knobs) {
    Limits limits = small_limits();
    limits.pipeline = u32(knobs[Knob::Pipeline]);
    limits.slots = std::max(u32(knobs[Knob::Slots]), limits.pipeline + 2);
    limits.batch = u32(knobs[Knob::Batch]);
    limits.clients = u32(knobs[Knob::Sessions]);
    limits.digest_every = u32(knobs[Knob::DigestEvery]);
    limits.checkpoint_every =
        std::min(u32(knobs[Knob::CheckpointEvery]), (limits.slots - limits.pipeline) / 2);
    limits.message_bytes = slot_bytes;
    limits.request_bytes = 256;
    limits.entries = 256;
    limits.value_blocks = 512;
    return limits;
}

Timeouts timeouts_of(const Knobs& knobs) {
    Timeouts timeouts = short_timeouts();
    const std::int64_t percent = knobs[Knob::TimeoutPercent];
    for (Nanos* const one : {&timeouts.prepare,
                             &timeouts.heartbeat,
                             &timeouts.primary_silent,
                             &timeouts.view_change,
                             &timeouts.view_change_message,
                             &timeouts.get_view,
                             &timeouts.repair,
                             &timeouts.sync,
                             &timeouts.ping,
                             &timeouts.abdicate,
                             &timeouts.scrub,
                             &timeouts.idle_flush,
                             &timeouts.telemetry,
                             &timeouts.lease}) {
        *one = *one * percent / 100;
    }
    return timeouts;
}

} // namespace

Knobs knobs_of(const Simulation& simulation) {
    FAULTLAB_CHECK(simulation.scenario != nullptr);
    Knobs knobs = Knobs::draw(Rng(simulation.seed).split("swarm"));
    simulation.scenario->prepare(knobs);
    for (const auto& [knob, value] : simulation.overrides)
        knobs.set(knob, value);
    if (simulation.script) knobs.calm(); // its faults are told, not drawn
    return knobs;
}

std::uint64_t seed_of_draws(const Simulation& simulation) {
    if (!simulation.script || simulation.script->draws == 0) return simulation.seed;
    return Rng(simulation.seed).split(fmt::format("draws/{}", simulation.script->draws)).seed();
}

WorldOptions world_options(const Simulation& simulation, const Knobs& knobs) {
    WorldOptions options{
        .seed = seed_of_draws(simulation),
        .voters = static_cast<std::uint8_t>(knobs[Knob::Voters]),
        .standbys = static_cast<std::uint8_t>(knobs[Knob::Standbys]),
        .clients = static_cast<std::uint8_t>(knobs[Knob::Voters] * knobs[Knob::ClientsPerNode]),
        .limits = limits_of(knobs),
        .timeouts = timeouts_of(knobs),
        .reads = knobs[Knob::LeaseReads] != 0 ? Reads::Lease : Reads::Log,
        .release = u32(knobs[Knob::Release]),
        .bugs = simulation.bugs,
        .trace = simulation.trace};
    if (const std::int64_t rate = knobs[Knob::AdmissionRate]; rate > 0) {
        // So low a rate would only make the simulation long.
        options.admission = {.rate = u32(rate) + 200, .burst = 8};
    }
    options.network = {.delay_min = knobs[Knob::DelayMicros] * us,
                       .delay_max =
                           (knobs[Knob::DelayMicros] + knobs[Knob::DelaySpreadMicros]) * us,
                       .loss_permille = u32(knobs[Knob::LossPermille]),
                       .duplicate_permille = u32(knobs[Knob::DuplicatePermille]),
                       .reorder = knobs[Knob::Reordering] != 0};
    options.disk = {.read_min = 10 * us,
                    .read_max = knobs[Knob::ReadMicros] * us,
                    .write_min = 10 * us,
                    .write_max = knobs[Knob::WriteMicros] * us,
                    .sync_min = 20 * us,
                    .sync_max = knobs[Knob::SyncMicros] * us};
    options.client.retry = knobs[Knob::RetryMillis] * ms;
    options.client.patience = knobs[Knob::PatienceMillis] * ms;
    options.client.give_up_most = 2;
    options.client.keeps_session = simulation.bugs.on(Bug::V7);
    options.client.busy_is_fail = simulation.bugs.on(Bug::B23);
    options.client.think_max = knobs[Knob::ThinkMicros] * us;
    return options;
}

NemesisOptions nemesis_options(const Knobs& knobs) {
    // What is long depends on how patient replicas are.
    const Nanos long_most = knobs[Knob::FaultLongMillis] * ms * knobs[Knob::TimeoutPercent] / 100;
    NemesisOptions options{.gap_most = knobs[Knob::FaultGapMillis] * ms,
                           .short_most = knobs[Knob::FaultShortMillis] * ms,
                           .long_most = long_most,
                           .long_percent =
                               static_cast<std::uint64_t>(knobs[Knob::FaultLongPercent])};
    for (std::size_t i = 0; i < trouble_count; ++i) {
        options.weights[i] = static_cast<std::uint64_t>(knobs[knob_of(static_cast<Trouble>(i))]);
    }
    return options;
}

Plan plan_of(const Simulation& simulation, const Knobs& knobs) {
    Plan plan{.seed = simulation.seed, .system = "vsr", .workload = "kv"};
    plan.nodes = static_cast<std::int32_t>(knobs[Knob::Voters]);
    plan.workers_per_node = static_cast<std::int32_t>(knobs[Knob::ClientsPerNode]);
    plan.rate = 0;
    plan.duration = simulation.safety_limit;
    const auto set = [&](const char* option, Knob knob) {
        plan.options[option] = fmt::format("{}", knobs[knob]);
    };
    set("keys", Knob::Keys);
    set("ops-per-key", Knob::OpsPerKey);
    set("read-share", Knob::ReadShare);
    set("write-share", Knob::WriteShare);
    set("cas-share", Knob::CasShare);
    set("add-share", Knob::AddShare);
    set("append-share", Knob::AppendShare);
    set("delete-share", Knob::DeleteShare);
    set("scan-share", Knob::ScanShare);
    set("txn-share", Knob::TxnShare);
    set("readers-per-node", Knob::ReadersPerNode);
    const auto workload = find_workload(plan.workload).value()->make();
    plan.options = complete_options(plan.options, workload->options(), "workload kv").value();
    if (const std::string bugs = text(simulation.bugs); !bugs.empty()) plan.options["bug"] = bugs;
    plan.options["scenario"] = simulation.scenario->name;
    if (simulation.events != Simulation{}.events)
        plan.options["events"] = fmt::format("{}", simulation.events);
    if (!simulation.overrides.empty()) plan.options["knobs"] = text(simulation.overrides, ",");
    if (simulation.script) plan.options["script"] = text(*simulation.script);
    const Rng streams = Rng(simulation.seed).split("workload");
    for (std::int32_t worker = 0; worker < plan.workers(); ++worker)
        plan.stream_seeds.push_back(streams.split(fmt::format("process/{}", worker)).seed());
    return plan;
}

Result<Simulation> simulation_of(const Plan& plan) {
    const auto option = [&plan](const char* name) {
        const auto found = plan.options.find(name);
        return found == plan.options.end() ? std::string() : found->second;
    };
    if (option("scenario").empty())
        return usage_error("this plan is not one of a simulation",
                           "faultlab sim makes runs whose plans are");
    Simulation simulation{.seed = plan.seed, .safety_limit = plan.duration};
    FAULTLAB_TRY(simulation.scenario, find_scenario(option("scenario")));
    const replica::ParsedBugs bugs = replica::parse_bugs(option("bug"));
    if (bugs.unknown) return usage_error("unknown bug " + *bugs.unknown, "faultlab list bugs");
    simulation.bugs = bugs.bugs;
    if (const std::string events = option("events"); !events.empty()) {
        const auto [end, error] =
            std::from_chars(events.data(), events.data() + events.size(), simulation.events);
        if (error != std::errc{} || end != events.data() + events.size())
            return usage_error("events: not a number: " + events);
    }
    for (const std::string& knob : split_list(option("knobs"))) {
        FAULTLAB_TRY(const Override one, parse_override(knob));
        simulation.overrides.push_back(one);
    }
    if (const std::string script = option("script"); !script.empty()) {
        FAULTLAB_TRY(simulation.script, parse_script(script));
        FAULTLAB_DO(check_playable(*simulation.script));
    }
    if (plan_of(simulation, knobs_of(simulation)) != plan) {
        return usage_error("the plan was changed, or another version of the simulator made it",
                           "another simulation: faultlab sim --seed, --scenario, --knob");
    }
    return simulation;
}

} // namespace faultlab::simulator
