#include "core/system.hpp"
#include "replica/client/admin.hpp"
#include "replica/client/session.hpp"
#include "systems/vsr/parts.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace faultlab::vsr {
namespace {

using Clock = std::chrono::steady_clock;

Clock::time_point after(Nanos limit) {
    return Clock::now() + std::chrono::nanoseconds(limit);
}

/// How long things take in a replica that is started as launch_spec does, on hosts that have little
/// else to do.
NodeEvent setup() {
    const replica::Timeouts of;
    const auto ms = [](Nanos time) { return time / millisecond; };
    const auto with_jitter = [](Nanos time) { return time + time / 2; };
    constexpr Nanos slow_machine = second; // so long may one step take
    constexpr Nanos searches = 16;         // for somebody who has a checkpoint
    return {.kind = "setup",
            .fields = {{"message_ms", ms(slow_machine / 2)},
                       {"work_ms", ms(slow_machine)},
                       {"silence_ms", ms(with_jitter(of.primary_silent) + of.lease)},
                       {"view_change_ms", ms(with_jitter(of.view_change))},
                       {"abdication_ms", ms(with_jitter(of.abdicate))},
                       {"repair_ms", ms(searches * of.sync)}}};
}

class VsrTelemetry final : public Telemetry {
public:
    explicit VsrTelemetry(TelemetrySettings settings)
        : settings_(std::move(settings)), session_(settings_.session) {}

    Result<NodeStatus> poll(Nanos limit) override {
        const Clock::time_point deadline = after(limit);
        FAULTLAB_DO(connect(deadline));
        auto status = ask(deadline);
        // After an error the connection is of no use any more.
        if (!status) admin_.reset();
        return status;
    }

    Result<bool> ready(Nanos limit) override {
        const Clock::time_point deadline = after(limit);
        FAULTLAB_DO(connect(deadline));
        const auto said = admin_->status(deadline);
        if (!said) {
            admin_.reset();
            return said.error();
        }
        if (said->status != replica::Status::Normal) return false;
        // What needs a quorum only the primary serves; a replica that is normal knows who that is.
        const replica::Operation read{.code = replica::OpCode::Read, .key = Value("ready")};
        return std::holds_alternative<replica::Done>(session_.execute(read, deadline));
    }

private:
    Result<void> connect(Clock::time_point deadline) {
        if (admin_) return {};
        FAULTLAB_TRY(replica::Socket socket,
                     replica::Socket::connect(settings_.address, admin_port, deadline));
        admin_.emplace(std::move(socket));
        return {};
    }

    Result<NodeStatus> ask(Clock::time_point deadline) {
        FAULTLAB_TRY(const replica::Telemetry said, admin_->status(deadline));
        NodeStatus status = status_of(said);
        if (settings_.bugs) FAULTLAB_DO(add_bugs(status, deadline));
        FAULTLAB_DO(add_events(status, deadline));
        return status;
    }

    Result<void> add_bugs(NodeStatus& status, Clock::time_point deadline) {
        FAULTLAB_TRY(const std::string answer,
                     admin_->ask({.what = replica::AdminRequest::What::Bugs}, deadline));
        FAULTLAB_TRY(const auto counts, fired_counts(answer));
        for (const auto& [id, count] : counts) {
            std::int64_t fired = count;
            if (settings_.client_bugs != nullptr) fired += settings_.client_bugs->fired(id);
            status.metrics.emplace_back("fired." + id, fired);
        }
        return {};
    }

    Result<void> add_events(NodeStatus& status, Clock::time_point deadline) {
        FAULTLAB_TRY(replica::EventPage page, admin_->events(seen_, deadline));
        if (page.incarnation != incarnation_) {
            // Another process: its events are numbered anew.
            incarnation_ = page.incarnation;
            status.events.push_back(setup());
            if (std::exchange(seen_, 0) != 0) {
                FAULTLAB_TRY(page, admin_->events(0, deadline));
            }
        }
        seen_ = page.next;
        if (page.lost > 0) {
            status.events.push_back({.kind = "events_lost",
                                     .fields = {{"count", static_cast<std::int64_t>(page.lost)}}});
        }
        for (const replica::LoggedEvent& logged : page.events) {
            if (auto event = event_of(logged.event)) status.events.push_back(*std::move(event));
        }
        return {};
    }

    TelemetrySettings settings_;
    std::optional<replica::AdminClient> admin_;
    replica::Session session_;
    std::uint64_t incarnation_ = 0; ///< of the process whose events were read last
    std::uint64_t seen_ = 0;        ///< its newest event that was read
};

} // namespace

Result<std::vector<std::pair<std::string, std::int64_t>>> fired_counts(std::string_view json) {
    const auto tree = nlohmann::json::parse(json, nullptr, false);
    if (!tree.is_object()) return lab_error("the replica's answer about its bugs is no object");
    std::vector<std::pair<std::string, std::int64_t>> counts;
    for (const auto& [id, bug] : tree.items()) {
        if (!bug.is_object() || !bug.contains("fired") || !bug["fired"].is_number_integer())
            return lab_error("the replica's answer about its bug " + id + " has no count");
        counts.emplace_back(id, bug["fired"].get<std::int64_t>());
    }
    return counts;
}

Result<std::uint64_t> entries_of(const std::string& address, Nanos limit) {
    const Clock::time_point deadline = after(limit);
    FAULTLAB_TRY(replica::Socket socket, replica::Socket::connect(address, admin_port, deadline));
    replica::AdminClient admin(std::move(socket));
    FAULTLAB_TRY(const replica::Telemetry said, admin.status(deadline));
    return said.entries;
}

std::unique_ptr<Telemetry> make_telemetry(TelemetrySettings settings) {
    return std::make_unique<VsrTelemetry>(std::move(settings));
}

} // namespace faultlab::vsr
