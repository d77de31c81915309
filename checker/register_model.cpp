#include "checker/register_model.hpp"

#include "checker/linearizability_rules.hpp"
#include "checker/misfits.hpp"
#include "core/op.hpp"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

constexpr std::uint32_t unseen = UINT32_MAX;

} // namespace

/// Reads one key after the other. Values are compared where they lie in the history: none is
/// copied, and each symbol is looked up but once a key.
class KeyReader::Impl {
public:
    Impl(const History& history, RegisterModel model, const LinearizabilityRules& rules)
        : history_(history), model_(model), rules_(rules),
          number_of_symbol_(history.value_count(), unseen), table_(64) {}

    Result<KeyOps> read(std::span<const OpId> ids) {
        key_ = {};
        key_.ops.reserve(ids.size());
        key_.values.reserve(ids.size() + 1);
        for (const Symbol symbol : symbols_)
            number_of_symbol_[symbol] = unseen;
        symbols_.clear();
        if (++generation_ == 0) {
            std::ranges::fill(table_, Entry{});
            generation_ = 1;
        }
        make_room(std::min(ids.size(), history_.value_count()));
        number_symbol(0);
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
    enum class Kind : std::uint8_t { unknown, read, write, cas };

    /// Where the number of a value is; an entry of another generation is empty.
    struct Entry {
        std::uint32_t generation = 0;
        std::uint32_t hash = 0;
        ValueId number = 0;
    };

    Kind kind(Symbol f) {
        if (f >= kinds_.size()) kinds_.resize(f + std::size_t{1}, Kind::unknown);
        if (kinds_[f] != Kind::unknown) return kinds_[f];
        const std::string& text = history_.text(f);
        if (text == "read") kinds_[f] = Kind::read;
        if (text == "write") kinds_[f] = Kind::write;
        if (text == "cas" && model_ != RegisterModel::plain) kinds_[f] = Kind::cas;
        return kinds_[f];
    }

    ValueId number_symbol(Symbol symbol) {
        std::uint32_t& own = number_of_symbol_[symbol];
        if (own != unseen) return own;
        symbols_.push_back(symbol);
        own = number(history_.value(symbol));
        return own;
    }

    ValueId number(const Value& value) {
        const Value& same = rules_.identity(value);
        make_room(key_.values.size());
        const auto hash = static_cast<std::uint32_t>(same.hash());
        std::size_t probe = hash & (table_.size() - 1);
        for (; table_[probe].generation == generation_; probe = (probe + 1) & (table_.size() - 1)) {
            const Entry& entry = table_[probe];
            if (entry.hash == hash && *key_.values[entry.number] == same) return entry.number;
        }
        const auto next = static_cast<ValueId>(key_.values.size());
        table_[probe] = {.generation = generation_, .hash = hash, .number = next};
        key_.values.push_back(&same);
        return next;
    }

    /// For one more value than these, and a quarter of the table empty.
    void make_room(std::size_t values) {
        const std::size_t needed = values + values / 3 + 2;
        if (needed <= table_.size()) return;
        std::vector<Entry> old(std::bit_ceil(needed));
        std::swap(old, table_);
        for (const Entry& entry : old) {
            if (entry.generation != generation_) continue;
            std::size_t probe = entry.hash & (table_.size() - 1);
            while (table_[probe].generation == generation_)
                probe = (probe + 1) & (table_.size() - 1);
            table_[probe] = entry;
        }
    }

    [[nodiscard]] Error misfit(std::size_t i, std::string_view expected) const {
        return model_misfit(history_.op(static_cast<OpId>(i)), to_string(model_), expected);
    }

    Result<void> add(std::size_t i, bool definite) {
        RegisterOp op;
        op.id = static_cast<OpId>(i);
        op.inv = rules_.invoked(history_.inv_index()[i]);
        op.ret = definite ? rules_.returned(op.inv, history_.ret_index()[i]) : never;
        op.step = model_ == RegisterModel::versioned ? 1 : 0;
        switch (kind(history_.f()[i])) {
            case Kind::read:
                if (history_.arg()[i] != 0) return misfit(i, "a read without an argument");
                if (!definite) return {};
                FAULTLAB_DO(add_read(i, op));
                break;
            case Kind::write: FAULTLAB_DO(add_write(i, op)); break;
            case Kind::cas: FAULTLAB_DO(add_cas(i, op)); break;
            case Kind::unknown:
                return misfit(
                    i, model_ == RegisterModel::plain ? "read or write" : "read, write or cas");
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
            op.value = number_symbol(history_.ret()[i]);
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
        op.value = number_symbol(history_.arg()[i]);
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
            op.refused = std::exchange(op.value, any_value);
            return {};
        }
        return take_version_if_known(i, op);
    }

    /// That an update was done is all that its answer says: Jepsen repeats the argument.
    [[nodiscard]] bool only_acknowledges(std::size_t i, const Value& ret) const {
        const bool* const done = ret.boolean();
        const bool repeats = model_ != RegisterModel::versioned && // there it would be a version
                             history_.ret()[i] == history_.arg()[i];
        return ret.is_absent() || repeats || (done != nullptr && *done);
    }

    /// An update is told the version that it made, with its own value.
    Result<void> take_version_if_known(std::size_t i, RegisterOp& op) {
        const Value& ret = history_.value(history_.ret()[i]);
        if (!op.definite() || only_acknowledges(i, ret)) return {};
        if (model_ != RegisterModel::versioned)
            return misfit(i, "no result, or true, or its argument again");
        FAULTLAB_DO(take_version(i, ret, op.version));
        if (number(ret.list()->front()) == op.value) return {};
        return misfit(i, "a result [value, version] with the value that it wrote");
    }

    const History& history_;
    RegisterModel model_;
    const LinearizabilityRules& rules_;
    std::vector<Kind> kinds_;                     ///< by symbol of f
    std::vector<std::uint32_t> number_of_symbol_; ///< ValueId, or unseen
    std::vector<Symbol> symbols_;                 ///< those that are numbered
    std::vector<Entry> table_;                    ///< of values; a power of two
    std::uint32_t generation_ = 0;
    KeyOps key_;
};

KeyReader::KeyReader(const History& history, RegisterModel model, const LinearizabilityRules& rules)
    : impl_(std::make_unique<Impl>(history, model, rules)) {}
KeyReader::~KeyReader() = default;

Result<KeyOps> KeyReader::read(std::span<const OpId> ids) {
    return impl_->read(ids);
}

std::optional<RegisterOp> opened(const RegisterOp& op) {
    if (op.action == RegisterAction::read) return std::nullopt;
    RegisterOp open = op;
    open.ret = never;
    open.version = any_version;
    if (op.action == RegisterAction::failed_cas) {
        open.action = RegisterAction::cas;
        open.value = std::exchange(open.refused, any_value);
    }
    return open;
}

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
