// The page begins here.
"use strict";

const Main = {
  about() {
    const fitted = (fit) => `fitted to ${fit.rows} runs, R² = ${Numbers.fixed(fit.r2, 5)}`;
    const called = (fit) => (fit.name === fit.formula ? "" : `${Controls.title(fit)}: `);
    const told = State.fits.map((fit) => `${called(fit)}loss = ${fit.formula}, ${fitted(fit)}`);
    document.getElementById("about").textContent = told.join("; ");
    const notes = State.fits.flatMap((fit) => fit.notes.map((note) => [fit, note]));
    const items = notes.map(([fit, note]) =>
      Page.element("li", {}, State.fits.length > 1 ? `${fit.name}: ${note}` : note),
    );
    const none = "Nothing was found that speaks against the fit. An interval is of the mean loss, not of one run.";
    document.getElementById("notes").replaceChildren(items.length ? Page.element("ul", {}, ...items) : none);
    const computed = "Everything is computed in this page, by functions generated from those of Python.";
    document.getElementById("footer").textContent = `Made with scalelaw ${DATA.version}. ${computed}`;
  },

  start() {
    document.getElementById("explorer").hidden = !DATA.fits.length;
    if (DATA.fits.length) {
      State.open(DATA.fits);
      State.read(location.hash);
      Controls.build();
      Runs.build();
      Code.build();
      Main.about();
      State.listeners.push(Results.show, Device.show, Runs.follow, Code.show);
      State.drawers.push(Curves.show, Contours.show, Device.draw);
      State.tell();
      window.addEventListener("hashchange", () => {
        State.read(location.hash);
        State.tell();
      });
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", State.tell);
    if (DATA.live) Live.ask();
  },
};

Main.start();
