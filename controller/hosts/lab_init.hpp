#pragma once

#include "controller/hosts/descriptor.hpp"

#include <signal.h>

#include <cstdint>
#include <functional>

namespace faultlab {

/// What init tells the supervisor about its end: one message, written to the report pipe.
struct InitReport {
    enum class Stage : std::uint8_t {
        user_map,     ///< mapping the caller to root of the user namespace
        mounts,       ///< making the mounts private, and a private /proc
        engine_start, ///< forking the engine
        engine_ended,
    };
    Stage stage = Stage::user_map;
    std::int32_t error = 0;       ///< errno, when a stage failed
    std::int32_t wait_status = 0; ///< of the engine, when it ended
};

/// What the supervisor hands to init.
struct InitOptions {
    bool map_user = false;
    std::uint32_t user = 0; ///< the caller's effective ids, outside
    std::uint32_t group = 0;
    sigset_t engine_signal_mask{};
    Descriptor parent_alive; ///< reading end of a pipe whose writing end only the supervisor has
    Descriptor report;       ///< writing end of the report pipe
};

/// The life of process 1 of the lab's PID namespace. Requires: SIGINT, SIGTERM, SIGHUP and SIGCHLD
/// are blocked. Never returns: when it exits, the kernel kills all processes of the namespace.
[[noreturn]] void run_lab_init(InitOptions options, const std::function<int()>& inside);

/// Exit code for a failure of the lab itself.
inline constexpr int lab_error_exit_code = 70;

} // namespace faultlab
