#pragma once

#include <string_view>

/// Every SQL text of the run store. The tables are in schema.sql.
namespace faultlab::sql {

using Text = std::string_view;

// --- every connection

inline constexpr Text connection_settings = "PRAGMA foreign_keys = ON";

// --- writing a run

inline constexpr Text writer_settings = R"(
    PRAGMA page_size = 8192;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA secure_delete = OFF;
    PRAGMA wal_autocheckpoint = 2000;
)";
inline constexpr Text set_version_1 = "PRAGMA user_version = 1";
inline constexpr Text big_cache = "PRAGMA cache_size = -65536"; ///< KiB
inline constexpr Text synchronous_full = "PRAGMA synchronous = FULL";
inline constexpr Text synchronous_normal = "PRAGMA synchronous = NORMAL";
inline constexpr Text begin = "BEGIN IMMEDIATE";
inline constexpr Text commit = "COMMIT";
inline constexpr Text rollback = "ROLLBACK";

inline constexpr Text insert_invoke = "INSERT INTO op_invoke VALUES (?,?,?,?,?,?,?,?,?)";
inline constexpr Text insert_return = "INSERT INTO op_return VALUES (?,?,?,?,?,?)";
inline constexpr Text insert_asked = "INSERT INTO op_asked VALUES (?,?)";
inline constexpr Text insert_meta = "INSERT OR REPLACE INTO meta VALUES (?,?)";
inline constexpr Text insert_plan = "INSERT INTO plan VALUES (1,?)";
inline constexpr Text insert_node = "INSERT INTO node VALUES (?,?,?,?,?)";
inline constexpr Text insert_incarnation = "INSERT INTO incarnation VALUES (?,?,?,NULL,NULL)";
inline constexpr Text end_incarnation =
    "UPDATE incarnation SET t_ended = ?, ended_by = ? WHERE node = ? AND incarnation = ?";
inline constexpr Text insert_fault =
    "INSERT INTO fault VALUES (?,?,?,?,?,?,?,?,NULL,NULL,'injecting')";
inline constexpr Text change_fault = R"(
    UPDATE fault SET state = ?1,
        t_started = CASE WHEN ?1 = 'active' THEN ?2 ELSE t_started END,
        t_ended = CASE WHEN ?1 = 'healed' THEN ?2 ELSE t_ended END
    WHERE id = ?3)";
inline constexpr Text insert_evidence =
    "INSERT INTO evidence (fault, phase, node, name, value, proves) VALUES (?,?,?,?,?,?)";
inline constexpr Text insert_metric = "INSERT INTO metric (name) VALUES (?)";
inline constexpr Text insert_sample =
    "INSERT INTO sample (t, node, incarnation, metric_id, value) VALUES (?,?,?,?,?)";
inline constexpr Text insert_event =
    "INSERT INTO event (t, node, incarnation, kind, fields) VALUES (?,?,?,?,?)";
inline constexpr Text insert_log_file = "INSERT OR REPLACE INTO log_file VALUES (?,?,?)";

// --- folding it

/// op_return has no index by invocation; SQLite makes one for this statement.
inline constexpr Text fold = R"(
    INSERT INTO operation
    SELECT i.idx, CASE WHEN r.status IN ('ok', 'fail') THEN r.idx END, i.process, i.client,
           coalesce(a.node, i.node), i.f, i.key, i.arg, r.ret, coalesce(r.status, 'open'), coalesce(r.error, ''),
           i.t_due, i.t_inv, r.t_ret
    FROM op_invoke i LEFT JOIN op_return r ON r.inv_index = i.idx
                     LEFT JOIN op_asked a ON a.inv_index = i.idx
    ORDER BY i.idx)";
inline constexpr Text empty_invoke = "DELETE FROM op_invoke";
inline constexpr Text empty_return = "DELETE FROM op_return";
inline constexpr Text empty_asked = "DELETE FROM op_asked";
inline constexpr Text close_run = R"(
    PRAGMA optimize;
    PRAGMA wal_checkpoint(TRUNCATE);
)";
/// Leaves one file that opens read-only anywhere, without -wal and -shm beside it.
inline constexpr Text leave_wal_mode = "PRAGMA journal_mode = DELETE";

