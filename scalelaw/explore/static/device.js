// What the model costs on a device, beside a model without streams that is as good.
"use strict";

const Device = {
  STREAMS: [1, 2, 4, 8, 16, 32],

  /** The models to compare: the one chosen and, by the first law, the plain one of the same loss. */
  models() {
    const { columns } = State.now;
    const P = State.reads("P") ? Math.round(columns.P) : 1;
    const models = [{ name: `This model, P = ${P}`, N: columns.N, P, shape: Costs.shape(columns.N, P) }];
    const worth = Laws.worth(State.first(), columns);
    if (worth !== null && P > 1)
      models.push({ name: "As good with P = 1", N: worth, P: 1, shape: Costs.shape(worth, 1) });
    return models.map((model) => ({ ...model, costs: model.shape && Costs.of(model.shape, model.P, State.now) }));
  },

  show() {
    const section = document.getElementById("device");
    section.hidden = !("N" in State.now.columns) || !State.first().columns.includes("N");
    if (section.hidden) return;
    const models = Device.models();
    const place = document.getElementById("costs");
    const [chosen] = models;
    if (!chosen.costs) {
      const text = "The paper's family of shapes, of which memory and latency are counted, has none of about";
      place.replaceChildren(Page.element("p", {}, `${text} ${Numbers.short(chosen.N)} parameters.`));
      return;
    }
    place.replaceChildren(Page.element("div", { class: "wide" }, Device.table(models)), ...Device.remarks(models));
  },

  draw() {
    const [chosen] = Device.models();
    const hidden = document.getElementById("device").hidden || !chosen.costs;
    document.getElementById("costs-chart").hidden = hidden;
    if (!hidden) Device.chart(chosen);
  },

  table(models) {
    const row = (name, text) => ({
      texts: [name, ...models.map((model) => (model.costs ? text(model) : "no such shape"))],
    });
    return Page.table(
      "",
      ["", ...models.map(({ name }) => name)],
      [
        row("Shape: layers × width", ({ shape }) => `${DATA.costs.shape.layers} × ${shape.width}`),
        row("N of the shape", ({ costs }) => Numbers.short(costs.N, 4)),
        row("Memory", ({ costs }) => Numbers.bytes(costs.memory)),
        row("To the first token", ({ costs }) => Numbers.seconds(costs.prefill)),
        row("A further token", ({ costs }) => Numbers.seconds(costs.per_token)),
        row("The whole request", ({ costs }) => Numbers.seconds(costs.latency)),
      ],
    );
  },

  remarks(models) {
    const machine = Costs.machine(State.now.machine);
    const remarks = [];
    for (const { name, costs } of models) {
      if (costs && costs.memory > machine.numbers.memory) {
        remarks.push(`${name}: needs more than the ${Numbers.bytes(machine.numbers.memory)} that ${machine.name} has.`);
      }
    }
    const P = State.reads("P") ? State.now.columns.P : 1;
    if (P !== Math.round(P)) remarks.push(`Costs are of ${Math.round(P)} streams: P is a whole number there.`);
    remarks.push("Of the shape of the paper's family that is nearest in N, computed in " + machine.compute + ".");
    return remarks.map((text) => Page.element("p", { class: "small" }, text));
  },

  /** Memory and time of a token over P, for the layers of the model chosen. */
  chart({ shape, P }) {
    const streams = Charts.different([...Device.STREAMS, P]);
    const costs = streams.map((each) => Costs.of(shape, each, State.now));
    const [one, two] = [Charts.colour("accent"), Charts.colour("second")];
    const lines = (y, color, symbol, name, more) => ({
      x: streams,
      y,
      name,
      mode: "lines+markers",
      line: { color },
      marker: { color, symbol, size: 8 },
      ...more,
    });
    const memory = costs.map((each) => each.memory / 2 ** 30);
    const time = costs.map((each) => each.per_token * 1e3);
    const traces = [
      lines(memory, one, "circle", "memory, GiB"),
      lines(time, two, "square", "a further token, ms", { yaxis: "y2", line: { color: two, dash: "dash" } }),
    ];
    const layout = {
      xaxis: Charts.axis("P", { type: "log", tickvals: streams, ticktext: streams.map(String) }),
      yaxis: Charts.axis("memory, GiB", { rangemode: "tozero" }),
      yaxis2: Charts.axis("a further token, ms", {
        rangemode: "tozero",
        tickmode: "auto",
        overlaying: "y",
        side: "right",
        showgrid: false,
      }),
      margin: { l: 55, r: 55, t: 15, b: 50 },
    };
    const told = streams.map(
      (each, place) => `P = ${each}: ${Numbers.plain(memory[place])} GiB, ${Numbers.plain(time[place])} ms`,
    );
    return Charts.draw("costs-chart", traces, layout, `Memory and time of a further token over P. ${told.join("; ")}.`);
  },
};
