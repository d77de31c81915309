// What the core of the embedded store costs: 3 replicas in one thread, messages delivered in
// memory, a disk that is done at once, clients that always have one write under way. And what its
// assertions cost: the same program is built a second time without them, and both take turns.
//
//     bench_replica_core [pairs = 40] [thousand writes a run = 200]
//
// Processor time a million writes, harness included; the mean difference of the pairs with its
// 95 % interval. Planted bugs can be switched on in both builds, as in what is delivered.
//
// Where the linker puts functions can change the time by more than all assertions. Where there are
// both programs in several layouts (target bench_replica_core_layouts), the pairs go through them
// all, and the interval is that of the layouts' means.

#include "core/value.hpp"
#include "replica/core/format.hpp"
#include "replica/core/layout.hpp"
#include "replica/core/operations.hpp"
#include "replica/core/replica.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace faultlab;
using namespace faultlab::replica;

namespace {

constexpr ReplicaId replicas = 3;
constexpr std::size_t clients = 64;
constexpr Nanos step_time = 500;  ///< that passes, as the replicas see it, with every input
constexpr double student = 2.093; ///< of 20 pairs; a little wide for more
constexpr std::size_t fewest_pairs = 20;

[[noreturn]] void give_up(std::string_view why) {
    fmt::print(stderr, "bench_replica_core: {}\n", why);
    std::exit(70);
}

/// An input on its way; its memory is used again and again.
struct Delivery {
    enum class Kind : std::uint8_t { Message, IoDone };
    Kind kind = Kind::Message;
    ReplicaId to = no_replica;
    ReplicaId from = no_replica;
    std::uint64_t link = 0;
    IoId io = 0;
    Header header;
    std::vector<std::byte> body;
};

/// First in, first out.
class Deliveries {
public:
    [[nodiscard]] bool empty() const { return begin_ == end_; }
    Delivery& add() {
        if (end_ - begin_ == ring_.size()) give_up("more inputs under way than there is room for");
        return ring_[end_++ % ring_.size()];
    }
    /// Stays as it is until pop().
    [[nodiscard]] const Delivery& front() const { return ring_[begin_ % ring_.size()]; }
    void pop() { ++begin_; }

private:
    std::vector<Delivery> ring_ = std::vector<Delivery>(1U << 14U);
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

struct Client {
    ClientId id = 0;
    SessionId session = 0;
    RequestNumber request = 0;
    std::vector<std::byte> operation;
};

/// Three replicas and their clients.
class Cluster {
public:
    Cluster() : clients_(clients) {
        Membership membership;
        for (ReplicaId id = 1; id <= replicas; ++id) {
            membership.voters[membership.voter_count++] = id;
        }
        for (ReplicaId id = 1; id <= replicas; ++id) {
            members_[id] = std::make_unique<Member>(*this, id, membership);
        }
        for (ReplicaId id = 1; id <= replicas; ++id) {
            step(id, Boot{.entropy = id});
        }
        for (std::size_t c = 0; c < clients; ++c) {
            clients_[c].id = c + 1;
            clients_[c].operation = encode({.code = OpCode::Register});
        }
        // The first view's primary is known once all have read their disks.
        drain();
        primary_ = members_[1]->replica.telemetry(now_).primary;
        run(clients);
        for (std::size_t c = 0; c < clients; ++c) {
            Operation write{.code = OpCode::Write};
            write.key = Value(fmt::format("key{}", c));
            write.value = Value(fmt::format("value{:040}", c));
            clients_[c].operation = encode(write);
        }
    }

    /// Until so many more requests were answered, and all that are under way.
    void run(std::size_t requests) {
        left_ = requests;
        for (std::size_t c = 0; c < clients; ++c) {
            request(c);
        }
        drain();
        if (left_ != 0) give_up("a request was not answered");
    }

    [[nodiscard]] std::uint64_t inputs() const { return inputs_; }
    [[nodiscard]] Telemetry telemetry() const {
        return members_[primary_]->replica.telemetry(now_);
    }

private:
    struct Armed {
        Nanos due = std::numeric_limits<Nanos>::max();
        std::uint32_t generation = 0;
    };

    /// One replica, and what it asks of the world.
    struct Member final : Effects {
        Member(Cluster& of, ReplicaId id, const Membership& membership)
            : cluster(of), config(config_of(id)), superblock(format(config, membership)),
              replica(config, BugSet{}) {}

        static Config config_of(ReplicaId id) {
            Config config;
            config.cluster = 7;
            config.self = id;
            config.timeouts.scrub = std::numeric_limits<Nanos>::max() / 4; // nothing is on the disk
            return config;
        }

