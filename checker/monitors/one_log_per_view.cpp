// Rule S9.
// A view has one leader and one log: one replica proposes in it, and each of its ops is one entry.

#include "checker/monitors/catalogue_entries.hpp"
#include "checker/monitors/op_map.hpp"

#include <fmt/format.h>

#include <map>

namespace faultlab::monitors {
namespace {

class OneLogPerView final : public RuleOf<OneLogPerView> {
public:
    OneLogPerView() = default;
    /// `last_` is one of its own views.
    OneLogPerView(const OneLogPerView& other) : RuleOf(other), views_(other.views_) {}
    OneLogPerView& operator=(const OneLogPerView&) = delete;
    ~OneLogPerView() override = default;

    void on(const ProtocolEvent& event) override {
        if (event.kind == ProtocolEvent::Kind::Shown) {
            if (event.gauges->leads && event.gauges->view >= 0)
                leads(event, static_cast<ViewNumber>(event.gauges->view));
            return;
        }
        View& view = view_of(event.view);
        if (event.kind == ProtocolEvent::Kind::Proposed) {
            leads(event, event.view);
            same(event, view, event.op, event.checksum);
        }
        for (const LogEntry& entry : event.log)
            same(event, view, entry.op, entry.checksum);
    }

private:
    struct View {
        NodeId leader = no_node;
        OpMap<Digest> log;
    };

    /// Most events are of the view that the one before them was of.
    View& view_of(ViewNumber number) {
        if (last_ == nullptr || last_number_ != number) {
            last_ = &views_[number];
            last_number_ = number;
        }
        return *last_;
    }

    void leads(const ProtocolEvent& event, ViewNumber of) {
        View& view = view_of(of);
        if (view.leader == no_node) view.leader = event.node;
        if (judge(view.leader == event.node)) return;
        alarm(event, fmt::format("leads view {}, as another one does", view_text(of)));
    }

    void same(const ProtocolEvent& event, View& view, LogIndex op, const Digest& checksum) {
        const auto [known, is_new] = view.log.try_emplace(op, checksum);
        if (is_new) return;
        if (!judge(known->second == checksum))
            alarm(
                event,
                fmt::format("has another op {} than others in view {}", op, view_text(event.view)));
    }

    std::map<ViewNumber, View> views_;
    View* last_ = nullptr; ///< that was looked for
    ViewNumber last_number_ = 0;
};

} // namespace

std::unique_ptr<Rule> one_log_per_view() {
    return std::make_unique<OneLogPerView>();
}

} // namespace faultlab::monitors
