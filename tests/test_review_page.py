"""The review page in a browser: keys, undo, a file that is read back, a phone, two themes, hostile texts."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import chromium, colours, requests, serious_faults
from reviews import hand_made
from test_hostile_report import ATTACKS

from psqe.graph import AlignmentTask, Sides
from psqe.links import Links, Verdicts, propose
from psqe.links.report import review_page
from psqe.links.verdict_files import read_verdicts


def hostile(task: AlignmentTask) -> AlignmentTask:
    """The task with an attack in every name, attribute and identifier, and in its own name."""
    graphs = {}
    for side, graph in zip(("left", "right"), task.sides, strict=True):
        texts = [ATTACKS[i % len(ATTACKS)] for i in range(graph.n_entities)]
        clean = [" ".join(text.split())[:300] for text in texts]
        graphs[side] = replace(
            graph,
            name=f"{side} {ATTACKS[1]}",
            entities=tuple(f"{i} {text}!" for i, text in enumerate(clean)),
            names=tuple(f"{text}\r\n{i}" for i, text in enumerate(texts)),
            attributes=tuple(((text, text),) for text in texts),
            relations=tuple(f"{ATTACKS[0]} {relation}" for relation in graph.relations),
        )
    return replace(task, name=ATTACKS[0], **graphs)


class Review:
    """A page in the browser, and what it was made of."""

    def __init__(
        self, driver: Any, file: Path, task: AlignmentTask, links: Links, data: dict[str, Any]
    ) -> None:
        self.driver, self.file, self.task, self.links, self.data = driver, file, task, links, data

    def show(self, *, width: int = 1280, theme: str = "light") -> "Review":
        """Open the page as if for the first time."""
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        colours(self.driver, theme)
        self.driver.get(self.file.as_uri())
        self.driver.execute_script("localStorage.clear()")
        return self.again()

    def again(self) -> "Review":
        """Open the page once more, with what the browser has kept."""
        self.driver.get("about:blank")
        self.driver.get(self.file.as_uri())
        return self

    def press(self, *keys: str) -> None:
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys("".join(keys)).perform()

    def choose(self, field: str, value: str) -> None:
        """Choose the value of a field, or write into it."""
        self.driver.execute_script(
            "const f = document.getElementById(arguments[0]); f.value = arguments[1];"
            "for (const kind of ['input', 'change']) f.dispatchEvent(new Event(kind))",
            field, value,
        )  # fmt: skip
        self.driver.execute_script("document.activeElement.blur()")

    def text(self, selector: str) -> str:
        return str(self.driver.find_element("css selector", selector).text)

    @property
    def tsv(self) -> list[tuple[str, ...]]:
        """The verdicts that the page would download."""
        head, *lines = str(self.driver.execute_script("return psqeReview.tsv()")).splitlines()
        assert head == "left\tright\tverdict"
        return [tuple(line.split("\t")) for line in lines]

    @property
    def selected(self) -> int:
        """The row that is selected."""
        chosen = self.driver.find_elements("css selector", "#list li[aria-selected=true]")
        assert len(chosen) == 1
        return int(chosen[0].get_attribute("id").removeprefix("row-"))

    def ids(self, row: int) -> tuple[str, str]:
        """The identifiers of a pair."""
        sides, pairs = self.data["sides"], self.data["pairs"]
        left, right = pairs["left"][row], pairs["right"][row]
        return sides["left"]["ids"][left], sides["right"]["ids"][right]

    def read(self, folder: Path) -> Verdicts:
        """What psqe reads in the verdicts of the page."""
        file = folder / "read.tsv"
        file.write_text(self.driver.execute_script("return psqeReview.tsv()"), encoding="utf-8", newline="")
        return read_verdicts(file, self.task)


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("chromium")) as found:
        yield found


def made(driver: Any, folder: Path, task: AlignmentTask, features: Any, links: Links) -> Review:
    page = review_page(task, features, links)
    page.save(folder / "review.html")
    return Review(driver, folder / "review.html", task, links, json.loads(json.dumps(page.data)))


@pytest.fixture(scope="module")
def pair(driver: Any, tmp_path_factory: pytest.TempPathFactory) -> Review:
    """120 entities on each side: 80 links, 20 pairs below the threshold, and 20 entities without a pair."""
    folder = tmp_path_factory.mktemp("review")
    made_by_hand = hand_made(120, n_links=80, n_doubtful=20, folder=folder, n_pictures=60)
    return made(driver, folder, *made_by_hand)


@pytest.fixture
def page(pair: Review) -> Review:
    return pair.show()


@pytest.fixture(scope="module")
def attacked(driver: Any, tmp_path_factory: pytest.TempPathFactory) -> Review:
    task, features, links = hand_made(60, n_links=40, n_doubtful=10)
    return made(driver, tmp_path_factory.mktemp("hostile"), hostile(task), features, links)


# ---- verdicts


def test_pairs_are_accepted_and_rejected_by_keys_and_both_can_be_undone(page: Review) -> None:
    proposed = propose(page.task, page.links).pairs.tolist()
    left, right = page.task.left.entities, page.task.right.entities
    assert page.text("#progress-text") == "0 of 20 proposed, 0 verdicts in all"
    page.press("a", "r")
    first, second = ((left[i], right[j]) for i, j in proposed[:2])
    assert page.tsv == [(*first, "accept"), (*second, "reject")]
    assert page.selected == 2 and page.text("#progress-text") == "2 of 20 proposed, 2 verdicts in all"
    assert "Rejected: " in page.text("#said") and "Next: " in page.text("#said")
    marks = [found.text for found in page.driver.find_elements("css selector", "#list .mark")]
    assert marks == ["✓ accepted", "✗ rejected"]
    page.press("u")
    assert page.tsv == [(*first, "accept")] and page.selected == 1
    page.press("u", "u")
    assert page.tsv == [] and page.text("#said") == "There is nothing to undo."


def test_rows_are_gone_through_by_keys_and_the_ends_are_told(page: Review) -> None:
    from selenium.webdriver.common.keys import Keys

    page.press("k")
    assert page.text("#said") == "This is the first row." and page.selected == 0
    page.press("j", "j", Keys.ARROW_DOWN, "k", Keys.ARROW_UP)
    assert page.selected == 1
    active = page.driver.switch_to.active_element
    assert active.get_attribute("id") == "list"
    assert active.get_attribute("aria-activedescendant") == "row-1"
    page.press(Keys.END, "j")
    assert page.selected == 19 and page.text("#said") == "This is the last row."
    page.press(Keys.ENTER)
    assert page.driver.switch_to.active_element.get_attribute("id") == "detail-heading"


def test_no_counterpart_asks_which_entity_of_a_pair(page: Review) -> None:
    from selenium.webdriver.common.keys import Keys

    left, right = zip(*(page.ids(row) for row in range(4)), strict=True)
    page.press("n", Keys.ESCAPE)
    assert page.tsv == [] and page.selected == 0
    page.press("n", "l", "n", "r", "n", "b")
    assert sorted(page.tsv) == sorted(
        [(left[0], "", "no_counterpart"), ("", right[1], "no_counterpart"), (left[2], "", "no_counterpart"),
         ("", right[2], "no_counterpart")]
    )  # fmt: skip
    page.press("n", "x", "a")
    assert (left[3], right[3], "accept") in page.tsv
    page.press("k", "k", "k", "k", "a")
    assert (left[0], right[0], "accept") in page.tsv and (left[0], "", "no_counterpart") not in page.tsv
    assert "has no counterpart was withdrawn" in page.text("#said")


def test_an_entity_without_a_link_is_judged_at_once(page: Review) -> None:
    page.choose("filter", "alone")
    place, reason = page.data["alone"]["left"][0]
    entity = page.data["sides"]["left"]["ids"][place]
    assert page.data["texts"][reason] in page.text("#detail")
    page.press("a", "r")
    assert page.tsv == []
    page.press("n")
    assert page.tsv == [(entity, "", "no_counterpart")]
    page.press("k", "1")
    other = page.data["sides"]["right"]["ids"][page.data["sides"]["left"]["nearest"][place][0][0]]
    assert page.tsv == [(entity, other, "accept")]


def test_another_candidate_is_accepted_and_the_shown_pair_rejected(page: Review, tmp_path: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    shown = page.ids(0)
    place = page.data["pairs"]["left"][0]
    nearest = [other for other, _ in page.data["sides"]["left"]["nearest"][place]]
    other = next(
        page.data["sides"]["right"]["ids"][i] for i in nearest if i != page.data["pairs"]["right"][0]
    )
    buttons = page.driver.find_elements("css selector", ".candidates button")
    assert len(buttons) == 2 and other in buttons[0].text and "instead of the right entity" in buttons[0].text
    page.press("1")
    assert page.tsv == [(shown[0], other, "accept"), (*shown, "reject")]
    assert page.text("#list .mark.other").startswith("→ rejected; ")
    page.press("k", Keys.HOME, "a")
    assert page.tsv == [(*shown, "accept")]
    assert "was withdrawn" in page.text("#said")
    assert len(page.read(tmp_path).accepted) == 1
    page.press("u")
    assert page.tsv == [(shown[0], other, "accept"), (*shown, "reject")]
    page.press("9", "4")
    assert page.text("#said") == "There is no candidate 4."


def test_any_other_entity_is_found_and_accepted(page: Review, tmp_path: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    shown, sides, place = page.ids(0), page.data["sides"], page.data["pairs"]["left"][0]
    near = {other for other, _ in sides["left"]["nearest"][place]} | {page.data["pairs"]["right"][0]}
    far = max(set(range(len(sides["right"]["ids"]))) - near)
    name, identifier = sides["right"]["names"][far], sides["right"]["ids"][far]
    page.press("o", identifier)
    assert page.tsv == [], "letters go into the search"
    hits = page.driver.find_elements("css selector", "#other-hits button")
    assert identifier in hits[0].text and "instead of the right entity" in hits[0].text
    assert name.split()[0] in hits[0].text
    hits[0].click()
    assert page.tsv == [(shown[0], identifier, "accept"), (*shown, "reject")]
    assert [tuple(pair) for pair in page.read(tmp_path).accepted.tolist()] == [
        (page.task.left.index()[shown[0]], page.task.right.index()[identifier])
    ]
    page.press("u", "o", "nobody is called like this")
    assert page.text("#other-count") == "No other candidate has this in its name or its identifier."
    assert not page.driver.find_elements("css selector", "#other-hits button") and page.tsv == []
    page.press(Keys.ESCAPE)
    assert page.text("#other-count") == ""
    page.press("j")
    assert page.selected == 1
    page.choose("other-search", " ")
    assert page.text("#other-count") == ""
    page.choose("other-search", "e")
    assert re.fullmatch(
        r"The first 6 of \d+\. Write more of the name, or the identifier, to see others\.",
        page.text("#other-count"),
    )
    assert len(page.driver.find_elements("css selector", "#other-hits button")) == 6


def test_buttons_do_what_keys_do(page: Review) -> None:
    def click(text: str) -> None:
        found = [b for b in page.driver.find_elements("css selector", "button") if b.text.startswith(text)]
        found[0].click()

    for text in ("Accept", "Next", "Before", "Reject", "No counterpart", "Left has none"):
        click(text)
    assert [verdict for *_, verdict in page.tsv] == ["accept", "reject", "no_counterpart"]
    click("Before")
    click("Clear")
    assert [verdict for *_, verdict in page.tsv] == ["accept", "reject"]
    click("Undo")
    assert len(page.tsv) == 3
    click("Help")
    assert "How to review" in page.text("dialog")
    page.press("a")
    click("Close")
    assert len(page.tsv) == 3 and not page.driver.find_element("id", "help").is_displayed()


def test_a_key_that_is_held_judges_once_and_letters_can_be_switched_off(page: Review) -> None:
    held = (
        "for (const key of ['a', 'j']) document.body.dispatchEvent("
        "new KeyboardEvent('keydown', {key, bubbles: true, repeat: true}))"
    )
    page.driver.execute_script(held)
    assert page.tsv == [] and page.selected == 1
    page.driver.execute_script("document.getElementById('keys').checked = false")
    page.press("a")
    assert page.tsv == []


def test_whatever_is_said_in_whatever_order_psqe_reads_it_and_undo_leads_back(
    page: Review, tmp_path: Path
) -> None:
    dispatch = (
        "for (const key of arguments[0]) document.body.dispatchEvent("
        "new KeyboardEvent('keydown', {key, bubbles: true}))"
    )
    rng = np.random.default_rng(0)
    words = ["j", "j", "k", "a", "a", "r", "nl", "nr", "nb", "1", "2", "c", "u"]
    seen = set()
    for field in ("all", "alone", "proposed"):
        page.choose("filter", field)
        for _ in range(12):
            page.driver.execute_script(dispatch, "".join(rng.choice(words, size=15)))
            said = page.read(tmp_path)
            assert len(said) == len(page.tsv)
            seen |= {verdict for *_, verdict in page.tsv}
    assert seen == {"accept", "reject", "no_counterpart"}
    page.driver.execute_script(dispatch, "u" * 600)
    assert page.tsv == [] and page.text("#said") == "There is nothing to undo."


# ---- files and what is kept


def test_the_downloaded_file_is_read_back(page: Review, tmp_path: Path) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    asks = "const e = new Event('beforeunload', {cancelable: true}); return !window.dispatchEvent(e)"
    assert not page.driver.execute_script(asks)
    page.press("a", "r", "n", "l", "n", "r", "1")
    assert page.driver.execute_script(asks)
    behaviour = {"behavior": "allow", "downloadPath": str(tmp_path)}
    page.driver.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    page.driver.find_element("id", "download").click()
    file = tmp_path / "verdicts.tsv"
    WebDriverWait(page.driver, 30, poll_frequency=0.05).until(lambda _: file.exists() and file.stat().st_size)
    assert not page.driver.execute_script(asks)
    said = read_verdicts(file, page.task)
    index = page.task.sides.map(lambda graph: graph.index())
    first, second = page.ids(0), page.ids(1)
    assert [index.left[first[0]], index.right[first[1]]] in said.accepted.tolist()
    assert [index.left[second[0]], index.right[second[1]]] in said.rejected.tolist()
    assert said.no_counterpart.left.tolist() == [index.left[page.ids(2)[0]]]
    assert said.no_counterpart.right.tolist() == [index.right[page.ids(3)[1]]]
    assert len(said) == len(page.tsv) == 6


def test_verdicts_are_kept_by_the_browser_and_what_cannot_be_read_is_said(page: Review) -> None:
    page.press("a", "r")
    before = page.tsv
    page.again()
    assert page.tsv == before and "This browser kept 2 verdicts" in page.text("#storage")
    assert page.driver.execute_script("return psqeReview.isUnsaved()")
    spoil = (
        "for (const key of Object.keys(localStorage)) localStorage.setItem(key, "
        '\'{"verdicts": {"accept": [[0, 99999]], "reject": [], "left": [], "right": []}}\')'
    )
    page.driver.execute_script(spoil)
    page.again()
    assert page.tsv == [] and "cannot be read; they are left out" in page.text("#storage")


def test_verdicts_of_the_alignment_are_the_first_ones_and_are_downloaded_with_new_ones(
    driver: Any, tmp_path: Path
) -> None:
    task, features, links = hand_made(60, n_links=40, n_doubtful=10)
    chosen = np.vstack([links.pairs, links.doubtful])
    alone = Sides(*(np.setdiff1d(graph.candidates, ends)[:1]
                    for graph, ends in zip(task.sides, chosen.T, strict=True)))  # fmt: skip
    rejected = np.array([[links.pairs[0, 0], links.pairs[1, 1]]])
    said = Verdicts(links.pairs[:2], rejected, alone)
    page = made(driver, tmp_path, task, features, replace(links, verdicts=said)).show()
    assert page.text("#progress-text") == "0 of 20 proposed, 5 verdicts in all"
    page.press("a")
    again = page.read(tmp_path)
    assert {tuple(p) for p in said.accepted.tolist()} < {tuple(p) for p in again.accepted.tolist()}
    assert len(again.accepted) == 3 and again.rejected.tolist() == rejected.tolist()
    assert again.no_counterpart.left.tolist() == alone.left.tolist()
    assert again.no_counterpart.right.tolist() == alone.right.tolist()
    page.choose("filter", "judged")
    assert "rejected before" in page.text("#list")


# ---- the list


def test_filters_search_and_order_show_the_rows_that_they_say(page: Review) -> None:
    def rows() -> list[int]:
        items = page.driver.find_elements("css selector", "#list li")
        return [int(item.get_attribute("id").removeprefix("row-")) for item in items]

    assert rows() == list(range(20))
    n_alone = sum(len(page.data["alone"][side]) for side in ("left", "right"))
    counts = {"all": 100 + n_alone, "links": 80, "below": 20, "alone": n_alone, "open": 100 + n_alone}
    for name, n in counts.items():
        page.choose("filter", name)
        assert page.text("#count") == f"{n} of {100 + n_alone} rows."
    page.choose("filter", "links")
    page.choose("order", "least")
    shown = [page.data["pairs"]["confidence"][row] for row in rows()]
    assert len(shown) == 50 and shown == sorted(shown)
    page.driver.find_element("id", "page-after").click()
    assert page.text("#page-text") == "51 to 80 of 80" and len(rows()) == 30
    page.choose("order", "most")
    assert page.data["pairs"]["confidence"][rows()[0]] == float(str(page.links.confidence[0]))
    page.choose("filter", "all")
    left = page.data["sides"]["left"]
    row = 57
    place = page.data["pairs"]["left"][row]
    page.choose("search", left["names"][place].upper().replace("E", "é"))
    assert row in rows() and all("number" in item for item in page.text("#list").split("\n")[::2])
    page.choose("search", left["ids"][place])
    assert row in rows()
    page.choose("search", "nothing has this name")
    assert rows() == [] and page.text("#count").startswith("Nothing fits")
    page.press("a", "r", "n", "c", "1", "j")
    assert page.tsv == []


def test_a_judged_row_is_in_the_judged_ones_and_undo_shows_a_row_that_is_filtered_out(page: Review) -> None:
    page.press("a", "j", "r")
    page.choose("filter", "judged")
    assert page.text("#count").startswith("2 of ")
    page.choose("filter", "alone")
    page.press("u")
    assert page.selected == 2 and "is not judged" in page.text("#said")


def test_the_threshold_says_how_many_links_there_are_and_how_many_are_correct(page: Review) -> None:
    confidence = np.concatenate([page.links.confidence, page.links.doubtful_confidence])
    assert ": 80 links, " in page.text("#threshold-text")
    for threshold in (0, 0.25, 0.5, 0.9, 1):
        page.choose("threshold", str(threshold))
        kept = confidence[confidence >= np.float32(threshold)].astype(float)
        told = page.text("#threshold-text")
        assert told.startswith(f"At {threshold:.2f}: {len(kept)} link")
        assert not len(kept) or f"expected precision {100 * kept.mean():.1f} %" in told
        page.choose("filter", "below")
        n_below = 100 - len(kept)
        assert page.text("#count").startswith(f"{n_below} of" if n_below else "Nothing fits")
    page.driver.find_element("id", "threshold-reset").click()
    assert ": 80 links, " in page.text("#threshold-text")


def test_why_a_pair_scored_is_told(page: Review) -> None:
    page.choose("filter", "all")
    n_seeds = n_near = 0
    for row in range(30):
        assert page.selected == row
        told = page.text("#detail")
        lines = [line.text.split() for line in page.driver.find_elements("css selector", ".why tr")]
        shown = {name: float(value.replace("−", "-")) for name, value in lines}
        cosines = {name: values[row] for name, values in page.data["pairs"]["cosines"].items()}
        assert shown == pytest.approx(cosines, abs=0.0051)
        seed = row in page.data["pairs"]["seed"]
        assert ("The pair was a seed" in told) == seed
        near = page.data["pairs"]["around"][row]
        for side, place in zip(("left", "right"), near[:2], strict=False):
            assert page.data["sides"][side]["names"][place] in page.text(".around")
        n_seeds, n_near = n_seeds + seed, n_near + bool(near)
        page.press("j")
    assert n_seeds and n_near


# ---- phone, themes, screen readers, hostile texts, size


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_asks_no_host_and_axe_finds_nothing_serious(
    pair: Review, width: int, theme: str
) -> None:
    pair.show(width=width, theme=theme)
    pair.driver.get_log("browser")  # what the page before said when it was left
    requests(pair.driver)
    pair.again()
    pair.press("a", "r", "1", "n", "l", "n")
    assert pair.driver.execute_script("return document.documentElement.scrollWidth") <= width
    assert serious_faults(pair.driver) == []
    assert {url.partition(":")[0] for url in requests(pair.driver)} <= {"file", "data", "about"}
    assert [entry["message"] for entry in pair.driver.get_log("browser")] == []
    if width < 500:
        for button in pair.driver.find_elements("css selector", "button, select"):
            assert not button.is_displayed() or button.size["height"] >= 44, button.text


def test_on_a_phone_a_tapped_row_comes_into_view(pair: Review) -> None:
    pair.show(width=390)
    pair.driver.find_elements("css selector", "#list li")[1].click()
    top = pair.driver.execute_script("return document.getElementById('detail').getBoundingClientRect().top")
    assert pair.selected == 1 and abs(top) < 5


def test_hostile_texts_stay_texts(attacked: Review, tmp_path: Path) -> None:
    attacked.show()
    attacked.driver.get_log("browser")
    attacked.again()
    attacked.choose("filter", "all")
    title = attacked.driver.title
    for _ in range(len(ATTACKS)):
        attacked.press("j")
    attacked.press("a", "1", "n", "b")
    assert attacked.driver.title == title == f"Review of the links of {ATTACKS[0]}"
    count = "return document.querySelectorAll('iframe, svg, a, script, body > style, img').length"
    assert attacked.driver.execute_script(count) == 2  # the data and the script of the page
    names = {name for side in attacked.data["sides"].values() for name in side["names"]}
    shown = attacked.driver.execute_script(
        "return [...document.querySelectorAll('#list .name')].map(e => e.textContent)"
    )
    assert len(shown) > 50 and set(shown) <= names
    assert attacked.driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert [entry["message"] for entry in attacked.driver.get_log("browser")] == []
    said = attacked.read(tmp_path)
    assert len(said) == len(attacked.tsv) == 5
    attacked.show(width=390)
    assert attacked.driver.execute_script("return document.documentElement.scrollWidth") <= 390


def test_a_name_inside_a_sentence_cannot_change_its_direction(attacked: Review) -> None:
    attacked.show()
    attacked.choose("filter", "links")
    told = ""
    for _ in range(2 * len(ATTACKS)):
        attacked.press("r")
        told += attacked.text("#said")
    assert "right to left" in told and not re.search("[\u202a-\u202e\u2066]", told)


def test_twenty_thousand_links_stay_fluent(driver: Any, tmp_path: Path) -> None:
    task, features, links = hand_made(20_000, n_links=18_000, n_doubtful=1000)
    page = made(driver, tmp_path, task, features, links).show()
    assert (tmp_path / "review.html").stat().st_size < 20e6
    assert driver.execute_script("return performance.now()") < 20_000
    timed = """
        const begun = performance.now();
        const [id, value] = arguments;
        const field = document.getElementById(id);
        field.value = value;
        for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind));
        return performance.now() - begun;"""
    assert driver.execute_script(timed, "filter", "all") < 5000
    assert driver.execute_script(timed, "search", "number 1999") < 5000
    assert "number 1999" in page.text("#list") and page.text("#count").endswith("of 23,000 rows.")
    assert driver.execute_script(timed, "search", "") < 5000
    assert driver.execute_script(timed, "order", "name") < 8000
    assert driver.execute_script(timed, "threshold", "0.5") < 5000
    assert len(driver.find_elements("css selector", "#list li")) == 50
    page.press("a", "a", "a")
    assert len(page.tsv) == 3
