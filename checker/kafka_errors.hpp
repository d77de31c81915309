#pragma once

#include "core/types.hpp"
#include "core/value.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace faultlab {

// The errors that the checker kafka finds, for its files only.

struct KafkaError {
    std::string type = {};
    std::int64_t badness = 0;
    Value key = {};
    std::vector<OpId> ops = {}; ///< judged alone they are wrong
    OpId shows = -1;            ///< the one by which it shows; -1: the last
    std::string what = {};
    Value::List row = {}; ///< for the statistics
};

/// Counts all, keeps the worst: of equals the first.
class KafkaErrors {
public:
    struct OfType {
        std::int64_t count = 0;
        std::vector<KafkaError> kept; ///< the worst first
    };

    void note(KafkaError error) {
        OfType& of = errors_[error.type];
        ++of.count;
        const bool many = error.type == "duplicate" || error.type == "inconsistent_offsets";
        const auto place = std::ranges::upper_bound(
            of.kept, error.badness, std::ranges::greater{}, &KafkaError::badness);
        of.kept.insert(place, std::move(error));
        if (of.kept.size() > (many ? 32U : 8U)) of.kept.pop_back();
    }

    [[nodiscard]] const std::map<std::string, OfType>& by_type() const { return errors_; }

private:
    std::map<std::string, OfType> errors_;
};

} // namespace faultlab
