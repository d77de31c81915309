#pragma once

#include "core/cluster_view.hpp"
#include "core/fault.hpp"
#include "core/record.hpp"
#include "core/result.hpp"
#include "core/store/database.hpp"
#include "core/store/op_queue.hpp"
#include "core/store/run_writer.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace faultlab {

struct FaultIntended {
    Fault fault;
    Nanos t_planned = 0;
};
struct FaultChanged {
    FaultId fault = 0;
    FaultState state = FaultState::injecting;
    Nanos t = 0;
};
struct FaultEvidence {
    FaultId fault = 0;
    Evidence evidence;
};
struct IncarnationStarted {
    NodeId node = no_node;
    std::int32_t incarnation = 0;
    Nanos t = 0;
};
struct IncarnationEnded {
    NodeId node = no_node;
    std::int32_t incarnation = 0;
    Nanos t = 0;
    std::string by;
};
struct MetaEntry {
    std::string name;
    Value value;
};

/// A row of any table but those of operations.
using SideRow = std::variant<FaultIntended,
                             FaultChanged,
                             FaultEvidence,
                             Sample,
                             Event,
                             IncarnationStarted,
                             IncarnationEnded,
                             LogFile,
                             MetaEntry>;

/// The open run.db as the writer's thread uses it: rows become statements, and statements
/// transactions. Owned by one thread at a time. After an error the object is of no more use.
class RunRows {
public:
    /// Creates the file with its tables and the rows of the header.
    static Result<RunRows> create(const std::filesystem::path& run_db, const RunHeader& header);

    /// Opens a transaction when none is open.
    Result<void> write(Index index, const OpRow& row);
    Result<void> write(const SideRow& row);

    /// Commits what is open. Durable: also to the disk, with everything that was committed before.
    Result<void> commit();
    Result<void> commit_durable(const SideRow& row);
    [[nodiscard]] bool in_transaction() const { return open_; }

    /// Folds, writes meta 'ended', optimizes and leaves a single file.
    Result<void> finish(std::string_view ended);

    /// After an error: gives up what is not committed.
    void abandon();

    /// Rows of operations that are committed: for messages.
    [[nodiscard]] std::int64_t committed_rows() const { return committed_; }

private:
    explicit RunRows(Database database) : database_(std::move(database)) {}
    Result<void> prepare();
    Result<void> write_header(const RunHeader& header);
    Result<void> write_cluster(const ClusterView& cluster);
    Result<void> begin();
    Result<std::int64_t> metric(const std::string& name);
    Result<void> insert(const FaultIntended& row);
    Result<void> insert(const FaultChanged& row);
    Result<void> insert(const FaultEvidence& row);
    Result<void> insert(const Sample& row);
    Result<void> insert(const Event& row);
    Result<void> insert(const IncarnationStarted& row);
    Result<void> insert(const IncarnationEnded& row);
    Result<void> insert(const LogFile& row);
    Result<void> insert(const MetaEntry& row);

    Database database_; // Before the statements: they are finalized first.
    Statement begin_, commit_, invoke_, return_, asked_, meta_, fault_, change_fault_, evidence_,
        metric_, sample_, event_, start_incarnation_, end_incarnation_, log_file_;
    std::map<std::string, std::int64_t> metrics_;
    std::string scratch_;
    bool open_ = false;
    std::int64_t pending_ = 0;
    std::int64_t committed_ = 0;
};

} // namespace faultlab
