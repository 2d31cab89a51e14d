// The style sheet of the pages. A file of its own on the server, so that the pages' policy needs no
// exception for inline styles. Colours follow the reader's light or dark setting; a state is always
// a word and a shape too, never a colour alone.
#pragma once

#include <string_view>

namespace exporter {

inline constexpr std::string_view kPageStyle = R"css(:root {
  color-scheme: light dark;
  --ink: #1c2024; --quiet: #5b6470; --paper: #ffffff; --line: #d8dde3;
  --good: #1a7f37; --bad: #b42318; --unknown: #6b5b00; --excluded: #2f5fb3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e7eaee; --quiet: #9aa4b0; --paper: #14181d; --line: #333b45;
    --good: #5bc77a; --bad: #ff8a7d; --unknown: #e2c04c; --excluded: #8fb4ff;
  }
}
body {
  margin: 2rem auto; padding: 0 1rem; max-width: 72rem;
  color: var(--ink); background: var(--paper);
  font: 16px/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.6rem; margin-bottom: 0; }
h2 { font-size: 1.15rem; margin-top: 2rem; }
.quiet, caption { color: var(--quiet); }
th .quiet, th div { font-weight: normal; }
th div { min-width: 14rem; }
th div.bad { font-weight: normal; }
.whole { white-space: nowrap; }
code { font: 0.875em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
ul.plain { margin: 0; padding: 0; list-style: none; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; padding: 0; list-style: none; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; padding-bottom: 0.5rem; }
th, td { text-align: left; padding: 0.35rem 0.75rem 0.35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.number + :not(.number) { padding-left: 0.75rem; }
th.ticket { min-width: 8rem; font-weight: normal; }
.note { margin: 1.25rem 0 0.5rem; }
.good, .met { color: var(--good); }
.bad, .missed { color: var(--bad); font-weight: 600; }
.unknown, .unproven { color: var(--unknown); }
.excluded { color: var(--excluded); }
a { color: inherit; }
textarea { width: 100%; box-sizing: border-box; font: 0.9rem/1.4 ui-monospace, monospace; color: inherit; background: inherit; }
button { font: inherit; padding: 0.2rem 1rem; }
footer { margin-top: 3rem; color: var(--quiet); font-size: 0.9rem; }
@media print { nav { display: none; } body { margin: 0; max-width: none; } }
)css";

}  // namespace exporter
