"""Styles: widths of every venue, sizes of text, and no state left behind."""

import contextlib
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest

from scalelaw import plot
from scalelaw.errors import ScalelawError
from scalelaw.plot.axes import RoundLog, Said, label, text
from scalelaw.plot.style import COLOURS, DASHES, GOLDEN, MARKERS, series

from ..analysis.made import fitted

WIDTHS = [("icml", 1, 3.25), ("icml", 2, 6.75), ("aistats", 1, 3.25), ("aistats", 2, 6.75), ("paper", 1, 3.5)]
WIDTHS += [(venue, columns, 5.5) for venue in ("neurips", "iclr") for columns in (1, 2)]
WIDTHS += [("jmlr", 1, 6.0), ("jmlr", 2, 6.0), ("paper", 2, 7.0)]


def test_every_venue_is_tested() -> None:
    assert {venue for venue, _, _ in WIDTHS} == set(plot.VENUES)


@pytest.mark.parametrize(("venue", "columns", "width"), WIDTHS)
def test_width_and_height(venue: str, columns: int, width: float, tmp_path: Path) -> None:
    with plot.style(venue, columns=columns):
        ax = plot.curves(fitted(), num=20)
    assert ax.figure.get_size_inches() == pytest.approx([width, width * GOLDEN])
    plot.save(ax, tmp_path / "a.png")
    pixels = int.from_bytes((tmp_path / "a.png").read_bytes()[16:20])
    assert pixels == pytest.approx(300 * width, abs=1)


@pytest.mark.parametrize("venue", plot.VENUES)
def test_nothing_is_cut_off_and_the_legend_hides_no_axis(venue: str) -> None:
    for kind in ("curves", "contours", "equivalence"):
        with plot.style(venue):
            ax = getattr(plot, kind)(fitted())
        ax.figure.draw_without_rendering()
        box, page = ax.get_tightbbox(), ax.figure.bbox
        assert box.x0 >= -0.5
        assert box.y0 >= -0.5
        assert box.x1 <= page.width + 0.5
        assert box.y1 <= page.height + 0.5


def test_text_is_nine_points_and_ticks_seven() -> None:
    with plot.style("icml"):
        ax = plot.curves(fitted())
    assert ax.xaxis.label.get_size() == 9
    assert {tick.get_size() for tick in ax.get_xticklabels()} == {7}
    assert {entry.get_size() for entry in ax.get_legend().get_texts()} == {7}
    assert ax.texts[0].get_size() == 7


def test_the_settings_are_put_back() -> None:
    before = dict(mpl.rcParams)
    with plot.style("neurips"):
        assert mpl.rcParams["pdf.fonttype"] == mpl.rcParams["ps.fonttype"] == 42
        assert mpl.rcParams["svg.fonttype"] == "none"
    assert before == dict(mpl.rcParams)


def test_a_backend_that_the_first_figure_loads_stays_interactive() -> None:
    """A notebook's backend turns that on when pyplot loads it, and shows no figure where it is off."""
    was = mpl.is_interactive()
    try:
        for wanted in (True, False):
            with plot.style("icml"):
                mpl.interactive(wanted)
            assert mpl.is_interactive() is wanted
            with contextlib.suppress(ScalelawError), plot.style("icml"):
                mpl.interactive(not wanted)
                raise ScalelawError("no figure")
            assert mpl.is_interactive() is not wanted
    finally:
        mpl.interactive(was)


@pytest.mark.parametrize(("venue", "columns"), [("nature", 1), ("icml", 3)])
def test_unknown_venues_are_refused(venue: str, columns: int) -> None:
    with (
        pytest.raises(ScalelawError, match=r"no style is called 'nature'; there are icml|1 or 2 columns, not 3"),
        plot.style(venue, columns=columns),
    ):
        pass


def test_eight_series_look_different() -> None:
    assert len(set(COLOURS)) == len(set(MARKERS)) == len({str(dash) for dash in DASHES}) == 8
    assert series(8) == series(0)


def test_figures_leave_no_state_behind_and_need_no_display(tmp_path: Path) -> None:
    program = (
        "import sys; from scalelaw import fit, load, plot\n"
        "f = fit('parscale', load('parscale-pile'))\n"
        "for _ in range(30): plot.curves(f, num=10, annotate=False)\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    root = Path(plot.__file__).parents[2]
    environment = {"PATH": "", "MPLBACKEND": "", "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, cwd=root, env=environment)


@pytest.mark.parametrize(
    "setting",
    [
        "import matplotlib.pyplot",
        "import sys, unittest.mock; sys.modules['IPython'] = unittest.mock.MagicMock(version_info=(9, 0))",
    ],
)
def test_where_pyplot_is_in_use_or_a_notebook_runs_the_figure_is_displayed(setting: str) -> None:
    program = (
        f"import matplotlib; matplotlib.use('agg'); {setting}\n"
        "import numpy as np; from scalelaw import fit, load, plot\n"
        "made = fit('parscale', load('parscale-pile'))\n"
        "import matplotlib.pyplot as plt\n"
        "for draw in (plot.curves, plot.cost_panels):\n"
        "    axes = np.ravel(draw(made))\n"
        "    assert plt.get_fignums() and plt.gcf() is axes[0].figure"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(plot.__file__).parents[2])


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        *[("N", 5e8, "0.5B"), ("N", 1.6e9, "1.6B"), ("N", 7e7, "70M"), ("D", 3e12, "3T"), ("N", 5e3, "5K")],
        *[("P", 8.0, "8"), ("C", 1e20, "$10^{20}$"), ("C", 3e20, r"$3 \times 10^{20}$"), ("N", 20.0, "20")],
    ],
)
def test_values_are_said_as_people_say_them(name: str, value: float, said: str) -> None:
    assert text(name, value) == said


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (4.3e8, 8.8e9, [5e8, 1e9, 2e9, 5e9]),
        (4e7, 2e10, [1e8, 3e8, 1e9, 3e9, 1e10]),
        (1e6, 1e12, [1e6, 1e8, 1e10, 1e12]),
        (1.5e9, 2.8e9, [1.5e9, 2e9, 2.5e9]),
        (0.0, 1.0, []),
    ],
)
def test_log_ticks_are_round_and_few(low: float, high: float, ticks: list[float]) -> None:
    assert RoundLog().tick_values(low, high) == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("ticks", "said"),
    [
        ([5e8, 1e9, 2e9], ["0.5B", "1B", "2B"]),
        ([1e8, 3e8, 1e9], ["0.1B", "0.3B", "1B"]),
        ([5e7, 1e8, 2e8], ["50M", "100M", "200M"]),
        ([1e7, 1e8, 1e9], ["10M", "100M", "1B"]),
        ([2e4, 1e5, 1e6], ["20K", "100K", "1M"]),
    ],
)
def test_ticks_of_one_size_have_one_unit(ticks: list[float], said: list[str]) -> None:
    assert Said("N").format_ticks(ticks) == said


def test_columns_that_are_not_in_the_schema_have_a_name_too() -> None:
    assert label("depth") == r"$\mathrm{depth}$"
    assert label("my column") == "my column"
