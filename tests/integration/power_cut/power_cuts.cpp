#include "tests/integration/power_cut/power_cuts.hpp"

#include "core/rng.hpp"
#include "tests/support/replica_cluster/cluster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <stdexcept>
#include <thread>

namespace faultlab::test {
namespace {

using namespace std::chrono_literals;
using replica::ReplicaId;

constexpr std::chrono::seconds patience{15}; ///< with a cluster that does not answer
constexpr std::size_t writers = 4;
constexpr std::size_t keys_each = 8;

/// Small files, since a start reads the whole log, and rings that wrap are written over; short
/// time-outs, since every cut is followed by a view change.
constexpr const char* limits =
    "slots=64,message_bytes=16384,request_bytes=1024,batch=32,pipeline=8,clients=64,"
    "checkpoint_every=24,entries=65536,value_blocks=65536,queue=64";
constexpr const char* timeouts =
    "primary_silent=200,lease=0,view_change=400,view_change_message=20,get_view=40,repair=10";

/// One key, written by one client to ever larger values. After an outcome that is unknown another
/// key is used: a write that is still on its way could come after later ones.
struct Key {
    std::int64_t name = 0;
    std::int64_t acknowledged = 0; ///< 0: nothing
    std::int64_t attempted = 0;
};

class Writer {
public:
    Writer(const ReplicaCluster& cluster, std::int64_t first_key) : cluster_(cluster) {
        for (std::size_t i = 0; i < keys_each; ++i)
            keys_.push_back({.name = next_key_ = first_key + static_cast<std::int64_t>(i)});
    }

    void start() {
        stopping_ = false;
        thread_ = std::jthread([this] { run(); });
    }
    void stop() {
        stopping_ = true;
        thread_.join();
    }
    [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }

    /// Requires: stopped. What is wrong with the keys' values, if anything.
    std::optional<std::string> check(replica::Session& session, std::uint64_t& checked) {
        for (std::vector<Key>* keys : {&keys_, &retired_}) {
            for (const Key& key : *keys) {
                const std::int64_t value = read(session, key.name, patience).value_or(0);
                ++checked;
                if (value >= key.acknowledged && value <= key.attempted) continue;
                return fmt::format("key {}: {} was acknowledged, {} was attempted, {} is there",
                                   key.name,
                                   key.acknowledged,
                                   key.attempted,
                                   value);
            }
        }
        retired_.clear();
        return std::nullopt;
    }

private:
    void run() {
        auto session = cluster_.session();
        for (std::size_t turn = 0; !stopping_; turn = (turn + 1) % keys_each) {
            Key& key = keys_[turn];
            ++key.attempted;
            const auto execution = write(session, key.name, key.attempted, 200ms);
            if (const auto* done = std::get_if<replica::Done>(&execution)) {
                if (done->result.outcome != replica::Outcome::Ok) {
                    throw std::runtime_error("a plain write was refused");
                }
                key.acknowledged = key.attempted;
                ++acknowledged_;
            } else if (std::holds_alternative<replica::Failed>(execution)) {
                --key.attempted;
            } else {
                retired_.push_back(key);
                next_key_ += static_cast<std::int64_t>(writers * keys_each);
                key = {.name = next_key_};
            }
        }
    }

    const ReplicaCluster& cluster_;
    std::vector<Key> keys_;
    std::vector<Key> retired_; ///< whose last write is unknown, since the last check
    std::int64_t next_key_ = 0;
    std::atomic<std::uint64_t> acknowledged_ = 0;
    std::atomic<bool> stopping_ = false;
    std::jthread thread_;
};

class Run {
public:
    explicit Run(const PowerCutPlan& plan)
        : plan_(plan), rng_(plan.seed), cluster_({.arguments = arguments(plan)}) {
        for (std::size_t i = 0; i < writers; ++i) {
            writers_.push_back(
                std::make_unique<Writer>(cluster_, static_cast<std::int64_t>(i * keys_each + 1)));
        }
    }

