// The table of the runs, with what the first law predicts for each: search, order, and export as CSV.
"use strict";

const Runs = {
  FILTER: /^([A-Za-z_]\w*)(<=|>=|<|>|=)(.+)$/,
  MOST: 500,
  order: { name: null, down: false },
  of: null,

  columns(fit) {
    return [...Object.keys(fit.runs), "predicted", "error"];
  },

  /** All runs of the first fit, with prediction and error (predicted minus observed). */
  rows(fit) {
    return Charts.runs(fit).map((run) => {
      const predicted = Laws.loss(fit, run);
      return { ...run, predicted, error: predicted - run.loss };
    });
  },

  /** The runs that hold every word of the search, in the order chosen. */
  found() {
    const fit = State.first();
    const words = document.getElementById("search").value.split(/\s+/).filter(Boolean);
    const rows = Runs.rows(fit).filter((run) => words.every((word) => Runs.holds(run, word)));
    const { name, down } = Runs.order;
    if (name) rows.sort((a, b) => (a[name] < b[name] ? -1 : a[name] > b[name] ? 1 : 0) * (down ? -1 : 1));
    return rows;
  },

  holds(run, word) {
    const found = Runs.FILTER.exec(word);
    if (!found || !(found[1] in run))
      return Object.values(run).some((value) => Runs.text(value).toLowerCase().includes(word.toLowerCase()));
    const [, name, compare, text] = found;
    const value = run[name];
    const given = typeof value === "number" ? Numbers.read(text) : text;
    return { "<": value < given, ">": value > given, "<=": value <= given, ">=": value >= given, "=": value === given }[
      compare
    ];
  },

  text(value) {
    return typeof value === "number" ? Numbers.short(value, 6) : String(value ?? "");
  },

  /** Show the table anew where another fit is looked at: sliders do not change it. */
  follow() {
    if (Runs.of !== State.first()) Runs.show();
  },

  show() {
    const fit = (Runs.of = State.first());
    const rows = Runs.found();
    const head = Page.element("tr", {}, ...Runs.columns(fit).map(Runs.heading));
    const lines = rows
      .slice(0, Runs.MOST)
      .map((run) =>
        Page.element("tr", {}, ...Runs.columns(fit).map((name) => Page.element("td", {}, Runs.text(run[name])))),
      );
    const table = Page.element("table", {}, Page.element("thead", {}, head), Page.element("tbody", {}, ...lines));
    table.setAttribute("aria-label", `Runs that ${fit.name} was fitted to`);
    const focused = document.activeElement?.dataset?.column;
    document.getElementById("runs").replaceChildren(table);
    if (focused) table.querySelector(`[data-column="${CSS.escape(focused)}"]`)?.focus();
    const cut = rows.length > Runs.MOST ? `, of which the first ${Runs.MOST} are shown; the export has all` : "";
    document.getElementById("runs-count").textContent = `${rows.length} of ${fit.rows} runs${cut}`;
  },

  heading(name) {
    const { name: by, down } = Runs.order;
    const button = Page.element(
      "button",
      { type: "button", "data-column": name },
      name + (by === name ? (down ? " ↓" : " ↑") : ""),
    );
    button.addEventListener("click", () => {
      Runs.order = { name, down: by === name && !down };
      Runs.show();
    });
    const sorted = by === name ? (down ? "descending" : "ascending") : "none";
    return Page.element("th", { scope: "col", "aria-sort": sorted }, button);
  },

  /** The runs found, in full precision. */
  csv() {
    const names = Runs.columns(State.first());
    const cell = (value) => {
      const text = typeof value === "number" ? Numbers.python(value) : String(value ?? "");
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    const lines = [names, ...Runs.found().map((run) => names.map((name) => run[name]))];
    return lines.map((line) => line.map(cell).join(",") + "\n").join("");
  },

  save() {
    const address = URL.createObjectURL(new Blob([Runs.csv()], { type: "text/csv" }));
    const link = Page.element("a", { href: address, download: `${State.first().name}-runs.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  },

  build() {
    document.getElementById("search").addEventListener("input", Runs.show);
    document.getElementById("export").addEventListener("click", Runs.save);
  },
};
