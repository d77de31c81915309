#pragma once

#include "core/store/json_scanner.hpp"
#include "core/store/token.hpp"
#include "core/value.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace faultlab {

/// Whether the values of an EDN history are [key value] tuples, as jepsen.independent writes them.
/// Where no tag says so the invocations tell, in this order:
///  - one whose value is no list of two with an integer or a text in front: they are not;
///  - one whose value is [key nil] (a read), or a cas of [key [from to]]: they are;
///  - a cas of [from to]: they are not;
///  - where nothing of this occurs, they are, if there is any value like that.
/// Operations on several keys (scan, txn) tell nothing, and are never tuples.
class TupleQuestion {
public:
    /// Looks at the next invocation of a process.
    void look_at(std::string_view f, const Value& value);
    /// The tag of a value says it.
    void see_tag() { decide(true); }
    /// An event names its key by itself.
    void see_key() { decide(false); }
    /// Nothing that follows can change the answer.
    [[nodiscard]] bool decided() const { return answer_.has_value(); }
    [[nodiscard]] bool are_tuples() const { return answer_.value_or(likely_); }

private:
    void decide(bool answer) {
        if (!answer_) answer_ = answer;
    }
    std::optional<bool> answer_;
    bool likely_ = false;
};

/// Takes tuples apart.
class TupleSplitter {
public:
    struct Parts {
        Token key;
        Token value;
    };
    /// Nothing when the token is no [key value]. Requires: it has padding behind it. The parts
    /// refer to the token's text or to this.
    std::optional<Parts> split(const Token& token);

private:
    JsonScanner scanner_;
    std::string key_, value_;
};

} // namespace faultlab
