"""A page that is served while searches run."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final, TypeAlias, final

from agnet.errors import AgnetError, InvalidInput
from agnet.markup import joined
from agnet.report.contents import sections_of
from agnet.report.page import page

if TYPE_CHECKING:
    from agnet.runs import Run

__all__ = ["Address", "serving"]

Groups: TypeAlias = Mapping[str, Sequence["Run"]]

LIVE: Final = """
(function () {
  let last = '';
  async function look() {
    try {
      const answer = await fetch('state.json', {cache: 'no-store'});
      const text = await answer.text();
      if (answer.ok && text !== last) {
        const first = last === ''; last = text;
        if (!first) {
          const found = JSON.parse(text);
          const open = [...document.querySelectorAll('details[open] > summary')]
            .map(one => one.textContent);
          for (const [name, markup] of Object.entries(found.sections)) {
            const place = document.getElementById(name + '-content');
            if (place) place.innerHTML = markup;
          }
          for (const one of document.querySelectorAll('details > summary'))
            if (open.includes(one.textContent)) one.parentElement.open = true;
          window.agnetUpdate(found.figures);
        }
      }
    } catch (error) { /* the search, or its page, has ended: the last state stays */ }
    setTimeout(look, 2000);
  }
  look();
})();
"""


@final
@dataclass(frozen=True)
class Address:
    """Where a page is served.

    Attributes:
        host: Whom to.
        port: At which port.
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"http://{self.host}:{self.port}/"

    def wait(self) -> None:
        """Waits until it is interrupted."""
        threading.Event().wait()


@final
class Served:
    """The texts that are served, made anew only when something has changed."""

    def __init__(
        self, read: Callable[[], Groups], title: str, changed: Callable[[], object] | None
    ) -> None:
        """Makes nothing yet; see :func:`serving`."""
        self._read, self._title, self._changed = read, title, changed
        self._lock = threading.Lock()  # browsers ask several times at once
        self._texts: dict[str, tuple[str, str]] = {}
        self._seen: object = None

    def texts(self) -> Mapping[str, tuple[str, str]]:
        """Kind and text by path."""
        with self._lock:
            # Asked before reading: what is written meanwhile is read the next time.
            seen = None if self._changed is None else self._changed()
            if seen is None or seen != self._seen:
                self._texts = self._made()
                self._seen = seen
            return self._texts

    def _made(self) -> dict[str, tuple[str, str]]:
        sections = sections_of(self._read(), deep=False)
        charts = [chart for section in sections for chart in section.charts]
        state = {
            "sections": {one.name: str(joined(one.content)) for one in sections},
            "figures": {chart.name: chart.figure for chart in charts},
        }
        return {
            "/": ("text/html", page(self._title, sections, live=LIVE)),
            "/state.json": ("application/json", json.dumps(state, allow_nan=False)),
        }


@contextmanager
def serving(
    read: Callable[[], Groups],
    title: str,
    host: str,
    port: int,
    changed: Callable[[], object] | None = None,
) -> Iterator[Address]:
    """Serves a page for as long as it lasts.

    Args:
        read: Reads the runs, as they are at the moment.
        title: The heading.
        host: Whom to: ``127.0.0.1`` is this machine only.
        port: 0 for any that is free.
        changed: Returns something else, quickly, when ``read`` would. Without it runs are read at
            each look.

    Raises:
        InvalidInput: If the port cannot be had.
    """
    served = Served(read, title, changed)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                self._answer()
            except AgnetError as error:  # a run that is being written, or that was removed
                self._send(503, "text/plain", str(error))

        def _answer(self) -> None:
            texts = served.texts()
            if self.path in texts:
                self._send(200, *texts[self.path])
            else:
                self._send(404, "text/plain", f"there is {' and '.join(texts)}")

        def _send(self, code: int, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(code)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except (OSError, OverflowError) as error:
        raise InvalidInput(
            f"cannot serve at {host}, port {port}: {error}; use another --port, or 0 for any"
        ) from error
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Address(host, server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
