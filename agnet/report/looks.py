"""What pages look like, and what they do when they are used."""

from __future__ import annotations

from typing import Final

__all__ = ["SCRIPT", "STYLE"]

STYLE: Final = """
:root { color-scheme: light dark; --text: #1b1f24; --soft: #57606a; --page: #ffffff;
  --card: #f6f8fa; --line: #d0d7de; --accent: #0072b2; --dead: #9aa4af; --node: #ffffff; }
@media (prefers-color-scheme: dark) { :root:not([data-theme=light]) { --text: #e6edf3;
  --soft: #9da7b3; --page: #0d1117; --card: #161b22; --line: #30363d; --accent: #56b4e9;
  --dead: #6e7681; --node: #21262d; } }
:root[data-theme=dark] { color-scheme: dark; --text: #e6edf3; --soft: #9da7b3; --page: #0d1117;
  --card: #161b22; --line: #30363d; --accent: #56b4e9; --dead: #6e7681; --node: #21262d; }
:root[data-theme=light] { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 1rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: baseline;
  justify-content: space-between; }
h1 { font-size: 1.6rem; margin: .5rem 0; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
p, figcaption { color: var(--soft); margin: .25rem 0 .75rem; max-width: 48rem; }
nav a { display: inline-block; margin: .15rem 1rem .15rem 0; } a { color: var(--accent); }
button { font: inherit; color: var(--text); background: var(--card); cursor: pointer;
  border: 1px solid var(--line); border-radius: 6px; padding: .3rem .8rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.scroll { overflow-x: auto; margin-bottom: 1rem; } table { border-collapse: collapse; width: 100%; }
caption { position: sticky; left: 0; width: max-content; max-width: calc(100vw - 2rem);
  text-align: left; white-space: normal; color: var(--soft); padding: .25rem 0; }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; white-space: nowrap; }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 0 0 1rem; padding: .75rem; background: var(--card); border-radius: 8px;
  border: 1px solid var(--line); }
.plot { width: 100%; min-height: 22rem; }
.drawn { min-height: 9rem; display: flex; align-items: center; justify-content: center;
  flex-direction: column; border-top: 1px solid var(--line); padding: .5rem 0; }
.drawn svg { max-height: 16rem; } .drawn p { text-align: center; }
.cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); }
.cards figure { margin: 0; } .cards svg { width: 100%; height: auto; max-height: 18rem; }
code, pre { font: .85rem/1.45 ui-monospace, SFMono-Regular, Menlo, monospace; }
code { overflow-wrap: anywhere; white-space: normal; }
pre { overflow-x: auto; padding: .75rem; background: var(--card); border-radius: 8px;
  border: 1px solid var(--line); }
summary { cursor: pointer; padding: .25rem 0; }
.big { font-size: 1.15rem; color: var(--text); }
"""

