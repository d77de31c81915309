#pragma once

#include "replica/core/operations.hpp"
#include "replica/core/types.hpp"

#include <array>
#include <optional>

namespace faultlab::replica {

/// A scalar as it is stored and sent: a byte that says its type, then its content (boolean: one
/// byte, integer: big endian with the sign flipped, text: its bytes), so that the order of the
/// bytes is the order of the values. In messages its length comes first, in four bytes.
enum class CellType : std::uint8_t { Absent = 0, Boolean = 1, Integer = 2, Text = 3 };

constexpr std::size_t integer_cell_bytes = 1 + sizeof(std::int64_t);
constexpr std::array<std::byte, 1> absent_cell{std::byte{0}};

[[nodiscard]] std::array<std::byte, integer_cell_bytes> integer_cell(std::int64_t integer);
/// Requires: a well-formed cell of type Integer.
[[nodiscard]] std::int64_t integer_of(Bytes cell);
/// Requires: a well-formed cell.
[[nodiscard]] inline CellType type_of(Bytes cell) {
    return static_cast<CellType>(cell.front());
}
[[nodiscard]] bool well_formed_cell(Bytes cell);

enum class StepKind : std::uint8_t { Read = 1, Write = 2, Append = 3 };
[[nodiscard]] const char* name(StepKind kind); ///< as in a transaction: "r", "w", "append"

/// One step of a transaction.
struct StepView {
    StepKind kind = StepKind::Read;
    Bytes key;
    Bytes value; ///< absent for a read that has not returned
};

/// Reads an encoded operation or result piece by piece: little endian, nothing is copied. After
/// something was missing or wrong it has failed and gives zeroes.
class CellReader {
public:
    explicit CellReader(Bytes bytes) : rest_(bytes) {}
    [[nodiscard]] std::uint8_t byte();
    [[nodiscard]] std::uint32_t number();
    [[nodiscard]] Bytes cell();
    /// A cell that can be a key: an integer or a text.
    [[nodiscard]] Bytes key();
    /// A cell that can be stored: all but absent.
    [[nodiscard]] Bytes value();
    [[nodiscard]] StepView step();
    [[nodiscard]] Bytes bytes(std::size_t size);
    [[nodiscard]] Bytes rest() const { return rest_; }
    [[nodiscard]] bool failed() const { return failed_; }
    /// Whether all was well-formed and nothing is left.
    [[nodiscard]] bool complete() const { return !failed_ && rest_.empty(); }

private:
    friend struct CellProbe; ///< tests break invariants from inside
    Bytes fail();
    Bytes rest_;
    bool failed_ = false;
};

/// Writes what CellReader reads into memory of a fixed size; `overflow` says that it did not
/// suffice.
class CellWriter {
public:
    explicit CellWriter(std::span<std::byte> buffer) : buffer_(buffer) {}
    void byte(std::uint8_t value);
    void number(std::uint32_t value);
    void bytes(Bytes bytes);
    /// Requires: a well-formed cell.
    void cell(Bytes cell);
    /// Room for a cell whose bytes the caller fills in; empty after an overflow.
    [[nodiscard]] std::span<std::byte> cell(std::size_t size);
    [[nodiscard]] std::size_t size() const { return used_; }
    /// Writes a number over one that was written at `offset` before. Requires: there was no
    /// overflow.
    void number_at(std::size_t offset, std::uint32_t value);
    [[nodiscard]] bool overflow() const { return overflow_; }

private:
    [[nodiscard]] std::span<std::byte> take(std::size_t size);
    std::span<std::byte> buffer_;
    std::size_t used_ = 0;
    bool overflow_ = false;
};

/// An operation where it lies, without copies: what replicas use. Fields as in Operation.
struct OperationView {
    OpCode code = OpCode::Read;
    std::uint32_t space = 0;
    Bytes key;
    Bytes value;
    Bytes expected;
    std::uint32_t step_count = 0;
    Bytes steps; ///< step_count times what CellReader::step reads, well-formed
    Membership membership;
    std::uint32_t release = 0;
};

/// Total on any bytes; nothing unless they are exactly one operation.
[[nodiscard]] std::optional<OperationView> view_operation(Bytes bytes);

} // namespace faultlab::replica
