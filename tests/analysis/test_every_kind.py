"""Every frame that has intervals has them of every kind, near one another where the law is well determined."""

import numpy as np
import pandas as pd
import pytest

import scalelaw as sl
from scalelaw import analysis
from scalelaw.errors import FitError
from scalelaw.fit.intervals import ALL_KINDS, WITHOUT_DRAWS
from scalelaw.laws import ALL, simulate

from ..laws.truths import TRUTHS


def design(**columns) -> dict[str, np.ndarray]:
    grids = np.meshgrid(*columns.values(), indexing="ij")
    return {name: np.tile(grid.ravel(), 4) for name, grid in zip(columns, grids, strict=True)}


SIZES, TOKENS = np.geomspace(1e8, 5e9, 5), np.geomspace(2e9, 1e11, 5)
RUNS = {
    "parscale": design(N=SIZES, P=[1.0, 2.0, 4.0, 8.0]),
    "chinchilla": design(N=SIZES, D=TOKENS),
    "parscale_data": design(N=SIZES, P=[1.0, 4.0], D=TOKENS),
}
FITS = {
    name: sl.fit(
        name, simulate(ALL[name], TRUTHS[name], table, noise=0.002, rng=0), loss="squared", bootstrap=200, rng=0
    )
    for name, table in RUNS.items()
}
FRAMES = {
    "predict": ("parscale", lambda fit, **options: fit.predict({"N": [1e9, 2e9], "P": 4}, **options)),
    "equivalence": ("parscale", lambda fit, **options: analysis.equivalence(fit, N="1B", P=[1, 4], **options)),
    "iso_loss": (
        "parscale",
        lambda fit, **options: analysis.iso_loss(fit, losses=fit.predicted.mean(), num=3, **options),
    ),
    "curves": ("parscale", lambda fit, **options: analysis.curves(fit, num=3, **options)),
    "allocate": ("chinchilla", lambda fit, **options: analysis.allocate(fit, C=[1e21, 1e22], **options)),
    "target": ("chinchilla", lambda fit, **options: analysis.allocate(fit, loss=2.2, **options)),
    "exponents": ("chinchilla", lambda fit, **options: analysis.allocation_exponents(fit, **options)),
    "trade": ("parscale_data", lambda fit, **options: analysis.streams_or_parameters(fit, C=1e22, P=4, **options)),
}


def frame_of(name: str, kind: str, *, drawn: bool = True) -> pd.DataFrame:
    law, frame = FRAMES[name]
    fit = FITS[law]
    level = "interval" if name == "predict" else "level"
    bare = fit if drawn else sl.Fit(**{**vars_of(fit), "draws": None})
    return frame(bare, **{level: 0.9, "kind": kind})


def vars_of(fit: sl.Fit) -> dict:
    return {name: getattr(fit, name) for name in fit.__dataclass_fields__}


CASES = [
    pytest.param(name, kind, marks=[pytest.mark.slow] if kind == "profile" and name in ("allocate", "target") else [])
    for name in FRAMES
    for kind in WITHOUT_DRAWS
]


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_kinds_without_draws_are_near_the_bootstrap(name: str, kind: str) -> None:
    drawn, found = frame_of(name, "bc"), frame_of(name, kind, drawn=False)
    assert list(found) == [column for column in drawn if column != "P_share"]
    ends = [column for column in found if column.split("_")[-1] in ("low", "high")]
    assert ends
    for low, high in zip(ends[::2], ends[1::2], strict=True):
        width = (drawn[high] - drawn[low]).to_numpy()
        for end in (low, high):
            gap = np.abs(found[end].to_numpy() - drawn[end].to_numpy())
            assert (gap <= 0.35 * width + 1e-9 * np.abs(found[end])).all(), (end, gap / width)


@pytest.mark.parametrize("kind", WITHOUT_DRAWS)
def test_a_frame_has_the_interval_of_the_quantity(kind: str) -> None:
    fit = FITS["chinchilla"]
    row = analysis.allocation_exponents(fit, C=1e21, kind=kind).iloc[0]
    one = sl.interval_of(fit, "a at C=1e21", kind=kind)
    np.testing.assert_allclose([row["a_low"], row["a_high"]], [one.low, one.high], rtol=1e-3)
    new = fit.predict({"N": 1e9, "D": 1e10}, interval=0.95, kind=kind, new_run=True).iloc[0]
    other = sl.interval_of(fit, "loss at N=1B,D=10B", kind=kind, new_run=True)
    np.testing.assert_allclose([new["low"], new["high"]], [other.low, other.high], rtol=1e-4)


def test_a_number_that_nothing_moves_ends_at_itself() -> None:
    row = analysis.equivalence(FITS["parscale"], N=1e9, P=1, kind="profile").iloc[0]
    assert row["N_low"] == row["N_high"] == 1e9


def test_too_many_profiles_are_refused() -> None:
    with pytest.raises(FitError, match="a profile of their own, and 60 are the most"):
        analysis.curves(FITS["parscale"], level=0.9, kind="profile")


@pytest.mark.parametrize("kind", WITHOUT_DRAWS)
def test_what_needs_draws_names_the_kinds_it_takes(kind: str) -> None:
    fit = FITS["chinchilla"]
    with pytest.raises(FitError, match="cannot be had here; the kind is one of bc, percentile, normal"):
        analysis.compute_multiplier(fit, fit, C=1e21, kind=kind)


def test_kinds_are_checked() -> None:
    for name in FRAMES:
        with pytest.raises(FitError, match=ALL_KINDS[-1]):
            frame_of(name, "bca")


def test_a_budget_means_nothing_where_the_loss_does_not_depend_on_tokens() -> None:
    table = RUNS["chinchilla"]
    loss = simulate(ALL["power_n"], TRUTHS["power_n"], {"N": table["N"]}, noise=0.0, rng=0)["loss"]
    fit = sl.fit("chinchilla", {**table, "loss": loss}, throw=False)
    for ask in (analysis.allocate, analysis.allocation_exponents):
        with pytest.raises(FitError, match="the fitted loss does not depend on D"):
            ask(fit, C=1e21)
    with pytest.raises(FitError, match="the fitted loss does not depend on D"):
        sl.interval_of(fit, "N* at C=1e21", kind="profile")
