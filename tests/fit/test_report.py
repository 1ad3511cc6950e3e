"""The report: its text, the frame and the HTML."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import scalelaw
from scalelaw.datasets import load_columns
from scalelaw.errors import FitError
from scalelaw.fit import Fit, fit
from scalelaw.fit.report import ranks, to_html
from scalelaw.fit.solve import Convergence
from scalelaw.laws.law import Law

NUMBER = re.compile(r"(?<![\w.])[+-]?\d+(?:\.\d+)?(?:e[+-]\d+)?(?![\w])")
GOLDEN = Path(__file__).parents[1] / "golden" / "report_parscale_pile.txt"
PILE = load_columns("parscale-pile")
DRAWN = fit("parscale", PILE, bootstrap=200, rng=0)
PLAIN = fit("parscale", PILE)


def _convergence_hidden(text: str) -> str:
    """The report with # for the numbers of the search, which differ between machines by rounding."""
    head, title, rest = text.partition("[[Convergence]]")
    search, notes, tail = rest.partition("[[Notes]]")
    return head + title + re.sub(r"\d[\d.e+-]*", "#", search) + notes + tail


def _section(text: str, title: str) -> list[str]:
    body = text.split(f"[[{title}")[1].split("[[")[0]
    return body.splitlines()[1:]


def test_golden_text() -> None:
    """Words exactly; numbers to the rounding of other machines, which a bootstrap and a correlation enlarge."""
    shown, golden = _convergence_hidden(DRAWN.report()), GOLDEN.read_text(encoding="utf-8")
    assert _words(shown) == _words(golden)
    for mine, kept in zip(shown.splitlines(), golden.splitlines(), strict=True):
        correlation = re.search(r" [+-]0\.\d{3}$", kept)
        ends = 2 if re.search(r"\S to \S+$", kept) else 0
        for place, (one, other) in enumerate(zip(reversed(_numbers(mine)), reversed(_numbers(kept)), strict=True)):
            assert one == pytest.approx(other, rel=2e-3 if correlation else 1e-3 if place < ends else 1e-5), kept


def _words(text: str) -> list[str]:
    """The text without its numbers and without the spaces that line them up."""
    return NUMBER.sub("0", text).split()


def _numbers(line: str) -> list[float]:
    return [float(each) for each in NUMBER.findall(line)]


def test_without_draws_every_free_parameter_says_so() -> None:
    lines = _section(PLAIN.report(), "Parameters")
    assert [line.split()[0] for line in lines] == ["E", "A", "alpha", "k"]
    assert all(line.endswith("no interval: fit with bootstrap=1000") for line in lines)
    assert "1.28859" in lines[0]
    assert "1.97517e+08" in lines[1]
    assert "Correlations" not in PLAIN.report()


def test_columns_line_up() -> None:
    lines = _section(DRAWN.report(), "Parameters")
    assert len({re.search(r"\S+ to ", line).start() for line in lines}) == 1  # type: ignore[union-attr]


def test_fixed_and_tied_are_marked() -> None:
    lmfit = pytest.importorskip("lmfit")
    params = lmfit.Parameters()
    params.add_many(("E", 1.2), ("A", 2e8), ("alpha", 0.2, False), ("k", None, True, None, None, "2 * alpha"))
    fitted = fit("parscale", PILE, params=params, bootstrap=50, rng=1)
    lines = {line.split()[0]: line for line in _section(fitted.report(), "Parameters")}
    assert re.fullmatch(r"    alpha\s+0\.2\s+fixed", lines["alpha"])
    assert lines["k"].endswith("= 2 * alpha")
    assert fitted.summary()["fixed"].tolist() == [False, False, True, "2 * alpha"]
    assert np.isnan(fitted.summary().loc["alpha", ["low", "high"]].to_numpy(dtype=float)).all()


@pytest.mark.parametrize("kind", ["bc", "percentile", "normal"])
def test_summary_holds_the_intervals_of_the_fit(kind: str) -> None:
    frame = DRAWN.summary(level=0.9, kind=kind)
    assert frame.index.name == "parameter"
    assert frame.columns.tolist() == ["value", "low", "high", "fixed"]
    for name, row in frame.iterrows():
        assert row["value"] == DRAWN.params[str(name)]
        assert (row["low"], row["high"]) == DRAWN.interval(str(name), level=0.9, kind=kind)
    assert f"90 % intervals ({'bias-corrected percentile' if kind == 'bc' else kind}; 200" in DRAWN.report(
        level=0.9, kind=kind
    )


