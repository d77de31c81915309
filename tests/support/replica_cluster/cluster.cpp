#include "tests/support/replica_cluster/cluster.hpp"

#include "replica/client/admin.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace faultlab::test {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;
using replica::ReplicaId;

constexpr std::uint64_t cluster_number = 4711;

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what);
}

/// A key file and what is in it.
replica::Key make_key(const std::filesystem::path& file) {
    if (const auto made = replica::generate_key_file(file); !made) fail(made.error().text());
    auto key = replica::load_key(file);
    if (!key) fail(key.error().text());
    return *key;
}

/// Between fork and exec of a process with threads: only calls that are safe there.
[[noreturn]] void become(const std::vector<char*>& argv, const char* messages, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(126);
    const int out = ::open(messages, O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, 0);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::close_range(3, ~0U, 0);
    ::execv(argv[0], argv.data());
    ::_exit(127);
}

} // namespace

ReservedPort::ReservedPort() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int yes = 1;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        ::bind(descriptor_, any, size) != 0 || ::getsockname(descriptor_, any, &size) != 0) {
        fail("no port on the loopback interface");
    }
    number_ = ntohs(address.sin_port);
}

ReservedPort::~ReservedPort() {
    ::close(descriptor_);
}

ReplicaCluster::ReplicaCluster(Settings settings)
    : settings_(std::move(settings)), key_(make_key(directory_.path() / "key")) {
    for (std::size_t i = 1; i <= settings_.replicas; ++i)
        nodes_[static_cast<ReplicaId>(i)];
}

ReplicaCluster::~ReplicaCluster() {
    kill_all();
}

std::vector<ReplicaId> ReplicaCluster::ids() const {
    std::vector<ReplicaId> ids;
    for (const auto& [id, node] : nodes_)
        ids.push_back(id);
    return ids;
}

std::vector<std::string> ReplicaCluster::command(ReplicaId id) const {
    std::string peers;
    std::string voters;
    const std::size_t voter_count = settings_.voters == 0 ? nodes_.size() : settings_.voters;
    for (const auto& [other, node] : nodes_) {
        const char* const comma = peers.empty() ? "" : ",";
        peers += fmt::format("{}{}=127.0.0.1:{}", comma, other, node.port.number());
        if (other <= voter_count) voters += fmt::format("{}{}", comma, other);
    }
    const Node& node = nodes_.at(id);
    std::vector<std::string> words{FAULTLAB_REPLICA_BINARY,
                                   "run",
                                   "--format-if-empty",
                                   "--cluster",
                                   std::to_string(cluster_number),
                                   "--data",
                                   data(id),
                                   "--id",
                                   std::to_string(id),
                                   "--listen",
                                   fmt::format("127.0.0.1:{}", node.port.number()),
                                   "--admin",
                                   fmt::format("127.0.0.1:{}", node.admin.number()),
                                   "--peers",
                                   peers,
                                   "--key-file",
                                   directory_.path() / "key"};
    if (id <= voter_count) {
        words.emplace_back("--voters");
        words.push_back(voters);
    }
    if (settings_.journals) {
        words.emplace_back("--journal");
        words.push_back(journal(id));
    }
    words.insert(words.end(), settings_.arguments.begin(), settings_.arguments.end());
    return words;
}

