#include "simulator/model_checker/told.hpp"

namespace faultlab::simulator {

Told::Told(const ProtocolEvent& event)
    : event_(event), log_(event.log.begin(), event.log.end()), text_(event.text) {
    if (event.gauges != nullptr) gauges_ = *event.gauges;
    if (event.electorate != nullptr) electorate_ = *event.electorate;
    event_.log = {};
    event_.gauges = nullptr;
    event_.electorate = nullptr;
    event_.text = {};
    event_.survey = nullptr; // of the whole cluster: no replica tells it
}

ProtocolEvent Told::event() const {
    ProtocolEvent event = event_;
    event.log = log_;
    event.gauges = gauges();
    event.electorate = electorate_ ? &*electorate_ : nullptr;
    event.text = text_;
    return event;
}

} // namespace faultlab::simulator
