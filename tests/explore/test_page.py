"""The page in a real Chromium: its numbers are Python's, its parts do what they say, and nothing leaves it."""

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw import explore
from scalelaw.errors import FitError, ScalelawError
from scalelaw.explore.writing import LARGEST, SCRIPTS, static

pytest.importorskip("plotly", reason="the page holds plotly.js: pip install 'scalelaw[explore]'")

CLOSE = 1e-12
SIZES, STREAMS = (3e8, 1.6e9, 7.7e9), (1, 2, 5, 8)


@pytest.fixture(scope="module")
def still(browser, file: Path) -> Iterator[Any]:
    """One page for all that only ask it for numbers."""
    from .conftest import Opened

    page = browser.new_page()
    page.set_default_timeout(120_000)
    page.goto(file.as_uri())
    yield Opened(page)
    page.close()


def results(opened, place: int, grid: list[dict[str, float]], level: float) -> list[dict]:
    code = "([place, grid, level]) => grid.map((columns) => Results.of(State.fits[place], columns, level))"
    return opened.page.evaluate(code, [place, grid, level])


@pytest.mark.parametrize("place", range(4))
def test_losses_and_intervals_are_those_of_python(still, fits, place: int) -> None:
    fit = fits[place]
    other = "P" if "P" in fit.law.columns else "D"
    grid = [{"N": N, other: value if other == "P" else value * 1e10} for N in SIZES for value in STREAMS]
    columns = {name: [each[name] for each in grid] for name in ("N", other)}
    for level in (0.8, 0.95):
        found = results(still, place, grid, level)
        wanted = fit.predict(columns, interval=level)
        np.testing.assert_allclose([each["loss"] for each in found], wanted["loss"], rtol=CLOSE)
        np.testing.assert_allclose([each["ends"] for each in found], wanted[["low", "high"]], rtol=CLOSE)


@pytest.mark.parametrize("place", range(3))
def test_equivalents_are_those_of_python(still, fits, place: int) -> None:
    grid = [{"N": N, "P": P} for N in SIZES for P in STREAMS]
    found = results(still, place, grid, 0.9)
    wanted = sl.equivalence(fits[place], N=list(SIZES), P=list(STREAMS), level=0.9)
    # the root of a loss is as sharp as the loss is steep: rounding of 2e-16 in it is 20 times that in N
    close = CLOSE if place < 2 else 1e-11
    read = [np.inf if each["worth"] is None else each["worth"] for each in found]
    np.testing.assert_allclose(read, wanted["N_equivalent"], rtol=close)
    ends = [[np.inf if end is None else end for end in each["worthEnds"]] for each in found]
    np.testing.assert_allclose(ends, wanted[["N_low", "N_high"]], rtol=close)


def test_nothing_leaves_the_page_and_nothing_is_complained_of(opened, file: Path) -> None:
    opened.page.wait_for_selector("#contours .main-svg")
    assert opened.requests == [file.as_uri()]
    for address in ("https://example.org/a.js", "http://127.0.0.1:9/"):
        refused = opened.page.evaluate("(a) => fetch(a).then(() => 'left', () => 'stayed')", address)
        assert refused == "stayed"
    opened.complaints.clear()  # the policy says what it kept back


def test_the_page_is_small_enough_to_mail(file: Path) -> None:
    assert file.stat().st_size < LARGEST


def test_sliders_and_fields_move_the_prediction(opened, fits) -> None:
    page = opened.page
    before = opened.shown_loss()
    page.focus("#slider-N")
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    moved = opened.shown_loss()
    assert moved < before
    assert "parameters" in page.get_attribute("#slider-N", "aria-valuetext")
    page.focus("#slider-P")
    streams = float(page.input_value("#field-P"))
    page.keyboard.press("ArrowRight")
    assert float(page.input_value("#field-P")) == streams + 1
    page.fill("#field-N", "1.6B")
    page.fill("#field-P", "8")
    page.press("#field-P", "Enter")
    wanted = fits[0].predict({"N": 1.6e9, "P": 8})["loss"][0]
    assert opened.shown_loss() == pytest.approx(wanted, abs=6e-5)
    opened.until("document.querySelector('#curves').data.at(-1).x[0] === 1.6e9")


