#include "core/history.hpp"

#include "core/check.hpp"

#include <utility>

namespace faultlab {

std::span<const OpId> History::ops_of_key(std::size_t i) const {
    FAULTLAB_CHECK(i < keys_.size());
    return std::span(key_ops_).subspan(key_start_[i], key_start_[i + 1] - key_start_[i]);
}

Op History::op(OpId id) const {
    const auto i = static_cast<std::size_t>(id);
    FAULTLAB_CHECK(i < size());
    return Op{.id = id,
              .process = process_[i],
              .client = client_[i],
              .node = node_[i],
              .f = texts_[f_[i]],
              .key = values_[key_[i]],
              .arg = values_[arg_[i]],
              .ret = values_[ret_[i]],
              .inv_index = inv_index_[i],
              .ret_index = ret_index_[i],
              .t_due = t_due_[i],
              .t_inv = t_inv_[i],
              .t_ret = t_ret_[i],
              .status = status_[i],
              .error = texts_[error_[i]]};
}

HistoryBuilder::HistoryBuilder() {
    intern(Value{});
    intern_text("");
}

void HistoryBuilder::add(const Op& op) {
    add(InternedOp{.f = intern_text(op.f),
                   .key = intern(op.key),
                   .arg = intern(op.arg),
                   .ret = intern(op.ret),
                   .error = intern_text(op.error),
                   .status = op.status,
                   .process = op.process,
                   .client = op.client,
                   .node = op.node,
                   .inv_index = op.inv_index,
                   .ret_index = op.ret_index,
                   .t_due = op.t_due,
                   .t_inv = op.t_inv,
                   .t_ret = op.t_ret});
}

void HistoryBuilder::add(const InternedOp& op) {
    History& h = history_;
    FAULTLAB_CHECK(h.inv_index_.empty() || h.inv_index_.back() < op.inv_index);
    FAULTLAB_CHECK(op.inv_index < op.ret_index);
    const bool closed = op.status == OpStatus::ok || op.status == OpStatus::fail;
    FAULTLAB_CHECK(closed == (op.ret_index != never));
    h.f_.push_back(op.f);
    h.key_.push_back(op.key);
    h.arg_.push_back(op.arg);
    h.ret_.push_back(op.ret);
    h.error_.push_back(op.error);
    h.status_.push_back(op.status);
    h.inv_index_.push_back(op.inv_index);
    h.ret_index_.push_back(op.ret_index);
    h.t_due_.push_back(op.t_due);
    h.t_inv_.push_back(op.t_inv);
    h.t_ret_.push_back(op.t_ret);
    h.process_.push_back(op.process);
    h.client_.push_back(op.client);
    h.node_.push_back(op.node);
}

void HistoryBuilder::complete(OpId op, const InternedReturn& returned) {
    History& h = history_;
    const auto i = static_cast<std::size_t>(op);
    FAULTLAB_CHECK(i < h.size());
    FAULTLAB_CHECK(h.status_[i] == OpStatus::open);
    FAULTLAB_CHECK(h.inv_index_[i] < returned.ret_index);
    const bool closed = returned.status == OpStatus::ok || returned.status == OpStatus::fail;
    FAULTLAB_CHECK(closed == (returned.ret_index != never));
    h.status_[i] = returned.status;
    h.ret_[i] = returned.ret;
    h.error_[i] = returned.error;
    h.ret_index_[i] = returned.ret_index;
    h.t_ret_[i] = returned.t_ret;
}

void HistoryBuilder::reserve(std::size_t ops) {
    History& h = history_;
    for (std::vector<Symbol>* column : {&h.f_, &h.key_, &h.arg_, &h.ret_, &h.error_})
        column->reserve(ops);
    for (std::vector<std::int64_t>* column :
         {&h.inv_index_, &h.ret_index_, &h.t_due_, &h.t_inv_, &h.t_ret_})
        column->reserve(ops);
    for (std::vector<std::int32_t>* column : {&h.process_, &h.client_, &h.node_})
        column->reserve(ops);
    h.status_.reserve(ops);
    h.values_.reserve(ops);
}

Symbol HistoryBuilder::intern_new(Value value) {
    history_.values_.push_back(std::move(value));
    return static_cast<Symbol>(history_.values_.size() - 1);
}

Symbol HistoryBuilder::intern(const Value& value) {
    const auto [it, added] =
        value_symbols_.try_emplace(value, static_cast<Symbol>(history_.values_.size()));
    if (added) history_.values_.push_back(value);
    return it->second;
}

Symbol HistoryBuilder::intern_text(std::string_view text) {
    if (const auto it = text_symbols_.find(text); it != text_symbols_.end()) return it->second;
    const auto symbol = static_cast<Symbol>(history_.texts_.size());
    text_symbols_.emplace(text, symbol);
    history_.texts_.emplace_back(text);
    return symbol;
}

History HistoryBuilder::build() {
    History& h = history_;
    // Counting sort of the operations by key, keys in order of first use.
    constexpr std::uint32_t unseen = UINT32_MAX;
    std::vector<std::uint32_t> rank(h.values_.size(), unseen);
    for (const Symbol key : h.key_) {
        if (rank[key] == unseen) {
            rank[key] = static_cast<std::uint32_t>(h.keys_.size());
            h.keys_.push_back(key);
        }
    }
    h.key_start_.assign(h.keys_.size() + 1, 0);
    for (const Symbol key : h.key_)
        ++h.key_start_[rank[key] + 1];
    for (std::size_t i = 1; i < h.key_start_.size(); ++i)
        h.key_start_[i] += h.key_start_[i - 1];
    std::vector<std::size_t> next(h.key_start_.begin(), h.key_start_.end());
    h.key_ops_.resize(h.size());
    for (std::size_t i = 0; i < h.size(); ++i) {
        h.key_ops_[next[rank[h.key_[i]]]++] = static_cast<OpId>(i);
    }
    History built = std::move(history_);
    *this = HistoryBuilder();
    return built;
}

} // namespace faultlab
