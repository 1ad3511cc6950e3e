// The table of the runs, with what the first law predicts for each: search, order, and export as CSV.
"use strict";

const Runs = {
  FILTER: /^([A-Za-z_]\w*)(<=|>=|<|>|=)(.+)$/,
  MOST: 500,
  shown: [],

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
    const { search, order: name, down } = State.now;
    const words = search.split(/\s+/).filter(Boolean);
    const rows = Runs.rows(fit).filter((run) => words.every((word) => Runs.holds(run, word)));
    const order = (a, b) => (a[name] < b[name] ? -1 : a[name] > b[name] ? 1 : 0) * (down ? -1 : 1);
    if (Runs.columns(fit).includes(name)) rows.sort(order);
    return rows;
  },

  holds(run, word) {
    const found = Runs.FILTER.exec(word);
    if (!found || !(found[1] in run))
      return Object.values(run).some(
        (value) => Runs.text(value).toLowerCase().includes(word.toLowerCase()) || Runs.called(value, word),
      );
    const [, name, compare, text] = found;
    const value = run[name];
    const given = typeof value === "number" ? Numbers.read(text) : text;
    const same = value === given || Runs.called(value, text);
    return { "<": value < given, ">": value > given, "<=": value <= given, ">=": value >= given, "=": same }[compare];
  },

  /** Whether this is what people call a size: 1.6B for 1571472384. */
  called(value, text) {
    return value > 1000 && [2, 3].some((digits) => Numbers.short(value, digits).toLowerCase() === text.toLowerCase());
  },

  text(value) {
    return typeof value === "number" ? Numbers.short(value, 6) : String(value ?? "");
  },

  /** What the table depends on: sliders do not change it. */
  asked() {
    const { search, order, down } = State.now;
    return [State.first(), search, order, down];
  },

  /** Show the table anew where another fit is looked at, or a link asks for other rows. */
  follow() {
    if (Runs.asked().some((each, place) => each !== Runs.shown[place])) Runs.show();
  },

  show() {
    const fit = State.first();
    Runs.shown = Runs.asked();
    const field = document.getElementById("search");
    if (field.value !== State.now.search) field.value = State.now.search;
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
    const of = State.fits.length > 1 ? ` of ${fit.name}` : "";
    document.getElementById("runs-count").textContent = `${rows.length} of ${fit.rows} runs${of}${cut}`;
  },

  heading(name) {
    const { order: by, down } = State.now;
    const button = Page.element(
      "button",
      { type: "button", "data-column": name },
      name + (by === name ? (down ? " ↓" : " ↑") : ""),
    );
    button.addEventListener("click", () => {
      State.keep({ order: name, down: by === name && !down });
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
    const field = document.getElementById("search");
    field.addEventListener("input", () => {
      State.keep({ search: field.value });
      Runs.show();
    });
    document.getElementById("export").addEventListener("click", Runs.save);
  },
};
