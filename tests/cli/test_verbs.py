"""Each verb does what its help says, on tables as people have them."""

import csv
import io
import json
from pathlib import Path

import pytest

import scalelaw as sl

VERBS = ["fit", "compare", "predict", "equivalence", "plot", "datasets", "laws", "reproduce"]
MAPPED = ("--column", "N=model size!", "--column", "P=ways", "--column", "loss=final_ce")


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_an_example(shell, verb: str) -> None:
    outcome = shell(verb, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert f"Example: scalelaw {verb}" in outcome.out
    assert outcome.out == shell(verb, "-h").out


def test_the_help_names_every_verb(shell) -> None:
    outcome = shell("--help")
    assert outcome.code == 0
    assert [verb for verb in VERBS if f"\n  {verb} " not in outcome.out] == []


def test_version(shell) -> None:
    assert shell("--version").out == f"scalelaw {sl.__version__}\n"


def test_from_a_table_with_odd_names_to_a_figure(shell, odd_csv: Path, tmp_path: Path) -> None:
    fit, figure = tmp_path / "fit.json", tmp_path / "curves.pdf"
    first = shell("fit", odd_csv, "--law", "parscale", *MAPPED, "--bootstrap", "50", "-o", fit)
    assert first.code == 0, first.err
    assert "k" in first.out
    second = shell("predict", fit, "--n", "1.6B", "--p", "1", "--p", "8", "--interval", "0.9", "--json")
    rows = json.loads(second.out)
    assert [(row["N"], row["P"]) for row in rows] == [(1_600_000_000, 1), (1_600_000_000, 8)]
    assert all(row["low"] < row["loss"] < row["high"] for row in rows)
    assert rows[0]["loss"] == pytest.approx(1.3 + (2e8 / 1.6e9) ** 0.2, rel=2e-3)
    third = shell("plot", "curves", fit, "-o", figure, "--venue", "icml")
    assert (third.code, third.out) == (0, ""), third.err
    assert figure.read_bytes().startswith(b"%PDF")


def test_level_and_kind_are_the_same_options_everywhere(shell, runs_csv: Path, tmp_path: Path) -> None:
    fit = tmp_path / "fit.json"
    arguments = ("fit", runs_csv, "--law", "parscale", "--bootstrap", "20")
    first = shell(*arguments, "--level", "0.8", "--kind", "normal", "-o", fit)
    assert "80 % intervals (normal" in first.out
    assert shell(*arguments, "--interval", "0.8", "--kind", "normal").out == first.out
    for verb, level in (("predict", "--level"), ("predict", "--interval"), ("equivalence", "--level")):
        told = shell(verb, fit, "--n", "1B", "--p", "8", level, "0.8", "--kind", "normal", "--json")
        (row,) = json.loads(told.out)
        here = sl.Fit.from_json(fit)
        if verb == "predict":
            assert row["low"] == here.predict({"N": 1e9, "P": 8}, interval=0.8, kind="normal")["low"][0]
        else:
            assert row["N_low"] == sl.equivalence(here, N=1e9, P=8, level=0.8, kind="normal")["N_low"][0]
    one, other = tmp_path / "bc.svg", tmp_path / "normal.svg"
    for figure, kind in ((one, "bc"), (other, "normal")):
        assert shell("plot", "equivalence", fit, "-o", figure, "--level", "0.8", "--kind", kind).code == 0
    assert one.read_bytes() != other.read_bytes()


def test_json_is_the_fit_in_full_precision(shell, runs_csv: Path) -> None:
    outcome = shell("fit", runs_csv, "--law", "parscale", "--json")
    here = sl.fit("parscale", sl.read(runs_csv))
    assert json.loads(outcome.out)["params"] == here.params


def test_latex(shell, runs_csv: Path) -> None:
    outcome = shell("fit", runs_csv, "--law", "parscale", "--latex")
    assert r"\begin{tabular}" in outcome.out


def test_standard_input(shell, runs_csv: Path, tmp_path: Path) -> None:
    text, fit = runs_csv.read_text(), tmp_path / "fit.json"
    assert shell("fit", "-", "--law", "parscale", "-o", fit, stdin=text).code == 0
    piped = shell("predict", fit, "-", "--json", stdin=text)
    from_file = shell("predict", fit, runs_csv, "--json")
    assert len(json.loads(piped.out)) == 24
    assert piped.out == from_file.out


def test_a_saved_fit_on_standard_input(shell, runs_csv: Path) -> None:
    saved = shell("fit", runs_csv, "--law", "parscale", "--json").out
    assert shell("predict", "-", "--n", "1B", stdin=saved).code == 0


def test_options_reach_the_fit(shell, runs_csv: Path) -> None:
    options = ("--fix", "k=0", "--bound", "alpha=0.05:0.5", "--delta", "auto", "--space", "raw", "--seed", "3")
    outcome = shell("fit", runs_csv, "--law", "parscale", *options, "--json")
    here = sl.fit(
        "parscale", sl.read(runs_csv), fixed={"k": 0}, bounds={"alpha": (0.05, 0.5)}, delta="auto", space="raw"
    )
    assert json.loads(outcome.out)["params"] == here.params
    assert here.params["k"] == 0


def test_a_formula_is_a_law(shell, runs_csv: Path) -> None:
    outcome = shell("fit", runs_csv, "--law", "E + (A/(N*(k*log(P)+1)))**alpha", "--json")
    named = shell("fit", runs_csv, "--law", "parscale", "--json")
    own, built_in = json.loads(outcome.out), json.loads(named.out)
    assert own["params"] == pytest.approx(built_in["params"], rel=1e-4)


def test_the_same_seed_gives_the_same_intervals(shell, runs_csv: Path) -> None:
    one, two, other = (
        shell("fit", runs_csv, "--law", "parscale", "--bootstrap", "30", "--seed", seed).out for seed in (1, 1, 2)
    )
    assert one == two
    assert one != other


def test_compare_ranks_the_true_law_first(shell, runs_csv: Path) -> None:
    laws = ("--law", "additive_streams", "--law", "parscale", "--law", "power_streams")
    outcome = shell("compare", runs_csv, *laws, "--hold", "P==8", "--json")
    rows = json.loads(outcome.out)
    assert {row["law"] for row in rows} == {"additive_streams", "parscale", "power_streams"}
    assert rows[0]["law"] == "parscale"


def test_compare_chooses_laws_that_suit(shell, runs_csv: Path) -> None:
    rows = json.loads(shell("compare", runs_csv, "--json").out)
    named = {row["law"] for row in rows}
    assert {"parscale", "additive_streams", "power_streams"} <= named
    assert "chinchilla" not in named


def test_equivalence_of_runs_and_of_a_saved_fit(shell, runs_csv: Path, tmp_path: Path) -> None:
    fit = tmp_path / "fit.json"
    shell("fit", runs_csv, "--law", "parscale", "-o", fit)
    values = ("--n", "1.6B", "--p", "1", "--p", "8", "--json")
    saved, fitted = shell("equivalence", fit, *values), shell("equivalence", runs_csv, "--law", "parscale", *values)
    assert saved.out == fitted.out
    assert [row["multiplier"] for row in json.loads(saved.out)] == pytest.approx([1, 1 + 0.35 * 2.0794415], rel=0.05)


def test_datasets(shell) -> None:
    assert set(json.loads(shell("datasets", "--json").out)) == set(sl.datasets.names())
    assert all(name in shell("datasets").out for name in sl.datasets.names())
    rows = list(csv.DictReader(io.StringIO(shell("datasets", "parscale-pile").out)))
    assert [float(row["loss"]) for row in rows] == sl.load("parscale-pile")["loss"].tolist()
    assert len(json.loads(shell("datasets", "parscale-pile", "--json").out)) == 24
    assert "2505.10475" in shell("datasets", "parscale-pile", "--about").out


def test_a_bundled_set_read_from_its_own_print(shell, tmp_path: Path) -> None:
    path = tmp_path / "pile.csv"
    path.write_text(shell("datasets", "parscale-pile").out)
    again = json.loads(shell("fit", path, "--law", "parscale", "--json").out)
    assert again["params"] == sl.fit("parscale", sl.load("parscale-pile")).params


def test_laws(shell) -> None:
    described = json.loads(shell("laws", "--json").out)
    assert [each["name"] for each in described] == list(sl.laws.ALL)
    one = json.loads(shell("laws", "parscale", "--json").out)
    assert one["parameters"] == ["E", "A", "alpha", "k"]
    assert "2505.10475" in shell("laws", "parscale").out
    assert all(name in shell("laws").out for name in sl.laws.ALL)


def test_a_bundled_name_wins_over_a_folder_of_that_name(
    shell, runs_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("parscale-pile").mkdir()
    runs_csv.rename("parscale-pile/runs.csv")
    bundled, folder = (
        json.loads(shell("fit", name, "--law", "parscale", "--json").out)["params"]
        for name in ("parscale-pile", "./parscale-pile")
    )
    assert bundled == sl.fit("parscale", sl.load("parscale-pile")).params
    assert folder == sl.fit("parscale", sl.read("./parscale-pile")).params
    assert bundled != folder


@pytest.mark.parametrize("kind", ["curves", "contours", "equivalence", "residuals"])
def test_every_kind_of_figure(shell, runs_csv: Path, tmp_path: Path, kind: str) -> None:
    figure = tmp_path / "figure.svg"
    outcome = shell("plot", kind, runs_csv, "--law", "parscale", "-o", figure, "--wide", "--venue", "icml")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", f"wrote {figure}\n")
    assert "<svg" in figure.read_text()


def test_a_figure_that_compares_laws(shell, runs_csv: Path, tmp_path: Path) -> None:
    figure = tmp_path / "figure.png"
    outcome = shell("plot", "comparison", runs_csv, "--law", "parscale", "--law", "power_streams", "-o", figure)
    assert outcome.code == 0, outcome.err
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_bands_of_contours_on_request(shell, runs_csv: Path, tmp_path: Path) -> None:
    plain, banded = tmp_path / "plain.svg", tmp_path / "banded.svg"
    arguments = ("plot", "contours", runs_csv, "--law", "parscale", "--bootstrap", "20")
    assert shell(*arguments, "-o", plain).code == shell(*arguments, "-o", banded, "--level", "0.9").code == 0
    assert plain.read_bytes() != banded.read_bytes()


def test_compare_shows_the_parameters(shell, runs_csv: Path) -> None:
    arguments = ("compare", runs_csv, "--law", "parscale")
    (row,) = json.loads(shell(*arguments, "--json").out)
    assert set(row["params"]) == {"E", "A", "alpha", "k"}
    assert f"k {row['params']['k']:.6g}" in shell(*arguments).out


def test_help_lists_every_verb_in_its_section(shell) -> None:
    from scalelaw.cli import app

    sections, made = app.SECTIONS, app.shell()
    text = shell("--help").out
    assert [text.index(f"{title}:") for title in sections] == sorted(text.index(f"{title}:") for title in sections)
    names = [name for verbs in sections.values() for name in verbs]
    assert len(names) == len(set(names)) == len(made.registered_commands) + len(made.registered_groups)
    assert all(f"\n  {name} " in text for name in names)
    assert "..." not in text.partition("First:")[2]


@pytest.fixture(scope="module")
def of_two_columns(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("fits") / "fit.json"
    sl.fit("chinchilla", sl.load("chinchilla")).to_json(path)
    return path


def test_values_may_stand_together_after_at(shell, of_two_columns: Path) -> None:
    apart = shell("predict", of_two_columns, "--n", "70B", "--d", "1.4T", "--json")
    together = shell("predict", of_two_columns, "--at", "N=70B, D=1.4T", "--json")
    by_alias = shell("predict", of_two_columns, "--at", "params=70B", "--d", "1.4T", "--json")
    assert json.loads(apart.out) == json.loads(together.out) == json.loads(by_alias.out)


@pytest.mark.parametrize(
    ("values", "option", "said"),
    [
        (("--at", "N=70B"), "--d", "'chinchilla' needs D beside N; give --d 42B"),
        (("--p", "8"), "--n", "needs N and D beside P; give --n 1.6B and --d 42B"),
        (("--n", "70B", "--d", "lots"), "--d", "'lots'"),
        (("--n", "70B", "--at", "D=few"), "--at", "'few'"),
        (("--n", "0", "--d", "1T"), "--n", "below 1 in this option ('0')"),
        (("--n", "1B", "--at", "N=2B,D=1T"), "--at", "N is given by --n as well"),
    ],
)
def test_what_is_wrong_with_values_is_said_of_their_option(shell, of_two_columns: Path, values, option, said) -> None:
    done = shell("predict", of_two_columns, *values)
    assert (done.code, done.out) == (2, "")
    words = " ".join(done.err.replace("│", " ").split())
    assert f"Invalid value for {option}: " in words
    assert said in words
    assert "row" not in words
    assert "table" not in words.replace("[TABLE]", "").replace("TABLE", "")
