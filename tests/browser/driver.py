"""A browser that is steered by the WebDriver protocol (W3C, 2018), by Debian's chromium-driver."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, final

import pytest

ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


@final
class Browser:
    """One window."""

    def __init__(self, base: str) -> None:
        self._base = base

    def open(self, url: str) -> None:
        self._post("url", {"url": url})

    def run(self, script: str, *given: Any) -> Any:
        """Runs the body of a function, and returns what it returns."""
        return self._post("execute/sync", {"script": script, "args": list(given)})

    def resize(self, width: int, height: int) -> None:
        self._post("window/rect", {"width": width, "height": height})

    def prefer(self, scheme: str) -> None:
        """Sets the colour scheme that pages are asked for."""
        media = [{"name": "prefers-color-scheme", "value": scheme}]
        self._post(
            "goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"features": media}}
        )

    def phone(self, width: int = 390, height: int = 844) -> None:
        """Is as narrow as a phone, which windows cannot be made."""
        size = {"width": width, "height": height, "deviceScaleFactor": 2, "mobile": True}
        self._post(
            "goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": size}
        )

    def press(self, *keys: str) -> None:
        """Presses keys, one after the other."""
        steps = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._post("actions", {"actions": [{"type": "key", "id": "keys", "actions": steps}]})

    def point(self, x: int, y: int) -> None:
        """Moves the pointer."""
        move = {"type": "pointerMove", "duration": 50, "x": x, "y": y}
        self._post("actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": [move]}]})

    def click(self, x: int, y: int) -> None:
        """Moves the pointer, and presses its button."""
        self.point(x, y)
        steps = [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
        self._post("actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": steps}]})

    def complaints(self) -> list[str]:
        """What the console has said since the last time, but for mere information."""
        entries = self._post("se/log", {"type": "browser"})
        return [one["message"] for one in entries if one["level"] in ("SEVERE", "WARNING")]

    def picture(self, path: Path) -> None:
        """Writes what is seen."""
        with urllib.request.urlopen(f"{self._base}/screenshot", timeout=60) as answer:
            path.write_bytes(base64.b64decode(json.load(answer)["value"]))

    def _post(self, what: str, given: dict[str, Any]) -> Any:
        return post(f"{self._base}/{what}", given)


def post(url: str, given: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        url, json.dumps(given).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)["value"]


@contextmanager
def browser() -> Iterator[Browser]:
    """Starts a browser."""
    program = shutil.which("chromedriver")
    if program is None:
        pytest.fail("chromedriver is not there; apt-get install chromium chromium-driver")
    driver = subprocess.Popen([program, "--port=0"], stdout=subprocess.PIPE, text=True)
    try:
        assert driver.stdout is not None
        said = next(line for line in driver.stdout if "started successfully on port" in line)
        port = re.findall(r"port (\d+)", said)[0]
        wanted = {
            "goog:chromeOptions": {"args": [*ARGUMENTS, "--window-size=1280,900"]},
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        made = post(f"http://127.0.0.1:{port}/session", {"capabilities": {"alwaysMatch": wanted}})
        base = f"http://127.0.0.1:{port}/session/{made['sessionId']}"
        try:
            yield Browser(base)
        finally:
            gone = urllib.request.Request(base, method="DELETE")
            urllib.request.urlopen(gone, timeout=30).close()
    finally:
        driver.terminate()
        driver.wait(timeout=30)
        if driver.stdout is not None:
            driver.stdout.close()
