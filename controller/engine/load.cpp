#include "controller/engine/load.hpp"

#include "core/check.hpp"

#include <chrono>
#include <exception>
#include <utility>

namespace faultlab {

void Gathering::arrive_and_wait(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    ++waiting_;
    const std::int64_t round = rounds_;
    release_if_complete();
    released_.wait(lock, std::move(stop), [&] { return rounds_ != round; });
}

void Gathering::leave() {
    const std::scoped_lock lock(mutex_);
    --members_;
    release_if_complete();
}

void Gathering::release_if_complete() {
    if (waiting_ < members_ || waiting_ == 0) return;
    waiting_ = 0;
    ++rounds_;
    released_.notify_all();
}

Load::Load(const LoadParts& parts, std::deque<Worker>& workers)
    : parts_(parts), gathering_(workers.size()), running_(workers.size()) {
    for (Worker& worker : workers)
        threads_.emplace_back([this, &worker] { drive(worker); });
}

Load::~Load() {
    stop();
}

bool Load::wait_finished(Nanos limit) {
    std::unique_lock lock(mutex_);
    return finished_.wait_for(
        lock, std::chrono::nanoseconds(limit), [this] { return running_ == 0; });
}

std::vector<std::string> Load::failures() const {
    const std::scoped_lock lock(mutex_);
    return failures_;
}

void Load::drive(Worker& worker) {
    try {
        const Result<void> served = serve(worker);
        if (!served) fail(worker, served.error().text());
    } catch (const std::exception& e) {
        fail(worker, e.what());
    }
    gathering_.leave();
    const std::scoped_lock lock(mutex_);
    --running_;
    finished_.notify_all();
}

Result<void> Load::serve(Worker& worker) {
    const NodeId node = worker.seat().node;
    // Before connecting: sockets belong to the network of the thread that opens them.
    FAULTLAB_DO(parts_.lab->enter_client(node));
    const std::unique_ptr<Client> client = parts_.system->connect(*parts_.deployment, node);
    while (step(worker, *client)) {
    }
    return {};
}

bool Load::step(Worker& worker, Client& client) {
    if (stop_.stop_requested()) return false;
    const Step step = worker.next(parts_.clock->now());
    if (const auto* emit = std::get_if<Emit>(&step)) return invoke(worker, client, *emit);
    if (const auto* wait = std::get_if<WaitUntil>(&step)) {
        sleep_until(wait->t);
        return true;
    }
    if (std::holds_alternative<Barrier>(step)) {
        gathering_.arrive_and_wait(stop_.get_token());
        return true;
    }
    return false;
}

bool Load::invoke(Worker& worker, Client& client, const Emit& emit) {
    worker.invoke(emit, *parts_.clock);
    try {
        const Completion completion = client.invoke(emit.op, parts_.op_timeout);
        worker.complete(completion, client.asked(), *parts_.clock);
        return true;
    } catch (const std::exception& e) {
        // It may have been sent, so its outcome is unknown; the client is not to be trusted again.
        const std::string what = std::string("the lab's client failed: ") + e.what();
        if (worker.open()) worker.complete(Unknown{what}, no_node, *parts_.clock);
        fail(worker, what);
        return false;
    }
}

void Load::sleep_until(Nanos t) {
    std::mutex mutex;
    std::condition_variable_any never_notified;
    std::unique_lock lock(mutex);
    const std::chrono::nanoseconds rest(t - parts_.clock->now());
    never_notified.wait_for(lock, stop_.get_token(), rest, [] { return false; });
}

void Load::fail(const Worker& worker, const std::string& what) {
    const std::string text = "worker " + std::to_string(worker.seat().worker) + ": " + what;
    parts_.writer->event({.t = parts_.clock->now(),
                          .node = worker.seat().node,
                          .kind = "worker_failed",
                          .fields = {{"worker", worker.seat().worker}, {"reason", what}}});
    const std::scoped_lock lock(mutex_);
    failures_.push_back(text);
}

} // namespace faultlab
