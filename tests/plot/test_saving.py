"""Files: the formats, the same bytes, embedded fonts, and nothing written where something is wrong."""

import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from scalelaw import plot
from scalelaw.errors import ScalelawError

from ..analysis.made import fitted

LATEX = any(shutil.which(program) for program in ("pdflatex", "xelatex", "lualatex"))


def write(kind: str, path: Path) -> bytes:
    with plot.style("icml"):
        plot.save(getattr(plot, kind)(fitted(bootstrap=30)), path)
    return path.read_bytes()


@pytest.mark.parametrize("ending", ["pdf", "svg", "png"])
@pytest.mark.parametrize("kind", ["curves", "contours"])
def test_the_same_call_twice_gives_the_same_bytes(kind: str, ending: str, tmp_path: Path) -> None:
    first, second = (write(kind, tmp_path / f"{name}.{ending}") for name in ("first", "second"))
    assert first == second
    assert len(first) > 5000


def test_another_process_gives_the_same_bytes(tmp_path: Path) -> None:
    program = (
        "import sys; from scalelaw import fit, load, plot\n"
        "with plot.style('icml'): plot.save(plot.contours(fit('parscale', load('parscale-pile'))), sys.argv[1],"
        " formats=('pdf', 'svg', 'png'))"
    )
    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "there")], check=True, cwd=Path(plot.__file__).parents[2]
    )
    with plot.style("icml"):
        plot.save(plot.contours(fitted()), tmp_path / "here", formats=("pdf", "svg", "png"))
    for ending in ("pdf", "svg", "png"):
        assert (tmp_path / f"here.{ending}").read_bytes() == (tmp_path / f"there.{ending}").read_bytes()


@pytest.mark.parametrize("styled", [True, False])
def test_fonts_are_embedded_as_truetype(styled: bool, tmp_path: Path) -> None:
    if styled:
        contents = write("curves", tmp_path / "a.pdf")
    else:
        plot.save(plot.curves(fitted()), tmp_path / "a.pdf")
        contents = (tmp_path / "a.pdf").read_bytes()
    assert b"/Type3" not in contents
    assert b"/CIDFontType2" in contents
    assert b"CreationDate" not in contents
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", contents, re.DOTALL)
    assert not any(b"/Type3" in _inflated(stream) for stream in streams)


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return stream


def test_svg_keeps_text_as_text_and_no_date(tmp_path: Path) -> None:
    contents = write("curves", tmp_path / "a.svg").decode()
    assert "Loss (nats per token)" in contents
    assert "dc:date" not in contents


def test_a_path_without_extension_is_written_in_each_format(tmp_path: Path) -> None:
    figure = Figure()
    ax = figure.add_subplot()
    assert plot.save(ax, tmp_path / "fig-1.5B") == (tmp_path / "fig-1.5B.pdf", tmp_path / "fig-1.5B.png")
    assert plot.save(figure, tmp_path / "b", formats=["svg"]) == (tmp_path / "b.svg",)
    assert plot.save([ax], tmp_path / "c.PNG") == (tmp_path / "c.PNG",)
    assert (tmp_path / "c.PNG").read_bytes().startswith(b"\x89PNG")


def test_axes_in_a_subfigure_write_the_whole_figure(tmp_path: Path) -> None:
    left, _ = Figure(figsize=(4, 2)).subfigures(1, 2)
    plot.save(left.add_subplot(), tmp_path / "a.png")
    assert int.from_bytes((tmp_path / "a.png").read_bytes()[16:20]) == 1200


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("missing/a.pdf", {}, "the folder .*missing does not exist"),
        ("a.jpg", {}, "a figure is written as pdf, svg, png, pgf"),
        ("a", {"formats": ["gif"]}, "not gif"),
        ("a", {"formats": []}, "not nothing"),
    ],
)
def test_what_cannot_be_written_is_one_sentence(
    name: str, options: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ScalelawError, match=message):
        plot.save(Figure().add_subplot(), tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


def test_what_is_no_figure_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScalelawError, match="save needs Axes or a Figure, not str"):
        plot.save("figure", tmp_path / "a.pdf")


def test_without_latex_pgf_is_refused_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(ScalelawError, match="PGF needs LaTeX, and none of pdflatex, xelatex, lualatex is found"):
        plot.save(Figure().add_subplot(), tmp_path / "a", formats=("pdf", "pgf"))
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not LATEX, reason="PGF needs pdflatex, xelatex or lualatex, and none is installed")
def test_pgf_is_written_where_latex_is_found(tmp_path: Path) -> None:
    first, second = (write("curves", tmp_path / f"{name}.pgf") for name in ("first", "second"))
    assert first == second
    assert b"pgfpicture" in first
