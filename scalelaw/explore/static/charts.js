// What all charts share: the colours of the page, the axes, and how one is drawn.
"use strict";

const Charts = {
  ON_LIGHT: ["#0072B2", "#C44E00", "#00795A", "#B0508A", "#9A6A00", "#4A4AC8", "#7A5C20", "#666666"],
  ON_DARK: ["#6CB8F0", "#FF9A5C", "#3FC9A0", "#E5A3C9", "#F0C050", "#B9B0FF", "#C9AC77", "#BBBBBB"],
  MARKERS: ["circle", "square", "diamond", "triangle-up", "cross", "x", "star", "pentagon"],

  /** Colour of a line by its place; they come again after eight, with other markers. */
  line(place) {
    const colours = matchMedia("(prefers-color-scheme: dark)").matches ? Charts.ON_DARK : Charts.ON_LIGHT;
    return colours[place % colours.length];
  },

  colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  },

  /** Whether a finger points: its swipe is to scroll the page, and would zoom a chart that it starts on. */
  touched() {
    return matchMedia("(pointer: coarse)").matches;
  },

  axis(title, more = {}) {
    const lines = {
      gridcolor: Charts.colour("grid"),
      linecolor: Charts.colour("line"),
      zeroline: false,
      fixedrange: Charts.touched(),
    };
    return { title: { text: title }, ...lines, automargin: true, ...more };
  },

  /** A logarithmic axis with few ticks, written as people write sizes. */
  log(title, values, more = {}) {
    const marks = Charts.ticks(...Charts.ends(values));
    const texts = marks.map((value) => Numbers.short(value));
    return Charts.axis(title, { type: "log", tickvals: marks, ticktext: texts, ...more });
  },

  /** The least and the largest of what a logarithmic axis can show: a column may hold 0. */
  ends(values) {
    const shown = values.filter((value) => value > 0 && Number.isFinite(value));
    return shown.length ? [Math.min(...shown), Math.max(...shown)] : [1, 10];
  },

  /** Three to eight ticks of 1, 2 and 5 times powers of ten; of more leads over short ranges, of fewer over long. */
  ticks(low, high) {
    const FINE = [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9];
    const found = [[1, 2, 5], [1, 1.5, 2, 3, 5, 7], FINE].map((leads) => Charts.marks(low, high, leads));
    const fitting = found.find((marks) => marks.length > 2) || [low, high];
    if (fitting.length <= 8) return fitting;
    const coarse = [[1, 3], [1]].map((leads) => Charts.marks(low, high, leads)).find((marks) => marks.length <= 8);
    if (coarse) return coarse;
    const [first, last] = [Math.ceil(Math.log10(low)), Math.floor(Math.log10(high))];
    const by = Math.ceil((last - first + 1) / 6);
    return Array.from({ length: Math.floor((last - first) / by) + 1 }, (_, place) => Number(`1e${first + by * place}`));
  },

  marks(low, high, leads) {
    const marks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
      for (const lead of leads) {
        const mark = Number(`${lead}e${power}`);
        if (mark >= low * 0.999 && mark <= high * 1.001) marks.push(mark);
      }
    }
    return marks;
  },

  /** Draw into the element of that id; what it shows is said in words to those who do not see it. */
  draw(id, traces, layout, says) {
    const place = document.getElementById(id);
    place.setAttribute("aria-label", says);
    const common = {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: Charts.colour("ink"), family: getComputedStyle(document.body).fontFamily, size: 13 },
      margin: { l: 55, r: 15, t: 15, b: 50 },
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
      hoverlabel: { bgcolor: Charts.colour("panel"), font: { color: Charts.colour("ink") } },
      dragmode: Charts.touched() ? false : "zoom",
      uirevision: id,
    };
    const options = { responsive: true, displaylogo: false, displayModeBar: false };
    return Plotly.react(place, traces, { ...common, ...layout }, options);
  },

  /** What solid and dashed lines are, where two laws are shown. */
  key(id, more = "", own = "") {
    const [first, second] = [State.first(), State.second()];
    const text = second ? `Solid: ${Controls.title(first)}. Dashed: ${Controls.title(second)}${own}.` : "";
    document.getElementById(`${id}-key`).textContent = [text, more].filter(Boolean).join(" ");
  },

  /** The runs of a fit that have all these columns, as objects. */
  runs(fit) {
    const names = Object.keys(fit.runs);
    const rows = fit.runs.loss.map((_, row) => Object.fromEntries(names.map((name) => [name, fit.runs[name][row]])));
    return rows;
  },

  /** The overlaid law, where it was fitted to other runs that the axes of the first can show; else null. */
  others() {
    const [first, second] = [State.first(), State.second()];
    if (!second || String(first.axes) !== String(second.axes)) return null;
    const columns = [...first.axes.filter(Boolean), "loss"];
    return columns.every((name) => String(first.runs[name]) === String(second.runs[name])) ? null : second;
  },

  different(values) {
    return [...new Set(values)].sort((a, b) => a - b);
  },
};
