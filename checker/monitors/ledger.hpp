#pragma once

#include "checker/monitors/op_map.hpp"
#include "core/monitor.hpp"

#include <map>
#include <optional>
#include <vector>

namespace faultlab {

/// What the replicas together have promised and committed, as far as it was seen: what rules about
/// more than one replica compare with. Owned by one thread.
class Ledger {
public:
    struct Entry {
        LogEntry entry;
        ViewNumber sealed_in = 0; ///< the view in which it was committed
        bool by_quorum = false;   ///< false: no quorum was seen, a replica executed it
    };
    /// Null when it is not known to be committed.
    [[nodiscard]] const Entry* committed(LogIndex op) const;
    /// The newest op that is.
    [[nodiscard]] LogIndex head() const { return committed_.empty() ? 0 : committed_.size() - 1; }
    /// Null when nobody told who votes.
    [[nodiscard]] const Electorate* electorate(std::uint32_t epoch) const;

    /// What voters acknowledged in one view.
    struct ViewLog {
        std::vector<LogIndex> acknowledged; ///< by node
        LogIndex sealed = 0;
        OpMap<LogEntry> entries;
    };
    /// Null when nobody acknowledged anything in it.
    [[nodiscard]] const ViewLog* log_of(ViewNumber view) const;

    /// Takes in what happened. `sealed(view, entry, by_quorum)` is called for each entry that is
    /// committed by it, before the ledger knows of it, in order.
    template <typename Sealed>
    void learn(const ProtocolEvent& event, Sealed sealed) {
        switch (event.kind) {
            case ProtocolEvent::Kind::Elected:
                electorates_.try_emplace(event.electorate->epoch, *event.electorate);
                break;
            case ProtocolEvent::Kind::Acknowledged: {
                const LogIndex agreed = acknowledge(event);
                ViewLog& log = logs_[event.view];
                while (log.sealed < agreed) {
                    const LogEntry* const entry = log.entries.find(++log.sealed);
                    if (entry == nullptr) continue;
                    sealed(event.view, *entry, true);
                    seal(event.view, *entry, true);
                }
                break;
            }
            case ProtocolEvent::Kind::Executed: {
                const LogEntry entry = executed(event);
                sealed(event.view, entry, false);
                seal(event.view, entry, false);
                break;
            }
            default: break;
        }
    }

private:
    /// Up to where a quorum agrees in this view now.
    LogIndex acknowledge(const ProtocolEvent& event);
    [[nodiscard]] static LogEntry executed(const ProtocolEvent& event);
    void seal(ViewNumber view, const LogEntry& entry, bool by_quorum);

    std::vector<std::optional<Entry>> committed_; ///< by op
    std::map<ViewNumber, ViewLog> logs_;
    std::map<std::uint32_t, Electorate> electorates_;
    std::vector<LogIndex> scratch_;
};

} // namespace faultlab
