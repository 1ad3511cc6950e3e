// What all charts share: the colours of the page, the axes, and how one is drawn.
"use strict";

const Charts = {
  ON_LIGHT: ["#0072B2", "#C44E00", "#00795A", "#B0508A", "#9A6A00", "#2F7FB5", "#7A5C20", "#666666"],
  ON_DARK: ["#6CB8F0", "#FF9A5C", "#3FC9A0", "#E5A3C9", "#F0C050", "#A5DBFF", "#C9AC77", "#BBBBBB"],
  MARKERS: ["circle", "square", "diamond", "triangle-up", "cross", "x", "star", "pentagon"],

  /** Colour of a line by its place; they come again after eight, with other markers. */
  line(place) {
    const colours = matchMedia("(prefers-color-scheme: dark)").matches ? Charts.ON_DARK : Charts.ON_LIGHT;
    return colours[place % colours.length];
  },

  colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  },

  axis(title, more = {}) {
    const lines = { gridcolor: Charts.colour("grid"), linecolor: Charts.colour("line"), zeroline: false };
    return { title: { text: title }, ...lines, automargin: true, ...more };
  },

  /** A logarithmic axis with few ticks, written as people write sizes. */
  log(title, values, more = {}) {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const marks = Charts.ticks(low, high);
    const texts = marks.map((value) => Numbers.short(value));
    return Charts.axis(title, { type: "log", tickvals: marks, ticktext: texts, ...more });
  },

  /** At most eight ticks of 1, 2 and 5 times powers of ten, or powers of ten alone. */
  ticks(low, high) {
    for (const leads of [[1, 2, 5], [1, 3], [1]]) {
      const marks = [];
      for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
        for (const lead of leads) {
          const mark = Number(`${lead}e${power}`);
          if (mark >= low * 0.999 && mark <= high * 1.001) marks.push(mark);
        }
      }
      if (marks.length <= 8) return marks;
    }
    const [first, last] = [Math.ceil(Math.log10(low)), Math.floor(Math.log10(high))];
    const by = Math.ceil((last - first + 1) / 6);
    return Array.from({ length: Math.floor((last - first) / by) + 1 }, (_, place) => Number(`1e${first + by * place}`));
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
      uirevision: id,
    };
    const options = { responsive: true, displaylogo: false, displayModeBar: false };
    return Plotly.react(place, traces, { ...common, ...layout }, options);
  },

  /** What solid and dashed lines are, where two laws are shown. */
  key(id, more = "") {
    const [first, second] = [State.first(), State.second()];
    const text = second ? `Solid: ${Controls.title(first)}. Dashed: ${Controls.title(second)}.` : "";
    document.getElementById(`${id}-key`).textContent = [text, more].filter(Boolean).join(" ");
  },

  /** The runs of a fit that have all these columns, as objects. */
  runs(fit) {
    const names = Object.keys(fit.runs);
    const rows = fit.runs.loss.map((_, row) => Object.fromEntries(names.map((name) => [name, fit.runs[name][row]])));
    return rows;
  },

  different(values) {
    return [...new Set(values)].sort((a, b) => a - b);
  },
};
