#pragma once

#include "core/check.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace faultlab {

/// Who has to act on an error; decides the exit code (the table in the README).
enum class ErrorKind : std::uint8_t {
    usage,       ///< the user asked for something that does not exist or cannot be (64)
    environment, ///< this machine or cluster lacks something (69)
    lab,         ///< the lab itself failed: disk full, a bug, an unexpected answer (70)
};

/// Why something could not be done, for a person: what was attempted, where, and what to try.
struct Error {
    ErrorKind kind = ErrorKind::lab;
    std::string message; ///< what was attempted and what happened, with node or file names
    std::string hint;    ///< what to do about it; may be empty

    /// Message and hint as one text of one or two lines.
    [[nodiscard]] std::string text() const {
        return hint.empty() ? message : message + "\n  " + hint;
    }
};

[[nodiscard]] inline Error usage_error(std::string message, std::string hint = {}) {
    return {ErrorKind::usage, std::move(message), std::move(hint)};
}
[[nodiscard]] inline Error environment_error(std::string message, std::string hint = {}) {
    return {ErrorKind::environment, std::move(message), std::move(hint)};
}
[[nodiscard]] inline Error lab_error(std::string message, std::string hint = {}) {
    return {ErrorKind::lab, std::move(message), std::move(hint)};
}

/// A value, or the reason why there is none. Asking for the one that is not there is a Bug.
template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }

    [[nodiscard]] T& value() & {
        FAULTLAB_CHECK(ok());
        return std::get<0>(state_);
    }
    [[nodiscard]] const T& value() const& {
        FAULTLAB_CHECK(ok());
        return std::get<0>(state_);
    }
    [[nodiscard]] T&& value() && {
        FAULTLAB_CHECK(ok());
        return std::get<0>(std::move(state_));
    }
    [[nodiscard]] const Error& error() const {
        FAULTLAB_CHECK(!ok());
        return std::get<1>(state_);
    }

    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

private:
    std::variant<T, Error> state_;
};

/// Success, or the reason of the failure.
template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    [[nodiscard]] bool ok() const { return !error_.has_value(); }
    explicit operator bool() const { return ok(); }
    [[nodiscard]] const Error& error() const {
        FAULTLAB_CHECK(error_.has_value());
        return *error_;
    }

private:
    std::optional<Error> error_;
};

} // namespace faultlab

#define FAULTLAB_CONCAT_(a, b) a##b
#define FAULTLAB_CONCAT(a, b) FAULTLAB_CONCAT_(a, b)

/// `FAULTLAB_TRY(auto x, f());` declares x from the Result of f(), or returns its error.
#define FAULTLAB_TRY(declaration, expression)                                                      \
    FAULTLAB_TRY_(FAULTLAB_CONCAT(faultlab_try_, __LINE__), declaration, expression)
#define FAULTLAB_TRY_(temporary, declaration, expression)                                          \
    auto temporary = (expression);                                                                 \
    if (!temporary) return temporary.error();                                                      \
    declaration = std::move(temporary).value()

/// `FAULTLAB_DO(f());` returns the error of a Result<void>, if it holds one.
#define FAULTLAB_DO(expression)                                                                    \
    do {                                                                                           \
        if (auto faultlab_do = (expression); !faultlab_do) return faultlab_do.error();             \
    } while (false)
