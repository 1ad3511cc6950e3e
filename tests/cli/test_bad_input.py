"""Every bad input ends with exit status 1, one clear message on standard error, and nothing on standard output."""

from pathlib import Path

import pytest

GOOD = "N,P,D,loss\n" + "".join(
    f"{n}e6,{p},{d}e9,{2 + 1 / n + 0.1 / p + 0.3 / d}\n" for n in (100, 300, 900) for p in (1, 2, 4) for d in (1, 5, 9)
)
ROWS = GOOD.splitlines()[1:]
ONE_P = "N,P,loss\n" + "".join(f"{n}e6,4,{2 + 10 / n}\n" for n in (100, 200, 300, 500, 800, 900))
PROPORTIONAL = "N,D,loss\n" + "".join(f"{n}e6,{20 * n}e6,{2 + 10 / n}\n" for n in (100, 200, 300, 500, 800, 900))


def with_row(row: str) -> str:
    return GOOD + row + "\n"


@pytest.mark.parametrize(
    ("text", "law", "said"),
    [
        ("", "parscale", ["empty", "at least one run"]),
        ("N,P,loss\n", "parscale", ["no rows"]),
        ("N,P\n1e9,1\n", "parscale", ["'loss'", "'N'", "--column loss="]),
        ("P,loss\n1,2.5\n2,2.4\n", "power_n", ["'N'", "'P'", "'loss'", "--column N="]),
        ("params,num_params,loss\n1e9,2e9,2.5\n", "power_n", ["'params'", "'num_params'", "--column N=params"]),
        (with_row("300e6,2,1e9,about two"), "parscale", ["'loss'", "row 28", "about two"]),
        (with_row("300e6,2,1e9,0"), "parscale", ["'loss'", "row 28"]),
        (with_row("300e6,2,1e9,-1.5"), "parscale", ["'loss'", "row 28", "-1.5"]),
        (with_row("300e6,2,1e9,nan"), "parscale", ["'loss'", "row 28"]),
        (with_row("300e6,2,1e9,inf"), "parscale", ["'loss'", "row 28", "infinite"]),
        (with_row("0.5,2,1e9,2.2"), "parscale", ["'N'", "row 28", "0.5"]),
        (with_row("300e6,2,0,2.2"), "chinchilla", ["'D'", "row 28"]),
        (with_row("300e6,1.5,1e9,2.2"), "parscale", ["'P'", "row 28", "1.5"]),
        (with_row("300e6,0,1e9,2.2"), "parscale", ["'P'", "row 28"]),
        ("\n".join(["N,P,D,loss", *ROWS[:3]]), "parscale", ["3 rows", "4 free parameters"]),
        (ONE_P, "parscale", ["P = 4", "told apart", "another P"]),
        (PROPORTIONAL, "chinchilla", ["D is 20 times N", "told apart", "add a run"]),
        ("run,step,N,loss\na,1,1e9,2.5\na,1,1e9,2.4\n", "power_n", ["'a'", "2.5", "2.4"]),
        (GOOD, "parscael", ["'parscael'", "did you mean parscale"]),
        (GOOD, "E + A/N**alpha +", ["'+'", "too early"]),
        (GOOD, "E + __import__('os').system('true')", ["__import__", "not allowed"]),
        (GOOD, "E + A/Q(N)**alpha", ["Q"]),
    ],
)  # fmt: skip
def test_faults_of_a_table_or_a_law(shell, tmp_path: Path, text: str, law: str, said: list[str]) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(text)
    outcome = shell("fit", path, "--law", law)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("Error: ")
    assert "Traceback" not in outcome.err
    assert [piece for piece in said if piece not in outcome.err] == [], outcome.err


@pytest.mark.parametrize("verb", ["fit", "equivalence", "plot"])
def test_no_such_file(shell, tmp_path: Path, verb: str) -> None:
    options = {"fit": (), "equivalence": ("--n", "1B", "--p", "2"), "plot": ("-o", tmp_path / "x.pdf")}[verb]
    kind = ("curves",) if verb == "plot" else ()
    outcome = shell(verb, *kind, tmp_path / "nowhere.csv", "--law", "parscale", *options)
    assert (outcome.code, outcome.out) == (1, "")
    assert "there is no file or folder" in outcome.err
    assert "nowhere.csv" in outcome.err


@pytest.mark.parametrize("keep", [0, 3, 100, -20])
def test_a_truncated_parquet(shell, tmp_path: Path, keep: int) -> None:
    from scalelaw import load, write

    path = write(load("parscale-pile"), tmp_path / "runs.parquet")
    path.write_bytes(path.read_bytes()[:keep])
    outcome = shell("fit", path, "--law", "parscale")
    assert (outcome.code, outcome.out) == (1, "")
    assert "runs.parquet" in outcome.err
    assert "Traceback" not in outcome.err


def test_an_output_folder_that_does_not_exist(shell, runs_csv: Path, tmp_path: Path) -> None:
    outcome = shell("fit", runs_csv, "--law", "parscale", "-o", tmp_path / "none" / "fit.json")
    assert outcome.code == 1
    assert outcome.out == shell("fit", runs_csv, "--law", "parscale").out  # the fit is not lost
    assert "does not exist; make it first" in outcome.err


def test_an_output_that_is_a_folder(shell, runs_csv: Path, tmp_path: Path) -> None:
    outcome = shell("fit", runs_csv, "--law", "parscale", "-o", tmp_path)
    assert outcome.code == 1
    assert "it is a folder" in outcome.err


