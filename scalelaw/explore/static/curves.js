// Loss over one column, a line for each value of another, with the runs; an overlaid law is dashed.
"use strict";

const Curves = {
  POINTS: 81,
  BAND: 41,
  MANY: 8,

  show() {
    const fit = State.first();
    const [x, by] = fit.axes;
    const now = State.now.columns;
    const [low, high] = Charts.ends([...fit.runs[x], now[x]]);
    const across = Numbers.geometric(low / 1.2, high * 1.2, Curves.POINTS);
    const lines = by ? Curves.lines(fit, by, now[by]) : [null];
    const traces = lines.flatMap((value, place) => Curves.line(fit, x, by, lines, across, place));
    const here = Curves.here(fit, x, by, now);
    const layout = {
      xaxis: Charts.log(x, across),
      yaxis: Charts.axis("loss, nats a token"),
    };
    const loss = Numbers.fixed(Laws.loss(fit, now));
    const each = by ? `, a line for each ${by} of ${lines.map((value) => Numbers.short(value)).join(", ")}` : "";
    const at = `at ${x} = ${Numbers.short(now[x])} the loss is ${loss}`;
    const percent = `${Number((100 * State.now.level).toPrecision(6))} %`;
    const band = fit.draws.length ? `The grey band is the ${percent} interval along the model's line.` : "";
    const nearest = by && fit.runs[by].some((value) => !lines.includes(value));
    const marks = nearest ? `Marks are runs, each as the line whose ${by} is nearest.` : "";
    const others = Charts.others();
    const hollow = others ? `Hollow marks are the runs of ${others.name}.` : "";
    Charts.key("curves", [marks, hollow, band].filter(Boolean).join(" "));
    const says = `Curves of the loss over ${x}${each}, with ${fit.rows} runs; ${at}. The runs are in the table below.`;
    return Charts.draw("curves", [...Curves.band(fit, x, now, across), ...traces, here], layout, says);
  },

  /** Values of the runs, or some across their range where they are many, and the one chosen. */
  lines(fit, by, chosen) {
    const found = Charts.different(fit.runs[by]);
    const few = found.length <= Curves.MANY ? found : Numbers.geometric(...Charts.ends(found), 6);
    return Charts.different([...few, chosen]);
  },

  /** The line that a run is shown with: that of its own value or, where values are many, of the nearest. */
  nearest(lines, value) {
    const away = (line) => (line === value ? 0 : Math.abs(Math.log(line / value)));
    return lines.reduce((best, line) => (away(line) < away(best) ? line : best));
  },

  line(fit, x, by, lines, across, place) {
    const value = lines[place];
    const held = (at) => ({ ...State.now.columns, [x]: at, ...(by ? { [by]: value } : {}) });
    const color = Charts.line(place);
    const name = by ? `${by} = ${Numbers.short(value)}` : fit.law;
    const traces = [
      {
        x: across,
        y: across.map((at) => Laws.loss(fit, held(at))),
        mode: "lines",
        name,
        line: { color },
        legendgroup: name,
      },
    ];
    const other = State.second();
    if (other) {
      const y = across.map((at) => Laws.loss(other, held(at)));
      const label = `${name}, ${other.name}`;
      traces.push({
        x: across,
        y,
        mode: "lines",
        name: label,
        line: { color, dash: "dash" },
        legendgroup: name,
        showlegend: false,
      });
    }
    const symbol = Charts.MARKERS[place % Charts.MARKERS.length];
    const marks = (each, marker, label) => {
      const runs = Charts.runs(each).filter((run) => !by || Curves.nearest(lines, run[by]) === value);
      const points = { x: runs.map((run) => run[x]), y: runs.map((run) => run.loss), mode: "markers" };
      const shown = { marker: { color, size: 8, ...marker }, legendgroup: name, showlegend: false };
      if (runs.length) traces.push({ ...points, ...shown, name: label });
    };
    marks(fit, { symbol }, `runs, ${name}`);
    const others = Charts.others();
    if (others) marks(others, { symbol: `${symbol}-open` }, `${others.name}'s runs, ${name}`);
    return traces;
  },

  /** The interval along the line of the columns chosen. */
  band(fit, x, now, across) {
    if (!fit.draws.length) return [];
    const few = Numbers.geometric(across[0], across.at(-1), Curves.BAND);
    const ends = few.map((at) =>
      Intervals.of(fit, State.now.level, (theta) => Laws.loss(fit, { ...now, [x]: at }, theta)),
    );
    const edge = { mode: "lines", line: { width: 0 }, hoverinfo: "skip", showlegend: false };
    return [
      { ...edge, x: few, y: ends.map(([low]) => low) },
      { ...edge, x: few, y: ends.map(([, high]) => high), fill: "tonexty", fillcolor: "rgba(128,128,128,0.3)" },
    ];
  },

  here(fit, x, by, now) {
    const marker = { color: Charts.colour("ink"), size: 14, symbol: "circle-open", line: { width: 3 } };
    return { x: [now[x]], y: [Laws.loss(fit, now)], mode: "markers", name: "here", marker };
  },
};
