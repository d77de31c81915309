#pragma once

#include "checker/expander.hpp"
#include "core/checker.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace faultlab {

/// One return of a wide frontier, expanded by several threads. Each has a copy of the object, so an
/// object must not number the states that it comes upon: a configuration has to mean the same to
/// all.
///
/// What is kept does not depend on who was faster: of all configurations that can be reached, those
/// that no other makes redundant. Only how many were expanded for it does.
template <class Object>
class SharedExpansion {
public:
    /// All but `object`, which is copied, must outlive it.
    SharedExpansion(const Object& object,
                    const Pending& pending,
                    const LinearizabilityRules& rules,
                    const Budget& budget)
        : pending_(pending), budget_(budget) {
        for (std::size_t i = 0; i < shard_count; ++i)
            shards_.push_back(std::make_unique<Shard>(rules));
        for (std::size_t i = 0; i < budget.workers->count(); ++i)
            lanes_.push_back(std::make_unique<Lane>(object, pending, *this));
    }

    /// Fills `next` with what the configurations of `current` become when `forced` takes effect.
    /// False when the budget was spent before.
    [[nodiscard]] bool
    run(const ConfigurationSet& current, std::uint32_t forced, ConfigurationSet& next) {
        if (budget_.out_of_time()) return false;
        for (const auto& shard : shards_) {
            shard->visited.reset(pending_.open_slots);
            shard->next.reset(pending_.open_slots);
        }
        pool_.clear();
        idle_ = 0;
        done_ = false;
        hungry_ = false;
        stopped_ = false;
        std::atomic<std::size_t> ticket = 0;
        budget_.workers->run([&] {
            const std::size_t lane = ticket++;
            try {
                work(lane, current, forced);
            } catch (...) {
                stop();
                throw;
            }
        });
        next.reset(pending_.open_slots);
        for (const auto& shard : shards_) {
            for (std::size_t i = 0; i < shard->next.positions(); ++i) {
                if (shard->next.alive(i)) next.insert(shard->next.state(i), shard->next.used(i));
            }
        }
        return !stopped_;
    }

    /// How many configurations were expanded.
    [[nodiscard]] std::int64_t expansions() const { return expansions_; }
    /// How many it holds now.
    [[nodiscard]] std::size_t size() const {
        std::size_t sum = 0;
        for (const auto& shard : shards_)
            sum += shard->visited.size() + shard->next.size();
        return sum;
    }

private:
    static constexpr std::size_t shard_bits = 6;
    static constexpr std::size_t shard_count = std::size_t{1} << shard_bits;
    static constexpr std::int64_t expansions_per_look = 256;
    static constexpr std::size_t batch = 32; ///< configurations that change hands at once

    /// Configurations that can make each other redundant lie in the same shard.
    struct Shard {
        explicit Shard(const LinearizabilityRules& rules) : visited(rules), next(rules) {}
        std::mutex mutex;
        ConfigurationSet visited;
        ConfigurationSet next;
    };

    struct Sets {
        SharedExpansion& all;
        bool visit(const Configuration& c) {
            Shard& shard = all.shard_of(c);
            const std::lock_guard lock(shard.mutex);
            return shard.visited.insert(c.state, c.used);
        }
        void finish(const Configuration& c) {
            Shard& shard = all.shard_of(c);
            const std::lock_guard lock(shard.mutex);
            shard.next.insert(c.state, c.used);
        }
    };

    struct Lane {
        Lane(const Object& from, const Pending& pending, SharedExpansion& all)
            : object(from), sets{all}, expander(object, pending, sets) {}
        Object object;
        Sets sets;
        Expander<Object, Sets> expander;
    };

    [[nodiscard]] Shard& shard_of(const Configuration& c) {
        return *shards_[shards_[0]->visited.place_hash(c.state, c.used) >> (64 - shard_bits)];
    }

    void work(std::size_t number, const ConfigurationSet& current, std::uint32_t forced) {
        Expander<Object, Sets>& expander = lanes_[number]->expander;
        while (expander.waiting() > 0) // what was left when a budget was spent
            (void)expander.pop();
        for (std::size_t i = number; i < current.positions(); i += lanes_.size()) {
            if (!current.alive(i)) continue;
            const auto used = current.used(i);
            expander.start({.state = current.state(i), .used = {used.begin(), used.end()}}, forced);
        }
        std::int64_t expanded = 0;
        do {
            while (expander.waiting() > 0 && !stopped_) {
                if (++expanded % expansions_per_look == 0 && spent()) stop();
                expander.expand(expander.pop(), forced);
                if (hungry_ && expander.waiting() > 1) give(expander);
            }
        } while (!stopped_ && receive(expander));
        expansions_ += expanded;
    }

    /// Hands over some of what waits here.
    void give(Expander<Object, Sets>& expander) {
        const std::size_t some = std::min(batch, expander.waiting() / 2);
        const std::lock_guard lock(mutex_);
        for (std::size_t i = 0; i < some; ++i)
            pool_.push_back(expander.pop());
        hungry_ = false;
        ready_.notify_all();
    }

    /// Waits for work; false when nobody has any.
    [[nodiscard]] bool receive(Expander<Object, Sets>& expander) {
        std::unique_lock lock(mutex_);
        if (pool_.empty() && ++idle_ == lanes_.size()) {
            done_ = true;
            ready_.notify_all();
        } else if (pool_.empty()) {
            while (pool_.empty() && !done_) {
                hungry_ = true;
                ready_.wait(lock);
            }
            if (!done_) --idle_;
        }
        for (std::size_t i = 0; i < batch && !pool_.empty(); ++i) {
            expander.take(std::move(pool_.back()));
            pool_.pop_back();
        }
        return !done_;
    }

    void stop() {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        done_ = true;
        ready_.notify_all();
    }

    [[nodiscard]] bool spent() {
        if (budget_.out_of_time()) return true;
        std::int64_t bytes = 0;
        for (const auto& shard : shards_) {
            const std::lock_guard lock(shard->mutex);
            bytes += shard->visited.bytes() + shard->next.bytes();
        }
        return bytes > budget_.memory_bytes;
    }

    const Pending& pending_;
    const Budget& budget_;
    std::vector<std::unique_ptr<Shard>> shards_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::atomic<std::int64_t> expansions_ = 0;

    std::mutex mutex_;
    std::condition_variable ready_;
    std::vector<Configuration> pool_; ///< for whoever has nothing to do
    std::size_t idle_ = 0;
    bool done_ = false;
    std::atomic<bool> hungry_ = false;
    std::atomic<bool> stopped_ = false;
};

} // namespace faultlab
