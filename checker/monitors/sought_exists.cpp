// Rule O6.
// Nobody asks others for entries unless there are such: repair costs no more than what is missing.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace faultlab::monitors {
namespace {

class SoughtExists final : public RuleOf<SoughtExists> {
public:
    void on(const ProtocolEvent& event) override {
        if (event.kind == ProtocolEvent::Kind::Proposed) {
            newest_ = std::max(newest_, event.op);
            return;
        }
        if (judge(event.b <= event.op && event.op <= newest_)) return;
        alarm(event,
              event.b > event.op
                  ? fmt::format("asks for entries {} to {}: none", event.b, event.op)
                  : fmt::format("asks for op {}, and the newest one is {}", event.op, newest_));
    }

private:
    LogIndex newest_ = 0; ///< that anybody has proposed
};

} // namespace

std::unique_ptr<Rule> sought_exists() {
    return std::make_unique<SoughtExists>();
}

} // namespace faultlab::monitors
