#include "tests/unit/checker/object_agreement.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace faultlab {
namespace {

class Comparison {
public:
    Comparison(const ObjectModel& model, ObjectAgreement& result)
        : model_(model), result_(result) {}

    void compare(const std::vector<Op>& ops) {
        const bool expected = brute_force_object(ops, model_.name());
        ++(expected ? result_.valid : result_.invalid);
        const History history = to_history(ops);
        std::vector<OpId> ids;
        for (const Op& op : ops)
            ids.push_back(op.id);
        const auto read = read_object_ops(history, ids, model_);
        if (!read) return complain("not read: " + read.error().message, ops);
        Verdict verdict = Verdict::valid;
        std::string doubtful;
        for (const auto& part : model_.partitions(history, *read)) {
            const ObjectPartition partition{.history = history, .ops = part};
            const Judgement judgement =
                model_.judge(partition, Budget{}, {.witness = true, .explanation = true});
            verdict = worst(verdict, judgement.verdict);
            if (judgement.configurations > 0) ++result_.by_search;
            if (doubtful.empty()) doubtful = doubt(partition, judgement);
        }
        if (verdict != (expected ? Verdict::valid : Verdict::invalid)) {
            complain(std::string("judged ") + std::string(to_string(verdict)), ops);
        } else if (!doubtful.empty()) {
            complain(doubtful, ops);
        }
    }

private:
    [[nodiscard]] std::string doubt(const ObjectPartition& partition,
                                    const Judgement& judgement) const {
        if (judgement.verdict == Verdict::valid) {
            return object_order_is_legal(model_, partition, judgement.order)
                       ? ""
                       : "the witness is none";
        }
        if (!judgement.certificate || judgement.divergence < 0) return "no certificate";
        if (judgement.certificate->minimal != is_minimal(partition, judgement))
            return "the certificate is wrongly said to be minimal, or not to be";
        return object_certificate_is_illegal(
                   model_, partition, judgement.certificate->ops, judgement.divergence)
                   ? ""
                   : "the certificate is legal";
    }

    /// Minimal is said of every model whose operations can go one by one, and of a lock where each
    /// can go with its acquire or its release; else where none of them can, and no two.
    [[nodiscard]] bool is_minimal(const ObjectPartition& partition,
                                  const Judgement& judgement) const {
        const History& history = partition.history;
        const Index end = history.ret_index()[static_cast<std::size_t>(judgement.divergence)];
        if (model_.name() != "mutex" || in_pairs(object_prefix(partition.ops, end))) return true;
        std::vector<Op> cited;
        for (const OpId id : judgement.certificate->ops) {
            cited.push_back(history.op(id));
            if (cited.back().ret_index > end) cited.back().status = OpStatus::open;
        }
        for (const Op& a : cited) {
            for (const Op& b : cited) {
                std::vector<Op> rest = cited;
                std::erase_if(rest, [&](const Op& op) { return op.id == a.id || op.id == b.id; });
                if (!brute_force_object(rest, model_.name())) return false;
            }
        }
        return true;
    }

    [[nodiscard]] static bool in_pairs(const std::vector<ObjectOp>& ops) {
        std::map<Symbol, const ObjectOp*> last;
        return std::ranges::all_of(ops, [&](const ObjectOp& op) {
            const ObjectOp* before = std::exchange(last[op.arg], &op);
            const bool turn = before == nullptr ? op.f == 0 : op.f != before->f;
            return op.arg != 0 && op.definite() && turn &&
                   (before == nullptr || before->ret < op.inv);
        });
    }

    void complain(const std::string& what, const std::vector<Op>& ops) {
        if (result_.disagreements++ == 0) result_.first = what + print_ops(ops);
    }

    const ObjectModel& model_;
    ObjectAgreement& result_;
};

} // namespace

std::string print_ops(const std::vector<Op>& ops) {
    std::string text;
    for (const Op& op : ops) {
        text += "\n" + std::to_string(op.id) + " [" + std::to_string(op.inv_index) + ", " +
                (op.ret_index == never ? "never" : std::to_string(op.ret_index)) + "] " + op.f +
                " " + to_text(op.arg) + " -> " + to_text(op.ret) + " " +
                std::string(to_string(op.status));
    }
    return text;
}

std::vector<RandomObjectOptions> object_histories(std::string_view model) {
    std::vector<RandomObjectOptions> all;
    for (const std::uint64_t info : {0U, 10U, 30U, 60U, 100U}) {
        for (const bool unique : {false, true}) {
            for (const bool mixed : {false, true}) {
                for (const bool whole : {false, true}) {
                    if (whole && model != "set") continue;
                    all.push_back({.model = model,
                                   .processes = mixed ? 4 : 3,
                                   .info_percent = info,
                                   .unique_values = unique,
                                   .whole = whole,
                                   .mixed = mixed,
                                   .owners = unique,
                                   .negative = mixed});
                }
            }
        }
    }
    return all;
}

ObjectAgreement compare_object(std::string_view model, int histories, std::uint64_t seed) {
    ObjectAgreement result;
    Comparison comparison(*find_object_model(model), result);
    const Rng root(seed);
    int number = 0;
    for (const RandomObjectOptions& options : object_histories(model)) {
        Rng rng = root.split(std::to_string(number++));
        for (int i = 0; i < histories; ++i)
            comparison.compare(random_object_operations(rng, options));
    }
    return result;
}

} // namespace faultlab
