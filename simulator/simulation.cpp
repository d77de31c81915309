#include "simulator/simulation.hpp"

#include "checker/judge.hpp"
#include "simulator/heal.hpp"
#include "simulator/history_audit.hpp"
#include "simulator/namespaces.hpp"
#include "simulator/recorder.hpp"
#include "simulator/script_play.hpp"
#include "simulator/setup.hpp"
#include "simulator/surveyor.hpp"
#include "simulator/witness.hpp"
#include "workloads/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace faultlab::simulator {
namespace {

constexpr Nanos sample_period = 100 * millisecond;
/// So long must a replica agree before it counts as converged: time-outs are shorter here than in
/// real runs.
constexpr Nanos lag = 200 * millisecond;
/// Of the search for an order of the operations: who needs more does not come to an end.
constexpr std::int64_t search_bytes = std::int64_t{64} << 20;
/// Below it nothing is proven of anything.
constexpr std::uint64_t commits_least = 10;

class Run : private Observer {
public:
    explicit Run(const Simulation& simulation)
        : simulation_(simulation), knobs_(knobs_of(simulation)), plan_(plan_of(simulation, knobs_)),
          rng_(seed_of_draws(simulation)), world_(observed()), fault_audit_(world_),
          surveyor_(world_, world_options(simulation, knobs_)),
          nemesis_(
              world_, world_.voters(), rng_.split("nemesis"), nemesis_options(knobs_), &faults_),
          stage_(world_, nemesis_, faults_, knobs_, rng_.split("scenario")),
          calm_(world_.network().options()) {}

    Outcome run() {
        faults_.tell(fault_audit_);
        start_clients();
        take_samples();
        safety();
        if (!simulation_.only_safety && sound()) liveness();
        if (!simulation_.only_safety && sound()) reunion();
        Outcome made = simulation_.only_safety ? seen() : outcome();
        distrust(made);
        return made;
    }

private:
    WorldOptions observed() {
        WorldOptions options = world_options(simulation_, knobs_);
        options.observer = this;
        options.simbug = simulation_.simbug;
        options.outside = simulation_.outside;
        if (!simulation_.scenario->claims.empty())
            options.excuse = [this](const Breach& breach) { return excuses(breach); };
        if (simulation_.writes_script) {
            options.afterwards = [this] {
                if (in_safety_) witness_.look(world_, stage_);
            };
        }
        return options;
    }

    void happened(ReplicaId id, const Event& event) override {
        recorder_.happened(world_, id, event, stage_.lies_heard() > 0 ? stage_.liar() : no_replica);
        stage_.happened(id, event);
    }
    void hears(ReplicaId id, const Packet& packet) override { stage_.hears(id, packet); }

    /// Nothing wrong was seen so far.
    [[nodiscard]] bool sound() const {
        return world_.violations().empty() && alarms_.empty() && outside_.empty();
    }

    // --- lies

    /// Null when there is none, or nobody has heard a lie.
    [[nodiscard]] const Claim* claim_about(std::string_view rule) const {
        const auto claims = simulation_.scenario->claims;
        const auto found = std::ranges::find(claims, rule, &Claim::rule);
        return found == claims.end() || stage_.lies_heard() == 0 ? nullptr : &*found;
    }

    bool excuses(const Breach& breach) {
        const Claim* const claim = claim_about(breach.rule);
        // Of two that differ the one that is refused may be the true one.
        const bool by_liar =
            breach.sender == no_replica || breach.sender == stage_.liar() || breach.rule == "A6";
        if (claim == nullptr || !by_liar) return false;
        if (claim->kind == Claim::Kind::Contained) {
            stage_.count(fmt::format("contained.{}", breach.rule));
        } else {
            outside_.push_back({.by = std::string(breach.rule),
                                .what = fmt::format("replica {}: {}", breach.self, breach.what),
                                .why = std::string(claim->why)});
        }
        return true;
    }

    /// Something is wrong, which may have been claimed.
    void accuse(Alarm alarm, std::vector<Alarm>& alarms) {
        const Claim* const claim = claim_about(alarm.by);
        const bool claimed = claim != nullptr && claim->kind == Claim::Kind::Outside;
        if (claimed || !outside_.empty()) {
            outside_.push_back({.by = std::move(alarm.by),
                                .what = std::move(alarm.what),
                                .why = claimed ? std::string(claim->why) : outside_.front().why});
        } else {
            alarms.push_back(std::move(alarm));
        }
    }

