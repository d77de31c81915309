#include "tests/unit/reports/samples.hpp"

#include "core/rng.hpp"
#include "tests/support/record_builder.hpp"

#include <algorithm>
#include <utility>

namespace faultlab::test {
namespace {

using Call = RecordBuilder::Call;

std::vector<Evidence> dropped(std::int64_t packets, NodeId node = 0) {
    return {{.phase = EvidencePhase::before, .node = node, .name = "reachable", .value = true},
            {.phase = EvidencePhase::during,
             .node = node,
             .name = "packets_dropped",
             .value = packets,
             .proves = packets > 0},
            {.phase = EvidencePhase::after,
             .node = node,
             .name = "reachable",
             .value = true,
             .proves = true}};
}

std::vector<Evidence> process_state(const char* during, NodeId node) {
    return {{.phase = EvidencePhase::during,
             .node = node,
             .name = "process_state",
             .value = during,
             .proves = true},
            {.phase = EvidencePhase::after,
             .node = node,
             .name = "process_state",
             .value = "running",
             .proves = true}};
}

RecordBuilder partitioned() {
    RecordBuilder builder;
    builder.fault(
        "partition", "n1 cut off from n2 n3 (minority)", {0}, 12'150, 14'900, dropped(214));
    builder.sample(12'300, 0, "role", 2).sample(12'300, 0, "term", 8);
    builder.event(12'338, 1, "leader", {{"term", 9}});
    return builder;
}

CheckResult not_linearizable(const Value& key, std::vector<OpId> ops, Params details) {
    Finding finding{.checker = "linearizability", .anomaly = "nonlinearizable", .key = key};
    finding.divergence = ops.empty() ? -1 : ops.back();
    finding.ops = std::move(ops);
    finding.considered_ops = 48'930;
    finding.explained_ops = 48'212;
    finding.minimal = true;
    finding.faults = {0};
    finding.details = std::move(details);
    finding.details["model"] = "cas-register";
    return {.checker = "linearizability",
            .verdict = Verdict::invalid,
            .reason = "no order of the operations explains every answer",
            .findings = {std::move(finding)},
            .statistics = {{"keys", 20}, {"states", 18'233}}};
}

Judged judged(const RecordBuilder& builder, CheckResult result) {
    Judged judged{.record = builder.build()};
    judged.results.push_back({.checker = "stats", .verdict = Verdict::valid});
    judged.results.push_back(std::move(result));
    return judged;
}

} // namespace

Judged stale_read() {
    RecordBuilder builder = partitioned();
    builder.op({3, 0, "write", "k17", 4, {}, 12'110, 12'122})
        .op({5, 1, "write", "k17", 7, {}, 12'341, 12'355})
        .op({7, 0, "read", "k17", {}, 4, 12'393, 12'401})
        .op({2, 2, "read", "k3", {}, 1, 12'394, 12'399})
        .op({4, 0, "write", "k3", 9, {}, 12'395, 17'395, OpStatus::info, "timeout after 5 s"})
        .op({5, 1, "read", "k17", {}, 7, 15'000, 15'004});
    return judged(builder,
                  not_linearizable("k17",
                                   {0, 1, 2},
                                   {{"class", "stale_read"},
                                    {"rule",
                                     "a read returned a value that had been replaced by a "
                                     "write acknowledged before the read began"},
                                    {"missed_write", 1}}));
}

Judged lost_update() {
    RecordBuilder builder = partitioned();
    builder.op({1, 0, "write", 5, 2, {}, 12'200, 12'210})
        .op({2, 1, "write", 5, 3, {}, 12'220, 12'230})
        .op({3, 0, "cas", 5, Value::List{2, 9}, true, 12'251, 12'254});
    return judged(builder,
                  not_linearizable(5,
                                   {0, 1, 2},
                                   {{"class", "lost_update"},
                                    {"observer", 2},
                                    {"value_writer", 0},
                                    {"missed_write", 1},
                                    {"rule",
                                     "a cas succeeded on a value that a newer write had "
                                     "replaced before it began"}}));
}

Judged lost_version() {
    RecordBuilder builder = partitioned();
    builder.record().plan.options["model"] = "versioned-register";
    builder.op({1, 0, "write", "k9", 2, Value::List{2, 1}, 12'200, 12'210})
        .op({2, 1, "write", "k9", 3, Value::List{3, 2}, 12'220, 12'230})
        .op({3, 0, "cas", "k9", Value::List{1, 9}, Value::List{9, 2}, 12'225, 12'254});
    return judged(builder,
                  not_linearizable("k9",
                                   {0, 1, 2},
                                   {{"class", "lost_update"},
                                    {"observer", 1},
                                    {"missed_write", 2},
                                    {"rule",
                                     "two acknowledged updates were given the same "
                                     "version: one replaced the other unseen"}}));
}

// The write that was missed never returned, but somebody had read it.
Judged stale_read_of_unknown_write() {
    RecordBuilder builder = partitioned();
    builder.op({1, 0, "write", "k1", 2, {}, 12'200, 12'210})
        .op({2, 1, "write", "k1", 3, {}, 12'220, 17'220, OpStatus::info, "timeout after 5 s"})
        .op({3, 1, "read", "k1", {}, 3, 12'240, 12'250})
        .op({4, 0, "read", "k1", {}, 2, 12'300, 12'310});
    return judged(
        builder,
        not_linearizable(
            "k1",
            {0, 1, 2, 3},
            {{"class", "stale_read"}, {"observer", 3}, {"missed_write", 1}, {"seen_by", 2}}));
}

Judged duplicate_cas() {
    RecordBuilder builder = partitioned();
    builder.op({1, 0, "write", "k2", 4, {}, 12'200, 12'210})
        .op({2, 0, "cas", "k2", Value::List{4, 5}, true, 12'220, 12'230})
        .op({6, 1, "cas", "k2", Value::List{4, 6}, true, 12'225, 12'300});
    return judged(builder, not_linearizable("k2", {0, 1, 2}, {{"class", "duplicate_cas"}}));
}

Judged value_never_written() {
    RecordBuilder builder = partitioned();
    builder.op({1, 0, "write", "k2", 99, {}, 12'200, 12'210, OpStatus::fail, "connection refused"})
        .op({2, 2, "read", "k2", {}, 99, 12'220, 12'230});
    return judged(
        builder,
        not_linearizable(
            "k2", {1}, {{"class", "value_never_written"}, {"observer", 1}, {"failed_writer", 0}}));
}

Judged impossible_version() {
    RecordBuilder builder = partitioned();
    builder.record().plan.options["model"] = "versioned-register";
    builder.op({1, 0, "write", "k2", 4, Value::List{4, 1}, 12'200, 12'210})
        .op({2, 2, "read", "k2", {}, Value::List{4, 7}, 12'220, 12'230});
    return judged(builder, not_linearizable("k2", {0, 1}, {{"class", "impossible_version"}}));
}

Judged nonlinearizable() {
    RecordBuilder builder;
    builder.op({1, 0, "write", "k2", 4, {}, 200, 260, OpStatus::info, "connection reset"})
        .op({2, 2, "read", "k2", {}, 4, 220, 230})
        .op({3, 1, "read", "k2", {}, {}, 240, 250});
    builder.record().plan.nemeses = {};
    return judged(builder, not_linearizable("k2", {0, 1, 2}, {{"class", "nonlinearizable"}}));
}

Judged stale_scan() {
    RecordBuilder builder = partitioned();
    builder.op({1, 0, "write", "k2", 4, true, 12'100, 12'110})
        .op({2, 0, "write", "k2", 7, true, 12'120, 12'130})
        .op({6,
             1,
             "scan",
             {},
             Value::List{"k1", "k9"},
             Value::List{Value::List{"k2", 4}},
             12'300,
             12'310});
    return judged(
        builder,
        not_linearizable(
            "k2", {0, 1, 2}, {{"class", "stale_read"}, {"observer", 2}, {"missed_write", 1}}));
}

Judged lost_addition() {
    RecordBuilder builder = partitioned();
    builder.op({1, 0, "add", "k2", 1, 1, 12'100, 12'110})
        .op({2, 0, "add", "k2", 3, 4, 12'120, 12'150})
        .op({6, 1, "add", "k2", 2, 3, 12'125, 12'160});
    return judged(
        builder,
        not_linearizable(
            "k2", {0, 1, 2}, {{"class", "lost_update"}, {"observer", 2}, {"missed_write", 1}}));
}

Judged resurrected_key() {
    RecordBuilder builder = partitioned();
    builder.op({1, 0, "write", "k2", 4, true, 12'100, 12'110})
        .op({2, 0, "delete", "k2", {}, true, 12'120, 12'130})
        .op({6, 1, "read", "k2", {}, 4, 12'300, 12'310});
    return judged(
        builder,
        not_linearizable(
            "k2", {0, 1, 2}, {{"class", "resurrected_key"}, {"observer", 2}, {"missed_write", 1}}));
}

Judged half_visible_transaction() {
    RecordBuilder builder = partitioned();
    const Value writes = Value::Transaction{{"w", "k2", 4}, {"append", "k3", "x"}};
    const Value reads = Value::Transaction{{"r", "k2", 4}, {"r", "k3", {}}};
    builder.op({1, 0, "txn", {}, writes, writes, 12'100, 12'150})
        .op({6, 1, "txn", {}, reads, reads, 12'120, 12'130});
    return judged(builder,
                  not_linearizable({},
                                   {0, 1},
                                   {{"class", "half_visible_transaction"},
                                    {"observer", 1},
                                    {"missed_write", 0},
                                    {"keys", Value::List{"k2", "k3"}}}));
}

Judged impossible_answer() {
    RecordBuilder builder = partitioned();
    builder.op({1, 0, "append", "k2", "x", "xy", 12'100, 12'110});
    return judged(builder,
                  not_linearizable("k2", {0}, {{"class", "impossible_answer"}, {"observer", 0}}));
}

Judged valid_run() {
    RecordBuilder builder;
    builder.record().plan.nemeses = {"kill", "partition", "pause"};
    builder.fault("partition", "n3 cut off", {2}, 100, 200, dropped(31, 2));
    builder.fault("kill", "n1 killed", {0}, 300, 400, process_state("gone", 0));
    for (int i = 0; i < 40; ++i) {
        const std::string key = "k" + std::to_string(i % 4);
        builder.op({i % 6, i % 3, "write", key, i, {}, i * 15.0, i * 15.0 + 4});
        builder.op({i % 6, i % 3, "read", key, {}, i, i * 15.0 + 5, i * 15.0 + 8});
    }
    Judged result{.record = builder.build()};
    result.results = {{.checker = "linearizability", .verdict = Verdict::valid},
                      {.checker = "stats", .verdict = Verdict::valid}};
    return result;
}

Judged unknown_floor() {
    RecordBuilder builder;
    for (int i = 0; i < 30; ++i) {
        const OpStatus status = i % 10 == 0 ? OpStatus::info : OpStatus::fail;
        const char* error = i % 10 == 0 ? "timeout after 5 s" : "connection refused";
        builder.op({i % 6, i % 3, "read", "k1", {}, {}, i * 20.0, i * 20.0 + 1, status, error});
    }
    builder.fault("partition", "n1 cut off", {0}, 100, 400, dropped(0));
    Judged result{.record = builder.build()};
    result.results = {
        {.checker = "linearizability", .verdict = Verdict::valid},
        {.checker = "evidence-floor",
         .verdict = Verdict::unknown,
         .reason = "0 ok operations of 100 needed; no partition is proven to have taken effect"}};
    return result;
}

Judged unknown_budget() {
    Judged result = valid_run();
    result.results = {{.checker = "linearizability",
                       .verdict = Verdict::unknown,
                       .reason = "key k3: out of time at the return of operation 77: 9000 "
                                 "configurations, 12 operations "
                                 "pending (and 1 more keys)"}};
    return result;
}

Judged failed_lab() {
    Judged result = valid_run();
    result.record.meta["ended"] = "error: writing run.db: disk full";
    return result;
}

Judged invalid_by_other() {
    Judged result = valid_run();
    result.results.push_back({.checker = "set",
                              .verdict = Verdict::invalid,
                              .reason = "3 acknowledged elements are missing from the final read"});
    return result;
}

Judged hostile(std::string payload) {
    RecordBuilder builder;
    const Value bad(payload);
    builder.record().run_id = payload;
    builder.record().plan.system = payload;
    builder.record().plan.workload = payload;
    builder.record().plan.nemeses = {payload};
    builder.record().plan.options = {{payload, payload}};
    builder.record().meta = {{"system_version", bad}, {"lab_version", bad}, {payload, bad}};
    builder.record().cluster.nodes[0].name = payload;
    builder.record().logs.push_back({.node = 0, .path = payload, .bytes = 1});
    builder.fault(payload,
                  payload,
                  {0},
                  150,
                  900,
                  {{.node = 0, .name = payload, .value = bad, .proves = true}});
    builder.sample(300, 0, "role", 2).sample(310, 0, payload, 8).sample(320, 0, "term", 8);
    builder.event(338, 1, "leader", {{"term", bad}, {payload, bad}});
    builder.event(340, 1, payload, {{payload, bad}});
    builder.op({3, 0, "write", bad, bad, {}, 110, 122})
        .op({5, 1, "write", bad, 7, {}, 341, 355})
        .op({7, 0, "read", bad, {}, bad, 393, 401})
        .op({8, 0, payload, bad, bad, bad, 394, 402})
        .op({9, 0, "cas", bad, Value::List{bad, bad}, {}, 395, 405, OpStatus::info, payload});
    CheckResult result = not_linearizable(
        bad, {0, 1, 2, 4}, {{"class", "stale_read"}, {"rule", bad}, {payload, bad}});
    result.findings[0].divergence = 2;
    result.findings.push_back(result.findings[0]);
    result.findings[1].details["class"] = payload;
    result.findings[1].key = payload + "2";
    result.reason = payload;
    result.statistics = {{payload, bad}};
    Judged judged_run = judged(builder, std::move(result));
    judged_run.results.push_back(
        {.checker = payload, .verdict = Verdict::unknown, .reason = payload});
    judged_run.context.run = payload;
    judged_run.context.replay_command = payload;
    return judged_run;
}

namespace {

/// A stretch of a busy run in which a fault is on, milliseconds.
struct Band {
    double from;
    double to;
};

/// Partitions, kills and pauses in turn until the end.
std::vector<Band> add_faults(RecordBuilder& builder, double end) {
    std::vector<Band> bands;
    const char* kinds[] = {"partition", "kill", "pause"};
    int number = 1;
    for (double t = 3'000; t + 4'000 < end; t += 6'100, ++number) {
        const std::string kind = kinds[number % 3];
        if (number == 2) t = 9'120; // the one under which it goes wrong is a partition
        const bool cut = number == 2 || kind == "partition";
        const double to = number == 2 ? 14'900 : t + 3'200;
        bands.push_back({t, to});
        if (cut) {
            builder.fault(
                "partition", "n1 cut off from n2 n3 (minority)", {0}, t, to, dropped(214 + number));
        } else if (kind == "kill") {
            builder.fault("kill", "n2 killed", {1}, t, to, process_state("gone", 1));
        } else {
            builder.fault("pause", "n3 paused", {2}, t, to, process_state("stopped", 2));
        }
    }
    return bands;
}

/// Reads and writes of twelve clients, slow and sometimes undecided while a fault is on.
void add_load(RecordBuilder& builder,
              const std::vector<Band>& bands,
              double end,
              int operations_a_second) {
    const auto disturbed = [&bands](double t) {
        return std::any_of(bands.begin(), bands.end(), [t](const Band& band) {
            return t >= band.from && t <= band.to;
        });
    };
    Rng rng(7);
    const int keys = 20;
    const double spacing = 1000.0 / operations_a_second;
    std::vector<double> free_at(12, 0);
    for (double t = 1; t < end; t += spacing) {
        const auto client = static_cast<std::int32_t>(rng.below(12));
        if (free_at[static_cast<std::size_t>(client)] > t) continue;
        const bool slow = disturbed(t);
        const double latency = 1.2 + static_cast<double>(rng.below(3'000)) / 1'000.0 +
                               (slow && rng.chance(1, 6) ? 300.0 : 0.0);
        Call call{client,
                  client % 3,
                  rng.chance(1, 2) ? "read" : "write",
                  "k" + std::to_string(rng.below(keys)),
                  {},
                  {},
                  t,
                  t + latency};
        const auto value = static_cast<std::int64_t>(rng.below(1'000));
        (call.f == "read" ? call.ret : call.arg) = value;
        if (slow && client % 3 == 0 && rng.chance(1, 4)) {
            call.status = OpStatus::info;
            call.error = "timeout after 5 s";
            call.to = t + 5'000;
        } else if (slow && rng.chance(1, 20)) {
            call.status = OpStatus::fail;
            call.error = "connection refused";
            call.ret = {};
        }
        free_at[static_cast<std::size_t>(client)] = call.to;
        builder.op(call);
    }
}

/// What the replicas say of themselves: n1 leads, then n2 while n1 believes that it still does.
void add_samples(RecordBuilder& builder, double end) {
    for (double t = 50; t < end; t += 100) {
        const int era = t < 12'338 ? 8 : 9;
        for (NodeId node = 0; node < 3; ++node) {
            const bool leads = node == (era == 8 ? 0 : 1);
            const bool deposed = node == 0 && t > 12'338 && t < 14'900;
            builder.sample(t, node, "role", leads || deposed ? 2 : 0)
                .sample(t, node, "term", deposed ? 8 : era)
                .sample(t,
                        node,
                        "commit",
                        static_cast<std::int64_t>((deposed ? 9'120 : t) * 0.4 - node * 3));
        }
    }
}

/// The stale read that a busy run plants: its operations are known by their odd nanoseconds.
CheckResult planted_stale_read(const History& history) {
    CheckResult found = not_linearizable("k17", {}, {});
    Finding& finding = found.findings[0];
    for (std::size_t i = 0; i < history.size(); ++i) {
        const bool planted = history.t_inv()[i] % millisecond == 250'123;
        if (planted && history.value(history.key()[i]) == Value("k17"))
            finding.ops.push_back(static_cast<OpId>(i));
    }
    finding.divergence = finding.ops.back();
    finding.details = {{"class", "stale_read"},
                       {"missed_write", finding.ops[finding.ops.size() - 2]},
                       {"rule",
                        "a read returned a value that had been replaced by a write "
                        "acknowledged before the read began"}};
    finding.faults = {1};
    finding.considered_ops = static_cast<std::int64_t>(history.size());
    finding.explained_ops = finding.considered_ops - 718;
    return found;
}

} // namespace

Judged busy_run(int seconds, int operations_a_second) {
    RecordBuilder builder;
    builder.record().plan.nemeses = {"kill", "partition", "pause"};
    builder.record().plan.duration = seconds * second;
    const auto end = seconds * 1000.0;
    const std::vector<Band> bands = add_faults(builder, end);
    add_load(builder, bands, end, operations_a_second);
    builder.op({3, 0, "write", "k17", 4, {}, 12'110.250123, 12'122.250123})
        .op({5, 1, "write", "k17", 7, {}, 12'341.250123, 12'355.250123})
        .op({7, 0, "read", "k17", {}, 4, 12'393.250123, 12'401.250123});
    add_samples(builder, end);
    builder.event(40, 0, "leader", {{"term", 8}}).event(12'338, 1, "leader", {{"term", 9}});
    builder.record().logs = {{0, "logs/n1/etcd.log", 482'113},
                             {1, "logs/n2/etcd.log", 511'882},
                             {2, "logs/n3/etcd.log", 390'412}};
    Judged result{.record = builder.build()};
    result.results = {{.checker = "stats",
                       .verdict = Verdict::valid,
                       .statistics = {{"read", 23'811}, {"write", 23'004}}},
                      planted_stale_read(result.record.history),
                      {.checker = "evidence-floor", .verdict = Verdict::valid}};
    result.results[0].took = 9 * millisecond;
    result.results[1].took = 412 * millisecond;
    return result;
}

} // namespace faultlab::test
