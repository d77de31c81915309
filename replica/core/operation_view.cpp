#include "replica/core/operation_view.hpp"

#include "replica/core/assert.hpp"
#include "replica/core/bytes.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace faultlab::replica {

namespace {

constexpr std::uint64_t sign = std::uint64_t{1} << 63U;

void view_steps(CellReader& reader, OperationView& operation) {
    operation.step_count = reader.number();
    const Bytes all = reader.rest();
    // Every step takes bytes, so a huge count fails as soon as they end.
    for (std::uint32_t step = 0; step < operation.step_count && !reader.failed(); ++step) {
        (void)reader.step();
    }
    operation.steps = all.first(all.size() - reader.rest().size());
}

/// The fields of everything that works on keys. False: no such code.
bool view_fields(CellReader& reader, OperationView& operation) {
    operation.space = reader.number();
    if (operation.code == OpCode::Transaction) {
        view_steps(reader, operation);
        return true;
    }
    operation.key = reader.key();
    switch (operation.code) {
        case OpCode::Read:
        case OpCode::Delete: return true;
        case OpCode::Write:
        case OpCode::Swap:
        case OpCode::Add:
        case OpCode::Append: operation.value = reader.value(); return true;
        case OpCode::Cas:
            operation.expected = reader.cell();
            operation.value = reader.value();
            return true;
        case OpCode::Scan: operation.expected = reader.key(); return true;
        case OpCode::Transaction:
        case OpCode::Register:
        case OpCode::Reconfigure:
        case OpCode::Upgrade: break;
    }
    return false;
}

bool view_membership(CellReader& reader, Membership& membership) {
    const Bytes bytes = reader.bytes(sizeof membership);
    if (reader.failed()) {
        return false;
    }
    std::memcpy(&membership, bytes.data(), sizeof membership);
    return membership.well_formed() && membership.began_at == 0 && membership.first_view == 0;
}

} // namespace

std::array<std::byte, integer_cell_bytes> integer_cell(std::int64_t integer) {
    std::array<std::byte, integer_cell_bytes> cell{};
    cell[0] = static_cast<std::byte>(CellType::Integer);
    const std::uint64_t ordered = static_cast<std::uint64_t>(integer) ^ sign;
    for (std::size_t byte = 0; byte < sizeof ordered; ++byte) {
        cell[1 + byte] = static_cast<std::byte>(ordered >> (8 * (sizeof ordered - 1 - byte)));
    }
    return cell;
}

std::int64_t integer_of(Bytes cell) {
    REPLICA_ASSERT("integer-cell", cell.size() == integer_cell_bytes);
    REPLICA_ASSERT("integer-cell-type", type_of(cell) == CellType::Integer);
    std::uint64_t ordered = 0;
    for (const std::byte byte : cell.subspan(1)) {
        ordered = (ordered << 8U) | static_cast<std::uint64_t>(byte);
    }
    return static_cast<std::int64_t>(ordered ^ sign);
}

bool well_formed_cell(Bytes cell) {
    if (cell.empty()) {
        return false;
    }
    switch (type_of(cell)) {
        case CellType::Absent: return cell.size() == 1;
        case CellType::Boolean: return cell.size() == 2 && cell[1] <= std::byte{1};
        case CellType::Integer: return cell.size() == integer_cell_bytes;
        case CellType::Text: return true;
    }
    return false;
}

const char* name(StepKind kind) {
    switch (kind) {
        case StepKind::Read: return "r";
        case StepKind::Write: return "w";
        case StepKind::Append: return "append";
    }
    return "?";
}

Bytes CellReader::fail() {
    failed_ = true;
    rest_ = {};
    return {};
}

Bytes CellReader::bytes(std::size_t size) {
    if (size > rest_.size()) {
        return fail();
    }
    const Bytes taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
}

std::uint8_t CellReader::byte() {
    const Bytes taken = bytes(1);
    return taken.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(taken.front());
}

std::uint32_t CellReader::number() {
    std::uint32_t value = 0;
    const Bytes taken = bytes(sizeof value);
    if (!taken.empty()) {
        std::memcpy(&value, taken.data(), sizeof value);
    }
    return value;
}

Bytes CellReader::cell() {
    const Bytes taken = bytes(number());
    return well_formed_cell(taken) ? taken : fail();
}

Bytes CellReader::key() {
    const Bytes taken = cell();
    const bool can_be =
        !failed_ && (type_of(taken) == CellType::Integer || type_of(taken) == CellType::Text);
    return can_be ? taken : fail();
}

Bytes CellReader::value() {
    const Bytes taken = cell();
    return !failed_ && type_of(taken) != CellType::Absent ? taken : fail();
}

StepView CellReader::step() {
    REPLICA_ASSERT("reader-failed", !failed_ || rest_.empty()); // so that it gives zeroes
    StepView step;
    const std::uint8_t kind = byte();
    step.key = key();
    step.value = cell();
    if (failed_ || kind < static_cast<std::uint8_t>(StepKind::Read) ||
        kind > static_cast<std::uint8_t>(StepKind::Append)) {
        fail();
        return {};
    }
    step.kind = static_cast<StepKind>(kind);
    if (step.kind != StepKind::Read && type_of(step.value) == CellType::Absent) {
        fail();
        return {};
    }
    return step;
}

std::span<std::byte> CellWriter::take(std::size_t size) {
    if (overflow_ || size > buffer_.size() - used_) {
        overflow_ = true;
        return {};
    }
    const std::span<std::byte> place = buffer_.subspan(used_, size);
    used_ += size;
    return place;
}

void CellWriter::byte(std::uint8_t value) {
    bytes(std::as_bytes(std::span(&value, 1)));
}

void CellWriter::number(std::uint32_t value) {
    bytes(std::as_bytes(std::span(&value, 1)));
}

void CellWriter::bytes(Bytes bytes) {
    const std::span<std::byte> place = take(bytes.size());
    if (!overflow_) {
        copy_bytes(bytes, place);
    }
}

void CellWriter::cell(Bytes bytes) {
    REPLICA_ASSERT("written-cell", !bytes.empty()); // it has a type at least
    REPLICA_ASSERT("written-cell-type", type_of(bytes) <= CellType::Text);
    const std::span<std::byte> place = cell(bytes.size());
    if (!overflow_) {
        copy_bytes(bytes, place);
    }
}

std::span<std::byte> CellWriter::cell(std::size_t size) {
    REPLICA_ASSERT("written-cell-bytes", size <= std::numeric_limits<std::uint32_t>::max());
    number(static_cast<std::uint32_t>(size));
    return take(size);
}

void CellWriter::number_at(std::size_t offset, std::uint32_t value) {
    REPLICA_ASSERT("number-place", offset + sizeof value <= used_);
    REPLICA_ASSERT("number-overflow", !overflow_); // what it counts is not all there
    std::memcpy(buffer_.subspan(offset).data(), &value, sizeof value);
}

std::optional<OperationView> view_operation(Bytes bytes) {
    CellReader reader(bytes);
    OperationView operation;
    operation.code = static_cast<OpCode>(reader.byte());
    bool known = true;
    switch (operation.code) {
        case OpCode::Register: break;
        case OpCode::Reconfigure: known = view_membership(reader, operation.membership); break;
        case OpCode::Upgrade: operation.release = reader.number(); break;
        default: known = view_fields(reader, operation);
    }
    if (!known || !reader.complete()) {
        return std::nullopt;
    }
    return operation;
}

} // namespace faultlab::replica
