#include "checker/anomaly_class.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

namespace faultlab {
namespace {

bool observes(const RegisterOp& op) {
    return op.definite() && (op.action == RegisterAction::read || op.action == RegisterAction::cas);
}

class Classifier {
public:
    Classifier(const Divergence& divergence, const Counterexample& counterexample)
        : divergence_(divergence.op), all_(divergence.ops), versioned_(divergence.op.step != 0) {
        // The divergence first: it is what the reader looks at.
        for (const RegisterOp& op : counterexample.ops) {
            if (op.id == divergence_.id)
                kept_.insert(kept_.begin(), op);
            else
                kept_.push_back(op);
        }
    }

    [[nodiscard]] AnomalyClass run() const {
        for (const auto rule : {&Classifier::never_written,
                                &Classifier::impossible_version,
                                &Classifier::taken_twice,
                                &Classifier::stale,
                                &Classifier::replaced_in_every_order}) {
            if (const auto found = (this->*rule)()) return *found;
        }
        return {};
    }

private:
    /// The value that an observation saw; a cas on the version saw none.
    [[nodiscard]] static ValueId seen_value(const RegisterOp& op) {
        return op.action == RegisterAction::read ? op.value : op.from;
    }
    [[nodiscard]] static std::uint64_t seen_version(const RegisterOp& op) {
        return op.action == RegisterAction::read ? op.version : op.from_version;
    }

    [[nodiscard]] std::vector<RegisterOp> writers(ValueId value) const {
        std::vector<RegisterOp> found;
        std::ranges::copy_if(all_, std::back_inserter(found), [&](const RegisterOp& op) {
            return op.updates() && op.value == value;
        });
        return found;
    }

    [[nodiscard]] std::optional<AnomalyClass> never_written() const {
        for (const RegisterOp& op : kept_) {
            const ValueId value = seen_value(op);
            if (!observes(op) || value == any_value || value == 0) continue;
            if (!writers(value).empty()) continue;
            return AnomalyClass{.name = "value_never_written",
                                .rule = "a value was seen that nothing invoked before wrote",
                                .observer = op.id};
        }
        return std::nullopt;
    }

    [[nodiscard]] std::optional<AnomalyClass> impossible_version() const {
        if (!versioned_) return std::nullopt;
        const auto updates =
            static_cast<std::uint64_t>(std::ranges::count_if(all_, &RegisterOp::updates));
        for (const RegisterOp& op : kept_) {
            if (!op.definite() || op.version == any_version) continue;
            if (op.version > updates) {
                return AnomalyClass{.name = "impossible_version",
                                    .rule = "a version was seen that is higher than the number of "
                                            "updates invoked before",
                                    .observer = op.id};
            }
            if (op.action != RegisterAction::read) continue;
            const auto from = writers(op.value);
            const bool other =
                from.size() == 1 && from[0].version != any_version && from[0].version != op.version;
            if (!other) continue;
            return AnomalyClass{.name = "impossible_version",
                                .rule = "a value was seen with another version than its only write "
                                        "was given",
                                .observer = op.id,
                                .value_writer = from[0].id};
        }
        return std::nullopt;
    }

    /// Two successful updates that both took the place after the same state.
    [[nodiscard]] std::optional<AnomalyClass> taken_twice() const {
        for (std::size_t i = 0; i < kept_.size(); ++i) {
            for (std::size_t j = i + 1; j < kept_.size(); ++j) {
                const RegisterOp& a = kept_[i];
                const RegisterOp& b = kept_[j];
                if (!a.definite() || !b.definite() || !a.updates() || !b.updates()) continue;
                if (same_cas(a, b)) {
                    return AnomalyClass{.name = "duplicate_cas",
                                        .rule =
                                            "two successful cas took the same value or version, "
                                            "which was there only once",
                                        .observer = a.id,
                                        .missed_write = b.id};
                }
                if (versioned_ && a.version != any_version && a.version == b.version) {
                    return AnomalyClass{.name = "lost_update",
                                        .rule = "two acknowledged updates were given the same "
                                                "version: one replaced the other unseen",
                                        .observer = a.id,
                                        .missed_write = b.id};
                }
            }
        }
        return std::nullopt;
    }

