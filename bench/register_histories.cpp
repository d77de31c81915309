#include "bench/register_histories.hpp"

#include "core/rng.hpp"

#include <algorithm>
#include <deque>
#include <vector>

namespace faultlab {
namespace {

class Generator {
public:
    Generator(const RegisterShape& shape, std::uint64_t seed) : shape_(shape), rng_(seed) {
        builder_.reserve(static_cast<std::size_t>(shape.keys) *
                         static_cast<std::size_t>(shape.ops_per_key));
        read_ = builder_.intern_text("read");
        write_ = builder_.intern_text("write");
        cas_ = builder_.intern_text("cas");
        yes_ = builder_.intern(true);
        no_ = builder_.intern(false);
        for (int v = 0; v < shape.values; ++v)
            known_.push_back({.symbol = builder_.intern(v + 1), .number = v + 1});
    }

    History run() {
        for (int key = 0; key < shape_.keys; ++key)
            one_key(key);
        return builder_.build();
    }

private:
    struct Known {
        Symbol symbol = 0; ///< 0 and 0: absent
        std::int64_t number = 0;
    };

    /// An operation on its way into the history, which wants them in order of invocation.
    struct Underway {
        InternedOp op;
        Known from, to;
        std::int64_t from_version = 0;
        bool over = false;
    };

    struct Past {
        Known known;
        Symbol read = 0; ///< what a read returns
        Index until = 0;
    };

    struct Client {
        std::size_t op = 0;        ///< counted over the key
        std::int32_t process = -1; ///< another after an operation of unknown outcome; -1: none yet
        bool busy = false;
        bool applied = false;
    };

    void one_key(int key) {
        value_ = {};
        version_ = 0;
        told_ = versioned_ ? pair_of(value_, 0) : 0;
        past_.clear();
        key_ = builder_.intern("k" + std::to_string(key));
        flushed_ = 0;
        const auto end = static_cast<std::size_t>(shape_.ops_per_key);
        std::vector<Client> clients(static_cast<std::size_t>(shape_.clients));
        std::size_t busy = 0;
        const auto start = [&](Client& client) {
            if (flushed_ + underway_.size() >= end) return;
            if (client.process < 0) client.process = processes_++;
            invoke(client.process);
            client = {
                .op = flushed_ + underway_.size() - 1, .process = client.process, .busy = true};
            ++busy;
        };
        while (flushed_ + underway_.size() < end || busy > 0) {
            Client& client = clients[rng_.below(clients.size())];
            if (!client.busy) {
                // Two of three turns are spent busy where the third one always starts anew.
                if (shape_.busy_percent > 66 || rng_.chance(shape_.busy_percent, 140))
                    start(client);
            } else if (!client.applied) {
                apply(underway_[client.op - flushed_]);
                client.applied = true;
            } else {
                finish(underway_[client.op - flushed_],
                       key + 1 == shape_.keys && client.op > end - end / 10);
                if (underway_[client.op - flushed_].op.status == OpStatus::info)
                    client.process = -1;
                client.busy = false;
                --busy;
                if (shape_.busy_percent > 66 && rng_.chance(3, 4)) start(client);
            }
            flush();
        }
    }

    Known some_value() {
        if (shape_.values > 0) return known_[rng_.below(known_.size())];
        const std::int64_t number = ++unique_;
        return {.symbol = builder_.intern_new(number), .number = number};
    }

    static Value value_of(const Known& known) {
        return known.symbol == 0 ? Value{} : Value(known.number);
    }

    /// What a register with versions tells of itself.
    Symbol pair_of(const Known& known, std::int64_t version) {
        return builder_.intern_new(Value::List{value_of(known), version});
    }

    /// Equal pairs may come again only where values do.
    Symbol pair_of(const Known& from, const Known& to) {
        Value pair = Value::List{value_of(from), value_of(to)};
        return shape_.values > 0 ? builder_.intern(pair) : builder_.intern_new(std::move(pair));
    }