    void start_clients() {
        if (simulation_.script) {
            for (std::size_t i = 0; i < world_.client_count(); ++i) {
                Client& client = world_.client(i);
                client.follow(scripted(*simulation_.script, client, static_cast<std::int32_t>(i)));
            }
            return;
        }
        const auto workload = find_workload(plan_.workload).value()->make();
        for (std::int32_t w = 0; w < plan_.workers(); ++w) {
            const auto worker = static_cast<std::size_t>(w);
            Client& client = world_.client(worker);
            client.ask(static_cast<ReplicaId>(w % plan_.nodes + 1));
            const StreamContext context{
                .worker = w, .workers = plan_.workers(), .seed = plan_.stream_seeds[worker]};
            client.follow(stream_of(*workload, context));
        }
    }

    [[nodiscard]] GeneratorPtr stream_of(const Workload& workload, const StreamContext& of) const {
        const auto spaces = static_cast<std::int32_t>(knobs_[Knob::Namespaces]);
        if (spaces == 1) return workload.body(plan_, of);
        // As if each namespace had workers of its own: what they write differs.
        const Rng rng(of.seed);
        std::vector<GeneratorPtr> streams;
        for (std::int32_t space = 0; space < spaces; ++space) {
            const std::string name = fmt::format("namespace/{}", space + 1);
            streams.push_back(workload.body(plan_,
                                            {.worker = of.worker + of.workers * space,
                                             .workers = of.workers * spaces,
                                             .seed = rng.split(name).seed()}));
        }
        return in_namespaces(std::move(streams), rng.split("namespaces"));
    }

    void take_samples() {
        recorder_.sample(world_);
        surveyor_.look();
        world_.after(sample_period, [this] { take_samples(); });
    }

    void safety() {
        recorder_.phase(world_.now(), "load");
        if (simulation_.script) {
            stage_.keep<ScriptPlay>().play(*simulation_.script);
            world_.run_for(simulation_.script->stop);
        } else {
            if (simulation_.scenario->play == nullptr)
                watch(everybody(world_, nemesis_));
            else
                simulation_.scenario->play(stage_);
            world_.run_until([this] { return enough() || !outside_.empty(); },
                             simulation_.safety_limit);
        }
        commits_in_safety_ = world_.monitors().committed();
        if (simulation_.writes_script) script_ = witness_.script(world_, stage_.lies());
        in_safety_ = false;
        stage_.close();
        nemesis_.stop();
    }

    /// Whether clients have had their share of what happened.
    [[nodiscard]] bool enough() const {
        const std::uint64_t wanted = simulation_.events;
        const std::uint64_t events = world_.events();
        if (events < wanted) return false;
        return events >= 3 * wanted || world_.monitors().committed() >= wanted / 50;
    }

    // --- liveness

    void liveness() {
        // The same whatever delays are drawn: it is one more fault.
        const Rng core_rng = Rng(simulation_.seed).split("core");
        const Core core = choose_core(world_, nemesis_, core_rng);
        recorder_.event(world_.now(),
                        "core",
                        {{"members", Value(text(core.members))}, {"others", Value(core.frozen)}});
        trace("liveness: the core is {}; {}", text(core.members), core.frozen);
        heal_core(world_, core, calm_);
        watch(core);
        for (std::size_t i = 0; i < world_.client_count(); ++i) {
            world_.client(i).end_stream();
            world_.client(i).be_patient();
        }
        const auto answered = [this] { return all_idle(); };
        const auto of_one_mind = [&] { return world_.converged(core.members); };
        expect(core, answered, [this] { return unanswered(); });
        expect(core, of_one_mind, [] { return std::string("the core does not converge"); });
    }

    /// What comes about, and when, is for the rules to say; after more damage than the protocol
    /// survives, for nobody.
    void watch(const Core& core) {
        surveyor_.disturbed();
        if (core.certificate.empty()) surveyor_.calm(core.members);
        surveyor_.look();
    }

    /// The others come back, and learn what they missed.
    void reunion() {
        heal_all(world_, calm_);
        faults_.end_all(world_.now());
        const Core all = everybody(world_, nemesis_);
        watch(all);
        const auto of_one_mind = [&] { return world_.converged(all.members); };
        const auto not_so = [] { return std::string("healed, the replicas do not converge"); };
        expect(all, of_one_mind, not_so);
        if (!sound() || !no_liveness_.empty()) return;
        recorder_.event(world_.now(), "recovered");
        recorder_.phase(world_.now(), "final reads");
        final_reads();
        expect(
            all, [this] { return all_idle(); }, [this] { return unanswered(); });
        expect(all, of_one_mind, not_so);
        if (sound()) world_.run_for(lag + 3 * sample_period);
    }

    void final_reads() {
        std::set<Value> keys;
        for (std::size_t i = 0; i < world_.client_count(); ++i) {
            for (const faultlab::Op& op : world_.client(i).history()) {
                if (!op.key.is_absent()) keys.insert(op.key);
            }
        }
        const std::vector<Value> all(keys.begin(), keys.end());
        const auto workload = find_workload(plan_.workload).value()->make();
        for (std::int32_t w = 0; w < plan_.workers(); ++w) {
            const StreamContext context{.worker = w, .workers = plan_.workers()};
            world_.client(static_cast<std::size_t>(w))
                .follow(workload->final_reads(plan_, context, all));
        }
    }

