"""A headless browser for tests of pages, and what it has asked for."""

import functools
import http.server
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")


@contextmanager
def chromium(profile: Path) -> Iterator[Any]:
    """Yield a browser without a window; skip the test on a machine that has none."""
    if not (CHROMIUM.exists() and DRIVER.exists()):
        pytest.skip(f"the browser tests need {CHROMIUM} and {DRIVER}")
    webdriver = pytest.importorskip("selenium.webdriver", reason="the browser tests need selenium")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
        "--window-size=1300,1000", f"--user-data-dir={profile}",
    ):  # fmt: skip
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    driver.set_page_load_timeout(60)
    driver.get("about:blank")
    requests(driver)  # leave out what the browser's own first page asked for
    try:
        yield driver
    finally:
        driver.quit()


def requests(browser: Any) -> list[str]:
    """What the browser has asked for since the last call."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]


def serious_faults(browser: Any, exclude: Sequence[Sequence[str]] = ()) -> list[str]:
    """What axe-core finds serious or critical on the page, outside of what some selectors exclude."""
    spec = find_spec("selenium_axe_python")
    assert spec is not None and spec.origin is not None
    browser.set_script_timeout(120)
    # A colour that is on its way from light to dark has a contrast of its own.
    browser.execute_script(
        "document.getAnimations().forEach(a => { try { a.finish(); } catch { a.cancel(); } })"
    )
    browser.execute_script((Path(spec.origin).parent / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    violations = browser.execute_async_script(
        "axe.run(arguments[0], arguments[1]).then(r => arguments[2](r.violations))",
        {"exclude": exclude} if exclude else {"include": [["html"]]},
        {"resultTypes": ["violations"], "preload": False},
    )
    return [
        f"{violation['id']}: {violation['nodes'][0]['html'][:120]}"
        for violation in violations
        if violation["impact"] in ("serious", "critical")
    ]


def colours(browser: Any, mode: str) -> None:
    """Prefer light or dark, as the settings of a reader's system do."""
    feature = {"name": "prefers-color-scheme", "value": mode}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Put a folder on a server of this machine, and yield its address."""
    handler = functools.partial(_Silent, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def settle(browser: Any) -> None:
    """Wait until the page's formulas are set and its pictures are loaded."""
    from selenium.webdriver.support.ui import WebDriverWait

    ready = """
        if (document.readyState !== 'complete') return false;
        document.querySelectorAll('img').forEach(i => i.loading = 'eager');
        const maths = document.querySelectorAll('.math').length;
        return document.querySelectorAll('mjx-container').length >= maths
            && [...document.images].every(i => i.complete);"""
    WebDriverWait(browser, 60, poll_frequency=0.05).until(lambda b: b.execute_script(ready))
