#include "core/store/cell.hpp"
#include "core/store/run_file.hpp"
#include "core/store/run_reader.hpp"
#include "core/store/sql.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace faultlab {
namespace {

constexpr std::string_view reading = "cannot read check results from";
constexpr std::string_view writing = "cannot write check results to";

Verdict verdict_from(std::string_view text) {
    if (text == "valid") return Verdict::valid;
    return text == "invalid" ? Verdict::invalid : Verdict::unknown;
}

Result<void> store_finding(Database& database, std::int64_t check_run, const Finding& finding) {
    std::string scratch;
    const std::string faults = integers_to_json(finding.faults);
    const std::string details = params_to_json(finding.details);
    FAULTLAB_TRY(Statement row, database.prepare(sql::insert_finding));
    row.bind(1, check_run).bind_text(2, finding.anomaly);
    bind_value(row, 3, finding.key, scratch);
    row.bind(5, finding.considered_ops).bind(6, finding.explained_ops);
    row.bind(7, finding.minimal ? 1 : 0).bind_text(8, faults).bind_text(9, details);
    if (finding.divergence >= 0) row.bind(4, finding.divergence);
    FAULTLAB_DO(row.run(writing));

    const std::int64_t id = database.last_insert_id();
    FAULTLAB_TRY(Statement op, database.prepare(sql::insert_finding_op));
    for (std::size_t i = 0; i < finding.ops.size(); ++i) {
        op.bind(1, id).bind(2, static_cast<std::int64_t>(i)).bind(3, finding.ops[i]);
        FAULTLAB_DO(op.run(writing));
    }
    return {};
}

Result<void> store_result(Database& database, const CheckResult& result) {
    const std::string statistics = params_to_json(result.statistics);
    FAULTLAB_TRY(Statement row, database.prepare(sql::insert_check_run));
    row.bind_text(1, result.checker).bind_text(2, to_string(result.verdict));
    row.bind_text(3, result.reason).bind_text(4, statistics);
    FAULTLAB_DO(row.bind_text(5, FAULTLAB_VERSION).bind(6, result.took).run(writing));
    const std::int64_t check_run = database.last_insert_id();
    for (const Finding& finding : result.findings) {
        FAULTLAB_DO(store_finding(database, check_run, finding));
    }
    return {};
}

Result<Finding> read_finding(Database& database, const Statement& row, const std::string& checker) {
    Finding finding{.checker = checker,
                    .anomaly = row.text(1),
                    .divergence = row.is_null(3) ? -1 : row.integer(3),
                    .considered_ops = row.integer(4),
                    .explained_ops = row.integer(5),
                    .minimal = row.integer(6) != 0};
    FAULTLAB_TRY(finding.key, column_value(row, 2));
    FAULTLAB_TRY(finding.faults, integers_from_json(row.bytes(7)));
    FAULTLAB_TRY(finding.details, params_from_json(row.bytes(8)));
    FAULTLAB_TRY(Statement op, database.prepare(sql::select_finding_op));
    op.bind(1, row.integer(0));
    for (;;) {
        FAULTLAB_TRY(const bool found, op.next(reading));
        if (!found) return finding;
        finding.ops.push_back(op.integer(0));
    }
}

Result<CheckResult> read_result(Database& database, const Statement& row) {
    CheckResult result{.checker = row.text(1),
                       .verdict = verdict_from(row.bytes(2)),
                       .reason = row.text(3),
                       .took = row.integer(5)};
    FAULTLAB_TRY(result.statistics, params_from_json(row.bytes(4)));
    FAULTLAB_TRY(Statement finding, database.prepare(sql::select_finding));
    finding.bind(1, row.integer(0));
    for (;;) {
        FAULTLAB_TRY(const bool found, finding.next(reading));
        if (!found) return result;
        FAULTLAB_TRY(result.findings.emplace_back(),
                     read_finding(database, finding, result.checker));
    }
}

} // namespace

Result<std::vector<CheckResult>> load_check_results(const std::filesystem::path& run_db) {
    FAULTLAB_TRY(const RunFile file, RunFile::open(run_db));
    FAULTLAB_TRY(Database database, file.connect());
    FAULTLAB_TRY(Statement row, database.prepare(sql::select_check_run));
    std::vector<CheckResult> results;
    for (;;) {
        FAULTLAB_TRY(const bool found, row.next(reading));
        if (!found) return results;
        FAULTLAB_TRY(results.emplace_back(), read_result(database, row));
    }
}

Result<void> store_check_results(const std::filesystem::path& run_db,
                                 const std::vector<CheckResult>& results) {
    if (std::error_code error; !std::filesystem::exists(run_db, error)) {
        return usage_error(fmt::format("there is no run.db at {}", run_db.string()),
                           "give the directory of a run, or the run.db in it");
    }
    FAULTLAB_TRY(Database database, Database::open(run_db, Database::Mode::write));
    FAULTLAB_DO(check_schema(database));
    FAULTLAB_TRY(Transaction transaction, Transaction::begin(database));
    for (const CheckResult& result : results)
        FAULTLAB_DO(store_result(database, result));
    return transaction.commit();
}

} // namespace faultlab
