#include "replica/daemon/shell.hpp"

#include "replica/core/replica.hpp"
#include "replica/daemon/admin.hpp"
#include "replica/daemon/data_directory.hpp"
#include "replica/daemon/disk.hpp"
#include "replica/daemon/event_log.hpp"
#include "replica/daemon/input_journal.hpp"
#include "replica/daemon/network.hpp"
#include "replica/daemon/timers.hpp"
#include "replica/wire/telemetry_text.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

namespace faultlab::replica {
namespace {

namespace asio = boost::asio;

constexpr Nanos tick_interval = 25'000'000;
/// Handlers that may run before what they queued is sent.
constexpr int most_in_a_batch = 64;

Nanos monotonic_now() {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}
std::uint64_t wall_now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

Config config_of(const RunOptions& options, const DataDirectory& directory) {
    Config config;
    config.cluster = directory.cluster;
    config.self = options.format.self;
    config.release = options.release;
    config.limits = directory.limits;
    config.timeouts = options.timeouts;
    config.reads = options.reads;
    config.admission = options.admission;
    return config;
}

/// Two pings may be late or lost before a peer is taken for silent.
Nanos silence_of(const Timeouts& timeouts) {
    return 2 * timeouts.ping + timeouts.ping / 2;
}

/// The effects of one replica, done for real.
class Shell final : private Effects, private Network::Receiver {
public:
    Shell(const RunOptions& options, const DataDirectory& directory, const Key& key)
        : options_(options), recovering_(directory.recover), config_(config_of(options, directory)),
          replica_(std::make_unique<Replica>(config_, options.bugs)),
          signals_(io_, SIGTERM, SIGINT), tick_(io_),
          timers_(io_, [this](const Rang& rang) { step(rang); }),
          network_(io_,
                   {.self = config_.self,
                    .cluster = config_.cluster,
                    .message_bytes = config_.limits.message_bytes,
                    .peers = options.peers,
                    .silence = silence_of(options.timeouts)},
                   key,
                   *this),
          admin_(io_,
                 {.status = [this] { return to_json(replica_->telemetry(monotonic_now())); },
                  .events =
                      [this](std::uint64_t since) {
                          const Telemetry now = replica_->telemetry(monotonic_now());
                          return to_json(events_.page(since, now.incarnation));
                      },
                  .bugs = [this] { return to_json(replica_->bugs()); },
                  .metrics = [this] { return metrics(); }}) {}

    Result<std::optional<std::string>> run() {
        FAULTLAB_DO(start());
        signals_.async_wait([this](const boost::system::error_code& problem, int) {
            if (!problem) stopping_ = true;
        });
        tick();
        step(Boot{.entropy = random_id(), .recover = recovering_});
        while (!stopping_ && !halted_) {
            io_.run_one();
            for (int i = 0; i < most_in_a_batch && !halted_ && io_.poll_one() != 0; ++i) {
            }
            network_.flush();
        }
        return halted_;
    }

private:
    Result<void> start() {
        FAULTLAB_TRY(disk_, Disk::open(options_.format.data, options_.disk, [this] {
                         asio::post(io_, [this] { take_disk(); });
                     }));
        FAULTLAB_DO(network_.listen(options_.listen));
        if (options_.admin) FAULTLAB_DO(admin_.listen(*options_.admin));
        if (!options_.journal.empty()) {
            FAULTLAB_TRY(journal_, InputJournal::create(options_.journal, config_, options_.bugs));
        }
        return {};
    }

    void step(const decltype(Input::what)& what) {
        const Input input{.now = monotonic_now(), .wall = wall_now(), .what = what};
        if (journal_) {
            replica_->step(input, chain_);
            journal_->append(input, chain_.value());
            // What others learn of a step, a kill must not take out of the journal.
            journal_->flush();
        } else {
            replica_->step(input, *this);
        }
        disk_->begin();
    }

    void take_disk() {
        disk_->take(finished_);
        for (const Disk::Done& done : finished_) {
            if (!done.problem.empty()) {
                fmt::print(stderr, "faultlab-replica {}: {}\n", config_.self, done.problem);
            }
            step(IoDone{.id = done.id, .status = done.status, .bytes = done.bytes});
        }
    }

