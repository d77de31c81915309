// A test program of somebody who wrote a cache in front of a store, and wants to know whether his
// clients can tell it from a single store. It records what they do and asks faultlab.
//
// The cache that is asked after every write passes; the one that is asked only now and then returns
// what was overwritten, and the program prints the proof.

#include <faultlab/checker.hpp>

#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

/// The system under test. A cache that is not told of writes answers reads from what it has.
class Cache {
public:
    explicit Cache(bool told_of_writes) : told_of_writes_(told_of_writes) {}

    void write(const std::string& key, int value) {
        const std::scoped_lock lock(mutex_);
        store_[key] = value;
        if (told_of_writes_) cached_.erase(key);
    }

    int read(const std::string& key) {
        const std::scoped_lock lock(mutex_);
        const auto [entry, missed] = cached_.try_emplace(key, 0);
        if (missed) entry->second = store_[key];
        return entry->second;
    }

private:
    std::mutex mutex_;
    bool told_of_writes_;
    std::map<std::string, int> store_, cached_;
};

/// One client: writes values that nobody else writes, and reads.
void work(Cache& cache, faultlab::Recorder& recorder, int client) {
    for (int i = 0; i < 200; ++i) {
        const std::string key = "k" + std::to_string(i % 5);
        const int value = client * 1000 + i;
        const auto write = recorder.invoke(client, "write", key, value);
        cache.write(key, value);
        recorder.ok(write);
        const auto read = recorder.invoke(client, "read", key);
        recorder.ok(read, cache.read(key));
    }
}

faultlab::Verdict verdict_of(bool told_of_writes) {
    Cache cache(told_of_writes);
    faultlab::Recorder recorder;
    {
        std::vector<std::jthread> clients;
        for (int client = 1; client <= 4; ++client)
            clients.emplace_back([&, client] { work(cache, recorder, client); });
    }
    const auto report = faultlab::check(recorder, {.model = "register"});
    if (!report) {
        std::printf("%s\n", report.error().text().c_str());
        return faultlab::Verdict::unknown;
    }
    std::printf("%s\n", report->text.c_str());
    return report->verdict;
}

} // namespace

int main() {
    const bool right = verdict_of(true) == faultlab::Verdict::valid &&
                       verdict_of(false) == faultlab::Verdict::invalid;
    std::printf("%s\n", right ? "as expected" : "NOT as expected");
    return right ? 0 : 1;
}
