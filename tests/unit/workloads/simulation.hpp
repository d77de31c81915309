#pragma once

#include "core/check.hpp"
#include "core/generator.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

namespace faultlab::simulation {

/// One operation that a generator emitted.
struct Emitted {
    Nanos t = 0; ///< when it was sent
    Nanos due = 0;
    std::int32_t worker = 0;
    std::int32_t process = 0;
    Invocation op;
    std::int32_t barriers = 0; ///< passed by this worker before
};

/// How the simulated system answers the i-th operation of the run: how long it takes and how.
struct Answer {
    Nanos after = 0;
    Completion completion = Done{};
};
using Answers = std::function<Answer(std::size_t i, const Invocation& op)>;

inline Answers quick() {
    return [](std::size_t, const Invocation&) { return Answer{}; };
}
inline Answers perfect(Nanos latency) {
    return [latency](std::size_t, const Invocation&) { return Answer{.after = latency}; };
}
/// Fails, leaves open and acknowledges, in turn.
inline Answers imperfect(Nanos latency) {
    return [latency](std::size_t i, const Invocation&) -> Answer {
        if (i % 3 == 0) return {.after = latency, .completion = Failed{"refused"}};
        if (i % 3 == 1) return {.after = latency, .completion = Unknown{"timed out"}};
        return {.after = latency};
    };
}

/// Runs the streams of all workers against the answers, in order of time, until all have ended or
/// `most` operations were emitted.
inline std::vector<Emitted>
run(std::vector<GeneratorPtr>& workers, const Answers& answers, std::size_t most = 100'000) {
    struct Seat {
        Nanos t = 0; ///< next time it acts
        std::int32_t process = 0;
        std::int32_t barriers = 0;
        std::optional<Emitted> open;
        Completion completion;
        bool at_barrier = false;
        bool ended = false;
    };
    const auto n = static_cast<std::int32_t>(workers.size());
    std::vector<Seat> seats(workers.size());
    for (std::int32_t w = 0; w < n; ++w)
        seats[static_cast<std::size_t>(w)].process = w;
    std::vector<Emitted> emitted;
    Nanos now = 0;
    while (emitted.size() < most) {
        Seat* first = nullptr;
        for (Seat& seat : seats) {
            const bool acts = !seat.ended && !seat.at_barrier;
            if (acts && (first == nullptr || seat.t < first->t)) first = &seat;
        }
        if (first == nullptr) {
            bool released = false;
            for (Seat& seat : seats) {
                if (seat.at_barrier) released = true;
                if (seat.at_barrier) seat.t = now;
                seat.at_barrier = false;
            }
            if (!released) break;
            continue;
        }
        now = std::max(now, first->t);
        const auto worker = static_cast<std::int32_t>(first - seats.data());
        Generator& generator = *workers[static_cast<std::size_t>(worker)];
        if (first->open) {
            generator.observe(first->open->op, first->completion);
            if (std::holds_alternative<Unknown>(first->completion)) first->process += n;
            first->open.reset();
        }
        const Step step = generator.next({.now = now, .process = first->process});
        if (const auto* emit = std::get_if<Emit>(&step)) {
            const Answer answer = answers(emitted.size(), emit->op);
            first->open = Emitted{.t = now,
                                  .due = emit->due,
                                  .worker = worker,
                                  .process = first->process,
                                  .op = emit->op,
                                  .barriers = first->barriers};
            emitted.push_back(*first->open);
            first->completion = answer.completion;
            first->t = now + answer.after;
        } else if (const auto* wait = std::get_if<WaitUntil>(&step)) {
            FAULTLAB_CHECK(wait->t > now);
            first->t = wait->t;
        } else if (const auto* barrier = std::get_if<Barrier>(&step)) {
            FAULTLAB_CHECK(barrier->number == first->barriers);
            ++first->barriers;
            first->at_barrier = true;
        } else {
            first->ended = true;
        }
    }
    return emitted;
}

/// The streams of `workers` workers, each built for its context.
template <class Make>
std::vector<GeneratorPtr> streams(std::int32_t workers, Make make) {
    std::vector<GeneratorPtr> built;
    for (std::int32_t w = 0; w < workers; ++w) {
        const StreamContext context{
            .worker = w, .workers = workers, .seed = 1000 + static_cast<std::uint64_t>(w)};
        built.push_back(make(context));
    }
    return built;
}

} // namespace faultlab::simulation
