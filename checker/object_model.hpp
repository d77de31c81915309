#pragma once

#include "core/checker.hpp"
#include "core/history.hpp"
#include "core/result.hpp"
#include "core/types.hpp"
#include "core/value.hpp"
#include "core/verdict.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace faultlab {

// What the checker linearizability asks of an object that is neither a register nor a map. To add
// one, write its sequential meaning as in checker/sequential_model.hpp, and one line in
// checker/object_catalogue.cpp.

/// What an argument or a result may look like.
enum class ValueShape : std::uint8_t {
    nothing,  ///< absent
    value,    ///< anything but absent
    anything, ///< absent as well
    integer,
    boolean,
    distinct_list,   ///< a list in which no element stands twice
    transaction,     ///< reads and writes
    acknowledgement, ///< of a result: absent, or the argument again
};
[[nodiscard]] std::string_view to_string(ValueShape shape);

/// One kind of operation of an object.
struct OperationSpec {
    std::string_view f;
    ValueShape argument = ValueShape::nothing;
    ValueShape result = ValueShape::acknowledgement;
};

/// The result of an operation of which nothing is known, or whose result says nothing.
inline constexpr Symbol no_result = UINT32_MAX;

/// One operation as its object sees it. Equal symbols are equal values.
struct ObjectOp {
    OpId id = -1;
    Index inv = 0;
    Index ret = never;   ///< never: may take effect at any time after `inv`, or not at all
    std::uint32_t f = 0; ///< position among the operations of the model
    Symbol arg = 0;
    Symbol result = no_result; ///< known of definite operations only
    [[nodiscard]] bool definite() const { return ret != never; }
};

/// Operations that are judged together: of one object, or of a part of one that is independent of
/// the rest. In order of invocation, and so of ids; those that failed are gone.
struct ObjectPartition {
    const History& history; ///< what the symbols stand for
    std::span<const ObjectOp> ops;
};

/// A few operations that cannot be put in order. The rest of the history cannot help: the model
/// says why in `rule`.
struct Certificate {
    std::vector<OpId> ops; ///< ascending
    std::string_view anomaly = "nonlinearizable";
    std::string_view rule = "no order of these operations explains all their results";
    OpId observer = -1;   ///< the operation that saw what it cannot have seen
    OpId other = -1;      ///< the operation that shows it
    bool minimal = false; ///< each single removal that the model allows makes them legal
    Params facts;
};

/// What to do besides judging.
struct Wanted {
    bool witness = false;     ///< of a valid history: the order
    bool explanation = false; ///< of an invalid one: the divergence, and a reduced certificate
    /// Unknown where it takes more than a number of steps proportional to the operations.
    bool quick = false;
};

struct Judgement {
    Verdict verdict = Verdict::valid;
    std::string_view method; ///< what decided it

    // Of unknown.
    std::string why;           ///< which budget was spent, and how large the search was
    OpId stopped_at = -1;      ///< the operation at whose return it stopped
    std::vector<OpId> pending; ///< the operations that were pending there

    // Of invalid.
    std::optional<Certificate> certificate;
    /// Where the history stops being legal: what had happened when this operation returned cannot
    /// be put in order; until the return before it, it could. Where finding that takes too long,
    /// the same of the operations of the certificate alone. -1 when not even that is known.
    OpId divergence = -1;
    std::int64_t explained = 0; ///< operations that returned before and were explained; 0: unknown

    /// Of valid, when wanted: an order in which the operations can have taken effect; indeterminate
    /// ones that are not in it never did. Empty when the budget did not suffice to find one.
    std::vector<OpId> order;

    std::int64_t configurations = 0;
    std::int64_t widest = 0;
};

/// One kind of object. Stateless; all methods may be called from several threads at once.
class ObjectModel {
public:
    virtual ~ObjectModel() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;
    [[nodiscard]] virtual std::string_view summary() const = 0; ///< one line
    [[nodiscard]] virtual std::span<const OperationSpec> operations() const = 0;
    /// Whether every key is an object of its own. If not, keys are refused.
    [[nodiscard]] virtual bool per_key() const { return true; }

    /// Splits the operations of one object into independent parts: the object is linearizable if
    /// and only if all of them are.
    [[nodiscard]] virtual std::vector<std::vector<ObjectOp>>
    partitions(const History& history, std::vector<ObjectOp> ops) const;

    /// Whether the operations can be put in one order that respects real time and is legal. Exact,
    /// unless the budget is spent. Same partition, same outcome of the budget: same judgement.
    [[nodiscard]] virtual Judgement
    judge(const ObjectPartition& partition, const Budget& budget, const Wanted& wanted) const = 0;

    /// Plays the operations one after the other in the order given. False when one cannot have had
    /// its result. Shares nothing with `judge` but the meaning of single operations.
    [[nodiscard]] virtual bool plays(const ObjectPartition& partition,
                                     std::span<const OpId> order) const = 0;
    /// Removing an operation means pretending that it was never invoked. Clears `kept` of
    /// operations that are then without support, so that a legal order of all stays legal when
    /// everything else is struck from it.
    virtual void support(const ObjectPartition& all, std::vector<bool>& kept) const = 0;
    /// Whether `support` keeps operations of these though it cannot be told that they are needed: a
    /// certificate is then minimal only where none of its operations, and no two, can be left out.
    [[nodiscard]] virtual bool keeps_more(const ObjectPartition& all) const;

    /// A certificate was drawn up from the history as it was at the divergence. This names its
    /// anomaly by what happened afterwards: a value that had not been taken then may just be late.
    virtual void rename(const ObjectPartition& whole, Certificate& certificate) const;
};

/// The operations of one object in order of invocation: without failed ones, and without the
/// indeterminate ones that change nothing. An operation that the model does not know, or whose
/// argument or result has another shape than the model says, is an error that names it.
Result<std::vector<ObjectOp>>
read_object_ops(const History& history, std::span<const OpId> ids, const ObjectModel& model);

} // namespace faultlab
