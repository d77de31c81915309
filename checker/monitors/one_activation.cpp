// Rule S20.
// What a new release brings begins at one op, the same for all replicas, and no program runs what
// is newer than itself.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

#include <map>

namespace faultlab::monitors {
namespace {

class OneActivation final : public RuleOf<OneActivation> {
public:
    void on(const ProtocolEvent& event) override {
        const auto [first, is_new] = begins_.try_emplace(event.a, event.op);
        if (!judge(first->second == event.op)) {
            alarm(event,
                  fmt::format("begins release {} at op {}, others at op {}",
                              event.a,
                              event.op,
                              first->second));
        }
        if (event.b != 0 && !judge(event.a <= event.b)) {
            alarm(event,
                  fmt::format(
                      "begins release {}, and its program is of release {}", event.a, event.b));
        }
    }

private:
    std::map<std::uint64_t, LogIndex> begins_; ///< by release
};

} // namespace

std::unique_ptr<Rule> one_activation() {
    return std::make_unique<OneActivation>();
}

} // namespace faultlab::monitors
