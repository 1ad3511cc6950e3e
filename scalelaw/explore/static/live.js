// A sweep that is watched: the server is asked for news, and the page takes them in without being loaded again.
"use strict";

const Live = {
  EVERY: 2000,
  MANY: 24,
  seen: "",

  async ask() {
    try {
      const answer = await fetch(`state?seen=${encodeURIComponent(Live.seen)}`, { cache: "no-store" });
      if (answer.status === 200) Live.take(await answer.json());
    } catch {
      document.getElementById("live-summary").textContent =
        "The server does not answer: it was stopped. The page stays usable.";
    }
    setTimeout(Live.ask, Live.EVERY);
  },

  /** Take in what the server says; laws that came into being need a page of their own. */
  take(news) {
    Live.seen = news.seen;
    const laws = (fits) => JSON.stringify(fits.map(({ law, columns, parameters }) => [law, columns, parameters]));
    if (laws(news.fits) !== laws(DATA.fits)) {
      location.reload();
      return;
    }
    Object.assign(DATA, { fits: news.fits, tables: news.tables });
    Intervals.tables.clear();
    if (news.fits.length) {
      State.open(news.fits);
      Main.about();
      State.tell();
    }
    Live.show(news.sweep);
  },

  show(sweep) {
    document.getElementById("live").hidden = !sweep;
    if (!sweep) return;
    document.getElementById("live-summary").textContent = [sweep.summary, ...sweep.problems].join(" ");
    const items = sweep.cells.map((cell) => {
      const kind = cell.state === "done" ? "loss" : "loss in training";
      const loss = cell.loss === null ? "" : `, ${kind} ${Numbers.fixed(cell.loss)}`;
      const bar = Page.element("progress", { max: cell.steps, value: cell.step, "aria-label": cell.name });
      return Page.element("li", {}, `${cell.name}: ${cell.state}${loss}`, bar);
    });
    document.getElementById("live-cells").replaceChildren(Page.element("ul", { class: "cells" }, ...items));
    Live.curves(sweep.curves);
    Live.settling(sweep.settling);
  },

  /** The learning curves of the cells, those of the latest where they are many. */
  curves(curves) {
    const traces = curves.slice(-Live.MANY).map((curve, place) => {
      const color = Charts.line(place);
      return { x: curve.D, y: curve.loss, name: curve.name, mode: "lines", line: { color }, showlegend: false };
    });
    const layout = {
      xaxis: Charts.log("training tokens", curves.length ? curves.flatMap(({ D }) => D) : [1, 10]),
      yaxis: Charts.axis("held-out loss, nats a token"),
    };
    Charts.draw(
      "live-curves",
      traces,
      layout,
      `Learning curves of ${traces.length} cells: held-out loss over training tokens.`,
    );
  },

  /** Each parameter over the number of runs fitted: a share of its latest value or, where that is 0, of its largest. */
  settling(fits) {
    const latest = fits.at(-1);
    document.getElementById("live-fits").hidden = !latest;
    if (!latest) return;
    const names = Object.keys(latest.params);
    const largest = (name) => Math.max(...fits.map(({ params }) => Math.abs(params[name]))) || 1;
    const traces = names.map((name, place) => ({
      x: fits.map(({ rows }) => rows),
      y: fits.map(({ params }) => params[name] / (latest.params[name] || largest(name))),
      name: latest.params[name] ? name : `${name} (now 0)`,
      mode: "lines+markers",
      line: { color: Charts.line(place) },
      marker: { symbol: Charts.MARKERS[place % Charts.MARKERS.length] },
    }));
    const layout = { xaxis: Charts.axis("runs fitted"), yaxis: Charts.axis("parameter, in units of the latest fit") };
    const told = names.map((name) => `${name} = ${Numbers.plain(latest.params[name])}`).join(", ");
    Charts.draw("live-fits", traces, layout, `The fit as it settles, over the number of runs. The latest: ${told}.`);
  },
};
