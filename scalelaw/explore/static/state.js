// What the page shows, and the link that holds it.
"use strict";

const State = {
  TEXTS: ["machine", "weights", "model"],
  WHOLE: ["batch", "input_tokens", "output_tokens"],
  now: {},
  fits: [],
  listeners: [],
  drawers: [],
  frame: 0,

  /** Take the fits of the page, or newer ones of the same laws, and keep what is chosen. */
  open(fits) {
    State.fits = fits.map(Laws.opened);
    const began = { columns: {}, first: 0, second: fits.length > 1 ? 1 : -1, level: 0.95 };
    const served = {
      machine: "a100",
      weights: "fp16",
      model: "roofline",
      batch: 1,
      input_tokens: 512,
      output_tokens: 512,
    };
    const table = { search: "", order: "", down: false };
    State.now = { ...began, ...served, ...table, ...State.now };
    State.now.columns = { ...State.middles(), ...State.now.columns };
  },

  /** Names of the columns that some law reads, in their order. */
  names() {
    return [...new Set(State.fits.flatMap((fit) => fit.columns))];
  },

  /** Values of a column in the runs of all fits. */
  values(name) {
    return State.fits.flatMap((fit) => fit.runs[name] || []).filter((value) => value > 0);
  },

  /** Ends of a column's slider: the runs and a factor of 16 about them; P from 1 to 64 at least. */
  range(name) {
    const values = State.values(name);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return name === "P" ? [1, Math.max(64, high)] : [low / 16, high * 16];
  },

  middles() {
    const middle = (name) => {
      const values = State.values(name).sort((a, b) => a - b);
      return Number(values[Math.floor((values.length - 1) / 2)].toPrecision(2));
    };
    return Object.fromEntries(State.names().map((name) => [name, middle(name)]));
  },

  first() {
    return State.fits[State.now.first];
  },

  second() {
    return State.fits[State.now.second] || null;
  },

  /** Whether a law that is shown reads a column. */
  reads(name) {
    return State.shown().some(([fit]) => fit.columns.includes(name));
  },

  /** The fits shown, with the class that each has in the page. */
  shown() {
    return [
      [State.first(), "first"],
      [State.second(), "second"],
    ].filter(([fit]) => fit);
  },

  /** A change, told to all parts of the page and written into its address. */
  set(changes) {
    State.keep({ ...changes, ...State.unlike(changes) });
    State.tell();
  },

  /** No law is laid over itself: the two change places, or nothing is laid over the one. */
  unlike(changes) {
    const { first, second } = { ...State.now, ...changes };
    if (first !== second) return {};
    if (first !== State.now.first) return { second: State.now.first };
    return State.now.second < 0 || State.now.second === first ? { second: -1 } : { first: State.now.second };
  },

  /** A change that is of one part of the page alone, and is in its address too. */
  keep(changes) {
    State.now = { ...State.now, ...changes, columns: { ...State.now.columns, ...changes.columns } };
    history.replaceState(null, "", State.link());
  },

  /** Numbers change at once; charts, which take longer, with the next frame, however many changes came before it. */
  tell() {
    for (const listener of State.listeners) listener();
    cancelAnimationFrame(State.frame);
    State.frame = requestAnimationFrame(() => State.drawers.forEach((drawer) => drawer()));
  },

  link() {
    const { columns, ...others } = State.now;
    const parts = new URLSearchParams();
    for (const [name, value] of Object.entries(columns)) parts.set(`c.${name}`, String(value));
    for (const [name, value] of Object.entries(others)) parts.set(name, String(value));
    return `#${parts}`;
  },

  /** Take over what a link says; what it does not say, or says wrongly, stays. */
  read(link) {
    const parts = new URLSearchParams(link.replace(/^#/, ""));
    const columns = {};
    for (const name of State.names()) {
      const value = Number(parts.get(`c.${name}`) ?? NaN);
      if (State.allowed(name, value)) columns[name] = value;
    }
    const changes = {};
    const place = (text) => (text !== null && Number.isInteger(Number(text)) ? Number(text) : NaN);
    if (State.fits[place(parts.get("first"))]) changes.first = place(parts.get("first"));
    if (place(parts.get("second")) >= -1 && place(parts.get("second")) < State.fits.length) {
      changes.second = place(parts.get("second"));
    }
    if (DATA.levels.includes(Number(parts.get("level")))) changes.level = Number(parts.get("level"));
    for (const name of State.WHOLE) {
      if (State.whole(Number(parts.get(name)))) changes[name] = Number(parts.get(name));
    }
    const known = { machine: Boolean(Costs.machine(parts.get("machine"))) };
    known.weights = Object.hasOwn(DATA.costs.bits, parts.get("weights") || "");
    known.model = Object.hasOwn(COSTS, parts.get("model") || "");
    for (const name of State.TEXTS) if (known[name]) changes[name] = parts.get(name);
    for (const name of ["search", "order"]) if (parts.has(name)) changes[name] = parts.get(name);
    if (parts.has("down")) changes.down = parts.get("down") === "true";
    State.now = { ...State.now, ...changes, columns: { ...State.now.columns, ...columns } };
    if (State.now.first === State.now.second) State.now.second = -1;
  },

  allowed(name, value) {
    return Number.isFinite(value) && value > 0 && (name !== "P" || value >= 1);
  },

  whole(value) {
    return Number.isInteger(value) && value >= 1 && value < 1e9;
  },
};
