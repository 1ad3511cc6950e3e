"""Run notebooks and keep their outputs: ``python notebooks/make.py [NAME ...]``, or ``make notebooks``.

The ``.py`` is what is written and reviewed; the ``.ipynb`` beside it is made from it here, and figures are written to
``figures/``.
"""

import sys
from pathlib import Path

import jupytext
from nbclient import NotebookClient

HERE = Path(__file__).parent
VOLATILE = ("language_info",)

for path in [HERE / f"{name}.py" for name in sys.argv[1:]] or sorted(HERE.glob("[0-9]*.py")):
    print(path.stem, flush=True)
    notebook = jupytext.read(path)
    NotebookClient(notebook, timeout=1200, kernel_name="python3", resources={"metadata": {"path": str(HERE)}}).execute()
    for name in VOLATILE:
        notebook.metadata.pop(name, None)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"  # the same file each time
        cell.metadata.pop("execution", None)
        if "outputs" in cell:  # progress, which names places of this machine
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    jupytext.write(notebook, path.with_suffix(".ipynb"))