        void send(ReplicaId to, const Header& header, Bytes body) override {
            Delivery& delivery = cluster.deliveries_.add();
            delivery.kind = Delivery::Kind::Message;
            delivery.to = to;
            delivery.from = config.self;
            delivery.link = 0;
            delivery.header = header;
            delivery.body.assign(body.begin(), body.end());
        }
        void reply(std::uint64_t link, const Header& header, Bytes /*body*/) override {
            cluster.answered(link - 1, header);
        }
        void arm(Timer timer, std::uint32_t generation, Nanos delay) override {
            Armed& armed = timers[static_cast<std::size_t>(timer)];
            armed = {cluster.now_ + delay, generation};
            cluster.next_due_ = std::min(cluster.next_due_, armed.due);
        }
        void read(Zone zone, std::uint64_t offset, std::uint32_t length, IoId id) override {
            std::vector<std::byte>& body = done(id).body;
            body.assign(length, std::byte{0});
            if (zone == Zone::Superblock) {
                std::copy_n(superblock.begin() + static_cast<std::ptrdiff_t>(offset),
                            std::min<std::size_t>(length, superblock.size() - offset),
                            body.begin());
            }
        }
        void write(Zone, std::uint64_t, Bytes, IoId id) override { done(id).body.clear(); }
        void sync(Zone, IoId id) override { done(id).body.clear(); }
        void event(const Event&) override {}
        void halt(std::string_view reason) override { give_up(reason); }

        Delivery& done(IoId id) const {
            Delivery& delivery = cluster.deliveries_.add();
            delivery.kind = Delivery::Kind::IoDone;
            delivery.to = config.self;
            delivery.io = id;
            return delivery;
        }

        Cluster& cluster;
        Config config;
        std::vector<std::byte> superblock;
        Replica replica;
        std::array<Armed, timer_count> timers;
    };

    void step(ReplicaId id, const decltype(Input::what)& what) {
        now_ += step_time;
        ++inputs_;
        const auto wall = static_cast<std::uint64_t>(now_);
        members_[id]->replica.step(Input{now_, wall, what}, *members_[id]);
    }

    void drain() {
        while (!deliveries_.empty()) {
            const Delivery& next = deliveries_.front();
            if (next.kind == Delivery::Kind::Message) {
                step(next.to, Received{{next.header, next.body}, next.from, next.link});
            } else {
                step(next.to, IoDone{next.io, IoStatus::Ok, next.body});
            }
            deliveries_.pop();
            if (now_ >= next_due_) ring();
        }
    }

    void ring() {
        next_due_ = std::numeric_limits<Nanos>::max();
        for (ReplicaId id = 1; id <= replicas; ++id) {
            for (std::size_t index = 0; index < timer_count; ++index) {
                Armed& armed = members_[id]->timers[index];
                if (armed.due <= now_) {
                    armed.due = std::numeric_limits<Nanos>::max();
                    step(id, Rang{static_cast<Timer>(index), armed.generation});
                }
                next_due_ = std::min(next_due_, armed.due);
            }
        }
    }

    void request(std::size_t client) {
        if (left_ == 0) return;
        --left_;
        Client& of = clients_[client];
        Delivery& delivery = deliveries_.add();
        delivery.kind = Delivery::Kind::Message;
        delivery.to = primary_;
        delivery.from = no_replica;
        delivery.link = client + 1;
        delivery.header = Header{};
        delivery.header.cluster = 7;
        delivery.header.protocol = protocol_version;
        delivery.header.release = newest_release;
        delivery.header.command = Command::Request;
        delivery.header.client = of.id;
        delivery.header.session = of.session;
        delivery.header.request = of.request;
        seal(delivery.header, of.operation);
        delivery.body = of.operation;
    }

    void answered(std::size_t client, const Header& header) {
        if (header.command != Command::Reply) give_up(name(header.command));
        clients_[client].session = header.session;
        clients_[client].request = header.request + 1;
        request(client);
    }

