#pragma once

#include "replica/core/operations.hpp"

#include <map>

/// The store as its users see it: values in a map, without limits of memory. What the state machine
/// is compared with.
class ReferenceStore {
public:
    explicit ReferenceStore(std::size_t request_bytes) : request_bytes_(request_bytes) {}

    faultlab::replica::OperationResult apply(const faultlab::replica::Operation& operation,
                                             std::uint32_t release);

    using Key = std::pair<std::uint32_t, faultlab::Value>;
    [[nodiscard]] const std::map<Key, faultlab::Value>& contents() const { return contents_; }

private:
    using Outcome = faultlab::replica::Outcome;
    faultlab::Value read(const Key& key) const;
    faultlab::replica::OperationResult add(const Key& key, const faultlab::Value& delta);
    faultlab::replica::OperationResult append(const Key& key, const faultlab::Value& suffix);
    faultlab::replica::OperationResult scan(const faultlab::replica::Operation& operation) const;
    faultlab::replica::OperationResult transact(const faultlab::replica::Operation& operation);

    std::map<Key, faultlab::Value> contents_;
    std::size_t request_bytes_;
};
