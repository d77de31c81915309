#pragma once

#include "checker/monitors/catalogue.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace faultlab::monitors {

/// A rule about what has to come about while a core of replicas is undisturbed: liveness as a
/// promise with a bound, so that it can be seen broken. Outside of windows it judges nothing.
///
/// The windows, and the bounds below, are those of partial synchrony (Dwork, Lynch, Stockmeyer
/// 1988): once messages and replicas are as fast as promised, a view whose leader belongs to the
/// core, and that all of the core enter in time, cannot fail.
class StableWindowRule : public Rule {
public:
    void on(const ProtocolEvent& event) final;

protected:
    /// At a moment within a window.
    virtual void look(const ProtocolEvent& event, const Survey& survey) = 0;
    /// Another window begins: what was seen before counts for nothing.
    virtual void begin() {}

    /// Judges one of the things that have to come about: it is so, or is not yet, and was first
    /// seen not to be less than `bound` ago. False once it is late, but only the first time.
    bool in_time(std::int64_t which, bool so, Nanos now, Nanos bound);
    /// It need not come about any more.
    void forget(std::int64_t which) { owed_.erase(which); }

    void alarm_of(NodeId node, const ProtocolEvent& event, std::string what);

private:
    struct Owed {
        Nanos since = 0;
        Nanos seen = 0; ///< that it is not so
        bool told = false;
    };
    Nanos window_ = -1;
    std::map<std::int64_t, Owed> owed_;
};

[[nodiscard]] bool in_core(const Survey& survey, NodeId node);
/// The one of the core that leads, in the highest view; null when none does.
[[nodiscard]] const Survey::Replica* leader_of(const Survey& survey);

/// In a window the core has a leader after so long at most:
///   repair + silence + (absent + 2) × (view_change + 2 × message + work) + 4 × message + work.
/// Whoever cannot vote yet has got his log (repair). All of the core notice that nobody leads
/// (silence). Then of so many views in turn at most `absent` have leaders who do not belong to the
/// core, and one was already under way when the window began; the next one succeeds, for which a
/// vote, the log that it stands for, what is missing of that, and the new view are sent.
[[nodiscard]] Nanos time_to_lead(const Survey& survey);
/// Likewise until each of the core has the whole log of its leader: it may have to fetch all of it
/// from him.
[[nodiscard]] Nanos time_to_follow(const Survey& survey);
/// Likewise until a client is answered, who asks one replica after the other.
[[nodiscard]] Nanos time_to_answer(const Survey& survey);

} // namespace faultlab::monitors
