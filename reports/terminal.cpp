#include "reports/terminal.hpp"

#include "reports/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace faultlab {
namespace {

constexpr std::size_t least_width = 40;
constexpr std::size_t label_width = 18;

constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view faint = "\x1b[2m";
constexpr std::string_view red = "\x1b[1;31m";
constexpr std::string_view green = "\x1b[1;32m";
constexpr std::string_view yellow = "\x1b[1;33m";
constexpr std::string_view magenta = "\x1b[1;35m";
constexpr std::string_view plain = "\x1b[0m";

std::string_view color_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::valid: return green;
        case Outcome::unknown: return yellow;
        case Outcome::error: return magenta;
        case Outcome::invalid: return red;
    }
    return yellow;
}

std::string painted(std::string_view text, std::string_view color, const TextStyle& style) {
    if (!style.color || text.empty()) return std::string(text);
    return fmt::format("{}{}{}", color, text, plain);
}

std::string padded(std::string_view text, std::size_t width) {
    const std::size_t used = width_of(text);
    return std::string(text) + std::string(used < width ? width - used : 0, ' ');
}

// Breaks at spaces; a word that is longer than a line stays whole, so that it can be copied.
std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
    std::vector<std::string> lines(1);
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        const std::string_view word = text.substr(at, end - at);
        at = end + 1;
        std::string& line = lines.back();
        if (!line.empty() && width_of(line) + 1 + width_of(word) > width) {
            lines.emplace_back(word);
            continue;
        }
        if (!line.empty()) line += ' ';
        line += word;
    }
    return lines;
}

void put_heading(const Story& story, const TextStyle& style, std::string& out) {
    const std::string verdict =
        fmt::format("{} {}", glyph_of(story.outcome), word_of(story.outcome));
    const std::size_t indent = width_of(verdict) + 2;
    const auto lines = wrapped(story.headline, style.width - indent);
    const std::size_t used = indent + width_of(lines.front());
    const std::size_t wanted = used + 3 + width_of(story.run_line);
    out += painted(verdict, color_of(story.outcome), style) + "  " +
           painted(lines.front(), bold, style);
    if (lines.size() == 1 && wanted <= style.width) {
        out += std::string(style.width - used - width_of(story.run_line), ' ') + story.run_line;
        out += '\n';
        return;
    }
    for (std::size_t i = 1; i < lines.size(); ++i)
        out += '\n' + std::string(indent, ' ') + painted(lines[i], bold, style);
    out += '\n';
    for (const std::string& line : wrapped(story.run_line, style.width - indent))
        out += std::string(indent, ' ') + line + '\n';
}

void put_wrapped(std::string_view text, std::size_t indent, std::size_t width, std::string& out) {
    for (const std::string& line : wrapped(text, width - std::min(width, indent)))
        out += std::string(indent, ' ') + line + '\n';
}

struct Columns {
    std::size_t time = 0;
    std::size_t actor = 0;
    std::size_t action = 0;
};

Columns columns_of(const Story& story, std::size_t width) {
    Columns columns;
    for (const StoryStep& step : story.steps) {
        columns.time = std::max(columns.time, width_of(moment_text(step.t)));
        columns.actor = std::max(columns.actor, width_of(step.actor));
        if (step.kind == StoryStep::Kind::operation)
            columns.action = std::max(columns.action, width_of(step.action));
    }
    columns.actor = std::min(columns.actor, width / 4);
    columns.action = std::min(columns.action, width / 3);
    return columns;
}

