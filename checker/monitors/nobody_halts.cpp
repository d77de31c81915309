// Rule halt.
// No replica stops for good without a reason that its machine gave it.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

#include <string>

namespace faultlab::monitors {
namespace {

class NobodyHalts final : public RuleOf<NobodyHalts> {
public:
    void on(const ProtocolEvent& event) override {
        if (!judge(event.kind != ProtocolEvent::Kind::Halted))
            alarm(event, "halts: " + std::string(event.text));
    }
};

} // namespace

std::unique_ptr<Rule> nobody_halts() {
    return std::make_unique<NobodyHalts>();
}

} // namespace faultlab::monitors
