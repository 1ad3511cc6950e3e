// The state of the page as lines of Python, and as a link.
"use strict";

const Code = {
  /** A Python string. */
  quoted(text) {
    return JSON.stringify(text);
  },

  /** Lines that print the numbers which the page shows. */
  python() {
    const lines = ["import scalelaw as sl", ""];
    for (const [fit] of State.shown()) lines.push(...Code.ofFit(fit), "");
    const [model] = Device.models();
    if (model.shape && State.first().columns.includes("N")) lines.push(...Code.ofCosts(model));
    return lines.join("\n").trimEnd() + "\n";
  },

  ofFit(fit) {
    const { columns, level } = State.now;
    const given = fit.columns.map((name) => `${Code.quoted(name)}: ${Numbers.python(columns[name])}`).join(", ");
    const interval = fit.draws.length ? `, interval=${level}` : "";
    const lines = [`fit = ${fit.python}`];
    lines.push(`print(fit.predict({${given}}${interval}))`);
    if (Laws.worth(fit, columns) !== null) {
      const all = fit.columns.map((name) => `${name}=${Numbers.python(columns[name])}`).join(", ");
      lines.push(`print(sl.equivalence(fit, ${all}, level=${fit.draws.length ? level : "None"}))`);
    }
    return lines;
  },

  ofCosts({ shape, P }) {
    const fields = Object.fromEntries(DATA.costs.order.map((name) => [name, shape[name] ?? DATA.costs.shape[name]]));
    const python = (value) => (typeof value === "boolean" ? (value ? "True" : "False") : JSON.stringify(value));
    const given = Object.entries(fields).map(([name, value]) => `${name}=${python(value)}`);
    const { machine, weights, model, batch, input_tokens, output_tokens } = State.now;
    const served = `hardware=${Costs.machine(machine).python}, model=${Code.quoted(model)}, batch=${batch}`;
    const compute = Code.quoted(Costs.machine(machine).compute);
    return [
      `shape = sl.cost.Shape(`,
      `    ${given.slice(0, 7).join(", ")},`,
      `    ${given.slice(7, 12).join(", ")},`,
      `    ${given.slice(12).join(", ")},`,
      `)`,
      `tokens = {"input_tokens": ${input_tokens}, "output_tokens": ${output_tokens}}`,
      `kinds = {"weights": ${Code.quoted(weights)}, "compute": ${compute}}`,
      `print(sl.cost.breakdown(shape, ${P}, ${served}, **tokens, **kinds))`,
    ];
  },

  show() {
    document.getElementById("code").textContent = Code.python();
    document.getElementById("copied").textContent = "";
  },

  async copy(text, what) {
    const said = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = `${what} copied.`;
    } catch {
      // a page opened from a file may have no clipboard: the text is selected, for the keyboard to copy
      said.textContent =
        document.execCommand && Code.selected(text) ? `${what} copied.` : `Copying is not allowed here.`;
    }
  },

  selected(text) {
    const area = Page.element("textarea", { readonly: "", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  },

  build() {
    document.getElementById("copy-code").addEventListener("click", () => Code.copy(Code.python(), "Python"));
    document.getElementById("copy-link").addEventListener("click", () => {
      return Code.copy(location.href.split("#")[0] + State.link(), "Link");
    });
  },
};