    PowerCutOutcome run() {
        cluster_.start_all();
        await_files();
        while (outcome_.cuts < plan_.cuts && !outcome_.failure) {
            for (const auto& writer : writers_)
                writer->start();
            do {
                wait_for_the_moment();
                cut();
                cluster_.start_all();
                // Sometimes again while the replicas find each other, or soon after.
            } while (outcome_.cuts < plan_.cuts && rng_.chance(1, 2));
            for (const auto& writer : writers_)
                writer->stop();
            check();
        }
        outcome_.acknowledged = acknowledged();
        return outcome_;
    }

private:
    static std::vector<std::string> arguments(const PowerCutPlan& plan) {
        std::vector<std::string> all{"--disk-double", "--limit", limits, "--timeout", timeouts};
        all.insert(all.end(), plan.arguments.begin(), plan.arguments.end());
        return all;
    }

    /// A cut needs what the first start makes.
    void await_files() const {
        const bool there = await([&] {
            return std::ranges::all_of(
                cluster_.ids(), [&](ReplicaId id) { return cluster_.status(id).has_value(); });
        });
        if (!there) throw std::runtime_error("the cluster did not start");
    }

    [[nodiscard]] std::uint64_t acknowledged() const {
        std::uint64_t sum = 0;
        for (const auto& writer : writers_)
            sum += writer->acknowledged();
        return sum;
    }

    /// Mostly while writes are acknowledged, sometimes while the replicas are still starting.
    void wait_for_the_moment() {
        const std::chrono::microseconds delay(rng_.below(100'000));
        if (!rng_.chance(1, 5)) {
            const std::uint64_t before = acknowledged();
            (void)await([&] { return acknowledged() > before || !halted().empty(); }, 10s);
        }
        std::this_thread::sleep_for(delay);
    }

    void cut() {
        cluster_.kill_all();
        ++outcome_.cuts;
        for (const ReplicaId id : cluster_.ids()) {
            const auto one = replica::power_cut(cluster_.data(id), rng_.next());
            if (!one) throw std::runtime_error(one.error().text());
            outcome_.writes.kept += one->kept;
            outcome_.writes.dropped += one->dropped;
            outcome_.writes.torn += one->torn;
        }
    }

    void check() {
        auto session = cluster_.session();
        try {
            for (const auto& writer : writers_) {
                outcome_.failure = writer->check(session, outcome_.checked);
                if (outcome_.failure) {
                    outcome_.kind = Failure::Lost;
                    return;
                }
            }
        } catch (const std::runtime_error& problem) {
            outcome_.failure = fmt::format("{}{}{}", problem.what(), halted(), statuses());
            outcome_.kind = !halted().empty()  ? Failure::Halted
                            : bytes_are_gone() ? Failure::Gone
                                               : Failure::Stuck;
        }
    }

    [[nodiscard]] bool bytes_are_gone() const {
        std::size_t faulty = 0;
        for (const ReplicaId id : cluster_.ids()) {
            const auto now = cluster_.status(id);
            const bool damaged =
                now && (now->faulty_slots > 0 || now->status == replica::Status::RecoveringHead ||
                        now->status == replica::Status::Syncing ||
                        now->head == 0); // came back with nothing, after writes were acknowledged
            faulty += damaged ? 1U : 0U;
        }
        return 2 * faulty > cluster_.ids().size();
    }

    [[nodiscard]] std::string statuses() const {
        std::string all;
        for (const ReplicaId id : cluster_.ids()) {
            const auto now = cluster_.status(id);
            if (!now) continue;
            all += fmt::format("\nreplica {}: {} view {:#x} log_view {:#x} head {} commit {} "
                               "checkpoint {} faulty {}",
                               id,
                               name(now->status),
                               now->view.value,
                               now->log_view.value,
                               now->head,
                               now->commit_min,
                               now->checkpoint,
                               now->faulty_slots);
        }
        return all;
    }

    [[nodiscard]] std::string halted() const {
        std::string all;
        for (const ReplicaId id : cluster_.ids()) {
            const std::string messages = cluster_.messages(id);
            if (messages.find("halted:") != std::string::npos) all += "\n" + messages;
        }
        return all;
    }

    const PowerCutPlan& plan_;
    Rng rng_;
    ReplicaCluster cluster_;
    std::vector<std::unique_ptr<Writer>> writers_;
    PowerCutOutcome outcome_;
};

} // namespace

PowerCutOutcome cut_power(const PowerCutPlan& plan) {
    return Run(plan).run();
}

} // namespace faultlab::test
