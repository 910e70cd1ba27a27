// The style sheet of the pages that the stress client writes: it is inside each of them.
#pragma once

namespace switchboard::sim {

inline constexpr const char* kHtmlStyle = R"css(
:root { color-scheme: light dark; --bg: #f6f7f9; --card: #fff; --ink: #1a1f29; --soft: #667085; --line: #e3e6eb;
  --blue: #2563eb; --orange: #e0650f; --green: #12875a; --violet: #7c3aed; --red: #d0302f; --band: #eef1f6;
  --badband: #fdecea; }
@media (prefers-color-scheme: dark) { :root { --bg: #0f1218; --card: #181c25; --ink: #e7eaf0; --soft: #98a2b3;
  --line: #2b313d; --blue: #6ea0ff; --orange: #ff9d57; --green: #3ecf97; --violet: #b794ff; --red: #ff7a76;
  --band: #1e2430; --badband: #33201f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--ink); line-height: 1.45;
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 34px 22px 60px; }
h1 { font-size: 25px; letter-spacing: -.01em; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 15px; margin: 0 0 10px; }
.sub { color: var(--soft); margin: 4px 0 18px; }
.verdict { display: inline-block; border-radius: 8px; padding: 6px 12px; margin: 0 0 20px; font-weight: 600; }
.verdict.good { color: var(--green); background: color-mix(in srgb, var(--green) 12%, transparent); }
.verdict.bad { color: var(--red); background: color-mix(in srgb, var(--red) 12%, transparent); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-bottom: 14px; }
.tile, .card, figure { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.tile { padding: 12px 16px 13px; }
.tile small { display: block; color: var(--soft); font-size: 13px; }
.tile b { font-size: 22px; font-weight: 650; letter-spacing: -.01em; font-variant-numeric: tabular-nums; }
.tile b + small { margin-top: 1px; }
.card { padding: 16px 18px; overflow-x: auto; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(380px, 1fr)); gap: 14px; align-items: start; }
.card, figure { margin: 0 0 14px; }
.pair .card { margin: 0; }
.pair { margin-bottom: 14px; }
figure { padding: 14px 16px 8px; }
figcaption { display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: baseline; margin-bottom: 6px; }
figcaption b { margin-right: auto; }
.key { color: var(--soft); font-size: 13px; }
.key::before { content: ""; display: inline-block; width: 16px; height: 3px; border-radius: 2px; margin-right: 6px;
  vertical-align: middle; background: var(--tint); }
.blue { --tint: var(--blue); } .orange { --tint: var(--orange); } .green { --tint: var(--green); }
.violet { --tint: var(--violet); } .red { --tint: var(--red); } .soft { --tint: var(--soft); }
svg { display: block; width: 100%; height: auto; }
svg text { font-size: 12.5px; fill: var(--soft); font-variant-numeric: tabular-nums; }
svg .y { text-anchor: end; } svg .x { text-anchor: middle; }
svg .grid { stroke: var(--line); } svg .tick { stroke: var(--soft); }
svg .line { fill: none; stroke: var(--tint); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
svg .line.soft { stroke-dasharray: 5 5; stroke-width: 1.5; }
svg .area { fill: var(--tint); opacity: .13; }
svg .band { fill: none; } svg .band.odd { fill: var(--band); } svg .band.bad { fill: var(--badband); }
svg .bandname { font-size: 11.5px; }
.hover > rect { fill: transparent; } .tip { visibility: hidden; pointer-events: none; }
.hover:hover .tip { visibility: visible; }
.tip path { stroke: var(--soft); stroke-dasharray: 2 3; }
.tip rect { fill: var(--card); stroke: var(--line); } .tip text { fill: var(--ink); font-size: 12.5px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 5px 12px 5px 0; border-top: 1px solid var(--line); vertical-align: top; }
tr:first-child th, tr:first-child td { border-top: 0; }
th { font-weight: 500; color: var(--soft); }
td.n, th.n { text-align: right; white-space: nowrap; padding-right: 0; padding-left: 12px; }
td { overflow-wrap: anywhere; }
tr.in td:first-child { padding-left: 18px; color: var(--soft); }
tr.sum td { font-weight: 650; }
.goodtext { color: var(--green); } .badtext { color: var(--red); } .note { color: var(--soft); font-size: 13px; }
ol { margin: 0; padding-left: 22px; } li { overflow-wrap: anywhere; }
@media print { body { background: #fff; } .tile, .card, figure { break-inside: avoid; } }
)css";

}  // namespace switchboard::sim
