"""Tournament and duel: published numbers, the true law wins, equal laws tie, resamples shared by all laws."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.datasets import load_columns
from scalelaw.errors import FitError, LawError
from scalelaw.fit.comparing.field import enter
from scalelaw.fit.comparing.paired import pair
from scalelaw.fit.comparing.refits import Entrant
from scalelaw.fit.comparing.splits import splits
from scalelaw.fit.comparing.tournament import _verdict
from scalelaw.laws import parse, simulate

PILE, STACK = load_columns("parscale-pile"), load_columns("parscale-stack")
N, P = np.repeat(np.geomspace(3e8, 6e9, 8).round(), 4), np.tile([1, 2, 4, 8], 8)
TRUTH = {
    "parscale": {"E": 1.29, "A": 1.97e8, "alpha": 0.2, "k": 0.35},
    "additive_streams": {"E": 1.1, "A": 60.0, "B": 0.2, "alpha": 0.2, "beta": 0.4},
}
OWN = parse("E + A/N**alpha + B*P**-beta", name="own")


@pytest.mark.parametrize(
    ("runs", "streams", "size"), [(PILE, (0.081, 0.194), (0.062, 0.266)), (STACK, (0.232, 0.282), (0.571, 0.764))]
)
def test_additive_streams_predicts_the_paper_better(runs: dict, streams: tuple, size: tuple) -> None:
    frame = sl.duel("additive_streams", "parscale", runs, holdouts=["P", "N"], refits=100).set_index("holdout")
    for holdout, known in (("P", streams), ("N", size)):
        assert frame.loc[holdout, ["additive_streams", "parscale"]].tolist() == pytest.approx(known, abs=6e-4)
        assert frame.loc[holdout, "difference"] == pytest.approx(known[0] - known[1], abs=1e-3)
        assert frame.loc[holdout, "verdict"].startswith("additive_streams errs less")
        # 24 runs do not settle it
        assert frame.loc[holdout, "low"] < 0 < frame.loc[holdout, "high"]
    assert (frame["notes"] == "").all()


def test_what_compare_says_is_what_a_tournament_says() -> None:
    laws = ["parscale", "additive_streams", "power_streams"]
    compared = sl.compare(laws, PILE).set_index("law")
    frame = sl.tournament(laws, PILE, holdouts=["loo", "P"], refits=10)
    for holdout, column in (("loo", "loo"), ("P", "holdout_P")):
        errors = frame[frame["holdout"] == holdout].set_index("law")["error"]
        for law in laws:
            assert errors[law] == pytest.approx(compared.loc[law, column], rel=1e-6)
        assert errors.is_monotonic_increasing


@pytest.mark.parametrize("truth", list(TRUTH))
def test_the_law_that_made_the_runs_wins(truth: str) -> None:
    # noise far below what the other laws miss, so that it decides nothing
    runs = simulate(sl.laws.get(truth), TRUTH[truth], {"N": N, "P": P}, noise=2e-5, rng=0)
    frame = sl.tournament([*TRUTH, "power_streams"], runs, holdouts=["P", "rolling"], refits=50, shares=(0.5, 0.8))
    for _, rows in frame.groupby("holdout"):
        assert rows["law"].iloc[0] == truth
        assert rows["wins"].iloc[0] > 0.9
        assert rows["behind"].iloc[0] == 0
        assert (rows["behind_low"].iloc[1:] > 0).all()
        assert rows["wins"].sum() == pytest.approx(1)


def test_a_law_in_another_notation_ties() -> None:
    frame = sl.duel("additive_streams", OWN, PILE, holdouts=["loo", "P"], refits=20)
    assert frame["difference"].abs().max() < 1e-6
    assert frame["wins"].tolist() == pytest.approx([0.5, 0.5], abs=0.05)
    assert set(frame["verdict"]) == {"a tie: both predict the same"}


def test_every_law_sees_the_same_resamples() -> None:
    field = enter(["additive_streams", OWN], PILE, {}, verb="duel")
    entrants = [Entrant.of(fit) for fit in field.entrants]
    ways = splits("P", field.table, ("N", "P"), field.runs)
    (paired,) = pair(entrants, ways, field.runs, refits=30, rng=np.random.default_rng(1))
    np.testing.assert_allclose(paired.draws[:, 0], paired.draws[:, 1], rtol=1e-4)
    assert np.ptp(paired.draws[:, 0]) > 0.01


def test_a_resample_is_what_fits_by_hand_give() -> None:
    field = enter(["parscale"], PILE, {}, verb="duel")
    ways = splits("P", field.table, ("N", "P"), field.runs)
    rng = np.random.default_rng(2)
    (paired,) = pair([Entrant.of(field.entrants[0])], ways, field.runs, refits=3, rng=rng, search=True)
    rng = np.random.default_rng(2)
    held = PILE["P"] == 8
    weights = np.empty((3, 24))
    for mask in (~held, held):
        members = np.flatnonzero(mask)
        weights[:, members] = rng.multinomial(len(members), np.full(len(members), 1 / len(members)), 3)
    for drawn, error in zip(weights, paired.draws[:, 0], strict=True):
        rest = sl.fit("parscale", {name: values[~held] for name, values in PILE.items()}, weights=drawn[~held])
        sizes = 100 * np.abs(rest.law.predict(PILE, rest.params) / PILE["loss"] - 1)[held]
        assert error == pytest.approx((sizes * drawn[held]).sum() / drawn[held].sum(), rel=1e-5)


def test_the_seed_repeats_it_and_another_does_not() -> None:
    again = [sl.duel("parscale", "power_n", PILE, holdouts="P", refits=20, rng=seed) for seed in (0, 0, 1)]
    assert again[0].equals(again[1])
    assert not again[0].equals(again[2])


def test_checkpoints_are_resampled_by_run() -> None:
    rng = np.random.default_rng(5)
    n, d = np.repeat(np.geomspace(1e8, 5e9, 8).round(), 3), np.tile([1e10, 3e10, 1e11], 8)
    loss = (1.7 + 400 / n**0.34 + 410 / d**0.28) * np.exp(np.repeat(0.01 * rng.standard_normal(8), 3))
    runs = {"N": n, "D": d, "loss": loss, "run": np.repeat([f"r{i}" for i in range(8)], 3).astype(object)}
    laws = ["E + A/N**alpha + B/D**0.28", "E + A/N**alpha"]
    together = sl.duel(*laws, runs, holdouts="loo", refits=200)
    singly = sl.duel(*laws, runs, holdouts="loo", refits=200, resample="pairs")
    assert together.loc[0, "predictions"] == singly.loc[0, "predictions"] == 24
    assert together.loc[0, laws[0]] > 1.2 * singly.loc[0, laws[0]]


def test_a_law_that_the_rest_cannot_determine_has_no_error() -> None:
    frame = sl.tournament(["parscale", "power_n"], PILE, holdouts="P>1", refits=10).set_index("law")
    assert np.isnan(frame.loc["parscale", "error"])
    assert "in 1 of 1 folds the rest does not determine the law" in frame.loc["parscale", "notes"]
    assert np.isfinite(frame.loc["power_n", "error"])
    assert frame.loc["power_n", "wins"] == 1
    duel = sl.duel("parscale", "power_n", PILE, holdouts="P>1", refits=10)
    assert "no answer" in duel.loc[0, "verdict"]


def test_resamples_that_cannot_differ_give_no_interval() -> None:
    """Four sizes, the largest held out: a law that needs three sizes is determined by no resample of the others."""
    n, d = np.repeat([1e8, 3e8, 1e9, 3e9], 5), np.tile(np.geomspace(2e8, 2e10, 5), 4)
    rng = np.random.default_rng(0)
    loss = (1.8 + 480 / n**0.35 + 2100 / d**0.37) * np.exp(0.002 * rng.standard_normal(20))
    runs = {"N": n, "D": d, "loss": loss, "run": np.repeat(["a", "b", "c", "d"], 5).astype(object)}
    frame = sl.tournament(["chinchilla", "power_n"], runs, holdouts="N", refits=20)
    assert np.isfinite(frame["error"]).all()
    assert frame[["low", "high", "behind_low", "behind_high", "wins"]].isna().all(axis=None)
    assert frame["notes"].str.contains("no resample of them: no intervals").all()
    row = sl.duel("chinchilla", "power_n", runs, holdouts="N", refits=20).iloc[0]
    assert row["verdict"] == "chinchilla errs less; how sure that is, so few runs cannot say"
    assert row["notes"].count("no intervals") == 1


def test_a_law_that_seldom_errs_less_does_so_only_in_so_many_resamples() -> None:
    """On Stack the rival errs less with P = 8 held out, and most resamples turn the order."""
    row = sl.duel("parscale", "additive_streams", STACK, holdouts="P==8", refits=1000).iloc[0]
    assert row["additive_streams"] < row["parscale"]
    assert 0.5 < row["wins"] < 0.6
    said = f"additive_streams errs less, but does so in only {100 * (1 - row['wins']):.0f} % of the resamples; so few"
    assert row["verdict"].startswith(said)


@pytest.mark.parametrize(
    ("errors", "wins", "said"),
    [
        ([0.1, 0.2], 0.77, "a errs less, and does so in 77 % of the resamples"),
        ([0.1, 0.2], 0.44, "a errs less, but does so in only 44 % of the resamples"),
        ([0.2, 0.1], 0.44, "b errs less, and does so in 56 % of the resamples"),
        ([0.2, 0.1], 0.77, "b errs less, but does so in only 23 % of the resamples"),
        ([0.2, 0.1], 0.5, "b errs less, and does so in 50 % of the resamples"),
    ],
)
def test_a_verdict_says_only_below_a_half(errors: list[float], wins: float, said: str) -> None:
    assert _verdict("ab", np.array(errors), wins, excludes_zero=True) == said


def test_one_run_held_out_is_doubted() -> None:
    row = sl.duel("power_n", "parscale", PILE, holdouts="N>4.4B", refits=20).iloc[0]
    assert row["predictions"] == 1
    assert row["low"] < row["high"]
    assert "one run is held out" in row["notes"]


def test_laws_by_default_and_one_that_does_not_suit() -> None:
    frame = sl.tournament(None, PILE, holdouts="P", refits=5, fixed={"k": 0.3}).set_index("law")
    assert np.isfinite(frame.loc["parscale", "error"])
    assert "'k'" in frame.loc["power_n", "notes"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"refits": 1}, "refits must be"),
        ({"level": 2.0}, "level"),
        ({"bootstrap": 10}, "tournament takes no bootstrap"),
        ({"holdouts": "Q==8"}, "column 'Q'"),
    ],
)
def test_refusals(options: dict, message: str) -> None:
    with pytest.raises((FitError, LawError), match=message):
        sl.tournament(["parscale"], PILE, **options)
    with pytest.raises(FitError, match="two laws are called"):
        sl.duel("parscale", "parscale", PILE)


def test_held_out_runs_and_their_distance() -> None:
    frame = sl.held_out(["parscale"], PILE, holdouts=["loo", "rolling"], shares=(0.5,))
    assert frame.columns.tolist() == [
        *("law", "holdout", "fold", "fitted", "row", "N", "P", "distance", "loss", "predicted", "error"),
    ]
    assert frame.attrs["compute"] == "N P D"
    loo, rolling = (frame[frame["holdout"] == way] for way in ("loo", "rolling"))
    assert len(loo) == 24
    assert (loo["fitted"] == 23).all()
    assert (loo["distance"] > 0).sum() == 1  # only the dearest run lies beyond the others
    assert len(rolling) == 12
    assert (rolling["distance"] > 0).all()
    np.testing.assert_allclose(frame["error"], 100 * (frame["predicted"] / frame["loss"] - 1))
    gathered = sl.error_by_distance(frame, bins=4)
    assert gathered["runs"].sum() == 36
    assert gathered["distance"].is_monotonic_increasing
    total = (gathered["error"] * gathered["runs"]).sum()
    assert total == pytest.approx(frame["error"].abs().sum())


def test_errors_grow_with_distance_for_a_wrong_law() -> None:
    runs = simulate(sl.laws.power_n, {"E": 1.7, "A": 400.0, "alpha": 0.34}, {"N": np.geomspace(1e7, 1e11, 40)}, rng=0)
    frame = sl.held_out(["power_n", "A*N**-alpha"], runs, holdouts="rolling", shares=(0.4,))
    lines = sl.error_by_distance(frame, bins=3).set_index("law")["error"]
    assert lines["A*N**-alpha"].is_monotonic_increasing
    assert lines["A*N**-alpha"].iloc[-1] > 5 * lines["power_n"].iloc[-1]


def test_a_frame_of_something_else_is_refused() -> None:
    with pytest.raises(FitError, match="held_out"):
        sl.error_by_distance(sl.compare("parscale", PILE, loo=False))
