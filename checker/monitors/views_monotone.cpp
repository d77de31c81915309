// Rule S10.
// A replica never goes back to a view: neither in what it shows nor in what it says to others, over
// all its lives; and its log is never of a later view than its own. Who lost its disk begins anew.

#include "checker/monitors/catalogue_entries.hpp"
#include "checker/monitors/per_node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace faultlab::monitors {
namespace {

class ViewsMonotone final : public RuleOf<ViewsMonotone> {
public:
    void on(const ProtocolEvent& event) override {
        Last& last = last_[event.node];
        switch (event.kind) {
            case ProtocolEvent::Kind::Started:
                // A view may have been entered in memory only: then nobody has heard of it.
                last.view = 0;
                if (event.a == 1) last = {};
                break;
            case ProtocolEvent::Kind::Spoke:
                if (!judge(event.view >= last.spoken)) {
                    alarm(event,
                          fmt::format("speaks in view {} after {}",
                                      view_text(event.view),
                                      view_text(last.spoken)));
                }
                last.spoken = std::max(last.spoken, event.view);
                break;
            default: shown(event, last); break;
        }
    }

private:
    struct Last {
        ViewNumber spoken = 0;
        ViewNumber view = 0;
        ViewNumber log_view = 0;
        std::int32_t life = 0;
    };

    void shown(const ProtocolEvent& event, Last& last) {
        const Gauges& now = *event.gauges;
        if (!now.normal || now.view < 0) return;
        if (last.life != event.life) last.view = 0;
        last.life = event.life;
        const auto view = static_cast<ViewNumber>(now.view);
        if (!judge(view >= last.view)) shrank(event, "view", view, last.view);
        last.view = view;
        if (now.log_view < 0) return;
        const auto log_view = static_cast<ViewNumber>(now.log_view);
        if (!judge(log_view >= last.log_view)) shrank(event, "log_view", log_view, last.log_view);
        if (!judge(log_view <= view)) {
            alarm(event,
                  fmt::format("has the log of view {}, later than its own", view_text(log_view)));
        }
        last.log_view = log_view;
    }

    void
    shrank(const ProtocolEvent& event, std::string_view what, ViewNumber now, ViewNumber before) {
        alarm(event, fmt::format("shows {} {} after {}", what, view_text(now), view_text(before)));
    }

    PerNode<Last> last_;
};

} // namespace

std::unique_ptr<Rule> views_monotone() {
    return std::make_unique<ViewsMonotone>();
}

} // namespace faultlab::monitors
