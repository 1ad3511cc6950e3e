"""The page served to this machine alone, with news of what it shows: the standard library's server, and polling."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from scalelaw.errors import ScalelawError
from scalelaw.explore.contents import interval_tables
from scalelaw.explore.javascript import quoted
from scalelaw.explore.live import News, Watch
from scalelaw.explore.writing import contents, page

HOST = "127.0.0.1"


class Server(ThreadingHTTPServer):
    """A server of one page, bound to the loopback interface.

    Attributes
    ----------
    address : str
        Where the page is.
    """

    daemon_threads = True

    def __init__(self, watch: Watch, *, port: int = 0, options: dict[str, Any] | None = None):
        self._watch, self._options = watch, options or {}
        self._looking = threading.Lock()
        watch.look()  # what is wrong is said now and not in the page
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            raise ScalelawError(
                f"cannot serve at {HOST}:{port}: {error.strerror or error}; choose another --port"
            ) from error

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}/"

    def look(self) -> News:
        """What there is to show now; several that ask at once wait for one another."""
        with self._looking:
            return self._watch.look()

    def page(self) -> str:
        news = self.look()
        return page(news.fits, names=news.names, python=news.python, live=True, **self._options)

    def news(self, seen: str) -> str | None:
        """News as JSON, or None where there are none since what was seen."""
        news = self.look()
        if news.seen == seen:
            return None
        fits = contents(news.fits, names=news.names, python=news.python)
        told = {"seen": news.seen, "fits": fits, "tables": interval_tables(news.fits), "sweep": news.sweep}
        return quoted(told)


class _Handler(BaseHTTPRequestHandler):
    """Answers ``/``, the page, and ``/state?seen=WORD``, the news; nothing else, and no other host's name."""

    server: Server
    server_version, sys_version = "scalelaw", ""

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if self.headers.get("Host") not in self._own_names():
            # a page of another site whose name was pointed at this machine could else read along
            self._answer(HTTPStatus.FORBIDDEN, "text/plain", "this server answers to its own address alone\n")
        elif asked.path == "/":
            self._made("text/html", self.server.page)
        elif asked.path == "/state":
            seen = parse_qs(asked.query).get("seen", [""])[0]
            self._made("application/json", lambda: self.server.news(seen))
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", "there is nothing here but / and /state\n")

    def _own_names(self) -> set[str]:
        port = self.server.server_address[1]
        return {f"{name}:{port}" for name in (HOST, "localhost")}

    def _made(self, kind: str, make: Callable[[], str | None]) -> None:
        try:
            made = make()
        except ScalelawError as error:
            self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain", f"{error}\n")
            return
        if made is None:
            self._answer(HTTPStatus.NO_CONTENT, kind, "")
        else:
            self._answer(HTTPStatus.OK, kind, made)

    def _answer(self, status: HTTPStatus, kind: str, text: str) -> None:
        data = text.encode()
        headers = {"Content-Type": f"{kind}; charset=utf-8", "Cache-Control": "no-store"}
        headers |= {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"}
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != HTTPStatus.NO_CONTENT:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except ConnectionError:
            pass  # the browser has gone

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: a page asks every two seconds."""


def serve(watch: Watch, *, port: int = 0, ready: Callable[[str], object] = print, **options: Any) -> None:
    """Serve the page of what is watched, until Ctrl-C.

    It is bound to the loopback interface and answers to its own address alone, so that it is seen from this machine
    only. The page asks for news every two seconds and takes them in as it is.

    Parameters
    ----------
    watch : SavedFits or WatchedSweep
        See `scalelaw.explore.live`.
    port : int
        0 for any that is free.
    ready : callable
        Told the address once the page can be had.
    **options
        As for `scalelaw.explore.page`.

    Raises
    ------
    ScalelawError
        If what is watched cannot be read, or the port is taken.
    """
    with Server(watch, port=port, options=options) as server:
        ready(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return
