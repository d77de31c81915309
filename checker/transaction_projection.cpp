#include "checker/transaction_projection.hpp"

#include "checker/register_candidates.hpp"
#include "checker/register_judge.hpp"
#include "checker/register_model.hpp"

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace faultlab {
namespace {

/// What one transaction did to one register.
struct Touch {
    const Value* key = nullptr;
    const Value* read = nullptr;    ///< what was there before; null: not known
    const Value* written = nullptr; ///< what was there afterwards; null: it did not write
};

/// What a transaction did to each register, and whether it read its own writes.
class Touches {
public:
    Touches(const History& history, const ProjectionRules& rules)
        : history_(history), rules_(rules) {}

    const std::vector<Touch>& of(const ObjectOp& op) {
        touches_.clear();
        consistent_ = true;
        const Symbol told = op.result == no_result ? op.arg : op.result;
        for (const MicroOp& step : *history_.value(told).transaction())
            add(step, op.result != no_result || !rules_.open_reads);
        return touches_;
    }
    [[nodiscard]] bool consistent() const { return consistent_; }

private:
    void add(const MicroOp& step, bool reads_known) {
        const bool writes = step.f == "w";
        if (!writes && !reads_known) return;
        auto at =
            std::ranges::find_if(touches_, [&](const Touch& t) { return *t.key == step.key; });
        if (at == touches_.end()) at = touches_.insert(at, Touch{.key = &step.key});
        if (writes) {
            if (at->written == nullptr || rules_.last_write) at->written = &step.value;
            return;
        }
        const Value*& expected =
            at->written != nullptr && rules_.own_writes ? at->written : at->read;
        if (expected == nullptr)
            expected = &step.value;
        else if (*expected != step.value)
            consistent_ = false;
    }

    const History& history_;
    const ProjectionRules& rules_;
    std::vector<Touch> touches_; ///< few
    bool consistent_ = true;
};

/// The operations on one register.
struct Projection {
    std::vector<RegisterOp> ops;
    std::unordered_map<Value, ValueId, ValueHash> numbers;

    ValueId number(const Value& value) {
        if (value.is_absent()) return 0;
        const auto next = static_cast<ValueId>(numbers.size() + 1);
        return numbers.try_emplace(value, next).first->second;
    }

    void add(const ObjectOp& op, const Touch& touch) {
        RegisterOp projected{.id = op.id, .inv = op.inv, .ret = op.ret};
        if (touch.written == nullptr) {
            projected.value = number(*touch.read);
        } else {
            projected.action = touch.read == nullptr ? RegisterAction::write : RegisterAction::cas;
            projected.value = number(*touch.written);
            if (touch.read != nullptr) projected.from = number(*touch.read);
        }
        ops.push_back(projected);
    }
};

Judgement illegal(std::vector<OpId> ops, OpId observer) {
    std::ranges::sort(ops);
    return {.verdict = Verdict::invalid,
            .method = "registers one by one",
            .certificate = Certificate{
                .ops = std::move(ops),
                .rule = "no order of these transactions explains what they saw of one register",
                .observer = observer}};
}

/// A value of a register.
struct Content {
    const Value* key = nullptr;
    const Value* value = nullptr;
    friend bool operator==(const Content& a, const Content& b) {
        return *a.key == *b.key && *a.value == *b.value;
    }
};
struct ContentHash {
    std::size_t operator()(const Content& content) const {
        return content.key->hash() * 0x9E3779B97F4A7C15U ^ content.value->hash();
    }
};

/// Judges the registers in the order in which they were first touched.
class RegisterByRegister {
public:
    RegisterByRegister(const ObjectPartition& partition,
                       const Budget& budget,
                       const ProjectionRules& rules)
        : partition_(partition), budget_(budget), touches_(partition.history, rules) {}

    std::optional<Judgement> run(bool quick) {
        for (const ObjectOp& op : partition_.ops) {
            const auto& touches = touches_.of(op);
            if (!touches_.consistent()) return with_writers(illegal({op.id}, op.id));
            for (const Touch& touch : touches) {
                const auto next = numbers_.size();
                const auto at = numbers_.try_emplace(*touch.key, next).first->second;
                if (at == projections_.size()) projections_.emplace_back();
                projections_[at].add(op, touch);
            }
        }
        for (const Projection& projection : projections_) {
            auto found = quick ? by_blocks(projection) : by_any_way(projection);
            if (found) return with_writers(std::move(*found));
        }
        return std::nullopt;
    }

private:
    /// Adds to a certificate all that wrote what is read in it, so that none is without support.
    Judgement with_writers(Judgement judgement) {
        std::unordered_map<Content, std::vector<const ObjectOp*>, ContentHash> writers;
        std::unordered_map<OpId, const ObjectOp*> by_id;
        for (const ObjectOp& op : partition_.ops) {
            by_id[op.id] = &op;
            for (const Touch& touch : touches_.of(op)) {
                if (touch.written != nullptr) writers[{touch.key, touch.written}].push_back(&op);
            }
        }
        std::vector<OpId>& cited = judgement.certificate->ops;
        std::unordered_set<OpId> known(cited.begin(), cited.end());
        for (std::size_t next = 0; next < cited.size(); ++next) {
            for (const Touch& touch : touches_.of(*by_id.at(cited[next]))) {
                if (touch.read == nullptr) continue;
                const auto found = writers.find({touch.key, touch.read});
                if (found == writers.end()) continue;
                for (const ObjectOp* writer : found->second) {
                    if (known.insert(writer->id).second) cited.push_back(writer->id);
                }
            }
        }
        std::ranges::sort(cited);
        return judgement;
    }

    std::optional<Judgement> by_blocks(const Projection& projection) {
        switch (blocks_.judge(projection.ops)) {
            case RegisterBlocks::Answer::legal: return std::nullopt;
            case RegisterBlocks::Answer::illegal: return cited(projection, blocks_.certificate());
            case RegisterBlocks::Answer::not_applicable: break;
        }
        const auto found = find_without_writer(projection.ops);
        if (!found) return std::nullopt;
        if (found->shows_another == WithoutWriter::nobody)
            return cited(projection, {found->observer});
        return cited(projection, {found->shows_another, found->observer});
    }

    std::optional<Judgement> by_any_way(const Projection& projection) {
        const RegisterJudgement judgement = judge_.judge(projection.ops, budget_);
        if (judgement.verdict != Verdict::invalid) return std::nullopt;
        if (!judgement.certificate.empty()) return cited(projection, judgement.certificate);
        // The search says when it was over, not why.
        std::vector<OpId> all;
        for (const RegisterOp& op : projection.ops)
            all.push_back(op.id);
        return illegal(std::move(all), judgement.search.stopped_at);
    }

    static Judgement cited(const Projection& projection,
                           const std::vector<std::uint32_t>& certificate) {
        std::vector<OpId> ops;
        const RegisterOp* last = nullptr;
        for (const std::uint32_t i : certificate) {
            const RegisterOp& op = projection.ops[i];
            ops.push_back(op.id);
            if (op.definite() && (last == nullptr || op.ret > last->ret)) last = &op;
        }
        return illegal(std::move(ops), last == nullptr ? -1 : last->id);
    }

    const ObjectPartition& partition_;
    const Budget& budget_;
    Touches touches_;
    std::unordered_map<Value, std::size_t, ValueHash> numbers_; ///< of registers
    std::vector<Projection> projections_;
    RegisterBlocks blocks_;
    RegisterJudge judge_;
};

} // namespace

std::optional<Judgement> refute_by_registers(const ObjectPartition& partition,
                                             const Budget& budget,
                                             bool quick,
                                             const ProjectionRules& rules) {
    return RegisterByRegister(partition, budget, rules).run(quick);
}

void support_transactions(const ObjectPartition& all, std::vector<bool>& kept) {
    constexpr ProjectionRules rules;
    Touches touches(all.history, rules);
    std::unordered_map<Content, std::vector<std::size_t>, ContentHash> readers;
    for (std::size_t i = 0; i < all.ops.size(); ++i) {
        if (!kept[i]) continue;
        for (const Touch& touch : touches.of(all.ops[i])) {
            if (touch.read != nullptr) readers[{touch.key, touch.read}].push_back(i);
        }
    }
    std::vector<std::size_t> gone;
    for (std::size_t i = 0; i < all.ops.size(); ++i) {
        if (!kept[i]) gone.push_back(i);
    }
    while (!gone.empty()) {
        const std::size_t i = gone.back();
        gone.pop_back();
        for (const Touch& touch : touches.of(all.ops[i])) {
            if (touch.written == nullptr) continue;
            const auto found = readers.find({touch.key, touch.written});
            if (found == readers.end()) continue;
            for (const std::size_t reader : found->second) {
                if (kept[reader]) gone.push_back(reader);
                kept[reader] = false;
            }
            readers.erase(found);
        }
    }
}

} // namespace faultlab
