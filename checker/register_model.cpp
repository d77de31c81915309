#include "checker/register_model.hpp"

#include "checker/linearizability_rules.hpp"
#include "core/op.hpp"

#include <fmt/format.h>

#include <string>
#include <unordered_map>
#include <utility>

namespace faultlab {
namespace {

/// Values are compared where they lie in the history: none is copied.
struct PointedHash {
    std::size_t operator()(const Value* value) const { return value->hash(); }
};
struct PointedEqual {
    bool operator()(const Value* a, const Value* b) const { return *a == *b; }
};

class KeyReader {
public:
    KeyReader(const History& history, RegisterModel model, const LinearizabilityRules& rules)
        : history_(history), model_(model), rules_(rules) {
        number(history.value(0));
    }

    Result<KeyOps> read(std::span<const OpId> ids) {
        for (const OpId id : ids) {
            const auto i = static_cast<std::size_t>(id);
            const auto fate = rules_.fate(history_.status()[i]);
            if (fate == LinearizabilityRules::Fate::dropped) continue;
            ++key_.considered;
            FAULTLAB_DO(add(i, fate == LinearizabilityRules::Fate::definite));
        }
        return std::move(key_);
    }

private:
    ValueId number(const Value& value) {
        const Value& same = rules_.identity(value);
        const auto [it, added] =
            numbers_.try_emplace(&same, static_cast<ValueId>(key_.values.size()));
        if (added) key_.values.push_back(&same);
        return it->second;
    }

    [[nodiscard]] Error misfit(std::size_t i, std::string_view expected) const {
        return usage_error(
            fmt::format("operation {} ({} {} → {}) does not fit model {}: expected {}",
                        i,
                        history_.text(history_.f()[i]),
                        to_text(history_.value(history_.arg()[i]), 40),
                        to_text(history_.value(history_.ret()[i]), 40),
                        to_string(model_),
                        expected),
            "check the record with the model of its workload");
    }

    Result<void> add(std::size_t i, bool definite) {
        RegisterOp op;
        op.id = static_cast<OpId>(i);
        op.inv = rules_.invoked(history_.inv_index()[i]);
        op.ret = definite ? rules_.returned(op.inv, history_.ret_index()[i]) : never;
        op.step = model_ == RegisterModel::versioned ? 1 : 0;
        const std::string& f = history_.text(history_.f()[i]);
        if (f == "read") {
            if (!definite) return {};
            FAULTLAB_DO(add_read(i, op));
        } else if (f == "write") {
            FAULTLAB_DO(add_write(i, op));
        } else if (f == "cas" && model_ != RegisterModel::plain) {
            FAULTLAB_DO(add_cas(i, op));
        } else {
            return misfit(i,
                          model_ == RegisterModel::plain ? "read or write" : "read, write or cas");
        }
        key_.ops.push_back(op);
        return {};
    }

    /// The two elements of a [value, version] result.
    Result<void> take_version(std::size_t i, const Value& pair, std::uint64_t& version) const {
        const Value::List* list = pair.list();
        const bool two = list != nullptr && list->size() == 2;
        const std::int64_t* number = two ? (*list)[1].integer() : nullptr;
        if (number == nullptr || *number < 0) return misfit(i, "a result [value, version]");
        version = static_cast<std::uint64_t>(*number);
        return {};
    }

    Result<void> add_read(std::size_t i, RegisterOp& op) {
        const Value& ret = history_.value(history_.ret()[i]);
        op.action = RegisterAction::read;
        if (model_ != RegisterModel::versioned) {
            op.value = number(ret);
            return {};
        }
        if (ret.is_absent()) {
            op.value = 0;
            op.version = 0;
            return {};
        }
        FAULTLAB_DO(take_version(i, ret, op.version));
        op.value = number((*ret.list())[0]);
        return {};
    }

    Result<void> add_write(std::size_t i, RegisterOp& op) {
        op.action = RegisterAction::write;
        op.value = number(history_.value(history_.arg()[i]));
        return take_version_if_known(i, op);
    }

    Result<void> add_cas(std::size_t i, RegisterOp& op) {
        const Value::List* arg = history_.value(history_.arg()[i]).list();
        if (arg == nullptr || arg->size() != 2) return misfit(i, "an argument of two elements");
        op.action = RegisterAction::cas;
        op.value = number((*arg)[1]);
        if (model_ == RegisterModel::versioned) {
            const std::int64_t* from = (*arg)[0].integer();
            if (from == nullptr || *from < 0) return misfit(i, "an argument [version, value]");
            op.from_version = static_cast<std::uint64_t>(*from);
        } else {
            op.from = number((*arg)[0]);
        }
        const bool* compared = history_.value(history_.ret()[i]).boolean();
        if (op.definite() && compared != nullptr && !*compared) {
            op.action = RegisterAction::failed_cas;
            op.value = any_value;
            return {};
        }
        return take_version_if_known(i, op);
    }

    /// An update is told the version that it made, with its own value.
    Result<void> take_version_if_known(std::size_t i, RegisterOp& op) {
        const Value& ret = history_.value(history_.ret()[i]);
        if (!op.definite() || model_ != RegisterModel::versioned) return {};
        if (ret.list() == nullptr) return {};
        FAULTLAB_DO(take_version(i, ret, op.version));
        if (number(ret.list()->front()) == op.value) return {};
        return misfit(i, "a result [value, version] with the value that it wrote");
    }

    const History& history_;
    RegisterModel model_;
    const LinearizabilityRules& rules_;
    std::unordered_map<const Value*, ValueId, PointedHash, PointedEqual> numbers_;
    KeyOps key_;
};

} // namespace

std::string_view to_string(RegisterModel model) {
    switch (model) {
        case RegisterModel::plain: return "register";
        case RegisterModel::cas: return "cas-register";
        case RegisterModel::versioned: return "versioned-register";
    }
    return "register";
}

std::optional<RegisterModel> register_model(std::string_view name) {
    for (const auto model : {RegisterModel::plain, RegisterModel::cas, RegisterModel::versioned}) {
        if (to_string(model) == name) return model;
    }
    return std::nullopt;
}

Result<KeyOps> read_key_ops(const History& history,
                            std::span<const OpId> ids,
                            RegisterModel model,
                            const LinearizabilityRules& rules) {
    return KeyReader(history, model, rules).read(ids);
}

} // namespace faultlab
