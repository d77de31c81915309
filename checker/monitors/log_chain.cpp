// Rule S11.
// Within a log each entry names the one before it as its parent.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

namespace faultlab::monitors {
namespace {

class LogChain final : public RuleOf<LogChain> {
public:
    void on(const ProtocolEvent& event) override {
        const LogEntry* before = nullptr;
        for (const LogEntry& entry : event.log) {
            if (before != nullptr && before->op + 1 == entry.op && entry.parent.known() &&
                !judge(entry.parent == before->checksum)) {
                alarm(event,
                      fmt::format("has op {} in its log, no child of the one before", entry.op));
                return;
            }
            before = &entry;
        }
    }
};

} // namespace

std::unique_ptr<Rule> log_chain() {
    return std::make_unique<LogChain>();
}

} // namespace faultlab::monitors
