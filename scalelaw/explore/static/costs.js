// Memory and latency: COSTS holds what Python generated from its own cost models.
"use strict";

const Costs = {
  sizes: new Map(),

  machine(name) {
    return DATA.costs.machines.find((each) => each.name === name);
  },

  /** The width, inner size and head size of the shape of the family that is nearest in N, for P streams. */
  shape(N, P) {
    if (!Costs.sizes.has(P)) {
      const served = { P, batch: 1, input_tokens: 1, output_tokens: 2, weight_bytes: 2, cache_bytes: 2 };
      const { numbers } = DATA.costs.machines[0]; // which one does not matter for a count
      const count = (shape) =>
        COSTS.roofline({ ...Costs.fields(shape), ...served, activation_bytes: 2, ...numbers }, []).N;
      Costs.sizes.set(P, DATA.costs.shapes.map(count));
    }
    const sizes = Costs.sizes.get(P);
    let best = 0;
    for (let place = 1; place < sizes.length; place++) {
      if (Math.abs(Math.log(sizes[place] / N)) < Math.abs(Math.log(sizes[best] / N))) best = place;
    }
    const far = Math.abs(Math.log(sizes[best] / N)) > 0.1;
    return far ? null : Costs.fields(DATA.costs.shapes[best]);
  },

  fields(shape) {
    return Object.fromEntries(DATA.costs.varied.map((name, place) => [name, shape[place]]));
  },

  /** N, memory (bytes), prefill, decode, per_token and latency (seconds) of a shape in a setting. */
  of(shape, P, setting) {
    const machine = Costs.machine(setting.machine);
    const bytes = (kind) => DATA.costs.bits[kind] / 8;
    const { batch, input_tokens, output_tokens } = setting;
    const served = { P, batch, input_tokens, output_tokens, weight_bytes: bytes(setting.weights) };
    const others = { cache_bytes: bytes("fp16"), activation_bytes: bytes(machine.compute), ...machine.numbers };
    return COSTS[setting.model]({ ...shape, ...served, ...others }, []);
  },
};
