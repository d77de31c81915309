#include "checker/monitors/ledger.hpp"

#include <algorithm>
#include <functional>

namespace faultlab {

const Ledger::Entry* Ledger::committed(LogIndex op) const {
    return op < committed_.size() && committed_[op] ? &*committed_[op] : nullptr;
}

const Electorate* Ledger::electorate(std::uint32_t epoch) const {
    const auto found = electorates_.find(epoch);
    return found == electorates_.end() ? nullptr : &found->second;
}

const Ledger::ViewLog* Ledger::log_of(ViewNumber view) const {
    const auto found = logs_.find(view);
    return found == logs_.end() ? nullptr : &found->second;
}

LogIndex Ledger::acknowledge(const ProtocolEvent& event) {
    const Electorate* voters = electorate(epoch_of(event.view));
    if (voters == nullptr || !voters->votes(event.node)) return 0;
    ViewLog& log = logs_[event.view];
    for (const LogEntry& entry : event.log)
        log.entries.try_emplace(entry.op, entry);
    const auto node = static_cast<std::size_t>(event.node);
    if (log.acknowledged.size() <= node) log.acknowledged.resize(node + 1);
    log.acknowledged[node] = std::max(log.acknowledged[node], event.op);
    std::vector<LogIndex>& ops = scratch_;
    ops.clear();
    for (const NodeId voter : voters->voters) {
        const auto of = static_cast<std::size_t>(voter);
        ops.push_back(of < log.acknowledged.size() ? log.acknowledged[of] : 0);
    }
    if (voters->to_commit == 0 || voters->to_commit > ops.size()) return 0;
    const auto last = ops.begin() + static_cast<std::ptrdiff_t>(voters->to_commit - 1);
    std::ranges::nth_element(ops, last, std::greater());
    return *last;
}

LogEntry Ledger::executed(const ProtocolEvent& event) {
    return event.log.empty()
               ? LogEntry{.op = event.op, .checksum = event.checksum, .parent = event.parent}
               : event.log.front();
}

void Ledger::seal(ViewNumber view, const LogEntry& entry, bool by_quorum) {
    if (committed_.size() <= entry.op) committed_.resize(entry.op + 1);
    std::optional<Entry>& known = committed_[entry.op];
    if (!known) known = Entry{.entry = entry, .sealed_in = view, .by_quorum = by_quorum};
    if (known->entry.checksum != entry.checksum) return; // a rule has said so
    known->by_quorum = known->by_quorum || by_quorum;
    if (!known->entry.parent.known()) known->entry.parent = entry.parent;
    if (known->entry.timestamp == 0) known->entry.timestamp = entry.timestamp;
}

} // namespace faultlab
