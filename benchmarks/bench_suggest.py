"""How much training compute `suggest` needs to reach the full-data answer, against random and even choices.

The answer is the loss at the dearest run of a set, in N, D and P. At a corner that no run reaches, such as
Chinchilla's largest N with its largest D, a random choice did better than one-shot suggestions: the runs there that say
most lie 1 to 2 % off the law, more than the answer may.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

import scalelaw as sl
from benchmarks.report import Row, progress
from scalelaw.analysis.optimal_design import Design
from scalelaw.analysis.suggest import suggest
from scalelaw.errors import FitError
from scalelaw.fit.model import build, slopes_at
from scalelaw.fit.noise import scatter

WITHIN, SHARE, TARGET = 0.01, 0.9, 0.5
SETS = {
    "chinchilla": "chinchilla",
    "olmo-ladder": "chinchilla",
    "parscale-pile": "parscale",
    "parscale-stack": "parscale",
}
BUDGETS = 2.0 ** np.arange(-8, 0.5, 0.5)
"""Compute of the new runs, as shares of that of the whole table."""
ROUNDS = (0.25, 0.25, 0.5)
"""Shares of a budget that are spent before the law is fitted again and the next runs are asked for."""
_DRAWS = 16


@dataclass(frozen=True, eq=False)
class Table:
    """A bundled set, what each of its runs costs, and the answer of all of it at its largest scale, its dearest run."""

    name: str
    law: str
    columns: dict[str, np.ndarray]
    cost: np.ndarray
    target: dict[str, float]
    answer: float

    @classmethod
    def load(cls, name: str) -> Table:
        runs = sl.load(name)
        law = getattr(sl.laws, SETS[name])
        columns = {column: runs[column].to_numpy(dtype=float) for column in (*law.columns, "loss")}
        D = runs["D"].to_numpy(dtype=float)
        P = runs["P"].to_numpy(dtype=float) if "P" in runs else np.ones(len(runs))
        cost = 6 * runs["N"].to_numpy(dtype=float) * D * P
        dearest = int(cost.argmax())
        target = {column: float(columns[column][dearest]) for column in law.columns}
        return cls(name, law.name, columns, cost, target, float(sl.fit(law, columns).predicted[dearest]))

    def if_the_law_held(self, seed: int) -> Table:
        """The same runs with losses of the law as fitted to them, and independent noise as large as their scatter."""
        fit = sl.fit(self.law, self.columns)
        noise = scatter(fit).sd * np.random.default_rng(seed).standard_normal(fit.rows)
        columns = {**self.columns, "loss": fit.predicted * np.exp(noise)}
        answer = float(sl.fit(self.law, columns).predicted[self.cost.argmax()])
        return replace(self, columns=columns, answer=answer)

    def error(self, rows: np.ndarray) -> float:
        """Relative error of the prediction at the largest scale from these rows; infinite if they determine none."""
        try:
            fit = sl.fit(self.law, {name: values[rows] for name, values in self.columns.items()}, throw=False)
        except FitError:
            return np.inf
        found = fit.law.predict({c: np.array([v]) for c, v in self.target.items()}, fit.params)[0]
        return abs(float(found) / self.answer - 1)

    def pilot(self, rng: np.random.Generator) -> np.ndarray:
        """Runs to start from: two more than parameters, at random from the cheaper half, that determine the law."""
        cheap = np.argsort(self.cost)[: len(self.cost) // 2]
        while True:
            rows = rng.choice(cheap, len(getattr(sl.laws, self.law).parameters) + 2, replace=False)
            if np.isfinite(self.error(rows)):
                return rows


Choose = Callable[[Table, np.ndarray, float, np.random.Generator], np.ndarray]


def suggested(table: Table, pilot: np.ndarray, budget: float, _: np.random.Generator) -> np.ndarray:
    """Rows that `suggest` picks for the loss at the largest scale, in rounds with a fit between them."""
    rows, money = pilot, 0.0
    for share in ROUNDS:
        money += share * budget
        rows = _next(table, rows, money - (table.cost[rows].sum() - table.cost[pilot].sum()))
    return rows


def _next(table: Table, rows: np.ndarray, money: float) -> np.ndarray:
    """The rows at hand and those that `suggest` picks for the money."""
    rest = np.setdiff1d(np.arange(len(table.cost)), rows)
    if not len(rest) or table.cost[rest].min() > money:
        return rows
    fit = _fit(table, tuple(rows.tolist()))
    cells = {name: table.columns[name][rest] for name in fit.law.columns} | {"C": table.cost[rest]}
    quantity = f"loss at {','.join(f'{name}={value:.17g}' for name, value in table.target.items())}"
    chosen = suggest(fit, quantity, budget=money, cells=cells, repeat=False)
    place: dict[tuple[float, ...], list[int]] = {}
    for row in rest:  # runs that were repeated are cells of their own
        place.setdefault(tuple(float(table.columns[name][row]) for name in fit.law.columns), []).append(row)
    found = [place[tuple(map(float, cell))].pop() for cell in chosen[list(fit.law.columns)].to_numpy()]
    return np.concatenate([rows, np.array(found, dtype=int)])


@lru_cache(maxsize=64)
def _fit(table: Table, rows: tuple[int, ...]) -> sl.Fit:
    """The fit of some runs, with draws where they allow any."""
    part = {name: values[list(rows)] for name, values in table.columns.items()}
    try:
        return sl.fit(table.law, part, throw=False, bootstrap=_DRAWS, rng=0)
    except FitError:
        return sl.fit(table.law, part, throw=False)


def at_random(table: Table, pilot: np.ndarray, budget: float, rng: np.random.Generator) -> np.ndarray:
    """Rows in random order, each taken if it can still be paid for."""
    return _paid(table, pilot, budget, rng.permutation(np.setdiff1d(np.arange(len(table.cost)), pilot)))


def evenly(table: Table, pilot: np.ndarray, budget: float, _: np.random.Generator) -> np.ndarray:
    """Rows far from those taken before, in the logarithms of the columns: a grid, as far as the table has one."""
    names = [name for name in table.columns if name != "loss"]
    place = np.log(np.stack([table.columns[name] for name in names], axis=1))
    place /= place.std(0)
    taken, spent = list(pilot), 0.0
    while True:
        far = np.min([np.hypot.reduce(place - place[row], axis=1) for row in taken], axis=0)
        open_ = table.cost <= budget - spent
        open_[taken] = False
        if not open_.any():
            return np.array(taken)
        row = int(np.where(open_, far, -1.0).argmax())
        taken.append(row)
        spent += table.cost[row]


def _paid(table: Table, pilot: np.ndarray, budget: float, order: np.ndarray) -> np.ndarray:
    taken, spent = list(pilot), 0.0
    for row in order:
        if spent + table.cost[row] <= budget:
            taken.append(int(row))
            spent += table.cost[row]
    return np.array(taken)


def needed(table: Table, choose: Choose, *, pilots: range, repeats: int) -> tuple[float, np.ndarray]:
    """Share of the table's compute, pilots apart, from which on nine in ten choices stay within 1 %, and the shares."""
    within = np.zeros(len(BUDGETS))
    for pilot in pilots:
        rng = np.random.default_rng([pilot, 7])
        start = table.pilot(rng)
        for _ in range(repeats):
            for position, share in enumerate(BUDGETS):
                rows = choose(table, start, share * table.cost.sum(), rng)
                within[position] += table.error(rows) <= WITHIN
    within /= len(pilots) * repeats
    bad = np.flatnonzero(within < SHARE)
    first = 0 if not len(bad) else bad[-1] + 1
    return float(BUDGETS[first]) if first < len(BUDGETS) else np.inf, within


