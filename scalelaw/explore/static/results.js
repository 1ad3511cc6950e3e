// The predicted loss, its interval and what the streams are worth, for each law shown.
"use strict";

const Results = {
  PAUSE: 700,
  saying: 0,

  /** Everything that is said of one fit at some columns; ends are null where there is no interval. */
  of(fit, columns, level) {
    const loss = Laws.loss(fit, columns);
    const worth = Laws.worth(fit, columns);
    const ends = Intervals.of(fit, level, (theta) => Laws.loss(fit, columns, theta));
    const worthEnds = worth === null ? null : Intervals.of(fit, level, (theta) => Laws.worth(fit, columns, theta));
    return { loss, ends, worth, worthEnds, inside: Results.inside(fit, columns) };
  },

  inside(fit, columns) {
    return fit.columns.every((name) => {
      const values = fit.runs[name];
      return columns[name] >= Math.min(...values) && columns[name] <= Math.max(...values);
    });
  },

  show() {
    const { columns, level } = State.now;
    const shown = State.shown().map(([fit, kind]) => ({ fit, kind, found: Results.of(fit, columns, level) }));
    const percent = `${Number((100 * level).toPrecision(6))} %`;
    const row = (kind, name, text) => ({ kind, texts: [name, ...shown.map(({ fit, found }) => text(found, fit))] });
    const range = (ends, write) => (ends ? `${write(ends[0])} to ${write(ends[1])}` : "no bootstrap draws");
    const size = (value) => Numbers.short(value, 4);
    const rows = [
      row("loss", "Loss, nats a token", ({ loss }) => Numbers.fixed(loss)),
      row("", `${percent} interval`, ({ ends }) => range(ends, (value) => Numbers.fixed(value))),
    ];
    if (shown.some(({ found }) => found.worth !== null)) {
      rows.push(row("worth", "Worth N without streams", ({ worth }) => (worth === null ? "no such N" : size(worth))));
      rows.push(
        row("", `${percent} interval`, ({ worthEnds }) => (worthEnds ? range(worthEnds, size) : "no interval")),
      );
      const times = ({ worth }) => (worth === null ? "" : `${Numbers.plain(worth / columns.N)} times`);
      rows.push(row("", "As a multiple of N", times));
    }
    rows.push(row("", "Within the range of the runs", ({ inside }) => (inside ? "yes" : "no: extrapolated")));
    const head = shown.length > 1 ? ["", ...shown.map(({ fit }) => Controls.heading(fit))] : [];
    const table = Page.table("", head, rows);
    shown.forEach(({ kind }, place) => {
      for (const line of table.rows) line.cells[place + 1].classList.add(kind);
    });
    const whys = shown.filter(({ fit }) => fit.why).map(({ fit }) => Page.element("p", { class: "small" }, fit.why));
    document.getElementById("results").replaceChildren(table, ...whys);
    Results.say(shown.map(({ fit, found }) => `${fit.name}: loss ${Numbers.fixed(found.loss)}`).join(", "));
  },

  /** Say it to who hears the page, once the sliders rest. */
  say(text) {
    clearTimeout(Results.saying);
    Results.saying = setTimeout(() => (document.getElementById("said").textContent = text), Results.PAUSE);
  },
};
