#include "reports/style.hpp"

namespace faultlab {
namespace {

// The palette is that of Okabe and Ito (2008), darkened where text needs a contrast of 4.5 : 1 on
// white, lightened where it stands on black.
constexpr std::string_view sheet = R"css(
:root {
  color-scheme: light dark;
  --page: #ffffff; --raised: #f6f7f9; --ink: #16191d; --muted: #565e68; --rule: #d9dde3;
  --ok: #0072b2; --info: #a86f00; --fail: #6a717a; --told: #d55e00; --told-ink: #a84300;
  --good: #00664f; --doubt: #7a5200; --bad: #a84300; --error: #8a2a6b; --slate: #4a5561;
  --hatch: #8a929c; --hatch-page: #eceef1; --shade: #6b7480;
  --node-b: #9a4fa0; --node-c: #007a5a; --node-d: #8a5a00; --node-e: #5a6470;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --raised: #1c2024; --ink: #e8eaed; --muted: #a7aeb8; --rule: #353b42;
    --ok: #4aa8e0; --info: #e69f00; --fail: #9aa2ac; --told: #ff7a26; --told-ink: #ff9d5c;
    --good: #45c9a0; --doubt: #f0b84a; --bad: #ff9d5c; --error: #e58cc7; --slate: #aab4c0;
    --hatch: #717a85; --hatch-page: #262b31; --shade: #aab4c0;
    --node-b: #cf8fd4; --node-c: #3fc49b; --node-d: #d9a441; --node-e: #a7aeb8;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 20px 24px 48px; max-width: 1220px; background: var(--page);
  color: var(--ink); font: 14px/1.45 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
h1, h2, h3, p { margin: 0; }
.defs { position: absolute; }
.top { display: flex; flex-wrap: wrap; gap: 4px 24px; justify-content: space-between;
  align-items: baseline; padding: 0 0 10px; border-bottom: 3px solid var(--tone); }
h1 { font-size: 21px; line-height: 1.25; font-weight: 650; }
h1 .word { color: var(--tone); margin-right: 10px; white-space: nowrap; }
.top p { color: var(--muted); }
.INVALID { --tone: var(--bad); } .VALID { --tone: var(--good); }
.UNKNOWN { --tone: var(--doubt); } .ERROR { --tone: var(--error); }
.sentence { font-size: 17px; line-height: 1.4; margin: 14px 0 18px; max-width: 62em; }
h2 { font-size: 12px; font-weight: 650; letter-spacing: .07em; text-transform: uppercase;
  color: var(--muted); margin: 34px 0 8px; padding-top: 12px; border-top: 1px solid var(--rule); }
.first h2 { border: 0; padding: 0; margin: 0 0 4px; }
.first h2 small { font-size: 13px; font-weight: 400; letter-spacing: 0; text-transform: none; }
h3 { font-size: 13px; font-weight: 600; margin: 18px 0 4px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 4px 14px 4px 0; }
thead th { font-size: 12px; font-weight: 600; color: var(--muted); white-space: nowrap;
  border-bottom: 1px solid var(--rule); }
tbody tr + tr td, tbody tr + tr th { border-top: 1px solid var(--rule); }
td:last-child, th:last-child { padding-right: 0; }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.small { font-size: 12.5px; color: var(--muted); overflow-wrap: anywhere; }
td { overflow-wrap: break-word; }
.pairs th { width: 190px; font-weight: 600; color: var(--muted); }
.good { color: var(--good); white-space: nowrap; } .bad { color: var(--bad); white-space: nowrap; }
.verdict { color: var(--tone); font-weight: 650; white-space: nowrap; }
.steps { margin: 0 0 18px; }
.steps td { padding: 5px 16px 5px 0; }
.steps .at, .steps .no { text-align: right; white-space: nowrap; color: var(--muted);
  font-variant-numeric: tabular-nums; }
.steps .no { width: 2.4em; }
.steps .who { white-space: nowrap; }
.steps .what { font-weight: 600; }
.steps .end { min-width: 8em; }
.steps .fault td, .steps .event td { background: var(--raised); }
.steps .fault .what, .steps .event .what { font-weight: 400; }
.steps .fault .who { font-weight: 650; letter-spacing: .03em; }
.steps .remark { color: var(--muted); }
.steps .divergent td { background: color-mix(in srgb, var(--told) 11%, var(--page)); }
.steps .divergent .no { box-shadow: inset 4px 0 0 var(--told); }
.steps .divergent .what, .steps .divergent .remark { color: var(--told-ink); font-weight: 650; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 7px 22px; margin: 0; }
dt { font-size: 12px; font-weight: 650; letter-spacing: .05em; text-transform: uppercase;
  color: var(--muted); padding-top: 2px; }
dd { margin: 0; overflow-wrap: anywhere; max-width: 78em; }
code, pre { font: 13px/1.45 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono",
  monospace; }
dd code { background: var(--raised); border: 1px solid var(--rule); border-radius: 4px;
  padding: 2px 8px; user-select: all; }
.note { margin: 14px 0 0; padding: 8px 12px; background: var(--raised);
  border-left: 4px solid var(--doubt); }
.words { color: var(--muted); font-size: 13px; margin: 4px 0 0; max-width: 80em; }
.absent { color: var(--muted); margin: 6px 0 0; }
.scroll { overflow-x: auto; }
.scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--ok); outline-offset: 2px; }
figure { margin: 10px 0 16px; }
figcaption { font-weight: 600; font-size: 13px; margin: 0 0 2px; }
svg { display: block; width: 100%; min-width: 860px; height: auto;
  font-family: system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
svg.defs { width: 0; height: 0; min-width: 0; }
svg text { fill: var(--ink); font-size: 11px; }
svg .tick { fill: var(--muted); font-variant-numeric: tabular-nums; }
svg .name, svg .muted { fill: var(--muted); }
svg .strong { fill: var(--ink); font-weight: 650; }
svg .halo, svg .told-label { paint-order: stroke; stroke: var(--page); stroke-width: 4px;
  stroke-linejoin: round; }
svg .healed { fill: var(--good); } svg .doubt { fill: var(--doubt); }
svg .told-label { font-weight: 650; font-size: 12px; }
svg .divergent { fill: var(--told-ink); }
svg .grid, svg .lane { stroke: var(--rule); } svg .cut { stroke: var(--hatch); }
svg .heal { stroke: var(--good); opacity: .75; }
svg .shade { fill: var(--shade); fill-opacity: .13; }
svg .leader { fill: var(--slate); } svg .on-leader, svg .on-ok { fill: var(--page); }
svg .follower { fill: var(--page); stroke: var(--rule); } svg .candidate { stroke: var(--hatch); }
svg .ok { fill: var(--ok); } svg .fail { fill: var(--page); stroke: var(--fail); }
svg .info { stroke: var(--info); } svg .told { stroke: var(--told); }
svg .line-ok, svg .node-a, svg .line-p50, svg .line-p95, svg .line-p99 { stroke: var(--ok); }
svg .line-info { stroke: var(--info); } svg .line-fail, svg .line-max { stroke: var(--fail); }
svg .node-b { stroke: var(--node-b); } svg .node-c { stroke: var(--node-c); }
svg .node-d { stroke: var(--node-d); } svg .node-e { stroke: var(--node-e); }
.hatch-line { stroke: var(--hatch); } .hatch-page { fill: var(--hatch-page); }
.hatch-warn { stroke: var(--info); } .hatch-warn-page { fill: var(--page); }
details { margin: 12px 0 0; } summary { cursor: pointer; font-weight: 600; }
pre { margin: 8px 0 0; padding: 12px; background: var(--raised); max-height: 460px;
  overflow: auto; }
footer { margin-top: 36px; padding-top: 10px; border-top: 1px solid var(--rule);
  color: var(--muted); font-size: 13px; }
@media (max-width: 760px) {
  body { padding: 14px 14px 32px; }
  dl { grid-template-columns: 1fr; gap: 0; } dt { margin-top: 9px; }
  .steps td { padding-right: 9px; }
  .steps .who { white-space: normal; }
}
@media screen and (max-width: 900px) {
  figure::after { content: "The picture is wider than this window: scroll it sideways.";
    color: var(--muted); font-size: 13px; }
}
@media (prefers-contrast: more) { :root { --muted: var(--ink); --rule: var(--hatch); } }
@media (forced-colors: active) { svg { forced-color-adjust: none; background: Canvas; } }
@media print {
  :root { --page: #fff; --raised: #f4f5f7; --ink: #000; --muted: #444; --rule: #ccc; }
  body { max-width: none; padding: 0; font-size: 11px; }
  svg { min-width: 0; } .scroll { overflow: visible; } pre { max-height: none; }
  figure, tr { break-inside: avoid; } h2, h3, figcaption { break-after: avoid; }
}
)css";

// One distinct hatch a kind of fault, and one for what is not known.
constexpr std::string_view hatches = R"svg(
<svg class="defs" width="0" height="0" aria-hidden="true"><defs>
<pattern id="hatch-partition" width="7" height="7" patternUnits="userSpaceOnUse">
<rect width="7" height="7" fill="#eceef1" class="hatch-page"/>
<path d="M-1 8L8 -1" stroke="#8a929c" class="hatch-line"/></pattern>
<pattern id="hatch-kill" width="8" height="8" patternUnits="userSpaceOnUse">
<rect width="8" height="8" fill="#eceef1" class="hatch-page"/>
<path d="M-1 9L9 -1M-1 -1L9 9" stroke="#8a929c" class="hatch-line"/></pattern>
<pattern id="hatch-pause" width="6" height="6" patternUnits="userSpaceOnUse">
<rect width="6" height="6" fill="#eceef1" class="hatch-page"/>
<path d="M3 0V6" stroke="#8a929c" class="hatch-line"/></pattern>
<pattern id="hatch-other" width="6" height="6" patternUnits="userSpaceOnUse">
<rect width="6" height="6" fill="#eceef1" class="hatch-page"/>
<path d="M0 3H6" stroke="#8a929c" class="hatch-line"/></pattern>
<pattern id="hatch-candidate" width="5" height="5" patternUnits="userSpaceOnUse">
<path d="M-1 6L6 -1" stroke="#8a929c" class="hatch-line"/></pattern>
<pattern id="hatch-info" width="6" height="6" patternUnits="userSpaceOnUse">
<rect width="6" height="6" fill="#ffffff" class="hatch-warn-page"/>
<path d="M-1 7L7 -1" stroke="#e69f00" stroke-width="2" class="hatch-warn"/></pattern>
</defs></svg>
)svg";

} // namespace

std::string_view style_sheet() {
    return sheet;
}

std::string_view hatch_definitions() {
    return hatches;
}

} // namespace faultlab
