// faultlab-node shape: a helper that delays, drops, doubles, reorders, corrupts and slows down the
// packets that come to this host from others, where the kernel has no netem. It takes them from a
// queue of netfilter, to which a rule in the receiver's mangle PREROUTING hands them: at the
// sender's OUTPUT, TCP would be held back by its own small queues. The rule bypasses a queue that
// nobody serves: with the helper's death packets flow as if there were no fault.
#include "nemesis/node/helper_arguments.hpp"
#include "nemesis/node/helper_socket.hpp"
#include "nemesis/node/shaper.hpp"
#include "nemesis/node/tool.hpp"

#include <sched.h>
#include <sys/prctl.h>

#include <map>
#include <memory>

namespace faultlab::node {
namespace {

const std::map<std::string, Spread> spreads = {
    {"uniform", Spread::uniform}, {"normal", Spread::normal}, {"pareto", Spread::pareto}};

void add_effects(CLI::App& app, ShaperSpec& spec) {
    PacketEffects& effects = spec.effects;
    const auto add = [&](const char* name, std::int64_t& value, const char* help) {
        app.add_option(name, value, help)->check(CLI::NonNegativeNumber);
    };
    add("--delay-ns", effects.delay, "how much later packets come");
    add("--jitter-ns", effects.jitter, "how much the delay varies");
    app.add_option("--spread", effects.spread, "how it varies")
        ->transform(CLI::CheckedTransformer(spreads));
    add("--delay-correlation-ppm", effects.delay_correlation, "of successive delays");
    app.add_flag("!--any-order", effects.keeps_order, "packets may overtake others by jitter");
    add("--loss-ppm", effects.loss, "share of packets that are lost");
    add("--loss-correlation-ppm", effects.loss_correlation, "of successive losses");
    add("--burst-start-ppm", effects.burst_start, "how likely a burst of losses begins");
    add("--burst-stop-ppm", effects.burst_stop, "how likely it ends");
    add("--burst-loss-ppm", effects.burst_loss, "loss in a burst");
    add("--duplicate-ppm", effects.duplicate, "share of packets that come twice");
    add("--duplicate-correlation-ppm", effects.duplicate_correlation, "of successive ones");
    add("--reorder-ppm", effects.reorder, "share of packets that are held back");
    add("--reorder-correlation-ppm", effects.reorder_correlation, "of successive ones");
    add("--reorder-by-ns", effects.reorder_by, "how long they are held back");
    add("--corrupt-ppm", effects.corrupt, "share of packets with a flipped bit");
    add("--corrupt-correlation-ppm", effects.corrupt_correlation, "of successive ones");
    app.add_flag("--mend-checksums", spec.mends_checksums, "so that nobody sees it");
    add("--rate-bps", effects.rate, "bits a second");
    add("--queue-ns", effects.queue, "what would wait longer is dropped");
}

/// A processor as soon as a packet is due, where this user may have it, and exact timers.
void hurry() {
    const sched_param priority{.sched_priority = 1};
    ::sched_setscheduler(0, SCHED_FIFO, &priority);
    ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

} // namespace

int run_shape(std::span<char* const> arguments) {
    CLI::App app("a helper that delays, drops, doubles, reorders or corrupts packets");
    HelperAddress address;
    ShaperSpec spec;
    add_helper_address(app, address);
    app.add_option("--queue", spec.queue, "number of the netfilter queue")->required();
    app.add_option("--seed", spec.seed, "of all that is drawn");
    app.add_option("--to", spec.to, "this host's IPv4")->required();
    app.add_option("--from", spec.from, "IPv4 of a host whose packets are shaped")->required();
    add_effects(app, spec);
    if (const auto code = parse_arguments(app, arguments)) return *code;
    Shaper shaper(spec);
    return serve(address,
                 {.begin = hurry,
                  .report = [&] { return shaper.report(); },
                  .undo = [&] { shaper.release_all(); },
                  .work_descriptor = shaper.descriptor(),
                  .work = [&] { shaper.work(); }});
}

} // namespace faultlab::node
