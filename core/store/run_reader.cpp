#include "core/store/run_reader.hpp"

#include "core/store/cell.hpp"
#include "core/store/history_reader.hpp"
#include "core/store/run_file.hpp"
#include "core/store/sql.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace faultlab {
namespace {

constexpr std::string_view reading = "cannot read";

/// Calls `use(row)`, which returns a Result<void>, for every row.
template <class Use>
Result<void> for_each_row(Database& database, std::string_view sql, Use use) {
    FAULTLAB_TRY(Statement row, database.prepare(sql));
    for (;;) {
        FAULTLAB_TRY(const bool found, row.next(reading));
        if (!found) return {};
        FAULTLAB_DO(use(std::as_const(row)));
    }
}

Nanos time_or_never(const Statement& row, int column) {
    return row.is_null(column) ? -1 : row.integer(column);
}

NodeId node_of(const Statement& row, int column) {
    return static_cast<NodeId>(row.integer(column));
}

Result<void> read_meta(Database& database, Record& record) {
    FAULTLAB_DO(for_each_row(database, sql::select_meta, [&](const Statement& row) -> Result<void> {
        FAULTLAB_TRY(record.meta[row.text(0)], column_value(row, 1));
        return {};
    }));
    if (const auto id = record.meta.find("run_id"); id != record.meta.end()) {
        if (const std::string* text = id->second.text()) record.run_id = *text;
    }
    return for_each_row(database, sql::select_plan, [&](const Statement& row) -> Result<void> {
        FAULTLAB_TRY(record.plan, plan_from_json(row.bytes(0)));
        return {};
    });
}

Result<void> read_cluster(Database& database, ClusterView& cluster) {
    return for_each_row(database, sql::select_node, [&](const Statement& row) -> Result<void> {
        if (row.bytes(0) == "replica") {
            cluster.nodes.push_back({.name = row.text(2), .address = row.text(3)});
        } else {
            cluster.clients.push_back(
                {.name = row.text(2), .address = row.text(3), .node = node_of(row, 4)});
        }
        return {};
    });
}

Result<FaultState> fault_state(std::string_view text) {
    for (const FaultState state : {FaultState::injecting,
                                   FaultState::active,
                                   FaultState::healing,
                                   FaultState::healed,
                                   FaultState::failed}) {
        if (text == to_string(state)) return state;
    }
    return lab_error(fmt::format("a fault is stored with the unknown state '{}'", text));
}

Result<EvidencePhase> evidence_phase(std::string_view text) {
    for (const EvidencePhase phase :
         {EvidencePhase::before, EvidencePhase::during, EvidencePhase::after}) {
        if (text == to_string(phase)) return phase;
    }
    return lab_error(fmt::format("evidence is stored with the unknown phase '{}'", text));
}

Result<FaultRecord> read_fault(const Statement& row) {
    FaultRecord record;
    Fault& fault = record.fault;
    fault.id = row.integer(0);
    fault.spec_id = row.integer(1);
    fault.nemesis = row.text(2);
    fault.summary = row.text(3);
    FAULTLAB_TRY(const auto targets, integers_from_json(row.bytes(4)));
    for (const std::int64_t target : targets)
        fault.targets.push_back(static_cast<NodeId>(target));
    FAULTLAB_TRY(fault.params, params_from_json(row.bytes(5)));
    FAULTLAB_TRY(fault.undo, params_from_json(row.bytes(6)));
    record.t_planned = row.integer(7);
    record.t_started = time_or_never(row, 8);
    record.t_ended = time_or_never(row, 9);
    FAULTLAB_TRY(record.state, fault_state(row.bytes(10)));
    return record;
}

Result<void> read_faults(Database& database, std::vector<FaultRecord>& faults) {
    FAULTLAB_DO(
        for_each_row(database, sql::select_fault, [&](const Statement& row) -> Result<void> {
            FAULTLAB_TRY(faults.emplace_back(), read_fault(row));
            return {};
        }));
    std::map<FaultId, std::size_t> position;
    for (std::size_t i = 0; i < faults.size(); ++i)
        position[faults[i].fault.id] = i;
    return for_each_row(database, sql::select_evidence, [&](const Statement& row) -> Result<void> {
        Evidence evidence{
            .node = node_of(row, 2), .name = row.text(3), .proves = row.integer(5) != 0};
        FAULTLAB_TRY(evidence.phase, evidence_phase(row.bytes(1)));
        FAULTLAB_TRY(evidence.value, column_value(row, 4));
        faults.at(position.at(row.integer(0))).evidence.push_back(std::move(evidence));
        return {};
    });
}

Result<void> read_telemetry(Database& database, Record& record) {
    FAULTLAB_DO(
        for_each_row(database, sql::select_sample, [&](const Statement& row) -> Result<void> {
            record.samples.push_back({.t = row.integer(0),
                                      .node = node_of(row, 1),
                                      .incarnation = static_cast<std::int32_t>(row.integer(2)),
                                      .metric = row.text(3),
                                      .value = row.integer(4)});
            return {};
        }));
    FAULTLAB_DO(
        for_each_row(database, sql::select_event, [&](const Statement& row) -> Result<void> {
            Event& event = record.events.emplace_back();
            event.t = row.integer(0);
            event.node = node_of(row, 1);
            event.incarnation = static_cast<std::int32_t>(row.integer(2));
            event.kind = row.text(3);
            FAULTLAB_TRY(event.fields, params_from_json(row.bytes(4)));
            return {};
        }));
    return for_each_row(database, sql::select_log_file, [&](const Statement& row) -> Result<void> {
        record.logs.push_back(
            {.node = node_of(row, 0), .path = row.text(1), .bytes = row.integer(2)});
        return {};
    });
}

Result<Record> read_record(const RunFile& file) {
    Record record;
    FAULTLAB_TRY(Database database, file.connect());
    FAULTLAB_DO(read_meta(database, record));
    FAULTLAB_DO(read_cluster(database, record.cluster));
    FAULTLAB_DO(read_faults(database, record.faults));
    FAULTLAB_DO(read_telemetry(database, record));
    FAULTLAB_TRY(record.history, read_history(file));
    return record;
}

} // namespace

Result<Record> load_record(const std::filesystem::path& run_db) {
    FAULTLAB_TRY(const RunFile file, RunFile::open(run_db));
    try {
        auto record = read_record(file);
        if (!record) return file.in_terms_of_original(record.error());
        return record;
    } catch (const std::exception& e) {
        // A file that SQLite can read, but whose rows contradict each other.
        return usage_error(fmt::format("cannot read {}: {}", run_db.string(), e.what()),
                           "the file is damaged");
    }
}

} // namespace faultlab
