// Contours of the loss over two columns, with the runs on them; an overlaid law has dashed contours.
"use strict";

const Contours = {
  ACROSS: 60,
  UP: 45,

  show() {
    const fit = State.first();
    const [x, y] = fit.axes;
    document.getElementById("contours-section").hidden = !y;
    if (!y) return null;
    const now = State.now.columns;
    const axis = (name, count) => {
      const [low, high] = Charts.ends([...fit.runs[name], now[name]]);
      return Numbers.geometric(name === "P" ? Math.max(1, low / 1.25) : low / 1.25, high * 1.25, count);
    };
    const [across, up] = [axis(x, Contours.ACROSS), axis(y, Contours.UP)];
    const losses = (each) => up.map((b) => across.map((a) => Laws.loss(each, { ...now, [x]: a, [y]: b })));
    const first = losses(fit);
    const levels = Contours.levels(first.flat());
    const { start, end, size } = levels;
    const ink = Charts.colour("ink");
    const colorbar = { title: { text: "loss" }, thickness: 12, outlinewidth: 0 };
    const drawn = { type: "contour", x: across, y: up, colorscale: "Viridis", hoverinfo: "x+y+z" };
    const lines = { start, end, size, coloring: "none", showlabels: true, labelfont: { color: ink, size: 12 } };
    const traces = [
      {
        ...drawn,
        z: first,
        contours: { start, end, size, coloring: "heatmap", showlines: false },
        colorbar,
        opacity: 0.45,
      },
      { ...drawn, z: first, contours: lines, line: { color: ink, width: 1.5 }, showscale: false, name: fit.name },
    ];
    const other = State.second();
    let own = "";
    if (other) {
      const second = losses(other);
      const far = Contours.apart(levels, second.flat());
      const { start, end, size } = far ? Contours.levels(second.flat()) : levels;
      own = far ? ", at levels of its own" : "";
      const color = Charts.colour("second");
      const dashed = { dash: "dash", color, width: 2 };
      const plain = { start, end, size, coloring: "none", showlabels: far, labelfont: { color, size: 12 } };
      traces.push({ ...drawn, z: second, contours: plain, line: dashed, showscale: false, name: other.name });
    }
    traces.push(Contours.runs(fit, x, y), Contours.here(x, y, now));
    const layout = {
      xaxis: Charts.log(x, across),
      yaxis: Charts.log(y, up),
      showlegend: false,
    };
    const ends = `${Numbers.fixed(levels.low, 3)} to ${Numbers.fixed(levels.high, 3)} nats a token`;
    const dashes = other ? `, and dashed those of ${other.name}${own}` : "";
    Charts.key("contours", "", own);
    const says = `Contours of the loss over ${x} and ${y}, from ${ends}, with ${fit.rows} runs${dashes}.`;
    return Charts.draw("contours", traces, layout, says);
  },

  /** Round levels, about twelve of them. */
  levels(values) {
    const known = values.filter(Number.isFinite);
    const [low, high] = [Math.min(...known), Math.max(...known)];
    const rough = (high - low || 1) / 12;
    const power = 10 ** Math.floor(Math.log10(rough));
    const size = [1, 2, 5, 10].map((lead) => lead * power).find((each) => each >= rough);
    return { low, high, size, start: Math.ceil(low / size) * size, end: Math.floor(high / size) * size };
  },

  /** Whether fewer than two of the levels are among these losses: such a law would show hardly a line at them. */
  apart({ start, end, size }, values) {
    const known = values.filter(Number.isFinite);
    const [from, to] = [Math.max(start, Math.min(...known)), Math.min(end, Math.max(...known))];
    return known.length > 0 && Math.floor(to / size) - Math.ceil(from / size) < 1;
  },

  runs(fit, x, y) {
    const text = fit.runs.loss.map((loss) => `loss ${Numbers.fixed(loss)}`);
    const marker = { color: "#ffffff", size: 9, line: { color: "#000000", width: 1.5 } };
    return { x: fit.runs[x], y: fit.runs[y], text, mode: "markers", marker, name: "runs" };
  },

  here(x, y, now) {
    const marker = { color: "rgba(0,0,0,0)", size: 17, line: { color: "#ff3b30", width: 3 } };
    return { x: [now[x]], y: [now[y]], mode: "markers", marker, name: "here" };
  },
};
