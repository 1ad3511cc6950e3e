"""A sweep that is watched: what the server says, to whom, and how the page takes it in."""

import json
import math
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.cost import parameters
from scalelaw.errors import HarnessError, ScalelawError
from scalelaw.explore import SavedFits, WatchedSweep
from scalelaw.explore.serving import Server
from scalelaw.harness.sweep import gather, grid
from scalelaw.harness.sweep.folder import make_sweep

pytest.importorskip("filelock", reason="a sweep needs filelock: pip install 'scalelaw[train]'")


class Trained:
    """A sweep whose cells are finished when they are told to be."""

    def __init__(self, folder: Path, **settings: Any):
        card = SimpleNamespace(name="code", tokenizer="bytes", vocabulary=256, hash="0123456789abcdef")
        corpus = SimpleNamespace(card=card, train=range(10**6))
        cells = grid(width=[16, 32, 48, 64], layers=2, streams=[1, 2, 4], tokens=50_000, corpus=corpus, **settings)
        self.sweep = make_sweep(folder, cells)
        self.done = 0

    def finish(self, count: int) -> None:
        for cell in self.sweep.cells[self.done : self.done + count]:
            counts = parameters(cell.shape, cell.streams.count)
            wiggle = 1e-3 * math.sin(int(cell.id, 16))
            loss = 1.2 + (2e4 / (counts["N"] * cell.streams.count**0.3)) ** 0.3 + wiggle
            row = {**counts, "P": cell.streams.count, "D": cell.D, "loss": loss, "run": cell.id, "loss_se": None}
            (self.sweep.folder(cell) / "row.json").write_text(json.dumps(row | {"seconds": 1.0}))
            sl.write({"D": [1e3, 1e4], "loss": [5.0, loss]}, self.sweep.folder(cell) / "log.parquet")
        self.done += count


@pytest.fixture
def trained(tmp_path: Path) -> Trained:
    return Trained(tmp_path / "tiny")


@pytest.fixture
def watched(trained: Trained) -> WatchedSweep:
    return WatchedSweep(str(trained.sweep.path), ["parscale"], bootstrap=10)


@pytest.fixture
def start() -> Iterator[Any]:
    servers = []

    def started(watch: Any) -> Server:
        server = Server(watch)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return server

    yield started
    for server in servers:
        server.shutdown()
        server.server_close()