def test_summary_without_draws_has_no_ends() -> None:
    frame = PLAIN.summary()
    assert frame[["low", "high"]].isna().all(axis=None)
    assert frame["fixed"].tolist() == [False] * 4


@pytest.mark.parametrize("options", [{"level": 95}, {"level": 0}, {"kind": "bca"}])
@pytest.mark.parametrize("render", [Fit.report, Fit.summary, Fit.to_latex, to_html])
@pytest.mark.parametrize("fitted", [DRAWN, PLAIN], ids=["draws", "no draws"])
def test_a_meaningless_interval_is_refused(fitted: Fit, render, options: dict) -> None:
    with pytest.raises(FitError, match="of an interval"):
        render(fitted, **options)


def test_correlations_are_spearmans() -> None:
    stats = pytest.importorskip("scipy.stats")
    found = {tuple(line.replace(",", "").split()[:2]): line.split()[-1] for line in _section(DRAWN.report(), "Corr")}
    theta = DRAWN.draws.theta
    names = DRAWN.law.parameters
    for one in range(4):
        for other in range(one + 1, 4):
            value = stats.spearmanr(theta[:, one], theta[:, other]).statistic
            pair = (names[one], names[other])
            assert (pair in found) == (abs(value) > 0.9)
            if pair in found:
                assert found[pair] == f"{value:+.3f}"


@pytest.mark.parametrize(
    ("values", "wanted"), [([3.0, 1.0, 2.0], [3, 1, 2]), ([1.0, 1.0, 5.0, 5.0], [1.5, 1.5, 3.5, 3.5])]
)
def test_equal_values_share_a_rank(values: list, wanted: list) -> None:
    assert ranks(np.array(values)).tolist() == wanted


def test_convergence_in_words() -> None:
    proof = Convergence(
        converged=False,
        starts=12,
        finished=9,
        agreed=7,
        grid_points=196,
        grid_minima=2,
        other_minima=(0.0312, 0.5),
        gradient=3e-9,
        condition=12345.0,
        at_bounds=("k",),
        flat=("E", "A"),
        iterations=14,
        exact_derivatives=False,
    )
    lines = [" ".join(line.split()) for line in _section(replace(PLAIN, convergence=proof).report(), "Convergence")]
    assert lines == [
        "converged NO, after 14 Newton steps",
        "searched 196 points of a grid, 2 of them lower than their neighbours",
        "starts 12 polished, 9 finished, 7 agree on the best minimum; 3 stopped early, still above it",
        "next minimum 3.12 % higher",
        "gradient 3.0e-09 of the objective",
        "Hessian condition 1.23e+04",
        "derivatives central differences",
        "at a bound k",
        "undetermined E, A",
    ]


def test_notes_are_in_the_report() -> None:
    fitted = fit("parscale", PILE, bounds={"E": (1.3, 2.0)})
    assert fitted.notes
    assert all(note in " ".join(fitted.report().split()) for note in fitted.notes)
    assert "[[Notes]]" not in PLAIN.report() or PLAIN.notes


def test_html_escapes_everything() -> None:
    def evil(N, *, E, A, alpha):
        "<script>alert(1)</script> & E + A/N^alpha"
        return E + A / N**alpha

    law = Law("<b>mine</b>", evil, source='"a" < b')
    html = fit(
        law, {"N": np.geomspace(1e8, 1e10, 8), "loss": 1.5 + 1e3 / np.geomspace(1e8, 1e10, 8) ** 0.4}
    )._repr_html_()
    assert "<script>" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; E" in html
    assert html.count("<table>") == html.count("</table>") >= 4


def test_the_report_needs_no_pandas() -> None:
    code = (
        "import sys; from scalelaw.fit import fit; import numpy as np; n = np.geomspace(1e8, 1e10, 8);"
        "text = fit('power_n', {'N': n, 'loss': 1.5 + 1e3 * n ** -0.4}, bootstrap=20, rng=0).report();"
        "assert 'alpha' in text; assert 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(scalelaw.__file__).parents[1])
