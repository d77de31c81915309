// Rules A4 to A9.
// In a cluster whose replicas and network obey, no message is refused as malformed. Each class of
// refusal is a rule of its own. Refusals for being late (of an old view or epoch), or for being
// sent by one who leads no more, are no harm. Nor are those of entries (A3): who lost part of its
// log to its disk says what it knew of it, and that can be wrong.

#include "checker/monitors/catalogue_entries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace faultlab::monitors {
namespace {

class NeverRefused final : public RuleOf<NeverRefused> {
public:
    explicit NeverRefused(std::initializer_list<std::string_view> reasons) : reasons_(reasons) {}

    void on(const ProtocolEvent& event) override {
        if (event.kind == ProtocolEvent::Kind::Introduced) {
            judge(true); // who counts what it refuses, and names none, refused none
            return;
        }
        if (judge(std::ranges::find(reasons_, event.text) == reasons_.end())) return;
        alarm(event, fmt::format("refuses a message of n{}: {}", event.b + 1, event.text));
    }

private:
    std::vector<std::string_view> reasons_;
};

} // namespace

std::unique_ptr<Rule> whole_messages() {
    return std::make_unique<NeverRefused>(
        std::initializer_list<std::string_view>{"header checksum", "body checksum"});
}

std::unique_ptr<Rule> fitting_tails() {
    return std::make_unique<NeverRefused>(
        std::initializer_list<std::string_view>{"tail length", "tail order"});
}

std::unique_ptr<Rule> no_fork() {
    return std::make_unique<NeverRefused>(std::initializer_list<std::string_view>{"fork"});
}

std::unique_ptr<Rule> fitting_sizes() {
    return std::make_unique<NeverRefused>(std::initializer_list<std::string_view>{"size"});
}

std::unique_ptr<Rule> fields_in_range() {
    return std::make_unique<NeverRefused>(
        std::initializer_list<std::string_view>{"range", "command", "membership"});
}

std::unique_ptr<Rule> no_strangers() {
    return std::make_unique<NeverRefused>(
        std::initializer_list<std::string_view>{"cluster", "protocol"});
}

} // namespace faultlab::monitors