    /// Times are indexes: only their order means something.
    void invoke(std::int32_t process) {
        Underway next;
        next.op = {.f = read_,
                   .key = key_,
                   .status = OpStatus::ok,
                   .process = process,
                   .client = process,
                   .inv_index = index_,
                   .t_due = index_,
                   .t_inv = index_};
        ++index_;
        const std::uint64_t draw = rng_.below(100);
        if (draw >= shape_.read_percent + shape_.cas_percent) {
            next.op.f = write_;
            next.to = some_value();
            next.op.arg = next.to.symbol;
        } else if (draw >= shape_.read_percent) {
            next.op.f = cas_;
            next.from = shape_.values > 0 ? some_value() : value_;
            next.to = some_value();
            next.from_version = version_;
            next.op.arg = versioned_ ? builder_.intern_new(Value::List{version_, value_of(next.to)})
                                     : pair_of(next.from, next.to);
        }
        if (rng_.chance(shape_.info_percent, 100)) next.op.status = OpStatus::info;
        underway_.push_back(next);
    }

    void apply(Underway& underway) {
        InternedOp& op = underway.op;
        if (op.status == OpStatus::info && rng_.chance(1, 2)) return;
        if (op.f == read_) {
            op.ret = versioned_ ? told_ : value_.symbol;
            return;
        }
        if (op.f == cas_) {
            const bool equal = versioned_ ? underway.from_version == version_
                                          : underway.from.symbol == value_.symbol;
            op.ret = equal ? yes_ : no_;
            if (!equal) {
                if (!shape_.strong_cas && op.status == OpStatus::ok) op.status = OpStatus::fail;
                return;
            }
        }
        // What was there long ago, or has not been there since.
        past_.push_back(
            {.known = value_, .read = versioned_ ? told_ : value_.symbol, .until = index_});
        if (past_.size() > 200) past_.pop_front();
        value_ = underway.to;
        if (!versioned_) return;
        told_ = pair_of(value_, ++version_);
        op.ret = told_;
    }

    void finish(Underway& underway, bool late) {
        const Index index = index_++;
        InternedOp& op = underway.op;
        underway.over = true;
        op.t_ret = index;
        if (op.status == OpStatus::info || op.status == OpStatus::fail) op.ret = 0;
        if (op.status != OpStatus::info) op.ret_index = index;
        if (!shape_.stale_read || !late || spoilt_ || op.f != read_ || op.ret == 0) return;
        if (op.status != OpStatus::ok) return;
        for (auto past = past_.begin(); past != past_.end() && past->until < op.inv_index; ++past) {
            const auto same = [&](const Past& later) {
                return later.known.symbol == past->known.symbol;
            };
            if (value_.symbol == past->known.symbol) continue;
            if (std::any_of(past + 1, past_.end(), same)) continue;
            op.ret = past->read;
            spoilt_ = true;
            return;
        }
    }

    void flush() {
        for (; !underway_.empty() && underway_.front().over; underway_.pop_front(), ++flushed_)
            builder_.add(underway_.front().op);
    }

    const RegisterShape& shape_;
    Rng rng_;
    HistoryBuilder builder_;
    Symbol read_ = 0, write_ = 0, cas_ = 0, yes_ = 0, no_ = 0, key_ = 0;
    std::vector<Known> known_;
    std::deque<Underway> underway_;
    std::size_t flushed_ = 0; ///< of this key
    Index index_ = 0;
    std::int32_t processes_ = 0;
    bool versioned_ = shape_.model == "versioned-register";
    Known value_;
    std::int64_t version_ = 0;
    Symbol told_ = 0;       ///< the value and its version
    std::deque<Past> past_; ///< the values before it, oldest first
    std::int64_t unique_ = 0;
    bool spoilt_ = false;
};

} // namespace

History generate_registers(const RegisterShape& shape, std::uint64_t seed) {
    return Generator(shape, seed).run();
}

} // namespace faultlab