def errors_at_best(table: Table, *, pilots: range, repeats: int) -> np.ndarray:
    """Standard error of the answer in per cent, by a choice that knows the law and by random ones, (budgets, 2).

    To first order, as if the law held with its parameters known to the choice, and noise were independent and as large
    as the scatter of the runs: what hardly any choice betters. The error is from the answer of all runs, and that of
    least absolute deviations, which Huber's function with delta 0.001 nearly is.
    """
    fit = sl.fit(table.law, table.columns)
    model = build(fit.law, {name: table.columns[name] for name in fit.law.columns})
    theta = np.array([fit.params[name] for name in fit.law.parameters])
    slopes = slopes_at(model, model.coordinates.from_parameters(theta), log=True)
    wanted = slopes[table.cost.argmax()]
    money = BUDGETS * table.cost.sum()
    variances = np.empty((2, len(money), len(pilots)))
    for place, pilot in enumerate(pilots):
        rng = np.random.default_rng([pilot, 7])
        start = table.pilot(rng)
        rest = np.setdiff1d(np.arange(len(table.cost)), start)
        known = Design.of(slopes[start][None], slopes[rest][None], wanted[None], table.cost[rest])
        for position, budget in enumerate(money):
            best = known.select(budget=budget, count=len(rest), repeat=False)
            by_chance = [_variance(slopes[at_random(table, start, budget, rng)], wanted) for _ in range(repeats)]
            variances[:, position, place] = np.exp(known.score(best)), np.median(by_chance)
    beyond = np.maximum(np.median(variances, axis=-1) - _variance(slopes, wanted), 0.0)
    return 100 * scatter(fit).sd * np.sqrt(np.pi / 2 * beyond.T)


