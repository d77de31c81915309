#pragma once

#include "core/history.hpp"
#include "core/result.hpp"
#include "core/types.hpp"
#include "core/value.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace faultlab {

class LinearizabilityRules;

/// The sequential objects that `linearizability` knows. One key is one object.
enum class RegisterModel : std::uint8_t {
    plain,     ///< "register": read, write
    cas,       ///< "cas-register": and compare-and-set on the value
    versioned, ///< "versioned-register": the k-th update of a key gives it version k;
               ///< compare-and-set on the version
};
[[nodiscard]] std::string_view to_string(RegisterModel model);
[[nodiscard]] std::optional<RegisterModel> register_model(std::string_view name);

enum class RegisterAction : std::uint8_t {
    read,
    write,
    cas,        ///< the comparison held
    failed_cas, ///< the comparison was made, and did not hold
};

/// Dense number of a value within one key. 0 is the absent value, the initial one.
using ValueId = std::uint32_t;
inline constexpr ValueId any_value = std::numeric_limits<ValueId>::max();
inline constexpr std::uint64_t any_version = std::numeric_limits<std::uint64_t>::max();

/// One operation, reduced to what a register's state has to do with it. Fields that do not
/// constrain anything are `any_value` or `any_version`.
struct RegisterOp {
    OpId id = -1;
    Index inv = 0;
    Index ret = never; ///< never: may take effect at any time after `inv`, or not at all
    RegisterAction action = RegisterAction::read;
    ValueId value = any_value;                ///< observed by a read; written by write and cas
    ValueId from = any_value;                 ///< compared by a cas on the value
    ValueId refused = any_value;              ///< of a failed cas: what it would have written
    std::uint64_t version = any_version;      ///< observed by a read; given to a write or cas
    std::uint64_t from_version = any_version; ///< compared by a cas on the version
    std::uint64_t step = 0; ///< what an update adds to the version: 1 if versioned

    [[nodiscard]] bool definite() const { return ret != never; }
    /// Writes something: it can be the one whose value an observation saw.
    [[nodiscard]] bool updates() const {
        return action == RegisterAction::write || action == RegisterAction::cas;
    }
    /// Leaves every state in which it fits as it is.
    [[nodiscard]] bool preserves_state() const {
        return !updates() || (action == RegisterAction::cas && from == value && step == 0);
    }
};

/// What is known of an operation that has not returned: none of its results. Nothing when it then
/// has no effect.
[[nodiscard]] std::optional<RegisterOp> opened(const RegisterOp& op);

struct RegisterState {
    std::uint64_t version = 0;
    ValueId value = 0;
    friend bool operator==(const RegisterState&, const RegisterState&) = default;
};

/// The operations of one key that say anything, in order of invocation: failed ones, and reads
/// without an answer, are gone.
struct KeyOps {
    std::vector<RegisterOp> ops;
    std::vector<const Value*> values; ///< by ValueId; they live in the history
    std::int64_t considered = 0;      ///< operations that did not fail
};

/// Reads the operations of keys. Owned by one thread; memory is kept from key to key.
class KeyReader {
public:
    /// Requires: the history and the rules live longer.
    KeyReader(const History& history, RegisterModel model, const LinearizabilityRules& rules);
    ~KeyReader();
    KeyReader(const KeyReader&) = delete;
    KeyReader& operator=(const KeyReader&) = delete;

    /// An operation that the model does not know, or whose argument or result has another shape
    /// than the model says, is an error that names it.
    Result<KeyOps> read(std::span<const OpId> ids);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// The same of one key.
Result<KeyOps> read_key_ops(const History& history,
                            std::span<const OpId> ids,
                            RegisterModel model,
                            const LinearizabilityRules& rules);

} // namespace faultlab
