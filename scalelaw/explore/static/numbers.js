// Numbers as people read and write them.
"use strict";

const Numbers = {
  SCALES: { "": 0, k: 3, m: 6, b: 9, bn: 9, g: 9, t: 12 },

  /** A number such as 1.6B, 42e9 or 1,000,000; NaN where the text is none. */
  read(text) {
    const plain = text
      .trim()
      .replace(/(\d),(?=\d{3}(\D|$))/g, "$1")
      .replace(/(\d)_(?=\d)/g, "$1");
    const found = /^(\d+\.?\d*|\.\d+)(?:e([+-]?\d{1,3}))?\s*(k|m|bn?|g|t)?$/i.exec(plain);
    if (!found) return NaN;
    // the power is written into the text, so that 1.6B is the double nearest to it
    const power = Number(found[2] || 0) + Numbers.SCALES[(found[3] || "").toLowerCase()];
    return Number(`${found[1]}e${power}`);
  },

  /** A quantity in a few digits: 1.6B, 42B, 8, 1.2e23. */
  short(value, digits = 3) {
    if (!Number.isFinite(value)) return Numbers.odd(value);
    const size = Math.abs(value);
    for (const [name, scale] of [
      ["T", 1e12],
      ["B", 1e9],
      ["M", 1e6],
      ["K", 1e3],
    ]) {
      if (size >= scale && size < 1e16) return `${Number((value / scale).toPrecision(digits))}${name}`;
    }
    return size >= 1e16
      ? value.toExponential(Math.max(digits - 1, 0)).replace("e+", "e")
      : Numbers.plain(value, digits);
  },

  /** What to put into a field so that it is read again as the same number. */
  exact(value) {
    for (let digits = 1; digits <= 17; digits++) {
      const text = Numbers.short(value, digits);
      if (Numbers.read(text) === value) return text;
    }
    return String(value);
  },

  plain(value, digits = 4) {
    return Number.isFinite(value) ? String(Number(value.toPrecision(digits))) : Numbers.odd(value);
  },

  fixed(value, digits = 4) {
    return Number.isFinite(value) ? value.toFixed(digits) : Numbers.odd(value);
  },

  odd(value) {
    return Number.isNaN(value) ? "none" : value > 0 ? "infinite" : "minus infinite";
  },

  /** As Python writes it: whole numbers without a point. */
  python(value) {
    return Number.isInteger(value) && Math.abs(value) < 1e21
      ? BigInt(value).toString()
      : String(value).replace("e+", "e");
  },

  bytes(value) {
    return value >= 2 ** 30 ? `${Numbers.plain(value / 2 ** 30)} GiB` : `${Numbers.plain(value / 2 ** 20)} MiB`;
  },

  seconds(value) {
    return value >= 1 ? `${Numbers.plain(value)} s` : `${Numbers.plain(value * 1e3)} ms`;
  },

  /** Numbers from low to high, geometrically spaced, ends exact. */
  geometric(low, high, count) {
    const step = Math.log(high / low) / (count - 1);
    const values = Array.from({ length: count }, (_, place) => low * Math.exp(step * place));
    values[count - 1] = high;
    return values;
  },
};