void put_step(const StoryStep& step,
              std::size_t number,
              const Columns& columns,
              const TextStyle& style,
              std::string& out) {
    const std::string start = fmt::format("{:>3}  {:>{}} s  {}  ",
                                          number,
                                          moment_text(step.t),
                                          columns.time,
                                          padded(step.actor, columns.actor));
    const std::size_t indent = width_of(start);
    const bool operation = step.kind == StoryStep::Kind::operation;
    std::string rest = operation ? padded(step.action, columns.action) : step.action;
    if (!step.outcome.empty()) rest += (operation ? "  " : ", ") + step.outcome;
    const std::string mark = step.divergent ? "✖ " : "← ";
    const std::string remark = step.remark.empty() ? "" : (operation ? mark : "") + step.remark;
    const std::string joined = rest + (operation ? "   " : "; ") + remark;
    const bool fits = !remark.empty() && indent + width_of(joined) <= style.width;
    const std::string_view color = step.divergent ? red : faint;
    if (fits && operation) {
        out += start + rest + "   " + painted(remark, color, style) + '\n';
        return;
    }
    if (indent + width_of(rest) <= style.width) {
        out += start + (fits ? joined : rest) + '\n';
    } else {
        const auto lines =
            wrapped(rest, std::max(style.width - std::min(style.width, indent), least_width / 2));
        for (std::size_t i = 0; i < lines.size(); ++i)
            out += (i == 0 ? start : std::string(indent, ' ')) + lines[i] + '\n';
    }
    if (fits || remark.empty()) return;
    for (const std::string& line :
         wrapped(remark, std::max(style.width - std::min(style.width, indent), least_width / 2)))
        out += std::string(indent, ' ') + painted(line, color, style) + '\n';
}

void put_steps(const Story& story, const TextStyle& style, std::string& out) {
    if (story.steps.empty()) return;
    const auto lines = wrapped("WHAT HAPPENED (" + story.caption + ")", style.width);
    for (const std::string& line : lines)
        out += painted(line, bold, style) + '\n';
    const Columns columns = columns_of(story, style.width);
    for (std::size_t i = 0; i < story.steps.size(); ++i)
        put_step(story.steps[i], i + 1, columns, style, out);
    out += '\n';
}

void put_facts(const Story& story, const TextStyle& style, std::string& out) {
    std::size_t labels = label_width;
    for (const StoryFact& fact : story.facts)
        labels = std::max(labels, width_of(fact.label) + 2);
    for (const StoryFact& fact : story.facts) {
        std::string label = padded(fact.label, labels);
        for (const std::string& text : fact.lines) {
            // A command stays on one line, so that it can be copied.
            const auto lines = fact.command
                                   ? std::vector<std::string>{text}
                                   : wrapped(text, style.width - std::min(style.width / 2, labels));
            for (const std::string& line : lines) {
                out += painted(label, bold, style) + line + '\n';
                label = std::string(labels, ' ');
            }
        }
    }
}

// Our own signs have ASCII forms; any other character is told as its code point would be.
std::string to_ascii(std::string_view text) {
    constexpr std::pair<std::string_view, std::string_view> forms[] = {
        {"✖", "x"}, {"✔", "+"}, {"→", "->"}, {"←", "<-"}, {"·", "-"}, {"…", "..."}, {"µ", "u"}};
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const auto form = std::ranges::find_if(
            forms, [&](const auto& f) { return text.substr(at).starts_with(f.first); });
        if (form != std::end(forms)) {
            out += form->second;
            at += form->first.size();
            continue;
        }
        const auto byte = static_cast<unsigned char>(text[at++]);
        if (byte < 0x80U) out += static_cast<char>(byte);
        if (byte >= 0xc0U) out += '?';
    }
    return out;
}

} // namespace

std::string render_text(const Story& story, const TextStyle& wanted) {
    TextStyle style = wanted;
    style.width = std::max(style.width, least_width);
    std::string out;
    put_heading(story, style, out);
    out += '\n';
    put_wrapped(story.sentence, 0, style.width, out);
    out += '\n';
    put_steps(story, style, out);
    put_facts(story, style, out);
    if (!story.notes.empty()) out += '\n';
    for (const std::string& note : story.notes)
        put_wrapped("Note: " + note, 0, style.width, out);
    return style.unicode ? out : to_ascii(out);
}

} // namespace faultlab
