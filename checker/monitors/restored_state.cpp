// Rule S17.
// A checkpoint that a replica fetched from another is one that somebody made, at an op that is
// committed.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

#include <map>

namespace faultlab::monitors {
namespace {

class RestoredState final : public RuleOf<RestoredState> {
public:
    void on(const ProtocolEvent& event) override {
        if (event.kind == ProtocolEvent::Kind::Image) {
            made_.try_emplace(event.op, event.checksum);
            return;
        }
        const auto made = made_.find(event.op);
        if (!judge(made != made_.end() && made->second == event.checksum)) {
            alarm(event, fmt::format("fetched a checkpoint at op {} that nobody made", event.op));
        }
    }

private:
    std::map<LogIndex, Digest> made_;
};

} // namespace

std::unique_ptr<Rule> restored_state() {
    return std::make_unique<RestoredState>();
}

} // namespace faultlab::monitors
