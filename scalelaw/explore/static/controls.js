// Sliders and fields for the columns, and the choices of laws, interval and device.
"use strict";

const Controls = {
  STEPS: 1000,
  MEANING: {
    N: "parameters",
    N_backbone: "parameters, without what streams add",
    P: "parallel streams",
    D: "training tokens",
    C: "training FLOPs",
    U: "unique tokens",
    M: "tokens a parameter",
  },

  build() {
    const place = document.getElementById("columns");
    place.replaceChildren(...State.names().map(Controls.column));
    Controls.choices(
      "first",
      State.fits.map((fit, at) => [at, Controls.title(fit)]),
      Number,
    );
    Controls.choices("second", [[-1, "none"], ...State.fits.map((fit, at) => [at, Controls.title(fit)])], Number);
    document.getElementById("second-label").hidden = State.fits.length < 2;
    Controls.choices(
      "level",
      DATA.levels.map((level) => [level, `${Number((100 * level).toPrecision(6))} %`]),
      Number,
    );
    Controls.choices(
      "machine",
      DATA.costs.machines.map((each) => [each.name, each.name]),
      String,
    );
    Controls.choices(
      "weights",
      Object.keys(DATA.costs.bits).map((kind) => [kind, kind]),
      String,
    );
    Controls.choices(
      "model",
      Object.keys(COSTS).map((name) => [name, name]),
      String,
    );
    for (const name of State.WHOLE) Controls.whole(name);
    document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());
  },

  title(fit) {
    return fit.name === fit.law ? fit.law : `${fit.name} (${fit.law})`;
  },

  /** The title for the head of a table, where the law may be smaller. */
  heading(fit) {
    if (fit.name === fit.law) return fit.law;
    return Page.element("span", {}, `${fit.name} `, Page.element("span", { class: "law" }, `(${fit.law})`));
  },

  /** A slider and a field for one column; either moves the other. */
  column(name) {
    const [low, high] = State.range(name);
    const box = Page.element("div", { class: "column" });
    const meaning = Controls.MEANING[name] || "a column of the law";
    const label = Page.element("label", { for: `field-${name}` }, `${name}, ${meaning}`);
    const slider = Page.element("input", { type: "range", id: `slider-${name}`, min: 0, max: Controls.STEPS, step: 1 });
    slider.setAttribute("aria-label", `${name}, ${meaning}, slider`);
    const field = Page.element("input", { id: `field-${name}`, inputmode: "text", spellcheck: "false" });
    field.setAttribute("aria-describedby", `fault-${name}`);
    const fault = Page.element("span", { id: `fault-${name}`, class: "fault small", role: "alert" });
    const at = (value) => Math.round((Controls.STEPS * Math.log(value / low)) / Math.log(high / low));
    slider.addEventListener("input", () => {
      const value = low * (high / low) ** (slider.valueAsNumber / Controls.STEPS);
      const tidy = name === "P" ? Math.max(1, Math.round(value)) : Number(value.toPrecision(3));
      State.set({ columns: { [name]: tidy } });
    });
    // P grows by whole numbers: a key moves it to the next one, however small that is on the slider
    if (name === "P") slider.addEventListener("keydown", (event) => Controls.nextWhole(event, name, high));
    field.addEventListener("change", () => {
      const value = Numbers.read(field.value);
      if (State.allowed(name, value)) State.set({ columns: { [name]: value } });
      else Controls.refuse(field, fault, name === "P" ? "a number from 1" : "a number above 0, such as 1.6B");
    });
    State.listeners.push(() => {
      const value = State.now.columns[name];
      slider.value = at(value);
      slider.setAttribute("aria-valuetext", `${Numbers.short(value)} ${meaning}`);
      field.value = Numbers.exact(value);
      field.removeAttribute("aria-invalid");
      fault.textContent = "";
      box.hidden = !State.reads(name);
    });
    box.append(label, slider, field, fault);
    return box;
  },

  nextWhole(event, name, high) {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const value = Math.round(State.now.columns[name]) + by;
    State.set({ columns: { [name]: Math.min(Math.max(value, 1), high) } });
  },

  refuse(field, fault, what) {
    field.setAttribute("aria-invalid", "true");
    fault.textContent = `${JSON.stringify(field.value)} cannot be taken: write ${what}.`;
  },

  choices(name, listed, read) {
    const select = document.getElementById(name);
    select.replaceChildren(...listed.map(([value, text]) => Page.element("option", { value }, text)));
    select.addEventListener("change", () => State.set({ [name]: read(select.value) }));
    State.listeners.push(() => (select.value = String(State.now[name])));
  },

  /** A field for a whole number from 1. */
  whole(name) {
    const field = document.getElementById(name);
    field.addEventListener("change", () => {
      const value = Numbers.read(field.value);
      if (State.whole(value)) State.set({ [name]: value });
      else State.tell();
    });
    State.listeners.push(() => (field.value = Numbers.exact(State.now[name])));
  },
};

const Page = {
  element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  },

  /** A table from rows of texts; the first cell of each row heads it. */
  table(caption, head, rows) {
    const cell = (text, scope) => Page.element(scope ? "th" : "td", scope ? { scope } : {}, text);
    const table = Page.element("table");
    if (caption) table.append(Page.element("caption", {}, caption));
    if (head.length)
      table.append(Page.element("thead", {}, Page.element("tr", {}, ...head.map((each) => cell(each, "col")))));
    const lines = rows.map(({ kind, texts }) => {
      const [first, ...rest] = texts;
      return Page.element("tr", kind ? { class: kind } : {}, cell(first, "row"), ...rest.map((text) => cell(text)));
    });
    table.append(Page.element("tbody", {}, ...lines));
    return table;
  },
};
