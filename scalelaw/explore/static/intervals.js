// Intervals from bootstrap draws: bias-corrected percentiles, with the levels that Python has worked out.
"use strict";

const Intervals = {
  HUGE: 1e290,
  INFINITE: 1e300,
  tables: new Map(),

  /** Low and high end of a quantity's interval, or null where the fit has no draws. */
  of(fit, level, quantity) {
    if (!fit.draws.length) return null;
    const estimate = Intervals.clipped(quantity(fit.theta));
    const values = Float64Array.from(fit.draws, (theta) => Intervals.clipped(quantity(theta))).sort();
    let halves = 0;
    for (const value of values) halves += (value < estimate) + (value <= estimate);
    const table = Intervals.table(fit.table, level);
    const rows = table.length / 2;
    return [table[halves], table[rows + halves]].map((at) => Intervals.opened(Intervals.quantile(values, at)));
  },

  /** Levels of low ends and then of high ends, by the half draws below the estimate. */
  table(name, level) {
    const key = `${name} ${level}`;
    if (!Intervals.tables.has(key)) Intervals.tables.set(key, Laws.decoded(DATA.tables[name][level]));
    return Intervals.tables.get(key);
  },

  quantile(ordered, at) {
    const place = at * (ordered.length - 1);
    const below = Math.floor(place);
    const above = Math.min(below + 1, ordered.length - 1);
    return ordered[below] + (place - below) * (ordered[above] - ordered[below]);
  },

  clipped(value) {
    return Math.min(Math.max(value, -Intervals.INFINITE), Intervals.INFINITE);
  },

  opened(value) {
    return Math.abs(value) > Intervals.HUGE ? Math.sign(value) * Infinity : value;
  },
};
