#pragma once

#include "checker/pending.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace faultlab {

/// Goes on from configurations of the search until an operation took effect: one return of
/// frontier.hpp, which says what an Object is. Sets keeps what comes of it:
///
///     bool visit(const Configuration&)      false: one that is at least as able was seen before
///     void finish(const Configuration&)     one in which the forced operation took effect
///
/// Owned by one thread.
template <class Object, class Sets>
class Expander {
public:
    Expander(Object& object, const Pending& pending, Sets& sets)
        : object_(object), pending_(pending), sets_(sets), tried_(object.signatures(), 0) {}

    static constexpr std::uint32_t nothing = UINT32_MAX; ///< to be forced: all that can follow

    /// Begins with a configuration from before the return.
    void start(Configuration configuration, std::uint32_t forced) {
        settle(configuration);
        if (forced != nothing && pending_.used(configuration, forced)) {
            finish(configuration, forced);
        } else {
            push(std::move(configuration));
        }
    }

    /// Tries all updates on the configuration.
    ///
    /// Rule b, symmetry: of pending updates with the same signature only the one that returns first
    /// is used. If a legal order uses q before p, and p returns first, then exchanging the two is
    /// legal: they do the same, both were invoked, and each still takes effect before its return.
    void expand(const Configuration& from, std::uint32_t forced) {
        ++expansion_;
        object_.narrow(forced, from, pending_);
        pending_.each_unused(from, [&](std::uint32_t op) { try_update(from, op, forced); });
    }

    /// How many configurations wait to be expanded.
    [[nodiscard]] std::size_t waiting() const { return waiting_count_; }
    /// Of those one that used the fewest open operations. Requires: some wait.
    [[nodiscard]] Configuration pop() {
        while (waiting_[least_used_].empty())
            ++least_used_;
        Configuration configuration = std::move(waiting_[least_used_].back());
        waiting_[least_used_].pop_back();
        --waiting_count_;
        return configuration;
    }
    /// Adds one that no other holds, unless it was seen.
    void push(Configuration configuration) {
        if (sets_.visit(configuration)) take(std::move(configuration));
    }
    /// Adds one that counts as seen already.
    void take(Configuration configuration) {
        const std::size_t level = pending_.open_used(configuration.used);
        if (level >= waiting_.size()) waiting_.resize(level + 1);
        waiting_[level].push_back(std::move(configuration));
        least_used_ = waiting_count_++ == 0 ? level : std::min(least_used_, level);
    }

private:
    void try_update(const Configuration& from, std::uint32_t op, std::uint32_t forced) {
        if (!object_.may_help(op)) return;
        if (std::exchange(tried_[object_.signature(op)], expansion_) == expansion_) return;
        Configuration to{.state = {}, .used = {}};
        if (!object_.apply(op, from.state, to.state)) return;
        to.used = from.used;
        pending_.use(to, op);
        object_.bury(op, to, pending_);
        settle(to);
        if (object_.doomed(op, from.state, to, pending_)) return;
        if (forced != nothing && pending_.used(to, forced)) {
            finish(to, forced);
        } else {
            push(std::move(to));
        }
    }

    /// Marks what takes effect by itself in the state reached, or never can any more.
    ///
    /// Rule a, eager observers: an operation that leaves every state as it is and fits now is put
    /// here. In any legal order that goes on from here it can be moved to this place: it is
    /// pending, it fits, and no other operation notices that it moved.
    void settle(Configuration& configuration) {
        for (const std::uint32_t op : pending_.observers) {
            if (object_.fits(op, configuration.state)) pending_.use(configuration, op);
        }
        object_.settle(configuration, pending_);
    }

    void finish(Configuration& configuration, std::uint32_t forced) {
        pending_.forget(configuration, forced);
        sets_.finish(configuration);
    }

    Object& object_;
    const Pending& pending_;
    Sets& sets_;
    std::vector<std::vector<Configuration>> waiting_; ///< by how many open operations they used
    std::size_t least_used_ = 0;                      ///< no level of waiting_ before it has any
    std::size_t waiting_count_ = 0;
    std::vector<std::uint64_t> tried_; ///< by signature: the number of the last expansion with it
    std::uint64_t expansion_ = 0;
};

} // namespace faultlab