def test_a_field_that_cannot_be_read_says_so(opened) -> None:
    before = opened.shown_loss()
    for text in ("many", "-3", "0", ""):
        opened.page.fill("#field-N", text)
        opened.page.press("#field-N", "Tab")
        assert f"{json.dumps(text)} cannot be taken: write a number above 0" in opened.text("#fault-N")
        assert opened.page.get_attribute("#field-N", "aria-invalid") == "true"
        assert opened.shown_loss() == before


def test_two_laws_are_overlaid_and_one_alone_is_shown(opened, fits) -> None:
    page = opened.page
    assert page.locator("#results thead th").all_inner_texts()[1:] == ["parscale", "additive (additive_streams)"]
    dashed = "document.querySelector('#curves').data?.filter((each) => each.line?.dash === 'dash').length"
    opened.until(f"{dashed} > 0")
    assert opened.text("#curves-key").startswith("Solid: parscale. Dashed: additive (additive_streams). The grey")
    page.select_option("#second", label="none")
    opened.until(f"{dashed} === 0")
    page.select_option("#first", label="chinchilla")
    assert page.is_visible("#field-D")
    assert not page.is_visible("#field-P")
    assert "has no P" in opened.text("#results")


def test_every_run_is_in_the_curves(opened, fits) -> None:
    marks = "document.querySelector('#curves').data.filter((each) => each.name?.startsWith('runs, '))"
    counted = f"{marks}.reduce((sum, each) => sum + each.x.length, 0)"
    opened.until(f"{counted} === 24")
    assert "nearest" not in opened.text("#curves-key")
    opened.page.select_option("#first", label="chinchilla")
    opened.until(f"{counted} === 234")
    assert "each as the line whose D is nearest" in opened.text("#curves-key")


def test_every_law_has_a_page(open_page, tmp_path: Path) -> None:
    fits = [fit_of(law) for law in sl.laws.ALL.values()]
    opened = open_page(explore.write(fits, tmp_path / "page.html").as_uri())
    for place, fit in enumerate(fits):
        opened.page.select_option("#first", str(place))
        opened.until(f"document.querySelector('#curves').ariaLabel?.includes('{fit.rows} runs')")
        drawn = "document.querySelector('#curves').data.every((each) => each.y.every(Number.isFinite))"
        assert opened.page.evaluate(drawn)
        assert opened.shown_loss() > 0


def fit_of(law: sl.Law) -> sl.Fit:
    from ..laws.truths import TRUTHS

    rng = np.random.default_rng(0)
    known = {"N": 1e9, "P": 1, "D": 2e10, "C": 1e20, "U": 1e10}
    columns = {name: known[name] * 10 ** rng.uniform(0, 1, 40) for name in law.columns}
    if "P" in columns:
        columns["P"] = rng.choice([1.0, 2, 4, 8], 40)
    truth = TRUTHS[law.name]
    return sl.fit(
        law, columns | {"loss": law.predict(columns, truth) * np.exp(1e-3 * rng.standard_normal(40))}, throw=False
    )


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (4.5e8, 5.3e9, [5e8, 1e9, 2e9, 5e9]),
        (1.1e9, 1.9e9, [1.2e9, 1.4e9, 1.6e9, 1.8e9]),
        (1.01e9, 1.02e9, [1.01e9, 1.02e9]),
        (1e3, 1e9, [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]),
    ],
)
def test_axes_have_ticks_over_short_and_long_ranges(still, low: float, high: float, ticks: list[float]) -> None:
    assert still.page.evaluate("([low, high]) => Charts.ticks(low, high)", [low, high]) == ticks


def test_a_column_that_holds_zero_has_an_axis(still) -> None:
    assert still.page.evaluate("Charts.log('U', [0, 1, 10]).tickvals") == [1, 2, 5, 10]
    assert still.page.evaluate("Charts.ends([])") == [1, 10]


