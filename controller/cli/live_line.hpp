#pragma once

#include <string>

namespace faultlab {

/// A line on stderr that changes in place, where that is a terminal. Owned by one thread.
class LiveLine {
public:
    LiveLine();
    LiveLine(const LiveLine&) = delete;
    LiveLine& operator=(const LiveLine&) = delete;

    /// Whether a line can change; otherwise nothing is drawn.
    [[nodiscard]] bool terminal() const { return terminal_; }
    /// Replaces what is shown; cut to the width of the terminal.
    void draw(std::string line);
    /// Leaves what is shown, and goes to the next line.
    void end();
    /// Takes what is shown away.
    void clear();

private:
    bool terminal_;
    bool drawn_ = false;
};

} // namespace faultlab