SCRIPT: Final = """
(function () {
  const root = document.documentElement;
  const colour = name => getComputedStyle(root).getPropertyValue(name).trim();
  const axes = layout => Object.keys(layout).filter(key => /^[xy]axis/.test(key));
  const narrow = place => place.clientWidth < 560;
  const across = {orientation: 'h', x: 0, xanchor: 'left', yanchor: 'top'};
  function stacked(layout) {  // panels below each other
    const panels = axes(layout).filter(key => key[0] === 'x').map(key => key.slice(5));
    const count = Math.max(panels.length, 1);
    const height = count > 1 ? 300 * count + 80 : layout.height || 380;
    const made = {height, legend: Object.assign({}, layout.legend, across, {y: -80 / height})};
    if (count > 1) panels.forEach(function (number, at) {
      const low = 1 - (at + 1) / count;
      made['xaxis' + number] = Object.assign({}, layout['xaxis' + number], {domain: [0, 1]});
      made['yaxis' + number] = Object.assign({}, layout['yaxis' + number],
        {domain: [low + (at + 1 < count ? 70 / height : 0), low + 1 / count]});
    });
    return Object.assign({}, layout, made);
  }
  // Lines of at most 34 letters, of which some are written as &lt;
  const wrapped = text => text.replace(/((?:&\\w+;|[^<&]){34})(?=[^<])/g, '$1<br>');
  function slim(given) {  // short lines, and a scale of colours below its panel
    const trace = Array.isArray(given.hovertext)
      ? Object.assign({}, given, {hovertext: given.hovertext.map(wrapped)}) : given;
    const low = bar => Object.assign({}, bar, across, {y: -0.28, len: 1, thickness: 12});
    if (trace.colorbar) return Object.assign({}, trace, {colorbar: low(trace.colorbar)});
    if (!(trace.marker && trace.marker.colorbar)) return trace;
    const marker = Object.assign({}, trace.marker, {colorbar: low(trace.marker.colorbar)});
    return Object.assign({}, trace, {marker});
  }
  function dressed(given, place) {
    const layout = narrow(place) ? stacked(given) : given;
    const made = Object.assign({}, layout, {
      paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', autosize: true,
      font: Object.assign({}, layout.font, {color: colour('--text')}),
      modebar: {bgcolor: 'rgba(0,0,0,0)', color: colour('--soft'), activecolor: colour('--accent')},
      hoverlabel: {align: 'left', bgcolor: colour('--card'), bordercolor: colour('--line'),
        font: {color: colour('--text')}}
    });
    for (const key of new Set(['xaxis', 'yaxis', ...axes(layout)]))
      made[key] = Object.assign({}, layout[key], {gridcolor: colour('--line'),
        zerolinecolor: colour('--line'), linecolor: colour('--soft'), automargin: true});
    return made;
  }
  const known = {};
  function unpack(id) {  // each once, when it is needed
    known[id] = known[id] || (async function () {
      const letters = atob(document.getElementById(id).textContent);
      const bytes = Uint8Array.from(letters, letter => letter.charCodeAt(0));
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
      return new Response(stream).json();
    })();
    return known[id];
  }
  async function picture(place, row) {
    const found = (await unpack(place.dataset.drawings))[row];
    if (found) place.nextElementSibling.innerHTML = found;
  }
  function queries(place) {  // where the point of each is, in order
    const first = new Map();
    place._fullData.forEach(function (trace, curveNumber) {
      if (trace.customdata && trace.visible === true)
        trace.customdata.forEach(function (row, pointNumber) {
          if (!first.has(row)) first.set(row, {curveNumber, pointNumber});
        });
    });
    return [...first].sort((one, other) => one[0] - other[0]);
  }
  function step(place, event) {
    const every = queries(place), last = every.length - 1, now = place.reached ?? -1;
    const ways = {ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: last};
    if (!(event.key in ways) || last < 0) return;
    event.preventDefault();
    place.reached = Math.min(Math.max(ways[event.key], 0), last);
    const [row, point] = every[place.reached], trace = place._fullData[point.curveNumber];
    Plotly.Fx.hover(place, [point], trace.xaxis + trace.yaxis);  // tells no listener of it
    picture(place, row);
  }
  let figures = {};
  function draw() {
    if (!window.Plotly) return;
    for (const [id, figure] of Object.entries(figures)) {
      const place = document.getElementById(id);
      if (!place) continue;
      const fresh = !place.on;
      const small = narrow(place), data = small ? figure.data.map(slim) : figure.data;
      const bar = small ? false : 'hover';
      const options = {responsive: true, displaylogo: false, displayModeBar: bar};
      Plotly.react(place, data, dressed(figure.layout, place), options);
      if (fresh && place.dataset.drawings) {
        place.on('plotly_hover', event => picture(place, event.points[0].customdata));
        place.addEventListener('keydown', event => step(place, event));
      }
    }
  }
  window.agnetUpdate = function (found) { figures = found; draw(); };
  const button = document.getElementById('theme');
  const dark = () => root.dataset.theme ? root.dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  function label() {
    button.textContent = dark() ? 'Light' : 'Dark';
    button.setAttribute('aria-pressed', String(dark()));
  }
  button.addEventListener('click', function () {
    root.dataset.theme = dark() ? 'light' : 'dark'; label(); draw();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', function () {
    label(); draw();
  });
  label();
  async function start() {
    figures = await unpack('figures');
    if (document.getElementById('plotly')) {
      const script = document.createElement('script');
      script.textContent = await unpack('plotly');
      document.head.append(script);
    }
    draw();
  }
  start().catch(function (error) {
    for (const place of document.querySelectorAll('.plot'))
      place.textContent = 'This browser cannot unpack figures: it is of before 2023. ' + error;
  });
})();
"""
