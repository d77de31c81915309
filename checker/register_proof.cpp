#include "checker/register_proof.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
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

/// Whether one of the cited saw a value that nobody can have written after another of them showed
/// another value.
bool lacks_writer(std::span<const RegisterOp> ops, std::span<const std::uint32_t> cited) {
    const auto written = [&](const RegisterOp& observer, Index after) {
        return std::ranges::any_of(ops, [&](const RegisterOp& op) {
            return op.updates() && op.from != op.value && op.value == observed_by(observer) &&
                   op.inv < observer.ret && op.ret > after;
        });
    };
    for (const std::uint32_t i : cited) {
        const RegisterOp& observer = ops[i];
        if (!observer.definite() || observed_by(observer) == any_value) continue;
        if (observed_by(observer) != 0 && !written(observer, -1)) return true;
        for (const std::uint32_t k : cited) {
            const RegisterOp& other = ops[k];
            const bool shows = other.definite() && other.action != RegisterAction::failed_cas &&
                               other.value != observed_by(observer) && other.ret < observer.inv;
            if (shows && !written(observer, other.inv)) return true;
        }
    }
    return false;
}

/// The cited operations of a register with versions, and whether they have a legal order.
class VersionedProof {
public:
    explicit VersionedProof(std::span<const RegisterOp> ops) : ops_(ops) { find_reach(); }

    bool refutes(std::span<const std::uint32_t> cited) {
        for (const std::uint32_t position : cited) {
            if (position >= ops_.size() || ops_[position].step == 0) return false;
            Cited one{.op = ops_[position], .makes = {}};
            // Open ones that are not known to have happened say nothing.
            if (one.op.definite()) one.makes = made_by(one.op);
            one.counts = one.op.definite();
            cited_.push_back(one);
        }
        for (const std::uint32_t position : cited) {
            const RegisterOp& op = ops_[position];
            if (op.action != RegisterAction::read || op.version == 0) continue;
            if (!op.definite()) continue;
            if (!settle_maker(op, cited)) return true;
        }
        std::erase_if(cited_, [](const Cited& one) { return !one.counts; });
        return !any_legal({});
    }

private:
    struct Cited {
        RegisterOp op;
        std::optional<std::uint64_t> makes; ///< the version, where it is known
        bool counts = false;                ///< surely happened
        bool done = false;
    };
    /// What is known after some of the cited operations: the least version that it can be, and its
    /// value, if that was told. Others may have updated it between any two of them.
    struct Known {
        std::uint64_t version = 0;
        ValueId value = 0;
    };

    static std::optional<std::uint64_t> made_by(const RegisterOp& op) {
        if (!op.updates()) return std::nullopt;
        if (op.version != any_version) return op.version;
        if (op.from_version != any_version) return op.from_version + 1;
        return std::nullopt;
    }

    static bool can_make(const RegisterOp& op, std::uint64_t version) {
        if (!op.updates()) return false;
        if (op.version != any_version && op.version != version) return false;
        return op.from_version == any_version || op.from_version + 1 == version;
    }

    /// The highest version for which there are enough updates: each makes one.
    void find_reach() {
        std::set<std::uint64_t> made;
        std::uint64_t anywhere = 0;
        for (const RegisterOp& op : ops_) {
            if (!op.updates()) continue;
            if (const auto version = made_by(op))
                made.insert(*version);
            else
                ++anywhere;
        }
        for (auto next = made.begin();; ++reach_) {
            while (next != made.end() && *next <= reach_)
                ++next;
            if (next != made.end() && *next == reach_ + 1) continue;
            if (anywhere == 0) return;
            --anywhere;
        }
    }

    /// The only operation that can have made what was read did so, and counts if it is cited. False
    /// when there is none, or it made another version.
    bool settle_maker(const RegisterOp& read, std::span<const std::uint32_t> cited) {
        std::vector<std::uint32_t> makers;
        for (std::uint32_t i = 0; i < ops_.size(); ++i) {
            if (ops_[i].value == read.value && can_make(ops_[i], read.version)) makers.push_back(i);
        }
        if (makers.empty()) return false;
        const auto at = std::ranges::find(cited, makers[0]);
        if (makers.size() > 1 || at == cited.end()) return true;
        Cited& maker = cited_[static_cast<std::size_t>(at - cited.begin())];
        if (maker.makes && *maker.makes != read.version) return false;
        maker.makes = read.version;
        maker.counts = true;
        return true;
    }

    bool any_legal(const Known& known) {
        Index earliest = never;
        bool finished = true;
        for (const Cited& one : cited_) {
            if (one.done) continue;
            finished = false;
            earliest = std::min(earliest, one.op.ret);
        }
        if (finished) return true;
        for (Cited& one : cited_) {
            if (one.done || one.op.inv > earliest) continue;
            const std::optional<Known> next = play(one, known);
            if (!next) continue;
            one.done = true;
            const bool legal = any_legal(*next);
            one.done = false;
            if (legal) return true;
        }
        return false;
    }

    [[nodiscard]] std::optional<Known> play(const Cited& one, const Known& known) const {
        const RegisterOp& op = one.op;
        Known next{.version = op.version, .value = op.value};
        if (op.action == RegisterAction::read) {
            if (op.version < known.version) return std::nullopt;
            const bool same = op.version == known.version && known.value != any_value;
            if (same && op.value != known.value) return std::nullopt;
        } else if (op.action == RegisterAction::failed_cas) {
            if (op.from_version != known.version) return known;
            next = {.version = known.version + 1, .value = any_value};
        } else if (!one.makes) {
            next = {.version = known.version + 1, .value = any_value};
        } else {
            if (*one.makes <= known.version || !can_make(op, *one.makes)) return std::nullopt;
            next.version = *one.makes;
        }
        return next.version <= reach_ ? std::optional(next) : std::nullopt;
    }

    std::span<const RegisterOp> ops_;
    std::vector<Cited> cited_;
    std::uint64_t reach_ = 0;
};

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
    if (!ops.empty() && ops.front().step != 0) return VersionedProof(ops).refutes(cited);
    const auto known = [&](std::uint32_t i) { return i < ops.size() && ops[i].step == 0; };
    if (!std::ranges::all_of(cited, known)) return false;
    if (lacks_writer(ops, cited)) return true;
    std::vector<RegisterOp> alone;
    for (const std::uint32_t position : cited) {
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
