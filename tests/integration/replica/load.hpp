#pragma once

#include "replica/client/session.hpp"
#include "tests/support/replica_cluster/cluster.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace faultlab::test {

/// Clients that write to keys of their own while something happens to the cluster, each value
/// larger than the one before. Remembers what was acknowledged. Stops with the object.
class Load {
public:
    Load(const ReplicaCluster& cluster, int clients) {
        for (int client = 0; client < clients; ++client) {
            threads_.emplace_back(
                [this, client, session = cluster.session()](const std::stop_token& stop) mutable {
                    run(stop, client, session);
                });
        }
    }

    [[nodiscard]] std::int64_t acknowledged() const { return acknowledged_.load(); }

    /// Waits until that many more writes were acknowledged: the cluster serves.
    [[nodiscard]] bool serves(std::int64_t more, std::chrono::milliseconds limit) const {
        const std::int64_t before = acknowledged();
        return await([&] { return acknowledged() >= before + more; }, limit);
    }

    /// Ends the load; every key must hold its last acknowledged value, or one that was sent later.
    /// Returns what is wrong, or nothing.
    [[nodiscard]] std::string verify(replica::Session session) {
        threads_.clear();
        std::string wrong;
        for (const auto& [client, last] : last_) {
            const std::int64_t value = read(session, key_of(client)).value_or(0);
            if (value < last || value > last + 1) {
                wrong += "client " + std::to_string(client) + " was told " + std::to_string(last) +
                         " and reads " + std::to_string(value) + "; ";
            }
        }
        return wrong;
    }

private:
    static std::int64_t key_of(int client) { return 1'000'000 + client; }

    void run(const std::stop_token& stop, int client, replica::Session& session) {
        std::int64_t last = 0;
        // After an unknown outcome the same value is written again: it may be there already.
        for (std::int64_t value = 1; !stop.stop_requested();) {
            const auto execution =
                write(session, key_of(client), value, std::chrono::milliseconds(2000));
            const auto* done = std::get_if<replica::Done>(&execution);
            if (done == nullptr || done->result.outcome != replica::Outcome::Ok) continue;
            last = value++;
            acknowledged_.fetch_add(1);
        }
        const std::scoped_lock lock(mutex_);
        last_[client] = last;
    }

    std::atomic<std::int64_t> acknowledged_ = 0;
    std::mutex mutex_;
    std::map<int, std::int64_t> last_;
    std::vector<std::jthread> threads_;
};

} // namespace faultlab::test
