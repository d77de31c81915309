#include "core/check.hpp"
#include "systems/vsr/parts.hpp"

#include <chrono>
#include <utility>

namespace faultlab::vsr {
namespace {

class VsrClient final : public Client {
public:
    VsrClient(replica::Session::Settings settings, std::shared_ptr<ClientBugs> fired)
        : session_(std::move(settings)), fired_(std::move(fired)) {}

    Completion invoke(const Invocation& invocation, Nanos limit) override {
        const auto operation = operation_of(invocation);
        FAULTLAB_CHECK(operation.has_value());
        const auto deadline = replica::Session::Clock::now() + std::chrono::nanoseconds(limit);
        Completion completion =
            completion_of(invocation.f, session_.execute(*operation, deadline), operation->space);
        note(session_.fired_no_register(), no_register_, fired_->no_register);
        note(session_.fired_busy_is_fail(), busy_is_fail_, fired_->busy_is_fail);
        return completion;
    }

    [[nodiscard]] NodeId asked() const override {
        const replica::ReplicaId asked = session_.asked();
        return asked == replica::no_replica ? no_node : static_cast<NodeId>(asked) - 1;
    }

private:
    static void note(std::uint64_t now, std::uint64_t& before, std::atomic<std::uint64_t>& total) {
        total.fetch_add(now - std::exchange(before, now), std::memory_order_relaxed);
    }

    replica::Session session_;
    std::shared_ptr<ClientBugs> fired_;
    std::uint64_t no_register_ = 0;
    std::uint64_t busy_is_fail_ = 0;
};

} // namespace

std::unique_ptr<Client> make_client(replica::Session::Settings settings,
                                    std::shared_ptr<ClientBugs> fired) {
    return std::make_unique<VsrClient>(std::move(settings), std::move(fired));
}

} // namespace faultlab::vsr
