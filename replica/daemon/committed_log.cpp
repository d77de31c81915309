#include "replica/daemon/committed_log.hpp"

#include "replica/core/client_table.hpp"
#include "replica/core/records.hpp"
#include "replica/core/state_machine.hpp"
#include "replica/daemon/input_journal.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>

namespace faultlab::replica {
namespace {

/// Entries by checksum, and which of them were committed.
class Entries final : public NoEffects {
public:
    void write(Zone zone, std::uint64_t /*offset*/, Bytes bytes, IoId /*id*/) override {
        if (zone != Zone::Prepares || bytes.size() < sizeof(Header)) return;
        const Header header = header_from(bytes);
        if (header.command != Command::Prepare || header.size > bytes.size()) return;
        const Bytes body = bytes.first(header.size).subspan(sizeof(Header));
        bodies_.try_emplace(header.checksum, body.begin(), body.end());
    }
    void event(const Event& event) override {
        if (event.kind != EventKind::Committed) return;
        const auto [place, fresh] = committed_.try_emplace(event.a, event.checksum);
        if (!fresh && place->second != event.checksum && !differs_) differs_ = event.a;
    }

    /// The bodies of the log from its first entry on.
    [[nodiscard]] Result<std::vector<Bytes>> log() const {
        if (differs_) {
            return lab_error(fmt::format("replicas committed different entries {}", *differs_),
                             "they disagree: their log proves nothing");
        }
        std::vector<Bytes> bodies;
        for (const auto& [op, checksum] : committed_) {
            const auto body = bodies_.find(checksum);
            const Op next = bodies.size() + 1;
            if (op != next || body == bodies_.end()) {
                return lab_error(fmt::format("no journal holds entry {} of the log", next));
            }
            bodies.emplace_back(body->second);
        }
        return bodies;
    }

private:
    std::map<Checksum, std::vector<std::byte>> bodies_;
    std::map<Op, Checksum> committed_;
    std::optional<Op> differs_; ///< the first place with different entries
};

/// Executes what sessions asked for, each request once.
class Execution {
public:
    explicit Execution(const Limits& limits)
        : state_(limits), clients_(limits), result_(limits.request_bytes) {}

    Result<void> entry(Op op, Bytes body, std::vector<CommittedRequest>& requests) {
        BatchReader batch(body);
        while (const auto request = batch.next()) {
            const RequestRecord& record = request->record;
            if (record.request == 0) {
                clients_.open(record.client, op, no_bugs_);
                continue;
            }
            const auto answer =
                clients_.classify(record.client, record.session, record.request, no_bugs_);
            if (answer != ClientTable::Answer::New && answer != ClientTable::Answer::Gap) continue;
            const auto code = static_cast<OpCode>(request->operation.front());
            if (code == OpCode::Reconfigure || code == OpCode::Upgrade) {
                return lab_error(fmt::format("entry {} of the log changes the cluster", op));
            }
            const std::size_t size =
                state_.apply(request->operation, oldest_release, result_, no_bugs_);
            auto result = decode_result(Bytes(result_).first(size), code);
            if (!result) return lab_error(fmt::format("entry {} of the log has no result", op));
            clients_.record(record.client, record.request, op, Bytes(result_).first(size));
            requests.push_back(
                {op, {request->operation.begin(), request->operation.end()}, std::move(*result)});
        }
        if (batch.malformed()) return lab_error(fmt::format("entry {} of the log is no batch", op));
        return {};
    }

private:
    StateMachine state_;
    ClientTable clients_;
    std::vector<std::byte> result_;
    BugSet no_bugs_;
};

} // namespace

Result<CommittedLog> committed_log(std::span<const std::filesystem::path> journals) {
    Entries entries;
    Limits limits;
    for (const std::filesystem::path& path : journals) {
        FAULTLAB_TRY(InputJournalReader journal, InputJournalReader::open(path));
        limits = journal.config().limits; // of one cluster
        const NodeReplay replayed = replay(journal, &entries);
        if (replayed.bytes_unread != 0) {
            return lab_error(fmt::format("{} is damaged: {} bytes of it cannot be read",
                                         path.native(),
                                         replayed.bytes_unread));
        }
        if (replayed.differs) {
            return lab_error(fmt::format("{} differs: {}", path.native(), *replayed.differs),
                             fmt::format("faultlab replay-node {}", path.native()));
        }
    }
    FAULTLAB_TRY(const std::vector<Bytes> bodies, entries.log());
    CommittedLog log;
    log.newest = bodies.size();
    Execution execution(limits);
    for (Op op = 1; op <= log.newest; ++op) {
        FAULTLAB_DO(execution.entry(op, bodies[op - 1], log.requests));
    }
    return log;
}

} // namespace faultlab::replica
