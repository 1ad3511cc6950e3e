"""The figures of the repository, which are not copied into docs/."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

FIGURES = Path(__file__).parents[2] / "figures"


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add them as figures/NAME.png."""
    for path in sorted(FIGURES.glob("*.png")):
        files.append(File.generated(config, f"figures/{path.name}", abs_src_path=str(path)))
    return files
