#include "checker/kv_input.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>

namespace faultlab {
namespace {

/// What is known of each key and place before the search.
struct Noticed {
    std::vector<std::uint8_t> vague;    ///< by key: some update has an unknown result
    std::vector<std::uint8_t> differed; ///< by key: some operation saw that it is not some value
    std::vector<std::uint8_t> seen;     ///< by place: a definite operation found it
    std::vector<std::uint8_t> compared; ///< by place: the outcome of some operation depends on it

    Noticed(std::span<const KvOp> ops, const KvPlaces& places)
        : vague(places.keys()), differed(places.keys()), seen(places.size()),
          compared(places.size()) {
        for (const KvOp& op : ops) {
            for (const KvStep& step : op.steps)
                note(op, step, places);
        }
    }

    void note(const KvOp& op, const KvStep& step, const KvPlaces& places) {
        if (step.vague()) vague[step.key] = 1;
        if (step.action == KvAction::differ) differed[step.key] = 1;
        const bool looks = step.action == KvAction::observe || step.action == KvAction::compare ||
                           step.action == KvAction::differ;
        if (looks) compared[step.place] = 1;
        if (looks && step.action != KvAction::differ && op.definite()) seen[step.place] = 1;
        if (step.base == no_place) return;
        for (const PlaceId base : {step.base, step.or_absent ? places.absent(step.key) : step.base})
            compared[base] = seen[base] = 1;
    }

    /// Nothing can tell whether the key had a value that no operation compares with.
    [[nodiscard]] bool plain(KeyId key) const { return vague[key] == 0 && differed[key] == 0; }
};

/// Removes open updates that nobody can have noticed, as for a register (checker/search_input.cpp):
/// all that they leave is never seen, on keys where no operation depends on a value otherwise. An
/// open cas that leads to a value that was seen may have been needed, so what it compares with is
/// seen as well.
void drop_unnoticed(std::vector<KvOp>& ops, const KvPlaces& places) {
    Noticed noticed(ops, places);
    for (bool grown = true; grown;) {
        grown = false;
        for (const KvOp& op : ops) {
            const bool open_cas =
                !op.definite() && op.steps.size() == 2 && op.steps[0].action == KvAction::compare;
            if (!open_cas || noticed.seen[op.steps[1].place] == 0) continue;
            grown |= noticed.seen[op.steps[0].place] == 0;
            noticed.seen[op.steps[0].place] = 1;
        }
    }
    std::erase_if(ops, [&](const KvOp& op) {
        if (op.definite()) return false;
        return std::ranges::all_of(op.steps, [&](const KvStep& step) {
            if (!noticed.plain(step.key)) return false;
            return step.action != KvAction::write || noticed.seen[step.place] == 0;
        });
    });
}

/// Values of one key that no operation compares with become one, where none is the base of an
/// unknown result: no operation can tell their states apart. Marks the definite writes of such
/// values.
void merge_unseen(KvInput& input, const KvPlaces& places) {
    const Noticed noticed(input.ops, places);
    std::vector<PlaceId> stands_for(places.keys(), no_place);
    for (std::size_t i = 0; i < input.ops.size(); ++i) {
        KvOp& op = input.ops[i];
        bool merged = false;
        for (KvStep& step : op.steps) {
            if (!step.updates() || step.vague()) continue;
            if (noticed.vague[step.key] != 0 || noticed.compared[step.place] != 0) continue;
            PlaceId& common = stands_for[step.key];
            if (common == no_place) common = step.place;
            step.place = common;
            merged = true;
        }
        const bool lone_write = op.steps.size() == 1 && op.steps[0].action == KvAction::write;
        if (merged && lone_write && op.definite() && noticed.plain(op.steps[0].key))
            input.dead[i] = 1;
    }
}

void number_signatures(KvInput& input, bool symmetric) {
    std::unordered_map<std::string, std::uint32_t> numbers;
    for (const KvOp& op : input.ops) {
        if (!symmetric || op.preserves_state()) {
            input.signature.push_back(symmetric ? 0 : input.signatures++);
            continue;
        }
        std::string text;
        for (const KvStep& step : op.steps) {
            for (const std::uint32_t part : {static_cast<std::uint32_t>(step.action),
                                             step.or_absent ? 1U : 0U,
                                             step.key,
                                             step.place,
                                             step.base,
                                             step.operand})
                text.append(reinterpret_cast<const char*>(&part), sizeof(part));
        }
        const auto [it, added] = numbers.try_emplace(std::move(text), input.signatures);
        if (added) ++input.signatures;
        input.signature.push_back(it->second);
    }
    input.signatures = std::max(input.signatures, 1U);
}

/// What the steps of an operation come to, key by key.
void add_touches(KvInput& input, const KvOp& op) {
    const std::size_t first = input.touch.size();
    for (const KvStep& step : op.steps) {
        const auto own = std::find_if(input.touch.begin() + static_cast<std::ptrdiff_t>(first),
                                      input.touch.end(),
                                      [&](const KvTouch& t) { return t.key == step.key; });
        const bool fresh = own == input.touch.end();
        if (fresh) {
            KvTouch touch{.key = step.key};
            if (step.action == KvAction::observe || step.action == KvAction::compare)
                touch.needs = step.place;
            if (step.base != no_place && !step.or_absent) touch.needs = step.base;
            touch.blind = step.action == KvAction::write;
            input.touch.push_back(touch);
        }
        if (!step.updates()) continue;
        KvTouch& touch = fresh ? input.touch.back() : *own;
        touch.vague = step.vague();
        touch.leaves = step.place;
    }
    input.first_touch.push_back(static_cast<std::uint32_t>(input.touch.size()));
}

void index_places(KvInput& input, const KvPlaces& places) {
    input.last_needed.assign(places.size(), -1);
    input.last_left.assign(places.size(), -1);
    input.last_vague.assign(places.keys(), -1);
    input.first_touch.push_back(0);
    for (std::size_t i = 0; i < input.ops.size(); ++i) {
        const KvOp& op = input.ops[i];
        add_touches(input, op);
        for (const KvTouch& touch : input.touches(i)) {
            // Operations come in order of invocation: the last one stays.
            if (op.definite() && touch.needs != no_place) input.last_needed[touch.needs] = op.inv;
            if (touch.leaves != no_place) input.last_left[touch.leaves] = op.inv;
            if (touch.vague) input.last_vague[touch.key] = op.inv;
        }
    }
}

} // namespace

KvInput prepare_kv(std::span<const KvOp> ops, KvPlaces& places, const KvLicences& licences) {
    KvInput input;
    input.ops.assign(ops.begin(), ops.end());
    std::ranges::stable_sort(input.ops, {}, &KvOp::inv);
    if (licences.drop_unnoticed) drop_unnoticed(input.ops, places);
    input.dead.assign(input.ops.size(), 0);
    if (licences.drop_unnoticed) merge_unseen(input, places);
    number_signatures(input, licences.symmetric);
    index_places(input, places);
    return input;
}

} // namespace faultlab
