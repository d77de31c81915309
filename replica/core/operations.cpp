#include "replica/core/operations.hpp"

#include "replica/core/assert.hpp"
#include "replica/core/operation_view.hpp"

#include <cstring>

namespace faultlab::replica {

namespace {

/// Builds what CellReader reads, in memory that grows.
class Encoder {
public:
    explicit Encoder(OpCode code) {
        bytes_.reserve(64); // most take less
        byte(static_cast<std::uint8_t>(code));
    }
    void byte(std::uint8_t value) { bytes_.push_back(static_cast<std::byte>(value)); }
    void number(std::uint32_t value) { append(std::as_bytes(std::span(&value, 1))); }
    void append(Bytes bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
    void cell(const Value& value);
    void steps(const Value::Transaction& steps);
    std::vector<std::byte> take() { return std::move(bytes_); }

private:
    std::vector<std::byte> bytes_;
};

void Encoder::cell(const Value& value) {
    if (const std::int64_t* integer = value.integer()) {
        number(integer_cell_bytes);
        append(integer_cell(*integer));
    } else if (const std::string* text = value.text()) {
        number(static_cast<std::uint32_t>(1 + text->size()));
        byte(static_cast<std::uint8_t>(CellType::Text));
        append(std::as_bytes(std::span(*text)));
    } else if (const bool* boolean = value.boolean()) {
        number(2);
        byte(static_cast<std::uint8_t>(CellType::Boolean));
        byte(*boolean ? 1 : 0);
    } else {
        REPLICA_ASSERT("scalar-value", value.is_absent());
        number(1);
        byte(static_cast<std::uint8_t>(CellType::Absent));
    }
}

void Encoder::steps(const Value::Transaction& steps) {
    number(static_cast<std::uint32_t>(steps.size()));
    for (const MicroOp& step : steps) {
        StepKind kind = StepKind::Read;
        for (const StepKind candidate : {StepKind::Write, StepKind::Append}) {
            kind = step.f == name(candidate) ? candidate : kind;
        }
        REPLICA_ASSERT("step-kind", step.f == name(kind));
        byte(static_cast<std::uint8_t>(kind));
        cell(step.key);
        cell(step.value);
    }
}

/// Requires: a well-formed cell.
Value to_value(Bytes cell) {
    switch (type_of(cell)) {
        case CellType::Absent: return {};
        case CellType::Boolean: return cell[1] != std::byte{0};
        case CellType::Integer: return integer_of(cell);
        case CellType::Text: break;
    }
    std::string text(cell.size() - 1, '\0');
    std::memcpy(text.data(), cell.data() + 1, text.size());
    return text;
}

Value::Transaction to_steps(CellReader& reader, std::uint32_t count) {
    Value::Transaction steps;
    for (std::uint32_t index = 0; index < count; ++index) {
        const StepView step = reader.step();
        if (reader.failed()) {
            break;
        }
        steps.push_back(MicroOp{name(step.kind), to_value(step.key), to_value(step.value)});
    }
    return steps;
}

Value::List to_pairs(CellReader& reader) {
    Value::List pairs;
    const std::uint32_t count = reader.number();
    for (std::uint32_t index = 0; index < count; ++index) {
        const Bytes key = reader.key();
        const Bytes value = reader.value();
        if (reader.failed()) {
            break;
        }
        pairs.emplace_back(Value::List{to_value(key), to_value(value)});
    }
    return pairs;
}

} // namespace

const char* name(OpCode code) {
    switch (code) {
        case OpCode::Register: return "register";
        case OpCode::Read: return "read";
        case OpCode::Write: return "write";
        case OpCode::Cas: return "cas";
        case OpCode::Add: return "add";
        case OpCode::Append: return "append";
        case OpCode::Delete: return "delete";
        case OpCode::Scan: return "scan";
        case OpCode::Transaction: return "txn";
        case OpCode::Swap: return "swap";
        case OpCode::Reconfigure: return "reconfigure";
        case OpCode::Upgrade: return "upgrade";
    }
    return "?";
}

const char* name(Outcome outcome) {
    switch (outcome) {
        case Outcome::Ok: return "ok";
        case Outcome::CompareFailed: return "compare failed";
        case Outcome::WrongType: return "wrong type";
        case Outcome::TooLarge: return "too large";
        case Outcome::Full: return "full";
        case Outcome::Malformed: return "malformed";
        case Outcome::Unsupported: return "unsupported";
        case Outcome::Refused: return "refused";
        case Outcome::Overflow: return "overflow";
    }
    return "?";
}

std::vector<std::byte> encode(const Operation& operation) {
    Encoder out(operation.code);
    if (operation.code == OpCode::Register) {
        return out.take();
    }
    if (operation.code == OpCode::Reconfigure) {
        out.append(std::as_bytes(std::span(&operation.membership, 1)));
        return out.take();
    }
    if (operation.code == OpCode::Upgrade) {
        out.number(operation.release);
        return out.take();
    }
    out.number(operation.space);
    if (operation.code == OpCode::Transaction) {
        out.steps(operation.steps);
        return out.take();
    }
    out.cell(operation.key);
    if (operation.code == OpCode::Cas || operation.code == OpCode::Scan) {
        out.cell(operation.expected);
    }
    if (operation.code != OpCode::Read && operation.code != OpCode::Delete &&
        operation.code != OpCode::Scan) {
        out.cell(operation.value);
    }
    return out.take();
}

std::optional<Operation> decode_operation(Bytes bytes) {
    const std::optional<OperationView> view = view_operation(bytes);
    if (!view) {
        return std::nullopt;
    }
    const auto value = [](Bytes cell) { return cell.empty() ? Value{} : to_value(cell); };
    CellReader steps(view->steps);
    return Operation{.code = view->code,
                     .space = view->space,
                     .key = value(view->key),
                     .value = value(view->value),
                     .expected = value(view->expected),
                     .steps = to_steps(steps, view->step_count),
                     .membership = view->membership,
                     .release = view->release};
}

std::optional<OperationResult> decode_result(Bytes bytes, OpCode code) {
    CellReader reader(bytes);
    OperationResult result;
    result.outcome = static_cast<Outcome>(reader.byte());
    if (result.outcome > Outcome::Overflow) {
        return std::nullopt;
    }
    if (result.outcome == Outcome::Ok) {
        switch (code) {
            case OpCode::Read:
            case OpCode::Swap:
            case OpCode::Add:
            case OpCode::Append: {
                const Bytes cell = reader.cell();
                result.value = reader.failed() ? Value{} : to_value(cell);
                break;
            }
            case OpCode::Scan: result.value = to_pairs(reader); break;
            case OpCode::Transaction: result.value = to_steps(reader, reader.number()); break;
            case OpCode::Register:
            case OpCode::Write:
            case OpCode::Cas:
            case OpCode::Delete:
            case OpCode::Reconfigure:
            case OpCode::Upgrade: break;
        }
    }
    if (!reader.complete()) {
        return std::nullopt;
    }
    return result;
}

} // namespace faultlab::replica