    [[nodiscard]] bool same_cas(const RegisterOp& a, const RegisterOp& b) const {
        if (a.action != RegisterAction::cas || b.action != RegisterAction::cas) return false;
        if (versioned_) return a.from_version == b.from_version;
        const std::size_t times = writers(a.from).size() + (a.from == 0 ? 1 : 0);
        return a.from == b.from && a.value != a.from && b.value != b.from && times <= 1;
    }

    /// When it is certain that the update took effect: its return, or that of the first observation
    /// of a value that only it wrote.
    struct Settled {
        Index at = never;
        OpId seen_by = -1;
    };
    [[nodiscard]] Settled settled(const RegisterOp& update) const {
        Settled result{.at = update.ret};
        if (update.value == 0 || writers(update.value).size() != 1) return result;
        for (const RegisterOp& op : all_) {
            if (!observes(op) || op.ret >= result.at || seen_value(op) != update.value) continue;
            result = {.at = op.ret, .seen_by = op.id};
        }
        return result;
    }

    [[nodiscard]] bool newer(const RegisterOp& update, const RegisterOp& observer) const {
        if (update.id == observer.id || update.value == seen_value(observer)) return false;
        if (versioned_ && update.version != any_version) {
            return update.version > seen_version(observer);
        }
        if (seen_value(observer) == any_value) return false;
        return std::ranges::all_of(writers(seen_value(observer)), [&](const RegisterOp& writer) {
            return settled(writer).at < update.inv;
        });
    }

    [[nodiscard]] std::optional<AnomalyClass> stale() const {
        for (const RegisterOp& op : kept_) {
            if (!observes(op)) continue;
            const RegisterOp* missed =
                latest_update(op, [&](const RegisterOp& update) { return newer(update, op); });
            if (missed == nullptr) continue;
            const bool read = op.action == RegisterAction::read;
            return stale_class(
                op,
                missed,
                read
                    ? "a read began after a newer write had taken effect, and saw the older value"
                    : "a cas succeeded on a value that a newer write had replaced before it began");
        }
        return std::nullopt;
    }

    /// The divergence saw a value that had been written. Take a legal order of the others in which
    /// this value is current when, or after, the divergence began: it would fit there, and be no
    /// divergence. A write of it can always be put last, unless an observation needs it earlier. So
    /// in every legal order of the others the value had been replaced before.
    [[nodiscard]] std::optional<AnomalyClass> replaced_in_every_order() const {
        if (!observes(divergence_)) return std::nullopt;
        const ValueId value = seen_value(divergence_);
        const auto from = writers(value);
        const bool written = std::ranges::any_of(from, [&](const RegisterOp& writer) {
            return writer.id != divergence_.id && (!versioned_ || writer.version == any_version ||
                                                   writer.version == divergence_.version);
        });
        const bool initial = value == 0 && (!versioned_ || divergence_.version == 0);
        if (value == any_value || (!written && !initial)) return std::nullopt;
        const RegisterOp* missed = latest_update(divergence_, [&](const RegisterOp& update) {
            return update.id != divergence_.id && update.value != value;
        });
        return stale_class(divergence_,
                           missed,
                           "in every order that explains the other operations, the value had been "
                           "replaced before this one began");
    }

    /// The last of the updates that surely took effect before `op` began; null when there is none.
    template <class Predicate>
    [[nodiscard]] const RegisterOp* latest_update(const RegisterOp& op, Predicate predicate) const {
        const RegisterOp* latest = nullptr;
        for (const RegisterOp& update : kept_) {
            if (!update.updates() || settled(update).at >= op.inv || !predicate(update)) continue;
            if (latest == nullptr || latest->inv < update.inv) latest = &update;
        }
        return latest;
    }

    [[nodiscard]] AnomalyClass
    stale_class(const RegisterOp& op, const RegisterOp* missed, std::string_view rule) const {
        const auto from = writers(seen_value(op));
        return {.name = op.action == RegisterAction::read ? "stale_read" : "lost_update",
                .rule = rule,
                .observer = op.id,
                .value_writer = from.size() == 1 ? from[0].id : -1,
                .missed_write = missed == nullptr ? -1 : missed->id,
                .seen_by = missed == nullptr ? -1 : settled(*missed).seen_by};
    }

    const RegisterOp& divergence_;
    std::span<const RegisterOp> all_;
    bool versioned_;
    std::vector<RegisterOp> kept_;
};

} // namespace

AnomalyClass classify(const Divergence& divergence, const Counterexample& counterexample) {
    return Classifier(divergence, counterexample).run();
}

} // namespace faultlab
