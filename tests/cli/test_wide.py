"""What is printed fits a terminal; --wide and --json have every column, and what is left out is named."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import scalelaw as sl
from scalelaw.cli import calibrate, output

LAWS = ("--law", "additive_streams", "--law", "parscale")
CASES = {
    "allocate": ("allocate", "{fit}", "--c", "1e21", "--c", "1e23", "--n-max", "4B"),
    "target": ("allocate", "{fit}", "--loss", "1.8", "--loss", "1.7"),
    "trade": ("trade", "{fit}", "--c", "1e21", "--c", "1e23", "--p", "2", "--p", "8"),
    "parting": ("parting", "parscale-pile", *LAWS, "--at", "N=0.5B", "--num", "4", "--bootstrap", "20"),
    "bought": ("downstream", "parscale-stack", "--n", "1.6B", "--p", "8", "--bootstrap", "20"),
    "gains": ("downstream",),
    "calibrate": ("calibrate", "{fit}", "--sets", "2", "--bootstrap", "20", "--kind", "bc", "--workers", "1"),
    "suggest": ("suggest", "{fit}", "--of", "loss at N=8B,P=8,D=100B", "--k", "2", "--budget", "1e24", "--beyond", "9"),
}
GAP = ("gap", "gap_low", "gap_high", "apart", "runs")
KEPT = {
    "allocate": ("C", "P", "N", "N_low", "N_high", "D", "loss", "N_from", "N_to"),
    "target": ("loss", "C", "C_low", "C_high", "P", "N", "N_low", "N_high", "D"),
    "trade": ("C", "P", "N_alone", "difference", "difference_low", "difference_high", "better"),
    "parting": ("P", "additive_streams", "parscale", *GAP, "inside"),
    "bought": ("gain", "gain_low", "gain_high", "through_loss", "at_equal_loss"),
    "gains": ("metric", "score_over", "score", "gain"),
    "calibrate": ("quantity", "kind", "coverage", "low", "high", "width"),
    "suggest": ("N", "P", "D", "C", "standard_error", "ratio"),
}


@pytest.fixture(scope="module")
def fit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fits") / "fit.json"
    borrowed = {"B": 2085.0, "beta": 0.366}
    sl.fit("parscale_data", sl.load("parscale-pile"), fixed=borrowed, bootstrap=20, rng=0).to_json(path)
    return path


@pytest.mark.parametrize("case", CASES)
def test_a_table_fits_a_terminal_and_says_what_it_leaves_out(shell, fit: Path, case: str) -> None:
    arguments = [part.format(fit=fit) for part in CASES[case]]
    narrow, wide, whole = (shell(*arguments, *extra) for extra in ((), ("--wide",), ("--json",)))
    assert (narrow.code, wide.code, whole.code) == (0, 0, 0), narrow.err
    head, *lines = narrow.out.splitlines()
    shown, every = head.split(), wide.out.splitlines()[0].split()
    assert every == list(json.loads(whole.out)[0])
    assert set(KEPT[case]) <= set(shown) < set(every)
    assert max(map(len, (head, *lines))) <= 100
    assert len(lines) == len(json.loads(whole.out))
    assert f"--wide adds {output._in_words([name for name in every if name not in shown])}" in narrow.err
    assert "--wide adds" not in wide.err + whole.err


def test_numbers_of_the_narrow_table_are_those_of_the_document(shell, fit: Path) -> None:
    arguments = [part.format(fit=fit) for part in CASES["trade"]]
    head, *lines = shell(*arguments).out.splitlines()
    for line, row in zip(lines, json.loads(shell(*arguments, "--json").out), strict=True):
        printed = dict(zip(head.split(), line.split(), strict=True))
        assert printed.pop("better") == row["better"]
        np.testing.assert_allclose([float(value) for value in printed.values()], [row[each] for each in printed], 1e-5)


def test_a_limit_and_failed_fits_are_never_left_out(shell, fit: Path) -> None:
    limited = shell("allocate", fit, "--c", "1e24", "--n-max", "1B").out.splitlines()
    assert limited[0].split()[-2:] == ["C_used", "limited_by"]
    assert limited[1].split()[-1] == "N"
    counted = pd.DataFrame({"quantity": ["k", "k"], "failed": [0, 1]})
    assert "failed" in calibrate._shown(counted)
    assert "failed" not in calibrate._shown(counted.iloc[:1])


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["noise"], "noise"),
        (["N_low", "N_high"], "the interval of N"),
        (["a", "b", "x_low", "x_high", "y_low", "y_high"], "a, b and the intervals of x and y"),
        (["high"], "high"),
    ],
)
def test_what_is_left_out_in_words(names: list[str], words: str) -> None:
    assert output._in_words(names) == words
