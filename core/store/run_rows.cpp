#include "core/store/run_rows.hpp"

#include "core/store/sql.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <utility>

namespace faultlab {

extern const char* const schema_text;

namespace {

// Beginnings of messages.
constexpr std::string_view writing_ops = "cannot write operations to";
constexpr std::string_view writing = "cannot write to";

std::string_view status_of(OpRowKind kind) {
    switch (kind) {
        case OpRowKind::ok: return "ok";
        case OpRowKind::fail: return "fail";
        case OpRowKind::invoke:
        case OpRowKind::info: return "info";
    }
    return "info";
}

} // namespace

Result<RunRows> RunRows::create(const std::filesystem::path& run_db, const RunHeader& header) {
    FAULTLAB_TRY(Database database, Database::open(run_db, Database::Mode::create));
    RunRows rows(std::move(database));
    FAULTLAB_DO(rows.database_.execute(sql::writer_settings));
    FAULTLAB_DO(rows.database_.execute(sql::begin));
    FAULTLAB_DO(rows.database_.execute(schema_text));
    FAULTLAB_DO(rows.database_.execute(sql::set_version_1));
    FAULTLAB_DO(rows.prepare());
    rows.open_ = true;
    FAULTLAB_DO(rows.write_header(header));
    FAULTLAB_DO(rows.commit());
    return rows;
}

Result<void> RunRows::prepare() {
    const std::pair<Statement*, sql::Text> all[] = {
        {&begin_, sql::begin},
        {&commit_, sql::commit},
        {&invoke_, sql::insert_invoke},
        {&return_, sql::insert_return},
        {&asked_, sql::insert_asked},
        {&meta_, sql::insert_meta},
        {&fault_, sql::insert_fault},
        {&change_fault_, sql::change_fault},
        {&evidence_, sql::insert_evidence},
        {&metric_, sql::insert_metric},
        {&sample_, sql::insert_sample},
        {&event_, sql::insert_event},
        {&start_incarnation_, sql::insert_incarnation},
        {&end_incarnation_, sql::end_incarnation},
        {&log_file_, sql::insert_log_file},
    };
    for (const auto& [statement, text] : all) {
        FAULTLAB_TRY(*statement, database_.prepare(text));
    }
    return {};
}

Result<void> RunRows::write_header(const RunHeader& header) {
    FAULTLAB_DO(insert(MetaEntry{"lab_version", Value(FAULTLAB_VERSION)}));
    for (const auto& [name, value] : header.meta)
        FAULTLAB_DO(insert(MetaEntry{name, value}));
    FAULTLAB_DO(insert(MetaEntry{"run_id", Value(header.run_id)}));
    FAULTLAB_DO(insert(MetaEntry{"plan_seed", Value(fmt::format("{:#x}", header.plan.seed))}));
    FAULTLAB_TRY(Statement plan, database_.prepare(sql::insert_plan));
    const std::string json = to_json(header.plan);
    FAULTLAB_DO(plan.bind_text(1, json).run("cannot write the plan to"));
    return write_cluster(header.cluster);
}

Result<void> RunRows::write_cluster(const ClusterView& cluster) {
    FAULTLAB_TRY(Statement node, database_.prepare(sql::insert_node));
    for (std::size_t i = 0; i < cluster.nodes.size(); ++i) {
        const ClusterView::Node& n = cluster.nodes[i];
        node.bind_text(1, "replica").bind(2, static_cast<std::int64_t>(i)).bind_text(3, n.name);
        FAULTLAB_DO(node.bind_text(4, n.address).bind_null(5).run(writing));
    }
    for (std::size_t i = 0; i < cluster.clients.size(); ++i) {
        const ClusterView::Client& c = cluster.clients[i];
        node.bind_text(1, "client").bind(2, static_cast<std::int64_t>(i)).bind_text(3, c.name);
        node.bind_text(4, c.address).bind(5, c.node);
        FAULTLAB_DO(node.run(writing));
    }
    return {};
}

Result<void> RunRows::begin() {
    if (open_) return {};
    open_ = true;
    return begin_.run(writing);
}

Result<void> RunRows::write(Index index, const OpRow& row) {
    if (!open_) FAULTLAB_DO(begin());
    const bool invokes = row.kind == OpRowKind::invoke;
    Statement& s = invokes ? invoke_ : return_;
    s.bind(1, index);
    if (invokes) {
        s.bind(2, row.process).bind(3, row.client).bind(4, row.node).bind_text(5, row.text);
        bind_cell(s, 6, row.key);
        bind_cell(s, 7, row.value);
        s.bind(8, row.first).bind(9, row.t);
    } else {
        s.bind(2, row.first).bind_text(3, status_of(row.kind));
        bind_cell(s, 4, row.value);
        s.bind_text(5, row.text).bind(6, row.t);
    }
    const int code = s.step();
    s.reset();
    ++pending_;
    if (code != SQLITE_DONE) return database_.error(writing_ops);
    if (invokes || row.node == no_node) return {};
    return asked_.bind(1, row.first).bind(2, row.node).run(writing_ops);
}

Result<void> RunRows::write(const SideRow& row) {
    FAULTLAB_DO(begin());
    return std::visit([this](const auto& r) { return insert(r); }, row);
}

Result<void> RunRows::commit() {
    if (!open_) return {};
    FAULTLAB_DO(commit_.run("cannot commit to"));
    open_ = false;
    committed_ += std::exchange(pending_, 0);
    return {};
}

Result<void> RunRows::commit_durable(const SideRow& row) {
    // What is open is committed first: the setting cannot change inside a transaction.
    FAULTLAB_DO(commit());
    FAULTLAB_DO(database_.execute(sql::synchronous_full));
    FAULTLAB_DO(write(row));
    FAULTLAB_DO(commit());
    return database_.execute(sql::synchronous_normal);
}

Result<void> RunRows::finish(std::string_view ended) {
    FAULTLAB_DO(commit());
    FAULTLAB_DO(database_.execute(sql::big_cache));
    FAULTLAB_DO(begin());
    // One transaction: the file is either unfolded, or folded and ended.
    FAULTLAB_DO(database_.execute(sql::fold));
    FAULTLAB_DO(database_.execute(sql::empty_invoke));
    FAULTLAB_DO(database_.execute(sql::empty_return));
    FAULTLAB_DO(database_.execute(sql::empty_asked));
    FAULTLAB_DO(insert(MetaEntry{"ended", Value(ended)}));
    FAULTLAB_DO(commit());
    FAULTLAB_DO(database_.execute(sql::close_run));
    // Refused while somebody reads the run at this moment; then it stays in WAL mode, complete.
    static_cast<void>(database_.execute(sql::leave_wal_mode));
    return {};
}

void RunRows::abandon() {
    // SQLite may have rolled back by itself already; then there is nothing to do.
    if (database_.in_transaction()) static_cast<void>(database_.execute(sql::rollback));
    open_ = false;
    pending_ = 0;
}

Result<std::int64_t> RunRows::metric(const std::string& name) {
    if (const auto it = metrics_.find(name); it != metrics_.end()) return it->second;
    FAULTLAB_DO(metric_.bind_text(1, name).run(writing));
    return metrics_[name] = database_.last_insert_id();
}

Result<void> RunRows::insert(const FaultIntended& row) {
    const Fault& fault = row.fault;
    const std::string targets = integers_to_json(fault.targets);
    const std::string params = params_to_json(fault.params);
    const std::string undo = params_to_json(fault.undo);
    fault_.bind(1, fault.id).bind(2, fault.spec_id).bind_text(3, fault.nemesis);
    fault_.bind_text(4, fault.summary).bind_text(5, targets).bind_text(6, params);
    fault_.bind_text(7, undo).bind(8, row.t_planned);
    return fault_.run("cannot write a fault to");
}

Result<void> RunRows::insert(const FaultChanged& row) {
    change_fault_.bind_text(1, to_string(row.state)).bind(2, row.t).bind(3, row.fault);
    return change_fault_.run(writing);
}

Result<void> RunRows::insert(const FaultEvidence& row) {
    const Evidence& evidence = row.evidence;
    evidence_.bind(1, row.fault).bind_text(2, to_string(evidence.phase)).bind(3, evidence.node);
    evidence_.bind_text(4, evidence.name).bind(6, evidence.proves ? 1 : 0);
    bind_value(evidence_, 5, evidence.value, scratch_);
    return evidence_.run("cannot write evidence to");
}

Result<void> RunRows::insert(const Sample& row) {
    FAULTLAB_TRY(const std::int64_t id, metric(row.metric));
    sample_.bind(1, row.t).bind(2, row.node).bind(3, row.incarnation).bind(4, id);
    return sample_.bind(5, row.value).run(writing);
}

Result<void> RunRows::insert(const Event& row) {
    const std::string fields = params_to_json(row.fields);
    event_.bind(1, row.t).bind(2, row.node).bind(3, row.incarnation);
    return event_.bind_text(4, row.kind).bind_text(5, fields).run(writing);
}

Result<void> RunRows::insert(const IncarnationStarted& row) {
    start_incarnation_.bind(1, row.node).bind(2, row.incarnation).bind(3, row.t);
    return start_incarnation_.run(writing);
}

Result<void> RunRows::insert(const IncarnationEnded& row) {
    end_incarnation_.bind(1, row.t).bind_text(2, row.by).bind(3, row.node);
    return end_incarnation_.bind(4, row.incarnation).run(writing);
}

Result<void> RunRows::insert(const LogFile& row) {
    return log_file_.bind(1, row.node).bind_text(2, row.path).bind(3, row.bytes).run(writing);
}

Result<void> RunRows::insert(const MetaEntry& row) {
    meta_.bind_text(1, row.name);
    bind_value(meta_, 2, row.value, scratch_);
    return meta_.run(writing);
}

} // namespace faultlab
