"""Fits to explore, and a real Chromium to open their page in."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import scalelaw as sl
from scalelaw import explore
from scalelaw.fit import fit as fit_law

FORMULA = "E + A/(N*P**b)**alpha"
SHRINK = 20
DRAWS = 40


@pytest.fixture(scope="session")
def fits() -> list[sl.Fit]:
    """A law with a closed form of equivalence, one whose equivalent may be infinite, a user's, and one in N and D."""
    pile = sl.load("parscale-pile")
    of_pile = [fit_law(law, pile, bootstrap=DRAWS, rng=0) for law in ("parscale", "additive_streams", FORMULA)]
    return [*of_pile, fit_law("chinchilla", sl.load("chinchilla"), bootstrap=SHRINK, rng=0)]


@pytest.fixture(scope="session")
def saved(fits: list[sl.Fit], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("fits")
    paths = [folder / f"{name}.json" for name in ("parscale", "additive", "formula", "chinchilla")]
    for fit, path in zip(fits, paths, strict=True):
        fit.to_json(path)
    return paths


@pytest.fixture(scope="session")
def file(fits: list[sl.Fit], saved: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("plotly", reason="the page holds plotly.js: pip install 'scalelaw[explore]'")
    python = [f"sl.Fit.from_json({str(path)!r})" for path in saved]
    names = [path.stem for path in saved]
    return explore.write(fits, tmp_path_factory.mktemp("page") / "page.html", names=names, python=python)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Playwright's own Chromium, or that of the system."""
    api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with api.sync_playwright() as started:
        own = Path(started.chromium.executable_path).exists()
        path = None if own else shutil.which("chromium") or shutil.which("google-chrome")
        if not own and path is None:
            pytest.skip("there is no Chromium: playwright install --with-deps chromium, or apt-get install chromium")
        launched = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


@dataclass
class Opened:
    """A page in the browser, and what it did that it should not."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def text(self, selector: str) -> str:
        return str(self.page.inner_text(selector))

    def until(self, expression: str) -> None:
        """Wait for an expression to hold: Playwright's own way is an eval, which the page's policy forbids."""
        for _ in range(600):
            if self.page.evaluate(expression):
                return
            self.page.wait_for_timeout(50)
        pytest.fail(f"this never came true: {expression}")

    def shown_loss(self) -> float:
        return float(self.page.inner_text("#results tr.loss td:nth-of-type(1)"))


@pytest.fixture
def open_page(browser: Any) -> Iterator[Any]:
    """Open an address in a window of its own; afterwards nothing may have gone wrong."""
    contexts, pages = [], []

    def opened(address: str, **options: Any) -> Opened:
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **options})
        context.set_default_timeout(120_000)
        contexts.append(context)
        made = Opened(context.new_page())
        pages.append(made)
        made.page.on("console", lambda message: made.complaints.append(f"{message.type}: {message.text}"))
        made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
        made.page.on("request", lambda request: made.requests.append(request.url))
        made.page.goto(address)
        return made

    yield opened
    for context in contexts:
        context.close()
    assert [page.complaints for page in pages if page.complaints] == []


@pytest.fixture
def opened(open_page: Any, file: Path) -> Opened:
    made: Opened = open_page(file.as_uri())
    return made