def test_search_order_and_export(opened, fits) -> None:
    page = opened.page
    page.fill("#search", "P=8 N>1B")
    assert opened.text("#runs-count") == "4 of 24 runs of parscale"
    page.click("#runs th button[data-column=loss]")
    assert page.get_attribute("#runs th:has([data-column=loss])", "aria-sort") == "ascending"
    with page.expect_download() as download:
        page.click("#export")
    text = Path(download.value.path()).read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    runs = sl.load("parscale-pile").query("P == 8 and N > 1e9").sort_values("loss")
    assert [float(row["loss"]) for row in rows] == runs["loss"].tolist()
    np.testing.assert_allclose([float(row["predicted"]) for row in rows], fits[0].predict(runs)["loss"], rtol=CLOSE)


@pytest.mark.parametrize(
    ("search", "found"), [("1.6B", 4), ("1.6b P=8", 1), ("N=1.6B", 4), ("N>1B P=8", 4), ("20B", 0)]
)
def test_a_size_is_found_by_what_it_is_called(opened, search: str, found: int) -> None:
    opened.page.fill("#search", search)
    assert opened.text("#runs-count") == f"{found} of 24 runs of parscale"


def test_no_law_is_laid_over_itself(opened, open_page, file: Path) -> None:
    page = opened.page

    def shown() -> list[str]:
        return [page.input_value(f"#{name}") for name in ("first", "second")]

    assert shown() == ["0", "1"]
    page.select_option("#first", "1")
    assert shown() == ["1", "0"]
    page.select_option("#second", "1")
    assert shown() == ["0", "1"]
    page.select_option("#second", label="none")
    page.select_option("#second", "0")
    assert shown() == ["0", "-1"]
    assert open_page(file.as_uri() + "#first=1&second=1").page.evaluate("State.now.second") == -1


def test_the_link_holds_the_state(opened, open_page, file: Path) -> None:
    page = opened.page
    page.fill("#field-N", "3.3B")
    page.press("#field-N", "Tab")
    page.select_option("#machine", "jetson-orin")
    page.select_option("#level", "0.8")
    page.select_option("#first", label="additive (additive_streams)")
    page.fill("#batch", "16")
    page.press("#batch", "Tab")
    link = page.evaluate("location.href")
    again = open_page(link)
    assert again.page.evaluate("State.now") == page.evaluate("State.now")
    assert again.text("#results") == opened.text("#results")
    assert again.text("#costs") == opened.text("#costs")
    page.fill("#search", "P=8 N>1B")
    page.click("#runs th button[data-column=loss]")
    page.click("#runs th button[data-column=loss]")
    found = open_page(page.evaluate("location.href"))
    assert found.text("#runs-count") == "4 of 24 runs of additive"
    assert found.text("#runs") == opened.text("#runs")
    assert found.page.get_attribute("#runs th:has([data-column=loss])", "aria-sort") == "descending"
    wrong = open_page(
        file.as_uri() + "#c.N=-1&c.P=x&first=99&second=a&level=2&machine=none&batch=0&model=constructor&order=x"
    )
    assert wrong.page.evaluate("[State.now.first, State.now.level, State.now.machine, State.now.model]") == [
        *(0, 0.95, "a100", "roofline")
    ]


def test_python_that_is_copied_prints_what_the_page_shows(opened, fits, tmp_path: Path) -> None:
    page = opened.page
    page.fill("#field-P", "8")
    page.press("#field-P", "Tab")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("#copy-code")
    opened.until("document.getElementById('copied').textContent === 'Python copied.'")
    code = opened.text("#code")
    assert page.evaluate("navigator.clipboard.readText()").strip() == code.strip()
    script = code.replace("print(", "print('#', (lambda frame: frame.to_json(orient='records', double_precision=15))(")
    script = re.sub(r"^(print.*)$", r"\1)", script, flags=re.MULTILINE)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    told = [json.loads(line[2:])[0] for line in done.stdout.splitlines() if line.startswith("# ")]
    (first,) = results(opened, 0, [page.evaluate("State.now.columns")], 0.95)
    assert told[0]["loss"] == pytest.approx(first["loss"], rel=1e-12)
    assert [told[0]["low"], told[0]["high"]] == pytest.approx(first["ends"], rel=1e-12)
    assert told[1]["N_equivalent"] == pytest.approx(first["worth"], rel=1e-12)
    costs = page.evaluate("Device.models()[0].costs")
    assert told[-1]["memory"] == pytest.approx(costs["memory"], rel=1e-12)
    assert told[-1]["per_token"] == pytest.approx(costs["per_token"], rel=1e-12)


