#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

/// The two ends of the talk with a helper: a program that stays on a host while a fault lasts.
namespace faultlab::node {

/// Where a helper is found: a socket DIRECTORY/NAME.sock.
struct HelperAddress {
    std::filesystem::path directory;
    std::string name;
};

/// What a helper does. It calls `serve` once its fault has begun.
struct HelperDuty {
    /// Called first in the process that stays: what must not be begun before the fork, as threads.
    /// It throws when it cannot. Null: nothing.
    std::function<void()> begin;
    /// The answer to "report", in one line.
    std::function<std::string()> report;
    /// Another question, or an order: an answer in one line. Null: there are none.
    std::function<std::string(std::string_view)> other;
    /// Undoes the fault. Called once, however the helper ends, but for SIGKILL.
    std::function<void()> undo;
    /// Readable when there is work for `work`; -1: never.
    int work_descriptor = -1;
    std::function<void()> work;
};

/// Makes the socket (its directory too) and forks. The caller returns 0 at once: the fault is on. A
/// process of its own session stays, with DIRECTORY/NAME.log for its outputs: it answers until it
/// is told to stop or gets SIGTERM or SIGINT, undoes, removes the socket, says "gone", and ends. It
/// answers "runs" with its process number. A socket that a dead helper left behind is replaced;
/// with one that lives under this name the caller complains and returns 70, after `undo`. Requires:
/// one thread.
int serve(const HelperAddress& address, const HelperDuty& duty);

/// Asks once. Waits for at most `seconds` for a helper that is not there yet. Returns an empty
/// answer when there is none.
[[nodiscard]] std::string
ask(const HelperAddress& address, std::string_view question, double seconds);

} // namespace faultlab::node