    template <class Goal, class Reason>
    void expect(const Core& core, Goal goal, Reason reason) {
        if (!sound() || !no_liveness_.empty()) return;
        const auto ended = [&] { return goal() || !outside_.empty(); };
        const bool reached = world_.run_until(ended, simulation_.liveness_limit);
        surveyor_.look();
        if (reached || !sound()) return;
        no_liveness_ = fmt::format("{} within {} s of being healed, {}",
                                   reason(),
                                   simulation_.liveness_limit / second,
                                   core.certificate.empty() ? "and no rule is broken"
                                                            : "and need not: " + core.certificate);
        recorder_.event(world_.now(), "not_recovered", {{"reason", Value(no_liveness_)}});
    }

    [[nodiscard]] bool all_idle() {
        for (std::size_t i = 0; i < world_.client_count(); ++i) {
            if (!world_.client(i).idle()) return false;
        }
        return true;
    }

    [[nodiscard]] std::string unanswered() {
        std::string clients;
        for (std::size_t i = 0; i < world_.client_count(); ++i) {
            const Client& client = world_.client(i);
            if (client.idle() || client.history().empty()) continue;
            if (!clients.empty()) clients += ", ";
            clients += fmt::format("the {} of c{}", client.history().back().f, i + 1);
        }
        return clients + (clients.find(',') == std::string::npos ? " is" : " are") +
               " not answered";
    }

    // --- judgement

    /// What monitors saw.
    Outcome seen() {
        Outcome outcome{.knobs = knobs_,
                        .events = world_.events(),
                        .commits = world_.monitors().committed(),
                        .simulated = world_.now(),
                        .chain = world_.chain(),
                        .script = std::move(script_)};
        if (!world_.violations().empty()) outcome.alarmed = world_.now();
        const Monitors& monitors = world_.monitors();
        // What was refused, a replica sent: lies that are claimed to be refused are not among it.
        for (const auto* broken : {&monitors.violations(), &monitors.refusals()}) {
            for (const std::string& violation : *broken) {
                const std::size_t colon = violation.find(": ");
                outcome.alarms.push_back(
                    {.by = violation.substr(0, colon), .what = violation.substr(colon + 2)});
            }
        }
        if (!outcome.alarms.empty()) outcome.verdict = Verdict::invalid;
        return outcome;
    }

    Outcome outcome() {
        Outcome outcome = seen();
        std::ranges::move(alarms_, std::back_inserter(outcome.alarms));
        outcome.judged = world_.monitors().judged();
        for (const Alarm& alarm : outcome.alarms) {
            recorder_.event(
                world_.now(), "alarm", {{"rule", Value(alarm.by)}, {"what", Value(alarm.what)}});
        }
        faults_.end_all(world_.now());
        outcome.record = recorder_.record(simulation_, knobs_, world_, faults_);
        audit_history(world_, outcome.record.history, world_.audits());
        count(outcome);
        judge(outcome);
        return outcome;
    }

    void count(Outcome& outcome) {
        const Monitors& monitors = world_.monitors();
        const History& history = outcome.record.history;
        stage_.count(counter::commits, outcome.commits);
        stage_.count(
            counter::operations,
            static_cast<std::uint64_t>(std::ranges::count(history.status(), OpStatus::ok)));
        stage_.count(counter::faults, faults_.effective());
        stage_.count(counter::views, monitors.count(EventKind::ViewInstalled));
        stage_.count(counter::checkpoints, monitors.count(EventKind::Checkpointed));
        stage_.count(counter::evictions, monitors.count(EventKind::SessionEvicted));
        for (const replica::BugEntry& entry : replica::bugs()) {
            if (simulation_.bugs.on(entry.bug))
                stage_.count(fmt::format("fired.{}", entry.id), world_.bug_fired(entry.bug));
        }
        outcome.counters = std::move(stage_.counters());
    }

