"""`scalelaw explore` from the shell."""

import json
import threading
from pathlib import Path

import pytest

from scalelaw.explore import serving

pytest.importorskip("plotly", reason="the page holds plotly.js: pip install 'scalelaw[explore]'")


def test_a_page_from_saved_fits_and_from_runs(shell, runs_csv: Path, tmp_path: Path) -> None:
    fit, page = tmp_path / "fit.json", tmp_path / "page.html"
    assert shell("fit", runs_csv, "--law", "parscale", "--bootstrap", "10", "-o", fit).code == 0
    done = shell("explore", fit, "-o", page)
    assert (done.code, done.out, done.err) == (0, "", f"wrote {page}\n")
    text = page.read_text()
    assert text.startswith("<!doctype html>")
    assert "connect-src 'none'" in text
    assert "sl.Fit.from_json(" in text
    laws = ("--law", "parscale", "--law", "power_n")
    assert shell("explore", runs_csv, *laws, "--bootstrap", "0", "-o", page).code == 0
    assert '"name": "parscale"' in page.read_text()
    assert '"name": "power_n"' in page.read_text()


@pytest.mark.parametrize(
    ("pairs", "names"),
    [
        ([("a/one.json", None), ("two.json", None)], ["one", "two"]),
        ([("one.csv", "parscale"), ("one.csv", "power_n")], ["parscale", "power_n"]),
        ([("one.csv", "parscale"), ("two.csv", "parscale")], ["one", "two"]),
        ([("one.csv", "parscale"), ("two.csv", "power_n")], ["one, parscale", "two, power_n"]),
    ],
)
def test_fits_are_called_by_what_tells_them_apart(pairs, names: list[str]) -> None:
    from scalelaw.cli.explore import _names

    assert _names(pairs) == names


def test_python_of_chosen_columns_and_rows_gives_the_fit(shell, runs_csv: Path, tmp_path: Path) -> None:
    import re

    import scalelaw as sl

    page, pile = tmp_path / "page.html", tmp_path / "pile.csv"
    pile.write_text(shell("datasets", "parscale-pile").out)
    choices = {
        str(pile): ("--column", "N=N_backbone", "--where", "P=1"),
        "parscale-pile": ("--column", "N=N_backbone", "--where", "P=2"),
        "porian": ("--where", "param_count=standard", "--where", "dataset=rw", "--where", "hparams=tuned"),
    }
    for source, chosen in choices.items():
        done = shell("explore", source, "--law", "power_n", *chosen, "--bootstrap", "0", "-o", page)
        assert done.code == 0, done.err
        (python,) = re.findall(r'"python": ("(?:[^"\\]|\\.)*"), "law": "power_n"', page.read_text())
        (theta,) = re.findall(r'"theta": (\[[^\]]*\]), "draws"', page.read_text())
        fit = eval(json.loads(python), {"sl": sl})
        assert list(fit.params.values()) == pytest.approx(json.loads(theta), rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "give the page to write, as in -o page.html, or --serve"),
        (("--serve", "-o", "page.html"), "give the page to write, as in -o page.html, or --serve"),
        (("other.json", "--serve", "--law", "parscale"), "one sweep can be watched at a time"),
        (("--serve", "--law", "parscale", "--where", "a=b"), "a sweep's columns are known"),
    ],
)
def test_usage(shell, arguments: tuple[str, ...], says: str) -> None:
    outcome = shell("explore", "fit.json", *arguments)
    assert outcome.code == 2
    assert says in " ".join(outcome.err.replace("│", " ").split())


def test_runs_without_a_law_ask_for_one(shell, runs_csv: Path, tmp_path: Path) -> None:
    outcome = shell("explore", runs_csv, "-o", tmp_path / "page.html")
    assert outcome.code == 2
    assert "give the law to fit to them" in " ".join(outcome.err.split())


def test_without_plotly_the_extra_is_named(shell, runs_csv: Path, tmp_path: Path, monkeypatch) -> None:
    import sys

    from scalelaw.explore.writing import plotly

    plotly.cache_clear()
    monkeypatch.setitem(sys.modules, "plotly", None)
    outcome = shell("explore", runs_csv, "--law", "power_n", "--bootstrap", "0", "-o", tmp_path / "page.html")
    assert outcome.code == 1
    assert "pip install 'scalelaw[explore]'" in outcome.err
    assert not (tmp_path / "page.html").exists()


def test_serving_prints_the_address_and_ends_with_ctrl_c(shell, runs_csv: Path, tmp_path: Path, monkeypatch) -> None:
    fit = tmp_path / "fit.json"
    assert shell("fit", runs_csv, "--law", "parscale", "-o", fit).code == 0

    def interrupted(server: serving.Server) -> None:
        assert threading.current_thread() is threading.main_thread()
        raise KeyboardInterrupt

    monkeypatch.setattr(serving.Server, "serve_forever", interrupted)
    outcome = shell("explore", fit, "--serve")
    assert outcome.code == 0
    assert outcome.out.startswith("http://127.0.0.1:")