def test_a_saved_fit_that_is_none(shell, tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    for text in ("", "{}", "[1, 2]", '{"law": 3}', "not json"):
        path.write_text(text)
        outcome = shell("predict", path, "--n", "1B")
        assert (outcome.code, outcome.out) == (1, ""), text
        assert "fit.json" in outcome.err
        assert "should not have happened" not in outcome.err


def test_a_saved_fit_that_is_not_there(shell, tmp_path: Path) -> None:
    outcome = shell("predict", tmp_path / "fit.json", "--n", "1B")
    assert (outcome.code, outcome.out) == (1, "")
    assert "fit.json" in outcome.err


def test_an_interval_without_draws(shell, runs_csv: Path, tmp_path: Path) -> None:
    fit = tmp_path / "fit.json"
    assert shell("fit", runs_csv, "--law", "parscale", "-o", fit).code == 0
    outcome = shell("predict", fit, "--n", "1B", "--interval", "0.95")
    assert (outcome.code, outcome.out) == (1, "")
    assert "bootstrap" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fit", "parscale-pile"], "--law"),
        (["fit", "parscale-pile", "--law", "parscale", "--fix", "k"], "k=0"),
        (["fit", "parscale-pile", "--law", "parscale", "--fix", "k=zero"], "'k=zero'"),
        (["fit", "parscale-pile", "--law", "parscale", "--fix", "k=0", "--fix", "k=1"], "given twice"),
        (["fit", "parscale-pile", "--law", "parscale", "--bound", "alpha=3"], "alpha=0.1:0.5"),
        (["fit", "parscale-pile", "--law", "parscale", "--delta", "small"], "--delta"),
        (["fit", "parscale-pile", "--law", "parscale", "--bootstrap", "-1"], "--bootstrap"),
        (["fit", "parscale-pile", "--law", "parscale", "--json", "--latex"], "--latex"),
        (["predict", "fit.json"], "--n 1.6B"),
        (["predict", "fit.json", "runs.csv", "--n", "1B"], "either"),
        (["plot", "pie", "fit.json", "-o", "x.pdf"], "'pie'"),
        (["plot", "residuals", "fit.json", "-o", "x.pdf", "--level", "0.9"], "--level"),
        (["plot", "comparison", "parscale-pile", "-o", "x.pdf", "--kind", "bc"], "--kind"),
        (["fit", "parscale-pile", "--law", "parscale", "--interval", "bc"], "'bc'"),
        (["fit", "parscale-pile", "--law", "parscale", "--interval", "0.9"], "--bootstrap 1000"),
        (["fit", "parscale-pile", "--law", "parscale", "--kind", "percentile"], "--bootstrap 1000"),
        (["group", "parscale-pile", "--law", "parscale", "--groups", "P", "--level", "0.9"], "--bootstrap 1000"),
        (["frobnicate"], "frobnicate"),
        (["fit", "parscale-pile", "--law", "parscale", "--nonsense"], "--nonsense"),
    ],
)
def test_usage(shell, arguments: list[str], said: str) -> None:
    outcome = shell(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--fix", "q=0"], "'q'"),
        (["--bound", "alpha=0.5:0.1"], "alpha"),
        (["--delta", "-1"], "delta"),
        (["--loss", "cubic"], "cubic"),
        (["--space", "polar"], "polar"),
        (["--weights", "importance"], "importance"),
        (["--resample", "magic", "--bootstrap", "10"], "magic"),
        (["--resample", "wild"], "bootstrap"),
        (["--by", "P"], "--bootstrap 1000"),
        (["--kind", "wide", "--bootstrap", "10"], "wide"),
        (["--level", "95", "--bootstrap", "10"], "95"),
        (["--kind", "wide"], "wide"),
        (["--level", "95"], "95"),
        (["--interval", "0"], "level"),
        (["--level", "95", "--json"], "95"),
        (["--kind", "wide", "--latex"], "wide"),
        (["--column", "N=nowhere"], "'nowhere'"),
    ],
)
def test_options_that_mean_nothing(shell, options: list[str], said: str) -> None:
    outcome = shell("fit", "parscale-pile", "--law", "parscale", *options)
    assert (outcome.code, outcome.out) == (1, "")
    assert said in outcome.err
    assert "should not have happened" not in outcome.err


def test_the_traceback_only_under_debug(shell, tmp_path: Path) -> None:
    quiet = shell("fit", tmp_path / "no.csv", "--law", "parscale")
    loud = shell("fit", tmp_path / "no.csv", "--law", "parscale", "--debug")
    before = shell("--debug", "fit", tmp_path / "no.csv", "--law", "parscale")
    assert quiet.code == loud.code == before.code == 1
    assert "Traceback" not in quiet.err
    assert "Traceback" in loud.err
    assert "Traceback" in before.err


def test_a_fault_of_our_own_is_owned_up_to(shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("inside")

    monkeypatch.setattr("scalelaw.laws.resolve", broken)
    outcome = shell("laws", "parscale")
    assert (outcome.code, outcome.out) == (1, "")
    assert "should not have happened (KeyError: 'inside'); --debug shows where" in outcome.err


def test_every_fault_of_a_table_is_said(shell, tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("N,P,loss\n0.5,1,2.0\n1e9,1.5,2.1\n1e9,1,-2\n")
    outcome = shell("fit", path, "--law", "parscale")
    assert outcome.code == 1
    lines = outcome.err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("Error: column ") for line in lines)


def test_a_bundled_name_with_a_typo(shell) -> None:
    outcome = shell("fit", "parscale-pil", "--law", "parscale")
    assert (outcome.code, outcome.out) == (1, "")
    assert "did you mean 'parscale-pile'?" in outcome.err


def test_runs_where_a_fit_or_a_law_is_wanted(shell, tmp_path: Path) -> None:
    for source in ("parscale-pile", "runs.csv"):
        outcome = shell("plot", "curves", source, "-o", tmp_path / "x.pdf")
        assert (outcome.code, outcome.out) == (2, "")
        assert "--law" in outcome.err