def _variance(slopes: np.ndarray, wanted: np.ndarray) -> float:
    return float(wanted @ np.linalg.pinv(slopes.T @ slopes) @ wanted)


def measure(*, pilots: int = 10, repeats: int = 5) -> list[Row]:
    """A row for each set."""
    return [measure_set(name, pilots, repeats) for name in SETS]


def measure_set(name: str, pilots: int, repeats: int, *, first: int = 0, simulated: int | None = None) -> Row:
    """Compute that random, even and suggested choices need on one set; pilots are seeded from ``first`` on.

    With a seed ``simulated`` the losses are those of `Table.if_the_law_held`.
    """
    drawn = range(first, first + pilots)
    table = Table.load(name) if simulated is None else Table.load(name).if_the_law_held(simulated)
    began = time.process_time()
    ours, shares = needed(table, suggested, pilots=drawn, repeats=1)
    seconds = (time.process_time() - began) / (pilots * len(BUDGETS))
    chance, by_chance = needed(table, at_random, pilots=drawn, repeats=repeats)
    even, _ = needed(table, evenly, pilots=drawn, repeats=1)
    progress(f"  {name}: {seconds:.3f} s of CPU for a budget spent in {len(ROUNDS)} rounds")
    for which, within in (("suggest", shares), ("random", by_chance)):
        progress(f"    {which:8} within 1 %: " + " ".join(f"{100 * each:3.0f}" for each in within))
    return Row(
        f"compute to within 1 % at the largest scale, {name}: {100 * ours:.2g} % of the table's by suggest, "
        f"{100 * chance:.2g} % at random, {100 * even:.2g} % evenly",
        f"<= {TARGET:g} of random",
        bool(np.isfinite(ours) and ours <= TARGET * chance),
        ratio=chance / ours,
        note=f"{pilots} pilots; from there on {SHARE:.0%} of choices stay within. The largest scale is the dearest "
        f"run; suggest spends a budget in {len(ROUNDS)} rounds with a fit between them.",
    )


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pilots", type=int, default=10)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--first", type=int, default=0, help="seed of the first pilot")
    parser.add_argument("--simulated", type=int, metavar="SEED", help="losses as if the law held, with this seed")
    parser.add_argument("--bound", action="store_true", help="print what hardly any choice betters instead")
    options = parser.parse_args()
    for name in options.sets if options.bound else ():
        drawn = range(options.first, options.first + options.pilots)
        errors = errors_at_best(Table.load(name), pilots=drawn, repeats=5)
        print(f"{name}: standard error of the answer, %, by the best choice and at random; 0.61 keeps 90 % within 1 %")
        for share, (best, chance) in zip(BUDGETS, errors, strict=True):
            print(f"    {100 * share:6.2g} % of the compute  {best:8.2f}  {chance:8.2f}")
    if options.bound:
        return
    for name in options.sets:
        row = measure_set(name, options.pilots, 5, first=options.first, simulated=options.simulated)
        print(row.line(), flush=True)


if __name__ == "__main__":
    main()