    Nanos now_ = 1;
    Nanos next_due_ = std::numeric_limits<Nanos>::max();
    std::uint64_t inputs_ = 0;
    std::size_t left_ = 0;
    ReplicaId primary_ = no_replica;
    Deliveries deliveries_;
    std::vector<Client> clients_;
    std::array<std::unique_ptr<Member>, replicas + 1> members_;
};

double processor_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// The child's part: one measurement, seconds of processor time, then what was done for it.
int measure(std::size_t writes) {
    Cluster cluster;
    cluster.run(writes / 10); // memory is touched, rings have wrapped
    const std::uint64_t inputs = cluster.inputs();
    const Op ops = cluster.telemetry().commit_min;
    const double before = processor_seconds();
    cluster.run(writes);
    const double took = processor_seconds() - before;
    fmt::print("{} {} {}\n", took, cluster.inputs() - inputs, cluster.telemetry().commit_min - ops);
    return 0;
}

struct Measured {
    double seconds = 0;
    double inputs = 0;
    double ops = 0;
};

Measured measured_by(const std::filesystem::path& program, std::size_t writes) {
    const std::string command = fmt::format("'{}' --once {}", program.native(), writes);
    std::FILE* const out = ::popen(command.c_str(), "r");
    if (out == nullptr) give_up("popen");
    Measured measured;
    const int read =
        std::fscanf(out, "%lf %lf %lf", &measured.seconds, &measured.inputs, &measured.ops);
    if (::pclose(out) != 0 || read != 3) give_up(command + " failed");
    return measured;
}

double mean(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values)
        sum += value;
    return sum / static_cast<double>(values.size());
}

/// Half of the 95 % interval of the mean.
double uncertainty(const std::vector<double>& values) {
    const double middle = mean(values);
    double squares = 0;
    for (const double value : values)
        squares += (value - middle) * (value - middle);
    const auto n = static_cast<double>(values.size());
    return student * std::sqrt(squares / (n - 1) / n);
}

/// The two builds, linked in the same way.
struct Layout {
    std::filesystem::path with;
    std::filesystem::path without;
};

std::vector<Layout> layouts() {
    const auto here = std::filesystem::read_symlink("/proc/self/exe");
    const auto directory = here.parent_path();
    std::vector<Layout> all;
    for (;;) {
        const std::string name = fmt::format("_layout{}", all.size() + 1);
        const Layout layout{.with = directory / "layouts" / ("bench_replica_core" + name),
                            .without = directory / "layouts" / ("bench_replica_core_bare" + name)};
        if (!exists(layout.with) || !exists(layout.without)) break;
        all.push_back(layout);
    }
    if (all.empty())
        all.push_back({.with = here, .without = directory / "bench_replica_core_bare"});
    return all;
}

int compare(std::size_t pairs, std::size_t writes) {
    const std::vector<Layout> all = layouts();
    fmt::print("{} replicas, {} clients, {} pairs of runs of {} writes, {} layouts\n",
               replicas,
               clients,
               pairs,
               writes,
               all.size());
    std::vector<std::vector<double>> by_layout(all.size());
    std::vector<double> with;
    std::vector<double> without;
    Measured last;
    for (std::size_t pair = 0; pair < pairs; ++pair) {
        const Layout& layout = all[pair % all.size()];
        // Who comes second finds another machine.
        const bool with_first = (pair + pair / all.size()) % 2 == 0;
        const Measured first = measured_by(with_first ? layout.with : layout.without, writes);
        const Measured second = measured_by(with_first ? layout.without : layout.with, writes);
        const double asserting = with_first ? first.seconds : second.seconds;
        const double silent = with_first ? second.seconds : first.seconds;
        if (first.inputs != second.inputs) give_up("the two builds did not do the same");
        with.push_back(asserting);
        without.push_back(silent);
        by_layout[pair % all.size()].push_back(100 * (asserting - silent) / silent);
        last = first;
    }
    const double million = 1e6 / static_cast<double>(writes);
    std::vector<double> means;
    for (const std::vector<double>& differences : by_layout)
        means.push_back(mean(differences));
    const std::vector<double>& sample = all.size() > 1 ? means : by_layout.front();
    const double difference = mean(sample);
    const double half = uncertainty(sample);
    fmt::print("a run: {:.0f} inputs, {:.0f} log entries\n", last.inputs, last.ops);
    fmt::print("with assertions {:.3f} s a million writes, without {:.3f} s\n",
               mean(with) * million,
               mean(without) * million);
    fmt::print("assertions cost {:.2f} % (95 %: {:.2f} to {:.2f} %)\n",
               difference,
               difference - half,
               difference + half);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    if (argc == 3 && std::string_view(argv[1]) == "--once") {
        return measure(std::strtoul(argv[2], nullptr, 10));
    }
    const std::size_t pairs = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 40;
    const std::size_t thousands = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 200;
    if (pairs < fewest_pairs || thousands == 0) give_up("at least 20 pairs, and 1 thousand writes");
    if (pairs < layouts().size()) give_up("at least one pair for each layout");
    return compare(pairs, thousands * 1000);
}
