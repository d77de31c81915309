#pragma once

#include "core/result.hpp"
#include "core/value.hpp"
#include "core/verdict.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// faultlab as a library: record what the clients of your system did, in your own test program, and
/// ask whether any order of it explains what they saw.
///
///     faultlab::Recorder recorder;
///     const auto call = recorder.invoke(client, "write", "k1", 7);   // before you send
///     …                                                              // your system
///     recorder.ok(call);                                             // after its answer
///
///     const auto report = faultlab::check(recorder, {.model = "register"});
///     if (report && report->verdict == faultlab::Verdict::invalid)
///         std::cout << report->text;                              // the counterexample
///
/// This is the one header to include, and `faultlab::checker` the one CMake target to link; no
/// cluster, no store and no network come with it. The names of operations and what they are given
/// and return are those of `faultlab check`: docs/reference/history-files.md. A `Value` is made of
/// an integer, a bool, a text, or a Value::List; Value{} is absent (null).
namespace faultlab {

/// Collects the operations of a test as they happen. Every member may be called from any thread:
/// the order of the calls is taken as the order in real time.
class Recorder {
public:
    Recorder();
    ~Recorder();
    Recorder(Recorder&& other) noexcept;
    Recorder& operator=(Recorder&& other) noexcept;

    /// Names an invocation until its outcome is known.
    enum class Call : std::size_t {};

    /// Call right before the request is sent. `client` is for the reader of a counterexample. A key
    /// names one of several objects of the same kind: Value{} where there is only one.
    [[nodiscard]] Call
    invoke(std::int32_t client, std::string_view f, const Value& key, const Value& argument = {});

    /// Call right after the answer came. Each call has at most one outcome: a second one throws
    /// Bug. It took effect, and returned `result`: what a read saw; `false` of a compare-and-set
    /// that did not hold.
    void ok(Call call, const Value& result = {});
    /// It surely did not happen, never will, and observed nothing.
    void fail(Call call, std::string_view why = {});
    /// It may take effect at any time from now on, or never: a timeout, a connection that broke. An
    /// operation without an outcome is like that too.
    void unknown(Call call, std::string_view why = {});

    /// How many operations were invoked.
    [[nodiscard]] std::size_t size() const;

private:
    friend class RecorderAccess;
    struct State;
    std::unique_ptr<State> state_;
};

/// What a check may do and use.
struct CheckOptions {
    /// "register", "cas-register", "kv", … (faultlab describe linearizability); empty: the one that
    /// the operations leave.
    std::string model;
    std::chrono::milliseconds timeout = std::chrono::minutes(2); ///< spent means unknown
    std::int64_t memory_bytes = std::int64_t{2} << 30;           ///< spent means unknown
};

/// What comes of it.
struct CheckReport {
    Verdict verdict = Verdict::unknown;
    std::string model;  ///< the one that was used
    std::string reason; ///< one line; empty when valid
    /// The verdict for people, ending in a line feed: of an invalid history the few operations that
    /// prove it.
    std::string text;
};

/// Judges what was recorded until now. The error is that of the options: a model that there is not,
/// or none where several are possible.
[[nodiscard]] Result<CheckReport> check(const Recorder& recorder, const CheckOptions& options = {});

} // namespace faultlab
