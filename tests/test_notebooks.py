"""Every notebook runs from top to bottom in an empty folder, and is the .py beside it with outputs."""

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.py"))
NEEDS = {"07-train-a-grid": ("torch",), "08-two-stages": ("torch", "transformers")}
WHY = "needs the extra notebooks"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_opened_is_what_is_reviewed(path):
    jupytext = pytest.importorskip("jupytext", reason=WHY)
    reviewed, opened = jupytext.read(path), jupytext.read(path.with_suffix(".ipynb"))
    assert [(cell.cell_type, cell.source) for cell in opened.cells] == [
        (cell.cell_type, cell.source) for cell in reviewed.cells
    ], f"make {path.stem}.ipynb anew: make notebooks"
    code = [cell for cell in opened.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code), "a notebook is committed with its outputs"
    assert not any(output.output_type == "error" for cell in code for output in cell.outputs)
    drawn = [cell for cell in code if "plot.save(" in cell.source]
    shown = [cell for cell in drawn if any("image/png" in output.get("data", {}) for output in cell.outputs)]
    assert [cell.source for cell in drawn if cell not in shown] == [], "a figure that is saved is shown too"
    assert not any("def " in line.split("#")[0] for cell in code for line in cell.source.splitlines())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_links_the_reference_and_only_what_is_there(path):
    links = re.findall(r"\]\(([^):#]+)\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []
    assert any(link.startswith("../docs/reference/") for link in links)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_first_cell_installs_what_is_missing(path):
    first = next(part for part in path.read_text(encoding="utf-8").split("# %%") if part.startswith("\n"))
    assert re.search(r'run_line_magic\("pip", "install --quiet \'?scalelaw', first)
    assert 'Path("../figures").mkdir(exist_ok=True)' in first


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path, tmp_path, monkeypatch):
    for package in ("jupytext", "nbclient", "ipykernel"):
        pytest.importorskip(package, reason=WHY)
    for package in NEEDS.get(path.stem, ()):
        pytest.importorskip(package, reason="needs the extras train and pretrained")
    import jupytext
    from nbclient import NotebookClient

    for folder in ("notebooks", "figures"):
        (tmp_path / folder).mkdir()
    (tmp_path / "runs").mkdir()
    shutil.copytree(ROOT / "runs" / "code", tmp_path / "runs" / "code")
    monkeypatch.setenv("SCALELAW_FAST", "1")
    monkeypatch.setenv("SCALELAW_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = jupytext.read(path)
    where = {"metadata": {"path": str(tmp_path / "notebooks")}}
    NotebookClient(notebook, timeout=1200, kernel_name="python3", resources=where).execute()
    drawn = {file.name for file in (tmp_path / "figures").iterdir()}
    assert {name for name in drawn if name.startswith(f"notebook-{path.stem[:2]}-")} == drawn != set()
    assert all((ROOT / "figures" / name).exists() for name in drawn)
