"""Every block of Python and of shell in the README and in docs/ runs, in order, and prints what the page shows."""

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import scalelaw as sl

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN, SHOWN, NO_CODE = ("python", "sh"), "text", ("", "bibtex", "csv", "latex")
"""Languages that run; what the block before prints; and what is neither, of which "" is for lines that install."""


@dataclass(frozen=True)
class Block:
    """Code that runs, and what it should print where the page shows that; ``...`` stands for anything."""

    language: str
    code: str
    line: int
    prints: str | None = None


@dataclass(frozen=True)
class Story:
    """Blocks that belong together: a page, or a section of the README."""

    name: str
    text: str
    first: int = 0

    def blocks(self) -> Iterator[Block]:
        found = list(FENCE.finditer(self.text))
        for fence, after in zip(found, [*found[1:], None], strict=False):
            if fence[1] in RUN:
                shown = after and after[1] == SHOWN and not self.text[fence.end() : after.start()].strip()
                line = self.first + self.text[: fence.start()].count("\n") + 2
                yield Block(fence[1], fence[2], line, after[2] if shown else None)


@dataclass(frozen=True)
class Changed:
    """What a story needs to be run in a test: other words in its code, texts to train on, a reason to be slow."""

    slow: str = ""
    words: dict[str, str] = field(default_factory=dict)
    texts: bool = False
    needs: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    then: Callable[[str], None] | None = None


def trained_with_two_streams() -> str:
    return "runs/tiny/cells/" + sl.read("runs/tiny").query("P == 2")["run"].item()


def both_streams_kept_lose_what_was_trained(printed: str) -> None:
    (run,) = sl.read("runs/tiny").query("P == 2").to_dict("records")
    kept, guided = map(float, re.findall(r"loss=([\d.]+)", printed))
    assert kept == pytest.approx(run["loss"], abs=1e-2)
    assert guided != kept


# a hundredth of the tokens, fewer cells, a few texts of our own; no law is fitted to so few runs
SMALL = {"16,24,32": "16", "--streams 1,2,4": "--streams 1,2", "4M": "20k --corpus text:texts"}
AS_IT_STANDS = Changed()
CHANGED = {
    "README.md, Use": Changed(
        leaves=("contours.pdf", "contours.png", "fit.json", "curves.pdf", "law.html", "pile.csv")
    ),
    "README.md, Train a grid": Changed(
        slow="trains two cells",
        words={
            **SMALL,
            "--seeds 2": "",
            "scalelaw fit runs/tiny --law parscale": "",
            '"runs/tiny/cells/ID"': "trained_with_two_streams()",
        },
        texts=True,
        leaves=("runs/tiny/runs.parquet",),
        then=both_streams_kept_lose_what_was_trained,
    ),
    "README.md, How sure, which law, what next": Changed(slow="thirteen verbs, some of which refit many times"),
    "README.md, What streams cost": Changed(slow="computes the paper's costs a hundred times over"),
    "docs/how-to/train-a-grid.md": Changed(
        slow="trains five cells",
        words={
            **SMALL,
            "--seeds 2": "",
            "--two-stage 0.1": "--two-stage 0.25",
            "scalelaw fit runs/tiny --law parscale": "",
            '"runs/tiny/cells/ID"': "trained_with_two_streams()",
        },
        texts=True,
        leaves=("runs/tiny/runs.parquet", "runs/stages/runs.parquet"),
    ),
    "docs/how-to/slurm-and-ray.md": Changed(
        slow="trains two cells",
        words={
            **SMALL,
            "--engine slurm --jobs 8 --engine-option partition=gpu --engine-option gpus=1 --engine-option time=60": "",
            "--engine ray --jobs 8": "",
        },
        texts=True,
        leaves=("runs/tiny/runs.parquet",),
    ),
    "docs/how-to/spend-a-budget.md": Changed(slow="fits and refits many times over"),
    "docs/how-to/deploy.md": Changed(slow="plans four times and draws a map", leaves=("map.pdf", "plan.json")),
    "docs/how-to/train-on-jax.md": Changed(
        slow="trains two cells and goes on with two more",
        words={**SMALL, "--seeds 2": "", "--seeds 4": "--seeds 2"},
        texts=True,
        leaves=("runs/tiny/runs.parquet",),
        needs=("jax", "optax"),
    ),
    "docs/how-to/streams-on-my-model.md": Changed(slow="imports transformers and trains a model"),
}


def stories() -> Iterator[Story]:
    readme, line = (ROOT / "README.md").read_text(encoding="utf-8"), 0
    for section in re.split(r"^(?=## )", readme, flags=re.MULTILINE):
        title = section.partition("\n")[0].lstrip("# ")
        yield Story(f"README.md, {title}", section, line)
        line += section.count("\n")
    for page in sorted((ROOT / "docs").rglob("*.md")):
        yield Story(page.relative_to(ROOT).as_posix(), page.read_text(encoding="utf-8"))


STORIES = {story.name: story for story in stories()}


def parameter(name: str) -> object:
    slow = CHANGED.get(name, AS_IT_STANDS).slow
    return pytest.param(name, marks=pytest.mark.slow if slow else ())


@pytest.mark.skipif(os.name == "nt", reason="lines of a POSIX shell")
@pytest.mark.parametrize("name", [parameter(name) for name, story in STORIES.items() if any(story.blocks())])
def test_the_blocks_run_and_print_what_is_shown(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = CHANGED.get(name, AS_IT_STANDS)
    for package in changed.needs:
        pytest.importorskip(package, reason=f"{package} is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCALELAW_CACHE", str(tmp_path / "cache"))
    if changed.texts:
        write_texts(tmp_path / "texts")
    blocks = list(STORIES[name].blocks())
    for word in changed.words:
        assert any(word in block.code for block in blocks), f"{name} has no {word!r} any more"
    scope: dict[str, object] = {"__name__": "page", trained_with_two_streams.__name__: trained_with_two_streams}
    all_printed = ""
    for block in blocks:
        code = block.code
        for shown, run in changed.words.items():
            code = code.replace(shown, run)
        printed = run_python(code, name, block.line, scope) if block.language == "python" else run_shell(code)
        all_printed += printed
        if block.prints is not None:
            same = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            assert doctest.OutputChecker().check_output(block.prints, printed, same), f"line {block.line}:\n{printed}"
    assert [file for file in changed.leaves if not (tmp_path / file).exists()] == []
    if changed.then:
        changed.then(all_printed)


def run_python(code: str, name: str, line: int, scope: dict[str, object]) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile("\n" * (line - 1) + code, name, "exec"), scope)
    return printed.getvalue()


def run_shell(code: str) -> str:
    script = f'set -eu\nscalelaw() {{ {shlex.quote(sys.executable)} -m scalelaw "$@"; }}\n{code}'
    done = subprocess.run(
        ["sh", "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=1200,  # a machine may be busy
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def write_texts(folder: Path) -> None:
    folder.mkdir()
    for i in range(40):
        (folder / f"{i}.txt").write_text("".join(f"{i * k} and {k}\n" for k in range(200)))


def test_every_block_is_run_or_is_no_code() -> None:
    assert CHANGED.keys() <= STORIES.keys()
    for story in STORIES.values():
        assert {fence[1] for fence in FENCE.finditer(story.text)} <= {*RUN, SHOWN, *NO_CODE}, story.name
        for fence in FENCE.finditer(story.text):
            if not fence[1]:
                assert all(line.startswith(("pip ", "make ")) for line in fence[2].splitlines()), story.name


def test_every_file_that_the_readme_links_is_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []
    assert len(links) >= 4
