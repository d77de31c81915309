#include "checker/register_proof.hpp"

#include <algorithm>
#include <vector>

namespace faultlab {
namespace {

/// A register, played by the book.
struct Cell {
    ValueId value = 0;
    std::uint64_t version = 0;

    /// False when the operation cannot have had its result here.
    bool play(const RegisterOp& op) {
        const bool same = (op.from == any_value || op.from == value) &&
                          (op.from_version == any_version || op.from_version == version);
        switch (op.action) {
            case RegisterAction::read:
                return op.value == value && (op.version == any_version || op.version == version);
            case RegisterAction::failed_cas: return !same;
            case RegisterAction::cas:
                if (!same) return false;
                break;
            case RegisterAction::write: break;
        }
        value = op.value;
        version += op.step;
        return op.version == any_version || op.version == version;
    }
};

/// Tries all orders of a few operations.
class Orders {
public:
    explicit Orders(std::vector<RegisterOp> ops) : ops_(std::move(ops)), done_(ops_.size()) {}

    bool any_legal(Cell cell) {
        Index earliest = never;
        for (std::size_t i = 0; i < ops_.size(); ++i) {
            if (!done_[i]) earliest = std::min(earliest, ops_[i].ret);
        }
        if (earliest == never) return true; // what is left need not happen
        for (std::size_t i = 0; i < ops_.size(); ++i) {
            if (done_[i] || ops_[i].inv > earliest) continue;
            Cell next = cell;
            if (!next.play(ops_[i])) continue;
            done_[i] = true;
            const bool legal = any_legal(next);
            done_[i] = false;
            if (legal) return true;
        }
        return false;
    }

private:
    std::vector<RegisterOp> ops_;
    std::vector<bool> done_;
};

/// The value that it must have found there.
ValueId observed_by(const RegisterOp& op) {
    if (op.action == RegisterAction::read) return op.value;
    return op.action == RegisterAction::cas ? op.from : any_value;
}

} // namespace

bool witness_is_legal(std::span<const RegisterOp> ops, std::span<const std::uint32_t> order) {
    std::vector<bool> placed(ops.size());
    Cell cell;
    Index latest = -1;
    for (const std::uint32_t position : order) {
        if (position >= ops.size() || placed[position]) return false;
        placed[position] = true;
        const RegisterOp& op = ops[position];
        if (op.ret < latest || !cell.play(op)) return false;
        latest = std::max(latest, op.inv);
    }
    for (std::size_t i = 0; i < ops.size(); ++i) {
        if (ops[i].definite() && !placed[i]) return false;
    }
    return true;
}

bool certificate_refutes(std::span<const RegisterOp> ops, std::span<const std::uint32_t> cited) {
    std::vector<RegisterOp> alone;
    for (const std::uint32_t position : cited) {
        if (position >= ops.size() || ops[position].step != 0) return false;
        RegisterOp op = ops[position];
        if (op.action == RegisterAction::failed_cas) return false;
        const ValueId seen = observed_by(op);
        std::size_t writers = seen == 0 ? 1 : 0;
        bool writer_cited = seen == 0;
        for (std::uint32_t i = 0; seen != any_value && i < ops.size(); ++i) {
            if (!ops[i].updates() || ops[i].value != seen || ops[i].from == seen) continue;
            ++writers;
            writer_cited |= std::ranges::find(cited, i) != cited.end();
        }
        if (writers > 0 && !writer_cited) {
            if (op.action != RegisterAction::cas || op.from == op.value) return false;
            op.action = RegisterAction::write; // says less: legal orders stay legal
            op.from = any_value;
        } else if (writers > 1) {
            return false;
        }
        alone.push_back(op);
    }
    return !Orders(std::move(alone)).any_legal(Cell{});
}

} // namespace faultlab
