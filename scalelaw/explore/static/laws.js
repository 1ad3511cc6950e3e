// Losses and equivalents of the fits: LAWS holds what Python generated from each law's own function.
"use strict";

const Laws = {
  /** Float64 numbers that Python wrote as base64. */
  decoded(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    return Float64Array.from({ length: bytes.length / 8 }, (_, place) => view.getFloat64(8 * place, true));
  },

  /** A fit ready to be computed with: its draws as parameter sets, its functions by name. */
  opened(fit, place) {
    const flat = fit.draws ? Laws.decoded(fit.draws) : [];
    const width = fit.parameters.length;
    const draws = Array.from({ length: flat.length / width }, (_, row) => flat.slice(row * width, (row + 1) * width));
    return { ...fit, place, draws, law: fit.law, ...LAWS[place] };
  },

  /** Loss at columns, by the fitted parameters or by others. */
  loss(fit, columns, theta = fit.theta) {
    return fit.loss(columns, theta);
  },

  /** Parameters that a model with one stream needs for the same loss; null where it has no meaning. */
  worth(fit, columns, theta = fit.theta) {
    if (fit.why) return null;
    if (fit.worth) return fit.worth(columns, theta);
    const target = fit.loss(columns, theta);
    return Laws.solve((N) => fit.loss({ ...columns, N, P: 1 }, theta), target, columns.N);
  },

  /** Size at which a loss that falls with it reaches a target: a bracket in its logarithm, then bisection. */
  solve(loss, target, start) {
    const excess = (x) => loss(Math.exp(x)) - target;
    const LIMIT = 690;
    let near = Math.log(start);
    const sign = Math.sign(excess(near));
    if (sign === 0) return start;
    let far = near;
    for (let step = 0.5 * sign; Math.sign(excess(far)) === sign; step *= 2) {
      if (Math.abs(far) >= LIMIT) return sign > 0 ? Infinity : 0;
      near = far;
      far = Math.min(Math.max(far + step, -LIMIT), LIMIT);
    }
    if (Number.isNaN(sign) || Number.isNaN(excess(far))) return NaN;
    for (;;) {
      const middle = near + (far - near) / 2;
      if (middle === near || middle === far) break;
      if (Math.sign(excess(middle)) === sign) near = middle;
      else far = middle;
    }
    const [a, b] = [excess(near), excess(far)];
    return Math.exp(a === b ? far : near - (a * (far - near)) / (b - a));
  },
};
