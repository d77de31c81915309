#include "checker/register_blocks.hpp"

#include "core/check.hpp"

#include <algorithm>
#include <utility>

namespace faultlab {

void RegisterBlocks::clear() {
    clusters_.clear();
    cluster(0);
    open_cas_.clear();
    failed_cas_.clear();
    twice_[0] = twice_[1] = nobody;
    cas_kept_ = 0;
    cas_placed_ = 0;
    blocks_.clear();
    certificate_.clear();
    with_failed_.clear();
}

RegisterBlocks::Answer RegisterBlocks::judge(std::span<const RegisterOp> ops) {
    ops_ = ops;
    FAULTLAB_CHECK(ops.size() < nobody);
    clear();
    // Room that is not used is never touched; growing would copy all again.
    clusters_.reserve(ops.size() + 2);
    blocks_.reserve(ops.size() + 1);
    if (!collect()) return Answer::not_applicable;
    close_over_open_cas();
    bool unwritten = false;
    bool repeated = false;
    for (std::size_t v = 0; v < clusters_.size(); ++v) {
        const Cluster& c = clusters_[v];
        if (!c.observed) continue;
        unwritten |= c.writer == nobody && (v != 0 || !licences_.initial_is_written);
        repeated |= c.repeated;
    }
    if (unwritten) {
        cite_unwritten();
        return Answer::illegal;
    }
    if (repeated) return Answer::not_applicable;
    if (twice_[0] != nobody && licences_.consumes_once) {
        cite_consumers();
        return Answer::illegal;
    }
    if (!build_blocks() || !compare_blocks()) {
        finish_certificate();
        return Answer::illegal;
    }
    return place_failed_cas() ? Answer::legal : Answer::not_applicable;
}

RegisterBlocks::Cluster& RegisterBlocks::cluster(ValueId value) {
    if (value >= clusters_.size()) clusters_.resize(value + std::size_t{1});
    return clusters_[value];
}

/// One look at every operation.
bool RegisterBlocks::collect() {
    for (std::uint32_t i = 0; i < ops_.size(); ++i) {
        const RegisterOp& op = ops_[i];
        if (op.step != 0) return false;
        switch (op.action) {
            case RegisterAction::read:
                if (op.definite()) add_read(i, op.value);
                break;
            case RegisterAction::failed_cas:
                if (op.definite()) failed_cas_.push_back(i);
                break;
            case RegisterAction::write: add_update(i); break;
            case RegisterAction::cas:
                // One that leaves the value as it is is a read, or, open, nothing.
                if (op.from != op.value)
                    add_update(i);
                else if (op.definite())
                    add_read(i, op.value);
        }
    }
    return true;
}

void RegisterBlocks::add_read(std::uint32_t i, ValueId value) {
    Cluster& c = cluster(value);
    const RegisterOp& op = ops_[i];
    c.observed = true;
    c.last_read = i;
    c.last_invocation = op.inv;
    if (op.ret < c.first_return) {
        c.first_return = op.ret;
        c.first_read = i;
    }
}

void RegisterBlocks::add_update(std::uint32_t i) {
    const RegisterOp& op = ops_[i];
    Cluster& c = cluster(op.value);
    c.repeated |= c.writer != nobody || op.value == 0;
    c.writer = i;
    if (op.action != RegisterAction::cas) return;
    if (op.definite())
        consume(i);
    else
        open_cas_.push_back(i);
}

void RegisterBlocks::consume(std::uint32_t i) {
    Cluster& c = cluster(ops_[i].from);
    c.observed = true;
    ++cas_kept_;
    if (c.consumer != nobody && twice_[0] == nobody) {
        twice_[0] = c.consumer;
        twice_[1] = i;
    }
    c.consumer = i;
}

bool RegisterBlocks::kept(const RegisterOp& op) const {
    return op.definite() || clusters_[op.value].observed || !licences_.unseen_open_vanish;
}

/// An open update whose value nobody observed can be struck from every legal order: what comes
/// after it, up to the next update, did not see it. One whose value was observed did happen, when
/// it is the only writer, and so did what an open cas among these observed itself.
void RegisterBlocks::close_over_open_cas() {
    if (!licences_.open_cas_observes) return;
    for (std::uint32_t i : open_cas_) {
        // Up the chain, as far as it is news.
        while (i != nobody && !ops_[i].definite() && ops_[i].action == RegisterAction::cas) {
            Cluster& c = clusters_[ops_[i].value];
            if (!c.observed || c.repeated || c.closed) break;
            c.closed = true;
            consume(i);
            i = clusters_[ops_[i].from].writer;
        }
    }
}

bool RegisterBlocks::build_blocks() {
    if (clusters_[0].observed && !build_block(nobody)) return false;
    for (std::uint32_t i = 0; i < ops_.size(); ++i) {
        const RegisterOp& op = ops_[i];
        if (op.action == RegisterAction::write && kept(op) && !build_block(i)) return false;
    }
    if (cas_placed_ == cas_kept_ || !licences_.cycles_are_illegal) return true;
    cite_cycle();
    return false;
}

/// Inside a block the order is forced but for the reads of one value: of these, that of their
/// invocations does.
bool RegisterBlocks::build_block(std::uint32_t root) {
    Block block{.root = root};
    if (root == nobody)
        block.first_return = -1;
    else
        take(block, root);
    const Cluster* c = root == nobody ? clusters_.data() : &clusters_[ops_[root].value];
    while (c->observed) {
        if (c->first_read != nobody) {
            if (!take(block, c->first_read)) return false;
            if (c->last_invocation > block.last_invocation) {
                block.last_invocation = c->last_invocation;
                block.invoked_last = c->last_read;
            }
        }
        if (c->consumer == nobody) break;
        ++cas_placed_;
        if (!take(block, c->consumer)) return false;
        c = &clusters_[ops_[c->consumer].value];
    }
    blocks_.push_back(block);
    return true;
}

bool RegisterBlocks::take(Block& block, std::uint32_t i) {
    const RegisterOp& op = ops_[i];
    if (op.ret < block.last_invocation && licences_.chains_keep_time) {
        cite_chain(block.root, block.invoked_last, i);
        return false;
    }
    const Index ret = op.definite() || licences_.open_ops_stay_open ? op.ret : op.inv;
    if (ret < block.first_return) {
        block.first_return = ret;
        block.returns_first = i;
    }
    if (op.inv > block.last_invocation) {
        block.last_invocation = op.inv;
        block.invoked_last = i;
    }
    return true;
}

std::uint32_t RegisterBlocks::rank(const Block& block) const {
    if (block.returns_first == nobody) return 0;
    // Returns come soon after their invocations: double the step, then halve it.
    std::size_t low = block.returns_first;
    std::size_t step = 1;
    while (low + step < ops_.size() && ops_[low + step].inv < block.first_return) {
        low += step;
        step *= 2;
    }
    std::size_t high = std::min(low + step, ops_.size());
    while (high - low > 1) {
        const std::size_t middle = low + (high - low) / 2;
        (ops_[middle].inv < block.first_return ? low : high) = middle;
    }
    return static_cast<std::uint32_t>(high);
}

/// A longer cycle of blocks that must precede each other contains one of two: the block with the
/// least first return precedes all that must precede it. So it is enough to find, for each block B,
/// whether the block A that is invoked last among those with A before B has also B before A.
bool RegisterBlocks::compare_blocks() {
    first_at_.assign(ops_.size() + 1, nobody);
    ends_at_.assign(ops_.size(), nobody);
    next_at_.resize(blocks_.size());
    for (std::uint32_t b = 0; b < blocks_.size(); ++b) {
        std::uint32_t& first = first_at_[rank(blocks_[b])];
        next_at_[b] = first;
        first = b;
        if (blocks_[b].invoked_last != nobody) ends_at_[blocks_[b].invoked_last] = b;
    }
    std::uint32_t latest = nobody; // of the blocks that returned something: invoked last
    std::uint32_t runner_up = nobody;
    const auto end = [&](std::uint32_t b) { return b == nobody ? -1 : blocks_[b].last_invocation; };
    for (std::uint32_t i = 0; i < ops_.size(); ++i) {
        for (std::uint32_t b = first_at_[i]; b != nobody; b = next_at_[b]) {
            if (end(b) > end(latest)) {
                runner_up = latest;
                latest = b;
            } else if (end(b) > end(runner_up)) {
                runner_up = b;
            }
        }
        const std::uint32_t b = ends_at_[i];
        if (b == nobody) continue;
        const std::uint32_t a = latest == b ? runner_up : latest;
        if (end(a) <= blocks_[b].first_return || !licences_.blocks_keep_time) continue;
        for (const std::uint32_t both : {a, b}) {
            const Block& block = blocks_[both];
            cite_chain(block.root, block.returns_first, block.invoked_last);
        }
        return false;
    }
    return true;
}

std::uint32_t RegisterBlocks::node(std::uint32_t i) const {
    const RegisterOp& op = ops_[i];
    return op.updates() && op.from != op.value ? i : clusters_[op.value].writer;
}

/// The earliest observation of a value that nobody writes; an open cas that saw it is cited with
/// the observation by which it is known to have happened.
void RegisterBlocks::cite_unwritten() {
    const auto unwritten = [&](ValueId v) {
        return clusters_[v].writer == nobody && (v != 0 || !licences_.initial_is_written);
    };
    for (std::uint32_t i = 0; i < ops_.size(); ++i) {
        const RegisterOp& op = ops_[i];
        if (op.action == RegisterAction::failed_cas || op.action == RegisterAction::write) continue;
        if (!op.definite() && (op.from == op.value || !clusters_[op.value].observed)) continue;
        if (!op.definite() && clusters_[op.value].repeated) continue;
        if (!unwritten(op.action == RegisterAction::cas ? op.from : op.value)) continue;
        certificate_.push_back(i);
        finish_certificate();
        return;
    }
}

void RegisterBlocks::cite_consumers() {
    const std::uint32_t writer = clusters_[ops_[twice_[0]].from].writer;
    if (writer != nobody) certificate_.push_back(writer);
    certificate_.push_back(twice_[0]);
    certificate_.push_back(twice_[1]);
    finish_certificate();
}

/// A cas that no walk from a write came to: upstream of it the chain closes.
void RegisterBlocks::cite_cycle() {
    std::vector<bool> reached(clusters_.size());
    for (const Block& block : blocks_) {
        ValueId v = block.root == nobody ? 0 : ops_[block.root].value;
        for (; clusters_[v].observed; v = ops_[clusters_[v].consumer].value) {
            reached[v] = true;
            if (clusters_[v].consumer == nobody) break;
        }
    }
    for (std::size_t v = 0; v < clusters_.size(); ++v) {
        if (!clusters_[v].observed || clusters_[v].consumer == nobody || reached[v]) continue;
        const auto before = [&](ValueId value) {
            const std::uint32_t writer = clusters_[value].writer;
            FAULTLAB_CHECK(writer != nobody);
            FAULTLAB_CHECK(ops_[writer].action == RegisterAction::cas);
            return ops_[writer].from;
        };
        ValueId start = static_cast<ValueId>(v);
        for (std::size_t i = 0; i < clusters_.size(); ++i) // certainly on the cycle after so many
            start = before(start);
        ValueId at = start;
        do {
            certificate_.push_back(clusters_[at].writer);
            at = before(at);
        } while (at != start);
        return;
    }
}

void RegisterBlocks::cite_chain(std::uint32_t root, std::uint32_t a, std::uint32_t b) {
    // The initial value, which nobody wrote, is where its block begins.
    const std::uint32_t ends[2] = {a == nobody ? root : node(a), b == nobody ? root : node(b)};
    int met = 0;
    std::uint32_t at = root;
    while (true) {
        const int here = (ends[0] == at ? 1 : 0) + (ends[1] == at ? 1 : 0);
        met += here;
        if (at != nobody && (met > 0 || here > 0)) certificate_.push_back(at);
        if (met == 2) break;
        const ValueId value = at == nobody ? 0 : ops_[at].value;
        at = clusters_[value].consumer;
        FAULTLAB_CHECK(at != nobody);
    }
    for (const std::uint32_t i : {a, b}) {
        if (i != nobody) certificate_.push_back(i);
    }
}

/// Adds to each open operation the observations by which it is known to have happened.
void RegisterBlocks::finish_certificate() {
    for (std::size_t i = 0; i < certificate_.size(); ++i) {
        const RegisterOp& op = ops_[certificate_[i]];
        if (op.definite()) continue;
        const Cluster& c = clusters_[op.value];
        const std::uint32_t seen_by = c.first_read != nobody ? c.first_read : c.consumer;
        const bool cited = std::ranges::find(certificate_, seen_by) != certificate_.end();
        if (seen_by != nobody && !cited) certificate_.push_back(seen_by);
    }
    std::ranges::sort(certificate_);
    const auto rest = std::ranges::unique(certificate_);
    certificate_.erase(rest.begin(), rest.end());
}

/// By the earlier of first return and last invocation. If A must precede B and not B before A, then
/// A's is the earlier one: it is at most A's first return, which is before B's last invocation, and
/// A's last invocation is before B's first return.
std::vector<std::uint32_t> RegisterBlocks::order_of_blocks() const {
    std::vector<std::uint32_t> order(blocks_.size());
    for (std::uint32_t b = 0; b < order.size(); ++b)
        order[b] = b;
    std::ranges::sort(order, {}, [&](std::uint32_t b) {
        return std::min(blocks_[b].first_return, blocks_[b].last_invocation);
    });
    return order;
}

std::vector<std::uint32_t> RegisterBlocks::order_without_failed() const {
    std::vector<std::uint32_t> first(clusters_.size(), nobody); // read of a value, so far
    std::vector<std::uint32_t> next(ops_.size(), nobody);       // in order of invocation
    for (std::uint32_t i = static_cast<std::uint32_t>(ops_.size()); i-- > 0;) {
        const RegisterOp& op = ops_[i];
        const bool read = op.action == RegisterAction::read ||
                          (op.action == RegisterAction::cas && op.from == op.value);
        if (read && op.definite()) next[i] = std::exchange(first[op.value], i);
    }
    std::vector<std::uint32_t> order;
    order.reserve(ops_.size());
    for (const std::uint32_t b : order_of_blocks()) {
        const std::uint32_t root = blocks_[b].root;
        if (root != nobody) order.push_back(root);
        ValueId v = root == nobody ? 0 : ops_[root].value;
        while (clusters_[v].observed) {
            for (std::uint32_t i = first[v]; i != nobody; i = next[i])
                order.push_back(i);
            const std::uint32_t consumer = clusters_[v].consumer;
            if (consumer == nobody) break;
            order.push_back(consumer);
            v = ops_[consumer].value;
        }
    }
    return order;
}

/// Lets every operation of the order take effect as early as it can, and puts each failed cas
/// directly after its invocation, or as soon afterwards as the value is another. All these moments
/// are in one order of time, so the failed cas do not get into each other's way.
bool RegisterBlocks::place_failed_cas() {
    if (failed_cas_.empty() || !licences_.failed_cas_observe) return true;
    const std::vector<std::uint32_t> order = order_without_failed();
    const std::size_t n = order.size();
    std::vector<Index> moment(n);
    std::vector<ValueId> state(n);
    for (std::size_t j = 0; j < n; ++j) {
        const RegisterOp& op = ops_[order[j]];
        moment[j] = std::max(op.inv, j == 0 ? -1 : moment[j - 1]);
        state[j] = op.value;
    }
    std::vector<std::size_t> changes(n); // the next place where the value is another
    for (std::size_t j = n; j-- > 0;)
        changes[j] = j + 1 < n && state[j + 1] == state[j] ? changes[j + 1] : j + 1;
    struct Place {
        std::size_t after; ///< so many of the order
        Index moment;
        std::uint32_t op;
    };
    std::vector<Place> places;
    std::size_t past = 0; // so many of the order took effect before this invocation
    for (const std::uint32_t i : failed_cas_) {
        const RegisterOp& op = ops_[i];
        while (past < n && moment[past] < op.inv)
            ++past;
        Place place{.after = past, .moment = op.inv, .op = i};
        const ValueId at = past == 0 ? 0 : state[past - 1];
        if (at == op.from) {
            const std::size_t first_other = past == 0 ? 0 : changes[past - 1];
            const bool begins_other = past == 0 && n > 0 && state[0] == op.from;
            const std::size_t next = begins_other ? changes[0] : first_other;
            if (next >= n || moment[next] > op.ret) return false;
            place = {.after = next + 1, .moment = moment[next], .op = i};
        }
        places.push_back(place);
    }
    std::ranges::stable_sort(
        places, {}, [](const Place& p) { return std::pair(p.after, p.moment); });
    with_failed_.reserve(n + places.size());
    auto place = places.begin();
    for (std::size_t j = 0; j <= n; ++j) {
        for (; place != places.end() && place->after == j; ++place)
            with_failed_.push_back(place->op);
        if (j < n) with_failed_.push_back(order[j]);
    }
    return true;
}

std::vector<std::uint32_t> RegisterBlocks::witness() const {
    return failed_cas_.empty() ? order_without_failed() : with_failed_;
}

} // namespace faultlab