void ReplicaCluster::start(ReplicaId id, const std::vector<std::string>& more) {
    Node& node = nodes_.at(id);
    if (node.process > 0) fail(fmt::format("replica {} runs already", id));
    std::vector<std::string> words = command(id);
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> argv;
    for (std::string& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string log = directory_.path() / fmt::format("messages-{}", id);
    const pid_t parent = ::getpid();
    node.process = ::fork();
    if (node.process == 0) become(argv, log.c_str(), parent);
    if (node.process < 0) fail("fork failed");
}

void ReplicaCluster::start_all() {
    for (const ReplicaId id : ids()) {
        if (nodes_.at(id).process <= 0) start(id);
    }
}

void ReplicaCluster::signal(ReplicaId id, int number) {
    const pid_t process = nodes_.at(id).process;
    if (process > 0) ::kill(process, number);
}

void ReplicaCluster::kill(ReplicaId id) {
    signal(id, SIGKILL);
    wait(id);
}

void ReplicaCluster::kill_all() {
    for (const ReplicaId id : ids())
        signal(id, SIGKILL);
    for (const ReplicaId id : ids())
        wait(id);
}

std::optional<int> ReplicaCluster::wait(ReplicaId id, std::chrono::milliseconds limit) {
    pid_t& process = nodes_.at(id).process;
    int status = 0;
    const bool gone =
        process > 0 && await([&] { return ::waitpid(process, &status, WNOHANG) != 0; }, limit);
    if (!gone) return std::nullopt;
    process = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

replica::Session ReplicaCluster::session(ReplicaId first) const {
    replica::Session::Settings settings{.first = first,
                                        .follow = first == replica::no_replica,
                                        .cluster = cluster_number,
                                        .key = key_};
    for (const auto& [id, node] : nodes_)
        settings.nodes.push_back({id, "127.0.0.1", node.port.number()});
    settings.connect = 300ms;
    settings.resend = 100ms;
    return replica::Session(std::move(settings));
}

std::optional<replica::Telemetry> ReplicaCluster::status(ReplicaId id) const {
    const auto deadline = SteadyClock::now() + 1s;
    auto socket = replica::Socket::connect("127.0.0.1", admin_port(id), deadline);
    if (!socket) return std::nullopt;
    auto status = replica::AdminClient(std::move(*socket)).status(deadline);
    if (!status) return std::nullopt;
    return *status;
}

std::optional<ReplicaId> ReplicaCluster::await_primary(std::chrono::milliseconds limit) const {
    std::optional<ReplicaId> primary;
    const bool found = await(
        [&] {
            for (const auto& [id, node] : nodes_) {
                if (node.process <= 0) continue;
                const auto now = status(id);
                if (now && now->status == replica::Status::Normal &&
                    now->role == replica::Role::Primary) {
                    primary = id;
                }
            }
            return primary.has_value();
        },
        limit);
    return found ? primary : std::nullopt;
}

std::filesystem::path ReplicaCluster::data(ReplicaId id) const {
    return directory_.path() / fmt::format("replica-{}", id);
}
std::filesystem::path ReplicaCluster::journal(ReplicaId id) const {
    return directory_.path() / fmt::format("journal-{}", id);
}
std::uint16_t ReplicaCluster::admin_port(ReplicaId id) const {
    return nodes_.at(id).admin.number();
}
pid_t ReplicaCluster::process(ReplicaId id) const {
    return nodes_.at(id).process;
}

std::string ReplicaCluster::messages(ReplicaId id) const {
    const std::ifstream file(directory_.path() / fmt::format("messages-{}", id));
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

bool await(const std::function<bool()>& holds, std::chrono::milliseconds limit) {
    const auto end = SteadyClock::now() + limit;
    while (!holds()) {
        if (SteadyClock::now() > end) return false;
        std::this_thread::sleep_for(5ms);
    }
    return true;
}

replica::Execution execute(replica::Session& session,
                           const replica::Operation& operation,
                           std::chrono::milliseconds limit) {
    const auto deadline = SteadyClock::now() + limit;
    while (true) {
        auto execution = session.execute(operation, deadline);
        if (!std::holds_alternative<replica::Failed>(execution)) return execution;
        if (SteadyClock::now() > deadline) return execution;
        std::this_thread::sleep_for(2ms);
    }
}

replica::Execution write(replica::Session& session,
                         std::int64_t key,
                         std::int64_t value,
                         std::chrono::milliseconds limit) {
    replica::Operation operation;
    operation.code = replica::OpCode::Write;
    operation.key = key;
    operation.value = value;
    return execute(session, operation, limit);
}

std::optional<std::int64_t>
read(replica::Session& session, std::int64_t key, std::chrono::milliseconds limit) {
    replica::Operation operation;
    operation.code = replica::OpCode::Read;
    operation.key = key;
    const auto execution = execute(session, operation, limit);
    const auto* done = std::get_if<replica::Done>(&execution);
    if (done == nullptr || done->result.outcome != replica::Outcome::Ok) {
        fail(fmt::format("reading {} did not succeed", key));
    }
    const std::int64_t* const value = done->result.value.integer();
    return value == nullptr ? std::nullopt : std::optional(*value);
}

} // namespace faultlab::test
