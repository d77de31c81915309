// Rule A6.
// Two logs of one view with different entries are a fork, which a cluster whose replicas obey never
// has: nobody refuses a message for it.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

namespace faultlab::monitors {
namespace {

class NoFork final : public Monitor {
public:
    void on(const ProtocolEvent& event) override {
        if (!judge(event.text != "fork"))
            alarm(event, fmt::format("sees a fork, in a message of n{}", event.b + 1));
    }
};

} // namespace

std::unique_ptr<Monitor> no_fork(const Ledger&) {
    return std::make_unique<NoFork>();
}

} // namespace faultlab::monitors
