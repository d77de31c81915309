#pragma once

#include "core/history.hpp"
#include "core/value.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faultlab {

/// Gives what loaders read its symbol in a HistoryBuilder, without making a Value of what is known
/// already, and without an allocation for it. Requires: no other interns values in that builder.
class ValueInterner {
public:
    explicit ValueInterner(HistoryBuilder& builder) : builder_(builder), slots_(first_slots) {}

    Symbol integer(std::int64_t integer) {
        // Most histories count their values up: a table of them is several times faster than a
        // hash map, since neighbours in time are neighbours in memory. Symbol 0 is never theirs.
        if (static_cast<std::uint64_t>(integer) < small_integers_.size()) [[likely]] {
            Symbol& symbol = small_integers_[static_cast<std::size_t>(integer)];
            if (symbol == 0) {
                symbol = builder_.intern_new(Value(integer));
                ++integers_seen_;
            }
            return symbol;
        }
        return uncommon_integer(integer);
    }
    Symbol boolean(bool boolean);
    Symbol text(std::string_view text) {
        return known(Form::text, text, [&] { return Value(text); });
    }
    /// Of a value that is told by its bytes; `decode` makes it when they are new. Equal values must
    /// come with equal bytes.
    template <class Decode>
    Symbol list(std::string_view bytes, Decode decode) {
        return known(Form::list, bytes, decode);
    }
    template <class Decode>
    Symbol transaction(std::string_view bytes, Decode decode) {
        return known(Form::transaction, bytes, decode);
    }
    /// Of a text of f() or error().
    Symbol name(std::string_view text);

private:
    static constexpr std::size_t names_max = 8;
    static constexpr std::size_t first_slots = 1024; ///< a power of two, as all that follow
    enum class Form : std::uint32_t { text = 1, list, transaction };

    /// A place in an open hash table. Symbol 0: free.
    struct Slot {
        std::uint32_t hash = 0;
        Symbol symbol = 0;
        std::size_t offset = 0; ///< of its bytes in bytes_
        std::uint32_t length = 0;
        Form form = Form::text;
    };

    [[nodiscard]] static std::uint32_t hash_of(Form form, std::string_view bytes);

    [[nodiscard]] Slot& find(Form form, std::string_view bytes, std::uint32_t hash) {
        const std::size_t mask = slots_.size() - 1;
        for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
            Slot& slot = slots_[i];
            if (slot.symbol == 0) return slot;
            const bool same = slot.hash == hash && slot.form == form &&
                              std::string_view(bytes_.data() + slot.offset, slot.length) == bytes;
            if (same) return slot;
        }
    }

    template <class Decode>
    Symbol known(Form form, std::string_view bytes, Decode decode) {
        const std::uint32_t hash = hash_of(form, bytes);
        if (const Slot& slot = find(form, bytes, hash); slot.symbol != 0) return slot.symbol;
        const Symbol symbol = builder_.intern_new(decode());
        insert(form, bytes, hash, symbol);
        return symbol;
    }

    void insert(Form form, std::string_view bytes, std::uint32_t hash, Symbol symbol);
    Symbol uncommon_integer(std::int64_t integer);
    void grow_small_integers(std::size_t size);

    HistoryBuilder& builder_;
    std::vector<Symbol> small_integers_;                       ///< by integer; 0: not seen yet
    boost::unordered_flat_map<std::int64_t, Symbol> integers_; ///< those beyond
    std::size_t integers_seen_ = 0;
    std::vector<Slot> slots_;
    std::size_t slots_taken_ = 0;
    std::string bytes_; ///< what the slots refer to
    Symbol booleans_[2] = {0, 0};
    std::vector<std::pair<std::string, Symbol>> names_; ///< the first few, for a quick look
};

} // namespace faultlab
