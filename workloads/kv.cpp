// Kv: all that a map can do, on families of keys.
//
// Finds: what workload register finds, and additions and appends that are lost or done twice, keys
//   that come back after a delete, scans that miss or invent keys, and transactions of which a part
//   is seen, each as a violation of linearizability.
// How: keys come in families of a few, of which a window is in use at any moment, as in workload
//   register. Scans and transactions stay within one family, so that the families are judged one by
//   one. The keys of a family hold different things: values that are replaced, sums, and texts that
//   grow. On every node one worker only reads.
// Values: every written value is written once, every appended token appended once, so that what is
//   read tells who wrote it. The first value of some keys is 0 or "", which a system must not
//   confuse with a key that is absent.

#include "workloads/catalogue.hpp"
#include "workloads/generators.hpp"
#include "workloads/keyed.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

namespace faultlab {
namespace {

/// What operations there are, and how many of a hundred each is by default.
struct Share {
    const char* f;
    const char* fallback;
};
constexpr std::array shares = {Share{"read", "36"},
                               Share{"write", "16"},
                               Share{"cas", "14"},
                               Share{"add", "12"},
                               Share{"append", "8"},
                               Share{"delete", "2"},
                               Share{"scan", "5"},
                               Share{"txn", "7"}};

std::string option_of(const Share& share) {
    return std::string(share.f) + "-share";
}

/// What a key holds.
enum class Content : std::uint8_t { value, sum, text };

/// What the streams of one worker on its families have in common.
struct WorkerState {
    Rng rng;
    UniqueValues values;
    std::array<std::uint64_t, shares.size()> weights{};
    std::int64_t keys_each = 4;
    bool reads_only = false;
};

/// One worker's operations on one family of keys.
class Family : public Generator {
public:
    Family(std::shared_ptr<WorkerState> worker, std::int64_t number, bool starts_with_nothing)
        : worker_(std::move(worker)), number_(number), starts_with_nothing_(starts_with_nothing),
          seen_(static_cast<std::size_t>(worker_->keys_each)) {}

    Step next(const Moment& moment) override { return Emit{.op = draw(), .due = moment.now}; }

    void observe(const Invocation& op, const Completion& completion) override {
        const Done* done = std::get_if<Done>(&completion);
        if (done == nullptr || op.key.is_absent()) return;
        const bool compared_false = done->ret.boolean() != nullptr && !*done->ret.boolean();
        auto& seen = seen_[asked_];
        if (op.f == "write") {
            seen = op.arg;
        } else if (op.f == "delete") {
            seen = Value{};
        } else if (op.f != "cas") {
            seen = done->ret;
        } else if (!compared_false) {
            seen = op.arg.list()->back();
        }
    }

private:
    [[nodiscard]] Value name(std::size_t key) const {
        return "k" + std::to_string(number_) + "." + static_cast<char>('a' + key);
    }
    /// The next name after all of this key, in order.
    [[nodiscard]] Value after(std::size_t key) const {
        return "k" + std::to_string(number_) + "." + static_cast<char>('a' + key + 1);
    }
    [[nodiscard]] Content content(std::size_t key) const {
        constexpr std::array all = {Content::value, Content::sum, Content::text, Content::value};
        return all[(static_cast<std::size_t>(number_) + key) % all.size()];
    }

    Invocation draw() {
        std::string f = draw_kind();
        asked_ = worker_->rng.below(seen_.size());
        if (f == "scan") return scan();
        if (f == "txn") return transaction();
        // An addition goes to a sum, an append to a text: elsewhere they would be refused.
        if (f == "add" && !turn_to(Content::sum)) f = "write";
        if (f == "append" && !turn_to(Content::text)) f = "write";
        // What was never seen cannot be compared: look first.
        if (f == "cas" && !seen_[asked_]) f = "read";
        Invocation op{.f = f, .key = name(asked_)};
        if (f == "write") op.arg = to_write(asked_);
        if (f == "cas") op.arg = Value::List{from(), to_write(asked_)};
        if (f == "add") op.arg = worker_->rng.between(1, 3);
        if (f == "append") op.arg = token();
        return op;
    }

    std::string draw_kind() {
        std::uint64_t total = 0;
        for (std::size_t i = 0; i < shares.size(); ++i)
            total += weight(i);
        std::uint64_t ticket = worker_->rng.below(total);
        std::size_t i = 0;
        for (; ticket >= weight(i); ++i)
            ticket -= weight(i);
        return shares[i].f;
    }
    [[nodiscard]] std::uint64_t weight(std::size_t i) const {
        const std::string_view f = shares[i].f;
        const bool reads = f == "read" || f == "scan";
        return reads || !worker_->reads_only ? worker_->weights[i] : 0;
    }

    /// Goes on from the drawn key to one that holds this. False when the family has none.
    bool turn_to(Content wanted) {
        for (std::size_t i = 0; i < seen_.size(); ++i) {
            if (content(asked_) == wanted) return true;
            asked_ = (asked_ + 1) % seen_.size();
        }
        return false;
    }

