#include "replica/core/state_machine.hpp"

#include "replica/core/assert.hpp"
#include "replica/core/bytes.hpp"
#include "replica/core/state_machine_state.hpp"

#include <algorithm>

namespace faultlab::replica {

namespace {

using Index = BlockTree::Index;

std::size_t bare(Outcome outcome, std::span<std::byte> result) {
    result.front() = static_cast<std::byte>(outcome);
    return bare_result_bytes;
}

} // namespace

Outcome StateMachine::State::read(const SpacedKey& key, CellWriter& out) const {
    const Index index = tree.find(key);
    if (index == BlockTree::none) {
        out.cell(absent_cell);
        return Outcome::Ok;
    }
    const std::span<std::byte> place = out.cell(std::size_t{tree.value_bytes(index)});
    if (!out.overflow()) {
        tree.copy_value(index, place);
    }
    return Outcome::Ok;
}

void StateMachine::State::write_pair(Index index, CellWriter& out) const {
    const std::span<std::byte> key = out.cell(std::size_t{tree.key_bytes(index)});
    const std::span<std::byte> value = out.cell(std::size_t{tree.value_bytes(index)});
    if (!out.overflow()) {
        tree.copy_key(index, key);
        tree.copy_value(index, value);
    }
}

bool StateMachine::State::in_scan(Index index, const OperationView& operation) const {
    return tree.compare(index, {operation.space, operation.key}) != std::strong_ordering::less &&
           tree.compare(index, {operation.space, operation.expected}) == std::strong_ordering::less;
}

Outcome StateMachine::State::scan(const OperationView& operation, CellWriter& out) const {
    REPLICA_ASSERT("scan-from", !operation.key.empty());
    REPLICA_ASSERT("scan-end", !operation.expected.empty());
    const std::size_t count_at = out.size();
    std::uint32_t count = 0;
    out.number(count);
    tree.visit_from({operation.space, operation.key}, [&](Index index) {
        if (!in_scan(index, operation)) {
            return false;
        }
        write_pair(index, out);
        ++count;
        return !out.overflow();
    });
    if (!out.overflow()) {
        out.number_at(count_at, count);
    }
    return Outcome::Ok;
}

/// As a hash table would do it: in an order that differs between processes (B24).
Outcome StateMachine::State::scan_by_place(const OperationView& operation, CellWriter& out) const {
    const std::size_t count_at = out.size();
    std::uint32_t count = 0;
    out.number(count);
    for (Index step = 0; step < tree.places(); ++step) {
        const auto index = static_cast<Index>((salt + step) % tree.places());
        if (tree.taken(index) && in_scan(index, operation)) {
            write_pair(index, out);
            ++count;
        }
    }
    if (!out.overflow()) {
        out.number_at(count_at, count);
    }
    return Outcome::Ok;
}

Outcome StateMachine::State::put(const SpacedKey& key, Bytes value) {
    return tree.put(key, value) ? Outcome::Ok : Outcome::Full;
}

CellType StateMachine::State::stored_type(Index index) {
    REPLICA_ASSERT("stored-type-bytes", tree.value_bytes(index) <= scratch.size());
    const std::span<std::byte> value = std::span(scratch).first(tree.value_bytes(index));
    tree.copy_value(index, value);
    return type_of(value);
}

Outcome StateMachine::State::add(const SpacedKey& key, Bytes delta, CellWriter& out) {
    const Index index = tree.find(key);
    if (type_of(delta) != CellType::Integer ||
        (index != BlockTree::none && stored_type(index) != CellType::Integer)) {
        return Outcome::WrongType;
    }
    const std::int64_t before =
        index == BlockTree::none ? 0 : integer_of(Bytes(scratch).first(integer_cell_bytes));
    std::int64_t sum = 0;
    if (__builtin_add_overflow(before, integer_of(delta), &sum)) {
        return Outcome::Overflow;
    }
    const auto cell = integer_cell(sum);
    out.cell(cell);
    return put(key, cell);
}

Outcome StateMachine::State::append(const SpacedKey& key, Bytes suffix, CellWriter& out) {
    const Index index = tree.find(key);
    if (type_of(suffix) != CellType::Text ||
        (index != BlockTree::none && stored_type(index) != CellType::Text)) {
        return Outcome::WrongType;
    }
    const std::size_t before = index == BlockTree::none ? 0 : tree.value_bytes(index);
    REPLICA_ASSERT("append-to-bytes", before <= most_value);
    // The suffix brings a type byte, which only a new value needs.
    const Bytes added = before == 0 ? suffix : suffix.subspan(1);
    if (before + added.size() > most_value) {
        return Outcome::TooLarge;
    }
    copy_bytes(added, std::span(scratch).subspan(before));
    const Bytes value = Bytes(scratch).first(before + added.size());
    out.cell(value);
    return put(key, value);
}

bool StateMachine::State::remember(const SpacedKey& key, std::size_t count, std::size_t& used) {
    const Index index = tree.find(key);
    const std::size_t size = index == BlockTree::none ? 0 : tree.value_bytes(index);
    REPLICA_ASSERT("undo-room", count < undo.size());
    REPLICA_ASSERT("undo-used", used <= replaced.size());
    if (size > replaced.size() - used) {
        return false;
    }
    undo[count] = Undo{key, used, size};
    if (size > 0) {
        tree.copy_value(index, std::span(replaced).subspan(used, size));
    }
    used += size;
    return true;
}

void StateMachine::State::take_back(std::size_t count) {
    REPLICA_ASSERT("take-back-count", count <= undo.size());
    while (count > 0) {
        const Undo& last = undo[--count];
        REPLICA_ASSERT("take-back-bytes", last.offset + last.size <= replaced.size());
        if (last.size == 0) {
            [[maybe_unused]] const bool was_there = tree.erase(last.key);
            REPLICA_ASSERT("take-back-erases", was_there);
        } else {
            // What was there before fits again: everything after it is taken back already.
            [[maybe_unused]] const bool fits =
                tree.put(last.key, Bytes(replaced).subspan(last.offset, last.size));
            REPLICA_ASSERT("take-back-fits", fits);
        }
    }
}

Outcome StateMachine::State::step(const SpacedKey& key, const StepView& step, CellWriter& out) {
    REPLICA_ASSERT("step-of-key", !key.bytes.empty());
    REPLICA_ASSERT("step-of-value", step.kind == StepKind::Read || !step.value.empty());
    out.byte(static_cast<std::uint8_t>(step.kind));
    out.cell(key.bytes);
    switch (step.kind) {
        case StepKind::Read: return read(key, out);
        case StepKind::Write: out.cell(step.value); return put(key, step.value);
        case StepKind::Append: break;
    }
    // Like a write, an append gives back what it was given.
    out.cell(step.value);
    CellWriter no_result({});
    return append(key, step.value, no_result);
}

Outcome StateMachine::State::transact(const OperationView& operation, CellWriter& out) {
    out.number(operation.step_count);
    CellReader steps(operation.steps);
    Outcome outcome = Outcome::Ok;
    std::size_t writes = 0;
    std::size_t used = 0;
    for (std::uint32_t index = 0; index < operation.step_count && outcome == Outcome::Ok; ++index) {
        const StepView step_view = steps.step();
        REPLICA_ASSERT("transact-step", !steps.failed()); // view_operation has seen them all
        const SpacedKey key{operation.space, step_view.key};
        if (step_view.kind == StepKind::Read) {
            outcome = step(key, step_view, out);
        } else if (!remember(key, writes, used)) {
            outcome = Outcome::TooLarge;
        } else {
            outcome = step(key, step_view, out);
            writes += outcome == Outcome::Ok ? 1 : 0;
        }
        if (outcome == Outcome::Ok && out.overflow()) {
            outcome = Outcome::TooLarge;
        }
    }
    REPLICA_ASSERT("transact-complete", outcome != Outcome::Ok || steps.complete());
    if (outcome != Outcome::Ok) {
        take_back(writes);
    }
    return outcome;
}

Outcome StateMachine::State::write(const OperationView& operation, CellWriter& out) {
    const SpacedKey key{operation.space, operation.key};
    switch (operation.code) {
        case OpCode::Write: return put(key, operation.value);
        case OpCode::Cas: {
            const Index index = tree.find(key);
            const bool same =
                type_of(operation.expected) == CellType::Absent
                    ? index == BlockTree::none
                    : index != BlockTree::none && tree.value_is(index, operation.expected);
            return same ? put(key, operation.value) : Outcome::CompareFailed;
        }
        case OpCode::Add: return add(key, operation.value, out);
        case OpCode::Append: return append(key, operation.value, out);
        case OpCode::Delete: tree.erase(key); return Outcome::Ok;
        case OpCode::Swap: read(key, out); return put(key, operation.value);
        case OpCode::Transaction: return transact(operation, out);
        default: break;
    }
    REPLICA_ASSERT("apply-kind", false); // what is no operation on keys is executed elsewhere
    return Outcome::Malformed;
}

StateMachine::StateMachine(const Limits& limits, std::uint64_t salt)
    : state_(std::make_unique<State>(limits, salt)) {}

StateMachine::~StateMachine() = default;

bool StateMachine::only_reads(Bytes body) {
    const std::optional<OperationView> operation = view_operation(body);
    return operation && (operation->code == OpCode::Read || operation->code == OpCode::Scan);
}

std::size_t StateMachine::query(Bytes body, std::span<std::byte> result) const {
    REPLICA_ASSERT("query-reads", only_reads(body));
    REPLICA_ASSERT("query-size", body.size() <= state_->scratch.size());
    REPLICA_ASSERT("query-result-room", result.size() >= state_->scratch.size());
    const std::optional<OperationView> operation = view_operation(body);
    CellWriter out(result);
    out.byte(static_cast<std::uint8_t>(Outcome::Ok));
    const Outcome outcome = operation->code == OpCode::Read
                                ? state_->read({operation->space, operation->key}, out)
                                : state_->scan(*operation, out);
    if (outcome != Outcome::Ok || out.overflow()) {
        return bare(outcome != Outcome::Ok ? outcome : Outcome::TooLarge, result);
    }
    return out.size();
}

std::size_t
StateMachine::apply(Bytes body, std::uint32_t release, std::span<std::byte> result, BugSet& bugs) {
    const std::optional<OperationView> operation = view_operation(body);
    if (!operation) {
        return bare(Outcome::Malformed, result);
    }
    const OpCode code = operation->code;
    if (code == OpCode::Swap && release < 2) {
        return bare(Outcome::Unsupported, result);
    }
    if (code == OpCode::Read || code == OpCode::Scan) {
        const std::size_t size = query(body, result);
        if (bugs.on(Bug::B24) && code == OpCode::Scan && size > bare_result_bytes) {
            CellWriter out(state_->replaced);
            out.byte(static_cast<std::uint8_t>(Outcome::Ok));
            state_->scan_by_place(*operation, out);
            const Bytes by_place = Bytes(state_->replaced).first(size);
            if (bugs.changes(Bug::B24, [&] { return !same_bytes(by_place, result.first(size)); })) {
                copy_bytes(by_place, result);
            }
        }
        return size;
    }
    CellWriter out(result);
    out.byte(static_cast<std::uint8_t>(Outcome::Ok));
    const Outcome outcome = state_->write(*operation, out);
    if (outcome != Outcome::Ok) {
        return bare(outcome, result);
    }
    REPLICA_ASSERT("result-fits", !out.overflow());
    return out.size();
}

std::uint64_t StateMachine::snapshot_bytes(const Limits& limits) {
    return sizeof(std::uint32_t) + std::uint64_t{limits.entries} * 3 * sizeof(std::uint32_t) +
           std::uint64_t{limits.value_blocks} * BlockTree::payload_bytes;
}

Checksum StateMachine::digest() const {
    return state_->tree.digest();
}

std::size_t StateMachine::entries() const {
    return state_->tree.size();
}

void StateMachine::check() const {
    state_->tree.check();
}

void StateMachine::clear() {
    state_->tree.clear();
}

void StateMachine::save(SnapshotWriter& out) const {
    out.put(state_->tree.size());
    std::uint32_t left = state_->tree.size();
    state_->tree.visit_from({}, [&](Index index) {
        const BlockTree& tree = state_->tree;
        const std::span<std::byte> scratch = state_->scratch;
        REPLICA_ASSERT("save-key-bytes", tree.key_bytes(index) <= scratch.size());
        REPLICA_ASSERT("save-value-bytes", tree.value_bytes(index) <= scratch.size());
        --left;
        out.put(tree.space(index));
        out.put(tree.key_bytes(index));
        out.put(tree.value_bytes(index));
        const std::span<std::byte> key = scratch.first(tree.key_bytes(index));
        tree.copy_key(index, key);
        out.bytes(key);
        const std::span<std::byte> value = scratch.first(tree.value_bytes(index));
        tree.copy_value(index, value);
        out.bytes(value);
        return !out.overflow();
    });
    REPLICA_ASSERT("save-entries", left == 0 || out.overflow());
}

bool StateMachine::load(SnapshotReader& in) {
    clear();
    const auto can_be_key = [](Bytes cell) {
        return well_formed_cell(cell) && type_of(cell) >= CellType::Integer;
    };
    const auto count = in.get<std::uint32_t>();
    SpacedKey last;
    for (std::uint32_t entry = 0; entry < count; ++entry) {
        const auto space = in.get<std::uint32_t>();
        const auto key_bytes = in.get<std::uint32_t>();
        const auto value_bytes = in.get<std::uint32_t>();
        const SpacedKey key{space, in.bytes(key_bytes)};
        const Bytes value = in.bytes(value_bytes);
        const bool ascends =
            last.space < space ||
            (last.space == space && std::ranges::lexicographical_compare(last.bytes, key.bytes));
        if (in.failed() || !can_be_key(key.bytes) || !well_formed_cell(value) ||
            type_of(value) == CellType::Absent || key_bytes > state_->scratch.size() ||
            value_bytes > state_->most_value || !ascends || !state_->tree.put(key, value)) {
            clear();
            return false;
        }
        last = key;
    }
    return !in.failed();
}

} // namespace faultlab::replica
