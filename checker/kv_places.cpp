#include "checker/kv_model.hpp"
#include "core/check.hpp"

namespace faultlab {

KeyId KvPlaces::add_key(const Value& key) {
    const auto id = static_cast<KeyId>(keys_.size());
    keys_.push_back(&key);
    absent_.push_back(number(id, Value{}));
    return id;
}

PlaceId KvPlaces::number(KeyId key, const Value& value) {
    const auto known = numbers_.find({.key = key, .value = &value});
    if (known != numbers_.end()) return known->second;
    values_.push_back(value);
    const Place place{.key = key, .value = &values_.back()};
    const auto id = static_cast<PlaceId>(places_.size());
    places_.push_back(place);
    numbers_.emplace(place, id);
    const std::string* text = value.text();
    bytes_ += 128 + static_cast<std::int64_t>(text == nullptr ? 0 : text->size());
    return id;
}

std::uint32_t KvPlaces::number_operand(const Value& operand) {
    const auto next = static_cast<std::uint32_t>(operands_.size());
    const auto [it, added] = operand_numbers_.try_emplace(operand, next);
    if (added) operands_.push_back(operand);
    return it->second;
}

PlaceId KvPlaces::result_of(KvAction action, PlaceId before, std::uint32_t operand) {
    FAULTLAB_CHECK(operand < std::uint32_t{1} << 31U);
    const std::uint64_t key =
        std::uint64_t{before} << 32U | operand << 1U | (action == KvAction::add ? 1U : 0U);
    const auto known = results_.find(key);
    if (known != results_.end()) return known->second;
    PlaceId result = no_place;
    const Value& was = value(before);
    if (action == KvAction::add) {
        std::int64_t sum = 0;
        const bool fits = was.is_absent() || was.integer() != nullptr;
        const std::int64_t base = was.integer() == nullptr ? 0 : *was.integer();
        if (fits && !__builtin_add_overflow(base, *operands_[operand].integer(), &sum))
            result = number(key_of(before), sum);
    } else if (was.is_absent() || was.text() != nullptr) {
        const std::string base = was.is_absent() ? std::string() : *was.text();
        result = number(key_of(before), base + *operands_[operand].text());
    }
    results_.emplace(key, result);
    bytes_ += 64;
    return result;
}

} // namespace faultlab