// --- reading it

inline constexpr Text user_version = "PRAGMA user_version";
inline constexpr Text count_tables =
    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('meta', 'plan', "
    "'op_invoke', 'op_return', 'operation')";
inline constexpr Text reader_settings = "PRAGMA mmap_size = 1073741824";

inline constexpr Text select_meta = "SELECT name, value FROM meta";
inline constexpr Text select_plan = "SELECT json FROM plan";
inline constexpr Text select_node =
    "SELECT kind, node, name, address, talks_to FROM node ORDER BY kind, node";
inline constexpr Text select_fault = R"(
    SELECT id, spec_id, class, summary, targets, params, undo, t_planned, t_started, t_ended, state
    FROM fault ORDER BY coalesce(t_started, t_planned), id)";
inline constexpr Text select_evidence =
    "SELECT fault, phase, node, name, value, proves FROM evidence ORDER BY id";
inline constexpr Text select_sample =
    "SELECT t, node, incarnation, name, value FROM sample JOIN metric ON metric.id = metric_id "
    "ORDER BY t, sample.id";
inline constexpr Text select_event =
    "SELECT t, node, incarnation, kind, fields FROM event ORDER BY t, id";
inline constexpr Text select_log_file =
    "SELECT node, path, bytes FROM log_file ORDER BY node, path";

inline constexpr Text count_folded = "SELECT count(*) FROM operation";
inline constexpr Text count_invoked = "SELECT count(*) FROM op_invoke";
inline constexpr Text select_operation =
    "SELECT inv_index, process, client, node, t_due, t_inv, f, key, arg, ret_index, status, ret, "
    "error, t_ret FROM operation ORDER BY inv_index";
inline constexpr Text select_invoke =
    "SELECT idx, process, client, node, t_due, t_inv, f, key, arg FROM op_invoke ORDER BY idx";
inline constexpr Text select_return =
    "SELECT inv_index, idx, status, ret, error, t_ret FROM op_return ORDER BY idx";
inline constexpr Text count_asked_tables =
    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'op_asked'";
inline constexpr Text select_asked = "SELECT inv_index, node FROM op_asked ORDER BY inv_index";

// --- results of checks

inline constexpr Text insert_check_run =
    "INSERT INTO check_run (checker, verdict, reason, statistics, version, took) "
    "VALUES (?,?,?,?,?,?)";
inline constexpr Text insert_finding =
    "INSERT INTO finding (check_run, anomaly, key, divergence, considered_ops, explained_ops, "
    "minimal, faults, details) VALUES (?,?,?,?,?,?,?,?,?)";
inline constexpr Text insert_finding_op = "INSERT INTO finding_op VALUES (?,?,?)";
inline constexpr Text select_check_run =
    "SELECT id, checker, verdict, reason, statistics, took FROM check_run "
    "WHERE id IN (SELECT max(id) FROM check_run GROUP BY checker) ORDER BY id";
inline constexpr Text select_finding =
    "SELECT id, anomaly, key, divergence, considered_ops, explained_ops, minimal, faults, details "
    "FROM finding WHERE check_run = ? ORDER BY id";
inline constexpr Text select_finding_op =
    "SELECT op FROM finding_op WHERE finding = ? ORDER BY position";

// --- the index of a lab directory (index_schema.sql)

inline constexpr Text insert_run =
    "INSERT INTO run (id, directory, system, workload, seed, started_utc, verdict, ended) "
    "VALUES (?,?,?,?,?,?,?,?)";
inline constexpr Text set_run_verdict = "UPDATE run SET verdict = ? WHERE id = ?";
inline constexpr Text set_run_ended = "UPDATE run SET ended = ? WHERE id = ?";
inline constexpr Text select_run =
    "SELECT id, directory, system, workload, seed, started_utc, verdict, ended FROM run "
    "ORDER BY position";

} // namespace faultlab::sql
