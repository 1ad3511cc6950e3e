"""The verbs that say what follows for a budget: each prints what its function returns."""

import json
from pathlib import Path

import pytest

import scalelaw as sl

VERBS = ["allocate", "isoflop", "trade", "suggest", "simulate", "downstream"]
PORIAN = (
    "porian",
    *(f"--where={pair}" for pair in ("dataset=rw", "hparams=tuned", "decay=const", "param_count=standard")),
)
TRUTH = ("--param", "E=1.2", "--param", "A=1.1e7", "--param", "alpha=0.19", "--param", "k=0.39")
DATA = ("--param", "B=400", "--param", "beta=0.28")


def rows(outcome) -> list[dict]:
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


@pytest.fixture
def simulated(shell, tmp_path: Path) -> Path:
    path = tmp_path / "runs.csv"
    values = [
        f"--{letter}={value}"
        for letter, each in (("n", ("100M", "1B", "4B")), ("p", (1, 2, 8)), ("d", ("2B", "9B", "50B")))
        for value in each
    ]
    outcome = shell("simulate", "parscale_data", *TRUTH, *DATA, *values, "--noise", "1e-4", "-o", path)
    assert (outcome.code, outcome.out) == (0, "")
    return path


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_an_example(shell, verb: str) -> None:
    assert f"Example: scalelaw {verb}" in shell(verb, "--help").out


def test_allocate(shell, simulated: Path, tmp_path: Path) -> None:
    fit = tmp_path / "fit.json"
    assert shell("fit", simulated, "--law", "parscale_data", "--bootstrap", "20", "-o", fit).code == 0
    (row,) = rows(shell("allocate", fit, "--c", "1e21", "--json"))
    here = sl.allocate(sl.Fit.from_json(fit), C=1e21).iloc[0]
    assert (row["N"], row["N_low"], row["P"]) == (here["N"], here["N_low"], 1)
    (row,) = rows(shell("allocate", fit, "--exponents", "--json"))
    assert row["a"] == pytest.approx(0.28 / 0.47, rel=0.05)
    (row,) = rows(shell("allocate", fit, "--over", fit, "--c", "1e21", "--json"))
    assert row["multiplier"] == pytest.approx(1.0)
    assert "no P" not in shell("allocate", fit, "--loss", "2.5", "--p", "2").err
    assert shell("allocate", fit, "--exponents", "--over", fit).code == 2
    (row,) = rows(shell("trade", fit, "--c", "1e21", "--p", "8", "--json"))
    assert row["better"] == "parameters"
    chosen = rows(shell("suggest", fit, "--of", "loss at N=10B,P=8,D=100B", "--k", "2", "--json"))
    assert len(chosen) == 2


def test_allocate_for_targets_of_which_one_is_out_of_reach(shell, tmp_path: Path) -> None:
    asked = ("allocate", "chinchilla", "--law", "chinchilla", "--loss", "2.2", "--loss", "1.5")
    figure = tmp_path / "two.svg"
    outcome = shell(*asked, "--figure", figure)
    assert outcome.code == 0
    assert "no budget reaches a loss of 1.5 by law 'chinchilla'" in outcome.err
    _, reached, lost = outcome.out.splitlines()
    (alone,) = rows(shell(*asked[:6], "--json"))
    assert [float(reached.split()[place]) for place in (0, 1)] == pytest.approx([alone["C"], alone["N"]], rel=1e-4)
    assert lost.split() == ["1.5"]
    second = rows(shell(*asked, "--json"))[1]
    assert (second["C"], second["N"], second["loss"]) == (None, None, 1.5)
    assert figure.exists()
    refused = shell(*asked[:4], "--loss", "1.5", "--loss", "1.6", "--json")
    assert (refused.code, refused.out) == (1, "")


def test_isoflop(shell) -> None:
    found = rows(shell("isoflop", *PORIAN, "--curve", "akima", "--json"))
    assert found[0]["exponent"] == pytest.approx(0.4969, abs=1e-4)
    assert len(rows(shell("isoflop", *PORIAN, "--minima", "--json"))) == 12
    assert rows(shell("isoflop", "gemstones", "--envelope", "--json"))[0]["quantity"] == "N"
    assert "use envelope" in shell("isoflop", "gemstones").err
    assert "choose the rows of one" in shell("isoflop", "porian").err