    void tick() {
        network_.tick(monotonic_now());
        tick_.expires_after(std::chrono::nanoseconds(tick_interval));
        tick_.async_wait([this](const boost::system::error_code& problem) {
            if (!problem) tick();
        });
    }

    std::string metrics() {
        std::string text = to_prometheus(replica_->telemetry(monotonic_now()), replica_->bugs());
        const std::string labels =
            fmt::format("cluster=\"{}\",replica=\"{}\"", config_.cluster, config_.self);
        const Network::Counters& counters = network_.counters();
        const auto counter = [&](const char* what, const char* help, std::uint64_t value) {
            text += fmt::format("# HELP faultlab_replica_{0} {1}\n# TYPE faultlab_replica_{0} "
                                "counter\nfaultlab_replica_{0}{{{2}}} {3}\n",
                                what,
                                help,
                                labels,
                                value);
        };
        counter(
            "messages_dropped_total", "No connection, or its queue was full.", counters.dropped);
        counter("dials_total", "Connections attempted to peers.", counters.dials);
        counter("silent_connections_total", "Given up because nothing came.", counters.silent);
        text += "# HELP faultlab_replica_connections_refused_total By what was observed.\n"
                "# TYPE faultlab_replica_connections_refused_total counter\n";
        for (std::size_t i = 1; i < auth_reject_count; ++i) {
            text +=
                fmt::format("faultlab_replica_connections_refused_total{{{},class=\"{}\"}} {}\n",
                            labels,
                            name(static_cast<AuthReject>(i)),
                            counters.rejects[i]);
        }
        return text;
    }

    void received(const Message& message, ReplicaId from, std::uint64_t client_link) override {
        step(Received{.message = message, .from = from, .client_link = client_link});
    }
    void link_closed(std::uint64_t client_link) override {
        step(LinkClosed{.client_link = client_link});
    }

    void refused(const std::string& line) override {
        fmt::print(stderr, "faultlab-replica {}: {}\n", config_.self, line);
    }

    void send(ReplicaId to, const Header& header, Bytes body) override {
        network_.send(to, header, body);
    }
    void reply(std::uint64_t client_link, const Header& header, Bytes body) override {
        network_.reply(client_link, header, body);
    }
    void arm(Timer timer, std::uint32_t generation, Nanos delay) override {
        timers_.arm(timer, generation, delay);
    }
    void read(Zone zone, std::uint64_t offset, std::uint32_t length, IoId id) override {
        disk_->read(zone, offset, length, id);
    }
    void write(Zone zone, std::uint64_t offset, Bytes bytes, IoId id) override {
        disk_->write(zone, offset, bytes, id);
    }
    void sync(Zone zone, IoId id) override { disk_->sync(zone, id); }
    void event(const Event& event) override {
        events_.add({.wall = wall_now(), .event = event});
        if (recovering_ && event.kind == EventKind::StatusChanged) leave_recovery(event);
    }
    void halt(std::string_view reason) override { halted_ = std::string(reason); }

    /// The superblock that the others' answers led to is durable before the status says so.
    void leave_recovery(const Event& event) {
        const Status now = static_cast<Status>(event.a);
        if (static_cast<Status>(event.b) != Status::Recovering || now == Status::Halted) return;
        const auto ended = end_recovery(options_.format.data);
        recovering_ = !ended.ok();
        if (!ended) fmt::print(stderr, "faultlab-replica: {}\n", ended.error().text());
    }

    const RunOptions& options_;
    bool recovering_;
    Config config_;
    std::unique_ptr<Replica> replica_;
    asio::io_context io_{1};
    asio::signal_set signals_;
    asio::steady_timer tick_;
    Timers timers_;
    Network network_;
    Admin admin_;
    EventLog events_;
    EffectsChain chain_{this};
    std::optional<InputJournal> journal_;
    std::vector<Disk::Done> finished_;
    bool stopping_ = false;
    std::optional<std::string> halted_;
    std::unique_ptr<Disk> disk_; ///< first to go: its threads call into the rest
};

} // namespace

Result<std::optional<std::string>> run_replica(const RunOptions& options) {
    FAULTLAB_TRY(const Key key, load_key(options.key_file));
    FAULTLAB_TRY(const DataDirectory directory, open_directory(options));
    Shell shell(options, directory, key);
    return shell.run();
}

} // namespace faultlab::replica