    /// Half of the scans are of the whole family.
    Invocation scan() {
        std::size_t first = asked_;
        std::size_t last = worker_->rng.below(seen_.size());
        if (worker_->rng.chance(1, 2)) {
            first = 0;
            last = seen_.size() - 1;
        }
        return {.f = "scan",
                .arg = Value::List{name(std::min(first, last)), after(std::max(first, last))}};
    }

    /// Up to three keys; one in three only reads.
    Invocation transaction() {
        std::vector<std::size_t> keys(seen_.size());
        std::iota(keys.begin(), keys.end(), std::size_t{0});
        const std::size_t wanted = std::min<std::size_t>(2 + worker_->rng.below(2), keys.size());
        const bool reads_only = worker_->rng.chance(1, 3);
        Value::Transaction steps;
        for (std::size_t i = 0; i < wanted; ++i) {
            std::swap(keys[i], keys[i + worker_->rng.below(keys.size() - i)]);
            const Value key = name(keys[i]);
            const bool read = reads_only || worker_->rng.chance(1, 3);
            if (!read && content(keys[i]) == Content::text) {
                steps.push_back({"append", key, token()});
            } else if (!read) {
                steps.push_back({"w", key, to_write(keys[i])});
            }
            // What an append made is read in the same transaction: an append itself answers
            // nothing.
            if (read || content(keys[i]) == Content::text) steps.push_back({"r", key, {}});
        }
        return {.f = "txn", .arg = std::move(steps)};
    }

    Value to_write(std::size_t key) {
        if (content(key) == Content::text)
            return std::exchange(starts_with_nothing_, false) ? Value("") : token();
        if (std::exchange(starts_with_nothing_, false)) return 0;
        // Sums start far apart, so that they tell what they started from.
        return worker_->values.draw() * (content(key) == Content::sum ? 1000 : 1);
    }
    Value token() { return std::to_string(worker_->values.draw()) + ";"; }

    /// What this worker last saw; once in ten times something else, so that a system that does not
    /// compare is found out.
    Value from() {
        if (!worker_->rng.chance(1, 10)) return *seen_[asked_];
        if (!seen_[asked_]->is_absent() && worker_->rng.chance(1, 2)) return {};
        return worker_->values.draw();
    }

    // Shared by the streams of one worker on all its families, used by its thread only.
    std::shared_ptr<WorkerState> worker_;
    std::int64_t number_;
    bool starts_with_nothing_;
    std::size_t asked_ = 0; ///< the key of the last operation that has one
    std::vector<std::optional<Value>> seen_;
};

/// The stream of one worker, which is the `context.worker`-th of its kind.
GeneratorPtr
make_stream(const Plan& plan, const StreamContext& context, std::int32_t writers, bool reads_only) {
    const Rng rng(context.seed);
    WorkerState state{.rng = rng.split("operations"),
                      .values = {.next = context.worker + 1, .stride = writers},
                      .keys_each = integer_option(plan.options, "keys-together"),
                      .reads_only = reads_only};
    for (std::size_t i = 0; i < shares.size(); ++i) {
        state.weights[i] =
            static_cast<std::uint64_t>(integer_option(plan.options, option_of(shares[i])));
    }
    const auto shared = std::make_shared<WorkerState>(state);
    return independent_keys(key_turnover(plan, state.keys_each),
                            rng.split("slots"),
                            [shared, context, writers](std::int64_t number) {
                                // Of every third family, one worker writes 0 or "" first.
                                const bool nothing =
                                    number % 3 == 0 && number / 3 % writers == context.worker;
                                return std::make_unique<Family>(shared, number, nothing);
                            });
}

class KvWorkload : public Workload {
public:
    [[nodiscard]] std::vector<OptionSpec> options() const override {
        std::vector<OptionSpec> all = key_options();
        all.push_back({.name = "keys-together",
                       .fallback = "4",
                       .help = "keys of a family, within which scans and transactions stay",
                       .range = {{1, 25}}});
        for (const Share& share : shares) {
            const bool read = std::string_view(share.f) == "read";
            all.push_back({.name = option_of(share),
                           .fallback = share.fallback,
                           .help = std::string("how many of the operations are ") + share.f +
                                   ", in proportion to the other shares",
                           .range = {{read ? 1 : 0, 1000}}});
        }
        return all;
    }

    [[nodiscard]] std::vector<std::string> operations(const Options& options) const override {
        std::vector<std::string> kinds;
        for (const Share& share : shares) {
            if (integer_option(options, option_of(share)) > 0) kinds.emplace_back(share.f);
        }
        return kinds;
    }

    [[nodiscard]] GeneratorPtr body(const Plan& plan, const StreamContext& context) const override {
        return readers_and_writers(
            plan,
            context,
            [&plan](const StreamContext& range, std::int32_t writers, bool reads_only) {
                return make_stream(plan, range, writers, reads_only);
            });
    }

    [[nodiscard]] GeneratorPtr final_reads(const Plan&,
                                           const StreamContext& context,
                                           std::span<const Value> keys) const override {
        return final_key_reads(context, keys);
    }

    [[nodiscard]] std::vector<CheckerRequest> checkers(const Options&) const override {
        return {{.name = "linearizability", .options = {{"model", "kv"}}}};
    }
};

} // namespace

std::unique_ptr<Workload> make_kv_workload() {
    return std::make_unique<KvWorkload>();
}

} // namespace faultlab