    void judge(Outcome& outcome) {
        bool doubt = false;
        std::int64_t considered = -1;
        for (const CheckerRequest& request : checkers()) {
            if (request.name == "invariants") continue; // watched all the time
            // It judges the end, and this one came too early.
            if (request.name == "convergence" && !(sound() && no_liveness_.empty())) continue;
            const bool linearizability = request.name == "linearizability";
            if (linearizability && world_.planted().fires(SimBug::SB9)) continue;
            const CheckResult result =
                judge_one(outcome.record, request, {.memory_bytes = search_bytes});
            if (const auto of = result.statistics.find("ops_considered");
                linearizability && of != result.statistics.end())
                considered = *of->second.integer();
            if (result.verdict == Verdict::invalid) {
                accuse({.by = result.checker, .what = result.reason}, outcome.alarms);
            } else if (result.verdict == Verdict::unknown && !doubt) {
                doubt = true;
                outcome.reason = fmt::format("{}: {}", result.checker, result.reason);
            }
        }
        audit_judgement(outcome.record.history, considered);
        if (!no_liveness_.empty()) {
            doubt = true;
            outcome.reason = no_liveness_;
        }
        if (commits_in_safety_ < commits_least) {
            doubt = true;
            outcome.reason = fmt::format("only {} operations were committed before all was healed",
                                         commits_in_safety_);
        }
        if (!outside_.empty()) { // what it was to show, it has shown
            doubt = false;
            outcome.reason.clear();
        }
        outcome.outside = std::move(outside_);
        outcome.verdict = !outcome.alarms.empty() ? Verdict::invalid
                          : doubt                 ? Verdict::unknown
                                                  : Verdict::valid;
    }

    /// Whether rules and checkers have judged what there was to judge.
    void audit_judgement(const History& history, std::int64_t considered) {
        if (world_.voters() >= 3) // a replica alone has nobody to agree with
            world_.monitors().audit(world_.audits());
        std::int64_t answered = 0; // of what is asked of one key
        for (std::size_t i = 0; i < history.size(); ++i) {
            const bool one_key = !history.value(history.key()[i]).is_absent();
            answered += history.status()[i] == OpStatus::ok && one_key ? 1 : 0;
        }
        world_.audits().judge(Audit::Rules, considered >= answered, [&] {
            return fmt::format("linearizability has judged {} operations of at least {}",
                               std::max<std::int64_t>(considered, 0),
                               answered);
        });
    }

    /// What a simulator that made a mistake says is no verdict about the store.
    void distrust(Outcome& outcome) {
        world_.conclude_audits();
        outcome.simbug_fired = world_.planted().fired();
        outcome.audits = std::move(world_.audits());
        const std::vector<Mistake> mistakes = outcome.audits.mistakes();
        if (mistakes.empty()) return;
        outcome.verdict = Verdict::unknown;
        outcome.reason = "the simulator made a mistake: " + text(mistakes.front());
    }

    template <class... Args>
    void trace(fmt::format_string<Args...> line, Args&&... args) const {
        if (!simulation_.trace) return;
        simulation_.trace(fmt::format("{:10.3f}   {}",
                                      static_cast<double>(world_.now()) / 1e6,
                                      fmt::format(line, std::forward<Args>(args)...)));
    }

    const Simulation& simulation_;
    Knobs knobs_;
    Plan plan_;
    Rng rng_;
    Recorder recorder_;
    Witness witness_;
    bool in_safety_ = true;
    std::optional<Script> script_; ///< that the witness wrote
    FaultLog faults_;
    World world_;
    FaultAudit fault_audit_;
    Surveyor surveyor_;
    Nemesis nemesis_;
    Stage stage_;
    NetworkOptions calm_;
    std::uint64_t commits_in_safety_ = 0;
    std::vector<Alarm> alarms_;
    std::vector<Aside> outside_;
    std::string no_liveness_; ///< why the end says nothing about liveness; empty: it does
};

} // namespace

Outcome simulate(const Simulation& simulation) {
    return Run(simulation).run();
}

std::string chain_text(const Outcome& outcome) {
    return fmt::format("{:016x}{:016x}", outcome.chain.high, outcome.chain.low);
}

std::vector<CheckerRequest> checkers() {
    return {{.name = "linearizability", .options = {{"model", "kv"}}},
            {.name = "digest-agreement"},
            {.name = "convergence", .options = {{"lag_ms", fmt::format("{}", lag / millisecond)}}},
            {.name = "invariants"}};
}

std::string reproduction(const Simulation& simulation) {
    std::string command = fmt::format(
        "faultlab sim --seed {:#x} --scenario {}", simulation.seed, simulation.scenario->name);
    if (const std::string bugs = text(simulation.bugs); !bugs.empty()) command += " --bug " + bugs;
    if (simulation.simbug != SimBug::None)
        command += fmt::format(" --simbug {}", entry(simulation.simbug).id);
    if (simulation.events != Simulation{}.events)
        command += fmt::format(" --events {}", simulation.events);
    if (!simulation.overrides.empty())
        command += " --knob " + text(simulation.overrides, " --knob ");
    if (simulation.script) command += fmt::format(" --script '{}'", text(*simulation.script, "; "));
    return command + " -v";
}

std::string text(const BugSet& bugs) {
    std::string all;
    for (const replica::BugEntry& entry : replica::bugs()) {
        if (bugs.on(entry.bug)) all += fmt::format("{}{}", all.empty() ? "" : ",", entry.id);
    }
    return all;
}

} // namespace faultlab::simulator
