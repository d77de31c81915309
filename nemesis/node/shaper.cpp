#include "nemesis/node/shaper.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace faultlab::node {
namespace {

Nanos monotonic_now() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * second + now.tv_nsec;
}

std::uint32_t address_of(const std::string& text) {
    in_addr address{};
    if (::inet_pton(AF_INET, text.c_str(), &address) != 1)
        throw std::runtime_error(fmt::format("'{}' is no IPv4 address", text));
    return address.s_addr;
}

int checked(int descriptor, const char* what) {
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), what);
    return descriptor;
}

void watch(int events, int descriptor) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
    checked(::epoll_ctl(events, EPOLL_CTL_ADD, descriptor, &event), "epoll");
}

} // namespace

Shaper::Shaper(const ShaperSpec& spec)
    : effects_(spec.effects), mends_checksums_(spec.mends_checksums),
      queue_({.number = spec.queue,
              .whole_packets = spec.effects.needs_content(),
              .joined = !spec.effects.counts_packets()}) {
    const Rng rng(spec.seed);
    for (const std::string& from : spec.from) {
        const Rng stream = rng.split(fmt::format("{}>{}", from, spec.to));
        links_.emplace(address_of(from), Link{.model = LinkModel(effects_, stream)});
    }
    timer_ = checked(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timer");
    events_ = checked(::epoll_create1(EPOLL_CLOEXEC), "epoll");
    watch(events_, timer_);
    watch(events_, queue_.descriptor());
    if (effects_.duplicate > 0)
        raw_ = checked(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW), "raw socket");
}

Shaper::~Shaper() {
    for (const int descriptor : {timer_, events_, raw_}) {
        if (descriptor >= 0) ::close(descriptor);
    }
}

void Shaper::work() {
    constexpr int most_at_once = 64; // so that what is due does not wait behind a flood
    std::uint64_t expirations = 0;
    [[maybe_unused]] const auto size = ::read(timer_, &expirations, sizeof(expirations));
    queue_.take(most_at_once, [this](const PacketQueue::Packet& packet) { receive(packet); });
    deliver_due();
    set_timer();
}

void Shaper::receive(const PacketQueue::Packet& packet) {
    const auto link = links_.find(source_of(packet.bytes));
    if (link == links_.end()) return queue_.pass(packet.id);
    ++packets_;
    bytes_ += packet.size;
    receive_on(link->second, packet);
}

void Shaper::receive_on(Link& link, const PacketQueue::Packet& packet) {
    const Nanos now = monotonic_now();
    const Fate fate = link.model.next(now, packet.size);
    if (fate.loss != Loss::none) {
        ++(fate.loss == Loss::lost ? lost_ : overflowed_);
        return queue_.drop(packet.id);
    }
    if (fate.waited > 0) ++waited_;
    Held held{.arrived = now, .number = ++link.arrived, .id = packet.id, .link = &link};
    if (fate.copy) {
        Held copy = held;
        copy.copy = true;
        copy.changed.assign(packet.bytes.begin(), packet.bytes.end());
        hold(std::move(copy), *fate.copy);
    }
    if (fate.corrupt) {
        held.changed.assign(packet.bytes.begin(), packet.bytes.end());
        if (flip_bit(held.changed, fate.corrupt_at, mends_checksums_)) ++corrupted_;
    }
    // Even what is due now: it must not overtake what is due already.
    hold(std::move(held), fate.deliver);
}

void Shaper::hold(Held held, Nanos due) {
    held.due = due;
    held.order = ordered_++;
    held_.push(std::move(held));
}

void Shaper::deliver_due() {
    while (!held_.empty()) {
        const Nanos now = monotonic_now();
        if (held_.top().due > now) return;
        deliver(held_.top(), now);
        held_.pop();
    }
}

void Shaper::deliver(const Held& held, Nanos now) {
    if (held.copy) return deliver_copy(held);
    if (held.due > held.arrived) {
        delays_[static_cast<std::size_t>(delayed_) % delays_.size()] = now - held.arrived;
        ++delayed_;
    }
    if (held.number < held.link->newest_delivered) ++reordered_;
    held.link->newest_delivered = std::max(held.link->newest_delivered, held.number);
    if (held.changed.empty()) return queue_.pass(held.id);
    queue_.pass_changed(held.id, held.changed);
}

/// A verdict lets a packet in once. The second one is sent to this host itself: it comes in by the
/// loopback interface, where no rule of the fault looks.
void Shaper::deliver_copy(const Held& held) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = destination_of(held.changed);
    const auto sent = ::sendto(raw_,
                               held.changed.data(),
                               held.changed.size(),
                               MSG_DONTWAIT,
                               reinterpret_cast<const sockaddr*>(&to),
                               sizeof(to));
    ++(sent >= 0 ? duplicated_ : copies_refused_);
}

void Shaper::set_timer() {
    itimerspec when{};
    if (!held_.empty()) {
        const Nanos due = std::max<Nanos>(held_.top().due, 1); // 0 would stop it
        when.it_value = {.tv_sec = due / second, .tv_nsec = due % second};
    }
    ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
}

void Shaper::release_all() {
    for (; !held_.empty(); held_.pop())
        deliver(held_.top(), monotonic_now());
}

std::string Shaper::delays_text() const {
    const auto known = std::min(static_cast<std::size_t>(delayed_), delays_.size());
    if (known == 0) return "null";
    std::vector<Nanos> sorted(delays_.begin(),
                              delays_.begin() + static_cast<std::ptrdiff_t>(known));
    std::ranges::sort(sorted);
    const auto at = [&](std::size_t percent) {
        return sorted[(known - 1) * percent / 100] / microsecond;
    };
    return fmt::format(
        R"({{"p50":{},"p90":{},"p99":{},"max":{}}})", at(50), at(90), at(99), at(100));
}

std::string Shaper::report() const {
    return fmt::format(R"({{"packets":{},"bytes":{},"lost":{},"overflowed":{},"delayed":{},)"
                       R"("waited":{},"duplicated":{},"reordered":{},"corrupted":{},)"
                       R"("copies_refused":{},"held":{},"delay_us":{}}})",
                       packets_,
                       bytes_,
                       lost_,
                       overflowed_,
                       delayed_,
                       waited_,
                       duplicated_,
                       reordered_,
                       corrupted_,
                       copies_refused_,
                       held_.size(),
                       delays_text());
}

} // namespace faultlab::node
