#include "checker/certificate.hpp"

#include "checker/linearizability_rules.hpp"
#include "core/check.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

constexpr std::size_t most_operations = 12;

struct Cell {
    ValueId value = 0;
    std::uint64_t version = 0;
    bool exact = true; ///< false: the version is this or higher
};

class Permutations {
public:
    Permutations(std::vector<RegisterOp> ops, bool gaps)
        : ops_(std::move(ops)), done_(ops_.size(), false), gaps_(gaps) {}

    /// Whether the operations that are not done can follow in some order.
    bool legal_from(const Cell& cell) {
        Index earliest_return = never;
        bool finished = true;
        for (std::size_t i = 0; i < ops_.size(); ++i) {
            if (done_[i] || !ops_[i].definite()) continue;
            finished = false;
            earliest_return = std::min(earliest_return, ops_[i].ret);
        }
        if (finished) return true;
        for (std::size_t i = 0; i < ops_.size(); ++i) {
            if (done_[i] || ops_[i].inv > earliest_return) continue;
            const std::optional<Cell> next = step(ops_[i], cell);
            if (!next) continue;
            done_[i] = true;
            const bool legal = legal_from(*next);
            done_[i] = false;
            if (legal) return true;
        }
        return false;
    }

private:
    [[nodiscard]] std::optional<Cell> step(const RegisterOp& op, Cell cell) const {
        switch (op.action) {
            case RegisterAction::read: return read(op, cell);
            case RegisterAction::failed_cas: {
                const bool equal = op.step == 0 ? op.from == cell.value
                                                : op.from_version == cell.version && !gaps_;
                return equal ? std::nullopt : std::optional(cell);
            }
            case RegisterAction::write: break;
            case RegisterAction::cas:
                if (op.step == 0 && op.from != cell.value) return std::nullopt;
                if (op.step != 0 && !reach(cell, op.from_version)) return std::nullopt;
        }
        cell.value = op.value;
        if (op.step == 0) return cell;
        const std::uint64_t lowest = cell.version + 1;
        if (op.version != any_version) {
            if (gaps_ ? op.version < lowest : op.version != lowest) return std::nullopt;
            return Cell{.value = op.value, .version = op.version};
        }
        const bool exact = !gaps_ || op.action == RegisterAction::cas;
        return Cell{.value = op.value, .version = lowest, .exact = exact};
    }

    [[nodiscard]] static std::optional<Cell> read(const RegisterOp& op, Cell cell) {
        if (op.value != cell.value) return std::nullopt;
        if (op.version == any_version) return cell;
        if (cell.exact ? op.version != cell.version : op.version < cell.version)
            return std::nullopt;
        cell.version = op.version;
        cell.exact = true;
        return cell;
    }

    /// Brings the cell to a version that a cas compares with; with gaps, by updates not cited.
    [[nodiscard]] bool reach(Cell& cell, std::uint64_t version) const {
        if (gaps_ ? version < cell.version : version != cell.version) return false;
        cell.version = version;
        cell.exact = true;
        return true;
    }

    std::vector<RegisterOp> ops_;
    std::vector<bool> done_;
    bool gaps_;
};

/// The operations of the divergence's key as they were known at the index `end`.
std::vector<RegisterOp> known_at(const History& history, OpId divergence, RegisterModel model) {
    const auto at = [](OpId id) { return static_cast<std::size_t>(id); };
    const Index end = history.ret_index()[at(divergence)];
    std::vector<OpId> invoked;
    for (std::size_t i = 0; i < history.size() && history.inv_index()[i] < end; ++i) {
        if (history.key()[i] == history.key()[at(divergence)]) {
            invoked.push_back(static_cast<OpId>(i));
        }
    }
    const auto key = read_key_ops(history, invoked, model, LinearizabilityRules{});
    std::vector<RegisterOp> known;
    for (const RegisterOp& op : key ? key->ops : std::vector<RegisterOp>{}) {
        if (op.ret <= end) {
            known.push_back(op);
        } else if (const auto open = opened(op)) {
            known.push_back(*open);
        }
    }
    return known;
}

} // namespace

bool certificate_is_illegal(const History& history,
                            std::span<const OpId> ids,
                            OpId divergence,
                            RegisterModel model) {
    FAULTLAB_CHECK(ids.size() <= most_operations);
    std::vector<RegisterOp> cited = known_at(history, divergence, model);
    const auto updates = std::ranges::count_if(cited, &RegisterOp::updates);
    std::erase_if(cited, [&](const RegisterOp& op) {
        const bool constrains = op.definite() || op.updates();
        return std::ranges::find(ids, op.id) == ids.end() || !constrains;
    });
    const bool gaps = model == RegisterModel::versioned &&
                      std::ranges::count_if(cited, &RegisterOp::updates) != updates;
    return !Permutations(std::move(cited), gaps).legal_from(Cell{});
}

} // namespace faultlab
