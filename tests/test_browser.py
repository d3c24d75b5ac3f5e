"""The book in a real browser: wide and narrow, light and dark, by eye, by keyboard, by ear and by search."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from books import html
from browser import chromium, colours, requests, serious_faults, served, settle

from psqe.study.project import Project
from psqe.study.teaching.slides import Slide, deck_page

WIDE, NARROW = 1280, 390
"""Widths of windows in pixels: a laptop and a phone."""

ACCESSIBLE = (
    ("index", "light"), ("index", "dark"), ("install", "light"), ("claims", "dark"), ("references", "light"),
    ("runs/two-pictures", "dark"), ("runs/stage-by-stage", "light"), ("forces", "dark"), ("search", "light"),
)  # fmt: skip
"""The pages that axe-core checks, and in which colours. It takes seconds a page, so that these stand for
others of their kind."""

CUT = """
    const window_ = document.documentElement.clientWidth;
    const cut = [];
    const things = ['table', 'mjx-container', 'img', 'pre'].map(name => `article ${name}`).join();
    for (const thing of document.querySelectorAll(things)) {
        const box = thing.getBoundingClientRect();
        if (!box.width) continue;
        let above = thing.tagName === 'PRE' ? thing : thing.parentElement, reachable = false, lost = false;
        for (; above && above.tagName !== 'ARTICLE'; above = above.parentElement) {
            const flow = getComputedStyle(above).overflowX;
            if (flow === 'auto' || flow === 'scroll') { reachable = true; break; }
            lost = flow !== 'visible' && box.right > above.getBoundingClientRect().right + 1;
            if (lost) break;
        }
        if (lost || (!reachable && box.right > window_ + 1)) {
            cut.push(`${thing.tagName} ${(thing.innerText || thing.alt || '').slice(0, 40)}`);
        }
    }
    for (const region of document.querySelectorAll('article *')) {
        const flow = getComputedStyle(region).overflowX;
        if ((flow === 'auto' || flow === 'scroll') && region.scrollWidth > region.clientWidth + 1
            && region.clientWidth && region.tabIndex < 0 && !region.querySelector('a, button, input')) {
            cut.push(`no keyboard: ${region.tagName}.${region.className}`);
        }
    }
    const beyond = document.documentElement.scrollWidth - window_;
    if (beyond > 1) cut.push(`the page is ${beyond} pixels wider than the window`);
    return cut;
"""
"""Lists tables, formulas, pictures and code that are cut, and what scrolls but no keyboard reaches."""


ANSWERS = {
    "install": "install", "threshold": "runs/no-counterpart", "confidence": "runs/how-sure-are-seeds",
    "own data": "runs/your-own-data", "two tables": "runs/your-own-data",
    "mutual nearest neighbours": "glossary", "cost": "runs/what-it-costs", "cite": "cite",
    "sinkhorn": "glossary", "coverage": "runs/three-regions", "glossary": "glossary",
    "benchmarks": "runs/benchmarks", "exercises": "teaching", "characters": "runs/characters",
    "which aligner": "runs/what-to-do", "quiz": "quiz", "infonce": "glossary",
}  # fmt: skip
"""What a reader may ask the search, and the page that has to come first."""

IMAGES = "return [...document.images].map(i => [i.getAttribute('alt'), i.src, i.naturalWidth, i.width])"
"""Lists the text, the address, and the own and the shown width of each picture."""

PATH = re.compile(r"\.(png|svg|jpe?g)$|_images/")
"""What the text of a picture is if nobody wrote one: the path of its file."""


@pytest.fixture(scope="module")
def address(book: Project) -> Iterator[str]:
    """The book on a server of this machine."""
    with served(html(book)) as base:
        yield base


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("chromium")) as driver:
        driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        yield driver


def resize(browser: Any, width: int) -> None:
    """Give the window a width, and wait until the page has been laid out again."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_async_script(
        "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(arguments[0])))"
    )


def work(browser: Any) -> float:
    """The processor time of the page's main thread so far, in seconds. A busy machine does not change it."""
    metrics = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))


def chapters(book: Project) -> list[str]:
    """All pages but those of the reference, which are alike, and one of these."""
    return [
        *(page for page in book.pages() if not page.startswith("api/")),
        "api/psqe/psqe.graph",
        "genindex",
    ]