def test_a_device_that_is_too_small_and_a_size_without_a_shape_are_told(opened) -> None:
    page = opened.page
    page.select_option("#machine", "raspberry-pi-5")
    page.fill("#field-N", "20B")
    page.press("#field-N", "Tab")
    assert "needs more than the 7.451 GiB" in opened.text("#costs")
    page.fill("#field-N", "1M")
    page.press("#field-N", "Tab")
    assert "none of about 1M parameters" in opened.text("#costs")
    page.wait_for_selector("#costs-chart", state="hidden")


def test_everything_has_a_name_and_can_be_reached_by_keyboard(opened) -> None:
    page = opened.page
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('input, select, button, [role=img], [role=region], pre')]
            .filter((each) => each.checkVisibility() && !each.closest('.js-plotly-plot .main-svg'))
            .filter((each) => !(each.labels?.length || each.getAttribute('aria-label') || each.textContent.trim()
                || each.getAttribute('aria-labelledby')))
            .map((each) => each.outerHTML)"""
    )
    assert nameless == []
    levels = page.evaluate("[...document.querySelectorAll('h1, h2')].map((each) => each.tagName)")
    assert levels[0] == "H1"
    assert levels.count("H1") == 1
    wanted = {"slider-N", "field-N", "slider-P", "field-P", "first", "second", "level", "machine", "search", "export"}
    reached = set()
    page.focus("body")
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id"))
    assert wanted <= reached
    page.wait_for_selector("#curves[aria-label]")
    opened.until("document.getElementById('said').textContent.startsWith('parscale: loss ')")
    says = page.get_attribute("#curves", "aria-label")
    assert says.startswith("Curves of the loss over N")
    assert "24 runs" in says


def test_a_phone_needs_no_sideways_scrolling(open_page, file: Path) -> None:
    phone = open_page(file.as_uri(), viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    phone.page.wait_for_selector("#curves .main-svg")
    assert phone.page.evaluate("document.documentElement.scrollWidth") == 360
    small = phone.page.evaluate(
        """() => [...document.querySelectorAll('.fields button, select, input')]
            .filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 24).length"""
    )
    assert small == 0


@pytest.mark.parametrize("chart", ["#curves", "#contours", "#costs-chart"])
def test_a_finger_that_starts_on_a_chart_scrolls_the_page(open_page, file: Path, chart: str) -> None:
    phone = open_page(file.as_uri(), viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    page = phone.page
    page.wait_for_selector(f"{chart} .main-svg")
    page.locator(chart).scroll_into_view_if_needed()
    before = page.evaluate("window.scrollBy(0, 100), scrollY")
    box = page.locator(chart).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = page.context.new_cdp_session(page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 11):
        points = [{"x": x, "y": y - 10 * step}]
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": points})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    phone.until(f"scrollY > {before + 50}")


def test_a_law_of_other_runs_shows_them_and_contours_at_its_own_levels(open_page, fits, tmp_path: Path) -> None:
    stack = sl.fit("parscale", sl.load("parscale-stack"))
    made = open_page(explore.write([stack, fits[0]], tmp_path / "page.html", names=["stack", "pile"]).as_uri())
    hollow = "document.querySelector('#curves').data?.filter((each) => each.marker?.symbol?.endsWith('-open'))"
    made.until(f"{hollow}?.filter((each) => each.name !== 'here').reduce((sum, {{ x }}) => sum + x.length, 0) === 24")
    assert "Hollow marks are the runs of pile." in made.text("#curves-key")
    made.until("document.querySelectorAll('#contours .contourlabels text').length > 0")
    dashed = made.page.evaluate("document.querySelector('#contours').data.find(({ line }) => line?.dash === 'dash')")
    assert 1.7 < dashed["contours"]["start"] < dashed["contours"]["end"] < 2.2
    assert "at levels of its own" in made.text("#contours-key")
    made.page.select_option("#second", label="none")
    made.until(f"{hollow}.length === 1")  # where the sliders are


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(open_page, file: Path, scheme: str) -> None:
    page = open_page(file.as_uri(), color_scheme=scheme).page
    names = ["ground", "panel", "ink", "faint", "accent", "on-accent", "second"]
    colours = {name: page.evaluate("(name) => Charts.colour(name)", name) for name in names}
    for ink in ("ink", "faint", "accent", "second"):
        for under in ("ground", "panel"):
            assert contrast(colours[ink], colours[under]) >= 4.5, (ink, under)
    assert contrast(colours["on-accent"], colours["accent"]) >= 4.5
    lines = page.evaluate("Array.from({ length: 8 }, (_, place) => Charts.line(place))")
    assert min(contrast(line, colours["panel"]) for line in lines) >= 3.0
    dark = scheme == "dark"
    assert (luminance(colours["ground"]) < 0.1) == dark


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.6B", 1.6e9),
        ("42e9", 42e9),
        ("1,000,000", 1e6),
        (" 7 t ", 7e12),
        ("2.31", 2.31),
        ("1_000k", 1e6),
    ],
)
def test_quantities_are_read_as_python_reads_them(still, text: str, value: float) -> None:
    from scalelaw.runs import quantity

    assert still.page.evaluate("(text) => Numbers.read(text)", text) == value == quantity(text)


def test_a_law_in_one_column_without_draws_has_a_page(open_page, tmp_path: Path) -> None:
    runs = {"C": [1e18, 1e19, 1e20, 1e21, 1e22], "loss": [4.0, 3.2, 2.7, 2.4, 2.2]}
    path = explore.write(sl.fit("power_c", runs), tmp_path / "page.html")
    opened = open_page(path.as_uri())
    assert "no bootstrap draws" in opened.text("#results")
    opened.page.wait_for_selector("#contours-section", state="hidden")
    assert not opened.page.is_visible("#device")
    assert opened.page.is_visible("#field-C")


def test_what_a_user_wrote_is_text_and_never_markup(open_page, tmp_path: Path, fits) -> None:
    evil = "</script><script>document.title='owned'</script><img src=x onerror=document.title='owned'>"
    path = explore.write(fits[0], tmp_path / "page.html", names=[evil], python=[evil])
    opened = open_page(path.as_uri())
    assert opened.page.evaluate("document.title").endswith("scalelaw")
    assert evil in opened.text("#about")


def test_no_fits_and_too_large_a_page_are_refused(fits, monkeypatch) -> None:
    with pytest.raises(ScalelawError, match="at least one fit"):
        explore.page([])
    monkeypatch.setattr("scalelaw.explore.writing.LARGEST", 1_000_000)
    with pytest.raises(ScalelawError, match=r"would have \d\.\d MB, .* fewer bootstrap draws"):
        explore.page(fits)


def test_the_same_fits_give_the_same_bytes(fits) -> None:
    assert explore.page(fits) == explore.page(fits)


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_javascript(name: str) -> None:
    driver = pytest.importorskip("playwright._impl._driver", reason="Playwright brings the node that checks scripts")
    node, text = driver.compute_driver_executable()[0], static(f"{name}.js")
    done = subprocess.run([node, "--check", "-"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert max(map(len, text.splitlines())) <= 120


def test_a_fit_that_holds_no_draws_is_asked_for_none(fits) -> None:
    from dataclasses import replace

    bare = replace(fits[0], draws=None)
    assert '"draws": null' in explore.page(bare)
    with pytest.raises(FitError):
        bare.require_draws()
