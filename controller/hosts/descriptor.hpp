#pragma once

#include <utility>

namespace faultlab {

/// Owns one file descriptor: closed with the object. Movable, not shared between threads.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other) {
            reset();
            number_ = std::exchange(other.number_, -1);
        }
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { reset(); }

    [[nodiscard]] int get() const { return number_; }
    [[nodiscard]] bool valid() const { return number_ >= 0; }
    void reset();

private:
    int number_ = -1;
};

/// The two ends of a pipe, both close-on-exec and never one of the numbers 0 to 2 (a child that
/// gets an end as its standard stream could otherwise lose it). Both invalid when there is none
/// to be had; errno says why.
struct Pipe {
    Descriptor read;
    Descriptor write;
};
[[nodiscard]] Pipe make_pipe();

/// The words for what a failed call left in errno. Thread-safe.
[[nodiscard]] const char* errno_text(int error);

} // namespace faultlab
