#include "reports/html.hpp"

#include "reports/charts.hpp"
#include "reports/markup.hpp"
#include "reports/style.hpp"
#include "reports/tables.hpp"
#include "reports/text.hpp"
#include "reports/timeline.hpp"

#include <string_view>
#include <vector>

namespace faultlab {
namespace {

void put_head(Markup& out, const Story& story) {
    out.put("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
            "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<meta name=\"referrer\" content=\"no-referrer\">\n"
            "<title>{} {} {}</title>\n<style>{}</style>\n</head>\n",
            glyph_of(story.outcome),
            word_of(story.outcome),
            story.headline,
            Raw{style_sheet()});
}

std::string_view row_class(const StoryStep& step) {
    if (step.divergent) return "divergent";
    switch (step.kind) {
        case StoryStep::Kind::operation: return "operation";
        case StoryStep::Kind::fault: return "fault";
        case StoryStep::Kind::event: return "event";
    }
    return "operation";
}

void put_steps(Markup& out, const Story& story) {
    if (story.steps.empty()) return;
    out.put("<h2>What happened <small>({})</small></h2>\n"
            "<div class=\"scroll\" tabindex=\"0\"><table class=\"steps\"><tbody>\n",
            story.caption);
    for (std::size_t i = 0; i < story.steps.size(); ++i) {
        const StoryStep& step = story.steps[i];
        const bool operation = step.kind == StoryStep::Kind::operation;
        const std::string mark = step.remark.empty() || !operation ? "" : "← ";
        out.put("<tr class=\"{}\"><td class=\"no\">{}</td><td class=\"at\">{} s</td>"
                "<td class=\"who\">{}</td><td class=\"what\">{}</td><td class=\"end\">{}</td>"
                "<td class=\"remark\">{}{}</td></tr>\n",
                row_class(step),
                i + 1,
                moment_text(step.t),
                step.actor,
                step.action,
                step.outcome,
                step.divergent ? std::string("✖ ") : mark,
                step.remark);
    }
    out.put("</tbody></table></div>\n");
}

void put_facts(Markup& out, const Story& story) {
    out.put("<dl>\n");
    for (const StoryFact& fact : story.facts) {
        out.put("<dt>{}</dt><dd>", fact.label);
        for (std::size_t i = 0; i < fact.lines.size(); ++i) {
            if (i > 0) out.put("<br>");
            if (fact.command) out.put("<code>{}</code>", fact.lines[i]);
            if (!fact.command) out.put("{}", fact.lines[i]);
        }
        out.put("</dd>\n");
    }
    out.put("</dl>\n");
    for (const std::string& note : story.notes)
        out.put("<p class=\"note\">{}</p>\n", note);
}

void put_first_screen(Markup& out, const Story& story) {
    out.put("<header class=\"top\"><h1><span class=\"word\">{} {}</span>{}</h1><p>{}</p>"
            "</header>\n<section class=\"first\">\n<p class=\"sentence\">{}</p>\n",
            glyph_of(story.outcome),
            word_of(story.outcome),
            story.headline,
            story.run_line,
            story.sentence);
    put_steps(out, story);
    put_facts(out, story);
    out.put("</section>\n");
}

// Whether there was something to draw.
bool put_picture(Markup& out, std::string_view caption, const Picture& picture) {
    if (picture.svg.empty()) return false;
    out.put("<figure>");
    if (!caption.empty()) out.put("<figcaption>{}</figcaption>", caption);
    out.put("\n<div class=\"scroll\" tabindex=\"0\">{}</div>\n", Raw{picture.svg});
    for (const std::string& words : picture.words)
        out.put("<p class=\"words\">{}</p>\n", words);
    out.put("</figure>\n");
    return true;
}

void put_absent(Markup& out, std::string_view what) {
    out.put("<p class=\"absent\">{}</p>\n", what);
}

void put_whole_run(Markup& out, const Record& record, const Tally& tally) {
    out.put("<h2>The whole run</h2>\n");
    if (!put_picture(out, "Faults and roles", draw_overview(record, tally)))
        put_absent(out, "No fault and no role of a node was recorded in this run.");
    if (!put_picture(out, "Throughput", draw_throughput(record, tally)))
        put_absent(out, "No operation was recorded in this run.");
    if (!put_picture(out, "Latency", draw_latency(record, tally)))
        put_absent(out, "No operation succeeded: there is no latency to draw.");
    if (!record.faults.empty())
        out.put("<p class=\"words\">Shaded: a fault is in force. Dashed line: it was healed."
                "</p>\n");
}

void put_protocol(Markup& out, const Record& record, const Tally& tally) {
    out.put("<h2>Protocol state</h2>\n");
    bool any = put_picture(out, "Term", draw_metric(record, tally, "term"));
    any = put_picture(out, "Commit index", draw_metric(record, tally, "commit")) || any;
    if (!any) put_absent(out, "No node reported a term or a commit index in this run.");
}

} // namespace

std::string render_html(const Record& record,
                        std::span<const CheckResult> results,
                        const StoryContext& context) {
    const Story story = make_story(record, results, context);
    Markup out;
    put_head(out, story);
    out.put("<body class=\"{}\">\n{}", word_of(story.outcome), Raw{hatch_definitions()});
    put_first_screen(out, story);
    if (story.finding) {
        out.put("<h2>Timeline of the counterexample</h2>\n");
        if (!put_picture(out, "", draw_timeline(record, story)))
            put_absent(out, "The finding names no operations, so there is nothing to draw.");
    }
    put_whole_run(out, record, story.tally);
    put_protocol(out, record, story.tally);
    out.put("<h2>All checkers</h2>\n");
    if (!tables::checkers(out, results))
        put_absent(out, "No checker has judged this record yet.");
    out.put("<h2>All faults</h2>\n");
    if (!tables::faults(out, record)) put_absent(out, "No fault was injected in this run.");
    out.put("<h2>Configuration</h2>\n");
    tables::configuration(out, record);
    out.put("<h2>Nodes and logs</h2>\n");
    if (!tables::nodes(out, record)) put_absent(out, "The record names no node and no log.");
    out.put("<footer>Times are seconds since the start of the run, on the clock of the lab. "
            "Written by faultlab from run.db alone.</footer>\n</body>\n</html>\n");
    return out.take();
}

} // namespace faultlab