def test_every_page_is_whole_wide_and_narrow(book: Project, address: str, browser: Any) -> None:
    faults: list[str] = []
    formulas = pictures = 0
    colours(browser, "light")
    resize(browser, WIDE)
    browser.get(f"{address}/search.html")  # the first visit, which brings what all pages share
    settle(browser)
    requests(browser)
    for page in chapters(book):
        resize(browser, WIDE)
        before = work(browser)
        browser.get(f"{address}/{page}.html")
        settle(browser)
        after = work(browser)
        spent = after - before if after > before else after  # a page may begin in a new process, at zero
        assert spent > 0
        found = browser.execute_script(CUT)
        if browser.execute_script("return document.querySelectorAll('mjx-merror').length"):
            found.append("a formula is no formula")
        formulas += browser.execute_script("return document.querySelectorAll('mjx-container svg').length")
        shown = browser.execute_script(IMAGES)
        pictures += len(shown)
        found += [f"is broken: {source}" for _, source, size, _ in shown if not size]
        for alt, source, _, size in shown:
            # A small picture beside its name needs no text; a path is none.
            told = alt is not None and (len(alt) > 40 or size < 100) and not PATH.search(alt)
            if not told:
                found.append(f"says too little of a picture: alt={alt!r}, {source[-60:]}")
        asked = requests(browser)
        assert asked
        found += [u for u in asked if not u.startswith((address, "data:", "blob:"))]
        found += [e["message"] for e in browser.get_log("browser") if e["level"] in ("SEVERE", "WARNING")]
        size = browser.execute_script(
            "return ['resource', 'navigation'].flatMap(kind => performance.getEntriesByType(kind))"
            ".map(file => file.transferSize).reduce((a, b) => a + b)"
        )
        if size > 3e6:
            found.append(f"sends {size / 1e6:.1f} MB after the first visit")
        if spent > 2:
            found.append(f"works for {spent:.1f} seconds")
        resize(browser, NARROW)
        found += [f"narrow: {fault}" for fault in browser.execute_script(CUT)]
        faults += [f"{page}: {fault}" for fault in found]
    resize(browser, WIDE)
    assert not faults, "\n".join(faults)
    assert formulas >= 1
    assert pictures >= 1


def test_axe_finds_nothing_serious(address: str, browser: Any) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    # The lines of a formula are a drawing, which MathJax describes; the words of code are coloured spans.
    drawn = [["mjx-container"]]
    faults = []
    for page, mode in ACCESSIBLE:
        colours(browser, mode)
        browser.get(f"{address}/{page}.html")
        settle(browser)
        WebDriverWait(browser, 10, poll_frequency=0.05).until(
            lambda b, mode=mode: b.execute_script("return document.documentElement.dataset.theme") == mode
        )
        faults += [f"{page} ({mode}): {fault}" for fault in serious_faults(browser, drawn)]
    colours(browser, "light")
    assert not faults, "\n".join(faults)


def test_the_search_answers_the_set_questions_with_the_right_page_first(address: str, browser: Any) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    first = "return document.querySelector('#search-results li a')?.getAttribute('href')"
    for question, page in ANSWERS.items():
        browser.get(f"{address}/search.html?q={quote(question)}")
        shown = WebDriverWait(browser, 30, poll_frequency=0.05).until(
            lambda b: b.execute_script(first), f"nothing is found for {question!r}"
        )
        assert re.split("[?#]", shown)[0] == f"{page}.html", question


def test_keys_read_a_tall_slide_to_its_end_before_they_turn_it(tmp_path: Path, browser: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    page = tmp_path / "slides.html"
    tall = "<p>line</p>" * 60
    page.write_text(deck_page([Slide("One", [tall]), Slide("Two", ["<p>short</p>"])], ""), encoding="utf-8")
    browser.set_window_size(1000, 700)
    browser.get(page.as_uri())

    def press(key: str, *, shift: bool = False) -> tuple[str, float]:
        keys = ActionChains(browser)
        (
            keys.key_down(Keys.SHIFT).send_keys(key).key_up(Keys.SHIFT) if shift else keys.send_keys(key)
        ).perform()
        return browser.execute_script(
            "return [document.querySelector('nav span').textContent, window.scrollY]"
        )

    place, down = press(" ")
    assert place == "1 / 3" and down > 100
    assert press(" ", shift=True) == ["1 / 3", 0]
    end = next(n for n in range(12) if press(Keys.PAGE_DOWN)[0] == "2 / 3")
    assert end > 1, "the slide is taller than two screens"
    assert press(Keys.PAGE_UP)[0] == "1 / 3", "a short slide has nothing to read back"
    assert press(Keys.ARROW_RIGHT)[0] == "2 / 3", "these keys turn at once"