def test_three_approaches_say_below_what_is_missing(shell) -> None:
    head, *_, last = shell("isoflop", *PORIAN, "--curve", "akima", "--law", "chinchilla").out.splitlines()
    assert head.split() == ["approach", "a", "a_low", "a_high", "b", "b_low", "b_high"]
    assert last.startswith("1 envelope: there is no column 'run'")


def test_simulate_prints_and_reads_formulas_of_noise(shell) -> None:
    found = rows(
        shell("simulate", "power_n", *TRUTH[:6], "--n", "1B", "--seeds", "3", "--noise", "0.1*(1e9/N)", "--json")
    )
    assert [row["seed"] for row in found] == [0, 1, 2]
    curve = rows(
        shell("simulate", "parscale_data", *TRUTH, *DATA, "--n", "1B", "--d", "2B", "--checkpoints", "4", "--json")
    )
    assert [row["D"] for row in curve][-1] == 2_000_000_000
    assert "cannot read oo" in shell("simulate", "power_n", "--n", "oo").err


def test_downstream(shell) -> None:
    found = rows(shell("downstream", "--json"))
    gains = {row["group"]: round(row["gain"], 1) for row in found if row["metric"] == "average"}
    assert gains == {"general": 2.6, "mathematics": 7.3, "code": 4.3}
    (row,) = rows(shell("downstream", "parscale-stack", "--n", "1.6B", "--p", "8", "--json"))
    assert row["gain"] == pytest.approx(row["through_loss"] + row["at_equal_loss"])
    assert shell("downstream", "--p", "2", "--p", "4").code == 2


def test_allocate_prints_few_columns_unless_told_otherwise(shell, simulated, tmp_path) -> None:
    arguments = ("allocate", simulated, "--law", "parscale_data", "--c", "1e20", "--kind", "sandwich")
    figure = tmp_path / "a.pdf"
    narrow = shell(*arguments, "--figure", figure)
    assert len(narrow.out.splitlines()[0].split()) <= 9
    assert figure.exists()
    assert "N_high" in narrow.out
    assert "tokens_per_parameter_low" not in narrow.out
    assert "tokens_per_parameter_low" in shell(*arguments, "--wide").out
    assert "tokens_per_parameter_low" in shell(*arguments, "--json").out
    assert shell(*arguments, "--over", "fit.json", "--figure", figure).code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        (
            "equivalence",
            "parscale-pile",
            "--law",
            "parscale",
            "--n",
            "1.6B",
            "--p",
            "2",
            "--p",
            "8",
            "--kind",
            "robust",
        ),
        ("downstream", "--p", "8"),
    ],
)
def test_a_verb_draws_what_it_prints(shell, tmp_path, arguments) -> None:
    figure = tmp_path / "f.pdf"
    outcome = shell(*arguments, "--figure", figure)
    assert outcome.code == 0
    assert f"wrote {figure}" in outcome.err
    assert figure.stat().st_size > 1000


def test_suggest_takes_a_shape_and_draws(shell, tmp_path: Path) -> None:
    figure = tmp_path / "next.svg"
    of = ("--of", "loss at N=70B,D=1.4T", "--k", "2")
    outcome = shell(
        "suggest", "chinchilla", "--law", "chinchilla", *of, "--ratio", "10:40", "--figure", figure, "--json"
    )
    assert all(9 < row["D"] / row["N"] < 42 for row in rows(outcome))
    assert f"wrote {figure}" in outcome.err
    outcome = shell("suggest", "parscale-pile", "--law", "parscale", "--of", "k", "--k", "1", "--at", "D=1B")
    assert " 1000000000 " in outcome.out
    refused = shell("suggest", "chinchilla", "--law", "chinchilla", *of, "--at", "D=1B")
    assert (refused.code, "law 'chinchilla' reads it" in refused.err) == (1, True)
    assert shell("suggest", "chinchilla", "--law", "chinchilla", *of, "--ratio", "10").code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("nested", "parscale-pile", "--law", "parscale", "--at", "k=0"),
        ("evidence", "parscale-pile", "--law", "parscale", "--law", "power_n"),
        ("validate",),
        ("isoflop", *PORIAN, "--law", "chinchilla"),
        ("allocate", "chinchilla", "--law", "chinchilla", "--exponents"),
    ],
)
def test_figures_of_what_is_printed(shell, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    figure = tmp_path / "figure.svg"
    outcome = shell(*arguments, "--figure", figure)
    assert outcome.code == 0
    assert figure.read_text().startswith("<?xml")