def get(server: Server, path: str, **headers: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", server.server_address[1], timeout=60)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_too_few_cells_are_said_and_the_rest_is_shown(trained, watched) -> None:
    news = watched.look()
    assert news.fits == ()
    assert news.sweep["summary"] == "12 cells: 0 done, 12 to do."
    trained.finish(1)
    assert "parscale cannot be fitted to 1 finished cell: " in watched.look().sweep["problems"][0]
    trained.finish(1)
    (problem,) = watched.look().sweep["problems"]
    assert problem.startswith("parscale cannot be fitted to 2 finished cells: ")
    assert problem.count(". ") == 0


def test_the_fit_is_that_of_the_rows_and_settles_in_their_order(trained, watched) -> None:
    trained.finish(10)
    news = watched.look()
    table = sl.Fit.from_json(news.fits[0].to_json()).table
    assert len(table["loss"]) == 10
    assert news.sweep["problems"] == []
    assert [len(curve["loss"]) for curve in news.sweep["curves"]] == [2] * 10
    settled = news.sweep["settling"]
    assert settled[-1]["rows"] == 10
    assert settled[-1]["params"] == pytest.approx(news.fits[0].params, rel=1e-6)
    assert [each["rows"] for each in settled] == sorted(each["rows"] for each in settled)


def test_the_word_changes_with_the_news_alone(trained, watched) -> None:
    trained.finish(8)
    first = watched.look()
    assert watched.look().seen == first.seen
    assert watched.look().fits[0] is first.fits[0]
    trained.finish(1)
    second = watched.look()
    assert second.seen != first.seen
    assert second.fits[0].rows == 9


def test_the_rows_fitted_are_those_that_the_sweep_gathers(tmp_path: Path) -> None:
    """Stage one of two-stage training is no finished run: its loss was never annealed."""
    trained = Trained(tmp_path / "staged", two_stage=0.5)
    trained.finish(len(trained.sweep.cells))
    fit = WatchedSweep(str(trained.sweep.path), ["parscale"], bootstrap=0).look().fits[0]
    gathered = sl.read(gather(trained.sweep.path))
    assert sorted(fit.columns["loss"]) == sorted(gathered["loss"])
    assert len(gathered) < len(trained.sweep.cells)


def test_torn_files_are_passed_over(trained, watched) -> None:
    trained.finish(9)
    cell, other = trained.sweep.cells[9], trained.sweep.cells[0]
    (trained.sweep.folder(cell) / "row.json").write_text('{"run": ')
    (trained.sweep.folder(other) / "log.parquet").write_bytes(b"PAR1 torn")
    news = watched.look()
    assert news.fits[0].rows == 9
    assert len(news.sweep["curves"]) == 8


def test_a_folder_without_a_sweep_is_refused_before_anything_is_served(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="holds no sweep"):
        Server(WatchedSweep(str(tmp_path), ["parscale"]))


def test_saved_fits_are_read_again_when_they_change(fits, tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    fits[0].to_json(path)
    watch = SavedFits([str(path)])
    first = watch.look()
    assert watch.look().fits[0] is first.fits[0]
    fits[1].to_json(path)
    second = watch.look()
    assert second.fits[0].law.name == "additive_streams"
    assert second.seen != first.seen
    path.write_text("{ torn")
    assert watch.look().fits[0] is second.fits[0]
    with pytest.raises(ScalelawError):
        SavedFits([str(tmp_path / "none.json")]).look()


def test_news_are_told_once(trained, watched, start) -> None:
    trained.finish(8)
    server = start(watched)
    status, text = get(server, "/state?seen=")
    news = json.loads(text)
    assert status == 200
    assert news["fits"][0]["rows"] == 8
    assert get(server, f"/state?seen={news['seen']}") == (204, "")
    trained.finish(1)
    assert json.loads(get(server, f"/state?seen={news['seen']}")[1])["fits"][0]["rows"] == 9


def test_the_server_is_bound_to_loopback_and_answers_to_its_own_name_alone(watched, start) -> None:
    server = start(watched)
    assert server.server_address[0] == "127.0.0.1"
    port = server.server_address[1]
    assert get(server, "/", Host="evil.example")[0] == 403
    assert get(server, "/state", Host=f"evil.example:{port}")[0] == 403
    assert get(server, "/state", Host=f"localhost:{port}")[0] == 200
    assert get(server, "/../pyproject.toml")[0] == 404
    assert get(server, "/etc/passwd")[0] == 404


def test_a_port_that_is_taken_is_told(watched, start) -> None:
    server = start(watched)
    port = server.server_address[1]
    with pytest.raises(ScalelawError, match=rf"cannot serve at 127\.0\.0\.1:{port}: .*; choose another --port"):
        Server(watched, port=port)


def test_what_goes_wrong_later_is_an_answer_and_not_an_end(trained, watched, start) -> None:
    server = start(watched)
    (trained.sweep.path / "sweep.json").write_text("torn")
    status, text = get(server, "/state")
    assert status == 500
    assert "sweep.json cannot be read" in text


def test_a_running_sweep_is_watched_in_the_browser(trained, watched, start, open_page) -> None:
    pytest.importorskip("plotly", reason="the page holds plotly.js: pip install 'scalelaw[explore]'")
    trained.finish(3)
    server = start(watched)
    opened = open_page(server.address)
    page = opened.page
    page.evaluate("Live.EVERY = 100")
    page.wait_for_selector("#live-cells progress")
    assert opened.text("#live-summary").startswith("12 cells: 3 done, 9 to do; about ")
    assert " left. parscale cannot be fitted to 3 finished cells" in opened.text("#live-summary")
    assert not page.is_visible("#explorer")
    assert not page.is_visible("#live-fits")
    trained.finish(5)
    page.wait_for_selector("#results tr.loss")  # laws came into being: the page was loaded anew
    page.wait_for_selector("#live-cells progress")
    page.evaluate("Live.EVERY = 100; window.same = true")
    page.fill("#field-N", "20K")
    page.press("#field-N", "Tab")
    trained.finish(3)
    opened.until("document.getElementById('runs-count').textContent === '11 of 11 runs'")
    assert page.evaluate("window.same && State.now.columns.N") == 20_000
    wanted = watched.look().fits[0].predict({"N": 20_000, "P": page.evaluate("State.now.columns.P")}, interval=0.95)
    found = page.evaluate("Results.of(State.first(), State.now.columns, 0.95)")
    np.testing.assert_allclose([found["loss"], *found["ends"]], wanted[["loss", "low", "high"]].iloc[0], rtol=1e-12)
    assert page.evaluate("document.querySelector('#live-curves').data.length") == 11
    assert page.is_visible("#live-fits")
    zeros = [{"rows": 1, "params": {"E": 2.0, "k": 0.5}}, {"rows": 2, "params": {"E": 1.0, "k": 0.0}}]
    shown = (
        "(fits) => { Live.settling(fits); return document.getElementById('live-fits').data.map((e) => [e.name, e.y]); }"
    )
    assert page.evaluate(shown, zeros) == [["E", [2, 1]], ["k (now 0)", [1, 0]]]
    page.evaluate("(fits) => Live.settling(fits)", list(watched.look().sweep["settling"]))
    assert "The latest: E =" in page.get_attribute("#live-fits", "aria-label")
    assert {request.split("?")[0] for request in opened.requests} == {server.address, server.address + "state"}
