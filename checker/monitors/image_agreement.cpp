// Rule S12b.
// Equal ops, equal checkpoints, byte for byte.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

#include <map>

namespace faultlab::monitors {
namespace {

class ImageAgreement final : public RuleOf<ImageAgreement> {
public:
    void on(const ProtocolEvent& event) override {
        const auto [first, is_new] = known_.try_emplace(event.op, event.checksum);
        if (is_new) return;
        if (!judge(first->second == event.checksum))
            alarm(event, fmt::format("has another checkpoint than others after op {}", event.op));
    }

private:
    std::map<LogIndex, Digest> known_;
};

} // namespace

std::unique_ptr<Rule> image_agreement() {
    return std::make_unique<ImageAgreement>();
}

} // namespace faultlab::monitors
