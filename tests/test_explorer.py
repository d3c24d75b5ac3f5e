"""The map and the matching explorer in a browser: keys, touch, a phone, two themes, and what they say."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import chromium, requests
from PIL import Image

from psqe.datasets.synthetic import planted_pair
from psqe.evaluation import feature_scorer
from psqe.graph import AlignmentTask, Sides
from psqe.seeds import MutualMiner, PivotMiner, PSQEMiner, SeedSet
from psqe.study import figures, tables

ROOT = Path(__file__).parents[1]
EXTRA = ROOT / "book" / "_extra" / "interactive"
HOSTILE = "</script><img src=x onerror=alert(1)>"
THEMES = {"light": "#ffffff", "dark": "#14181e"}
"""The themes of the book, and the colour of the page in each."""

OF_THE_THEME = (
    "html[data-theme=dark] .bd-content div.cell_output .text_html:not(:has(table.dataframe))"
    "{background-color:var(--pst-color-text-base);color:#14181e;padding:.5rem}"
)
"""The rule by which the theme of the book puts outputs on a light ground in the dark."""


def output(html: str) -> str:
    """The output of a cell, as it is on a page of the book."""
    return f'<div class="bd-content"><div class="cell_output"><div class="text_html">{html}</div></div></div>'


def with_pictures(task: AlignmentTask, folder: Path) -> AlignmentTask:
    """The task with a picture, a name and a keyword for every entity; the first name is no friend."""
    graphs = {}
    for side, graph in zip(("left", "right"), task.sides, strict=True):
        paths = []
        for i in range(graph.n_entities):
            paths.append(folder / f"{side}{i}.png")
            Image.new("RGB", (8, 8), (7 * i % 256, 90, 200)).save(paths[-1])
        names = [f"{side} number {i}" for i in range(graph.n_entities)]
        names[int(graph.candidates[0])] = HOSTILE
        graphs[side] = replace(
            graph,
            images=tuple(paths),
            names=tuple(names),
            attributes=tuple((("keyword", f"word{i}"),) for i in range(graph.n_entities)),
            language={"left": "en", "right": "fr"}[side],
        )
    return replace(task, **graphs)


class Page:
    """A page with the script of the book, and the results that it shows."""

    def __init__(self, folder: Path) -> None:
        task, features = planted_pair(60, 3, 8, noise=0.4, random_state=0)
        self.task = task = with_pictures(task, folder)
        candidates = task.sides.map(lambda graph: graph.candidates)
        both, image = (
            feature_scorer(task, found)(*candidates) for found in (features, features.select(["image"]))
        )
        self.views = [tables.candidate_lists(task, n, s) for n, s in (("pictures", image), ("both", both))]
        self.seeds: dict[str, SeedSet] = {
            "pivot": PivotMiner(25, modality="image").mine(task, features),
            "mutual": MutualMiner(20).mine(task, features),
            "psqe": PSQEMiner(20, stages=["cluster", "expand"]).mine(task, features),
        }
        rng = np.random.default_rng(0)
        self.places = Sides(*(rng.uniform(0, 1, (len(own), 2)) for own in candidates))
        maps = {"before": self.places, "after": self.places.map(lambda own: own[:, ::-1])}
        sheets = figures.PictureSheets.from_task(task)
        explorer = figures.Explorer.from_results(
            sheets, self.views, self.seeds, {"pivot": "pictures", "mutual": "both", "psqe": "both"}, maps
        )
        self.data = json.loads(explorer.json())
        group = figures.CardGroup("pairs", np.array([[3, 4]]), ["note"], is_open=True)
        notebook = (ROOT / "notebooks" / "explorer.md").read_text(encoding="utf-8")
        raw = re.findall(r"```\{raw\} html\n(.*?)```", notebook, flags=re.DOTALL)
        cards = figures.pair_cards(sheets, [group]).html
        parts = [output(sheets._repr_html_()), output(cards), *raw, output(explorer._repr_html_())]
        head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>See</title>'
        style = "<style>:root{--pst-color-background:#fff;--pst-color-text-base:#222}"
        style += "html[data-theme=dark]{--pst-color-background:#14181e;--pst-color-text-base:#ced6dd}"
        style += f"{OF_THE_THEME}</style>"
        (folder / "runs").mkdir()
        (folder / "interactive").mkdir()
        for name in ("explorer.css", "explorer.js"):
            (folder / "interactive" / name).write_bytes((EXTRA / name).read_bytes())
        self.file = folder / "runs" / "explorer.html"
        self.file.write_text(
            f'<!doctype html><html lang="en"><head>{head}{style}</head><body>{"".join(parts)}</body></html>',
            encoding="utf-8",
        )

    def name(self, side: str, place: int) -> str:
        return str(self.data["sides"][side]["names"][place])


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return Page(tmp_path_factory.mktemp("explorer"))


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("chromium")) as found:
        yield found


def show(driver: Any, page: Page, *, width: int = 1280, theme: str = "light") -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    driver.get(page.file.as_uri())
    driver.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)


def texts(driver: Any, selector: str) -> list[str]:
    return [str(found.text) for found in driver.find_elements("css selector", selector)]


def pick(driver: Any, side: str, place: int) -> None:
    """Pick an entity by its card's link, which the test points at the entity."""
    driver.execute_script(
        "const a = document.querySelector('.entity-gallery a'); a.dataset.entity = arguments[0]; a.click()",
        f"{side}-{place}",
    )


@pytest.mark.parametrize("theme", list(THEMES))
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_asks_no_other_host_and_complains_of_nothing(
    driver: Any, page: Page, width: int, theme: str
) -> None:
    requests(driver)
    driver.get_log("browser")
    show(driver, page, width=width, theme=theme)
    pick(driver, "left", 0)
    assert driver.execute_script("return document.documentElement.scrollWidth") <= width
    assert [entry["message"] for entry in driver.get_log("browser")] == []
    asked = requests(driver)
    assert len(asked) >= 3 and all(a.startswith((page.file.parents[1].as_uri(), "data:")) for a in asked)
    unnamed = [b for b in driver.find_elements("css selector", "button, select, input, canvas, a")
               if not b.accessible_name]  # fmt: skip
    assert unnamed == []
    for button in driver.find_elements("css selector", ".entity-explorer button, .entity-map button"):
        assert button.size["height"] >= 24, button.text


def test_texts_of_entities_stay_texts(driver: Any, page: Page) -> None:
    show(driver, page)
    pick(driver, "left", 0)
    assert texts(driver, ".entity-explorer h3") == [HOSTILE]
    assert not driver.find_elements("css selector", "img")


def test_an_entity_is_found_and_its_candidates_are_gone_through_by_keys_alone(
    driver: Any, page: Page
) -> None:
    from selenium.webdriver.common.keys import Keys

    show(driver, page)
    driver.find_element("id", "entity-set").send_keys("all entities")
    search = driver.find_element("id", "entity-search")
    side, place = "left", 20
    search.send_keys(page.data["sides"][side]["keywords"][place].upper())
    assert texts(driver, ".entity-explorer .status") == ["2 entities."]  # one on either side
    for _ in range(3):  # the set, the list, and the first entity in it
        driver.switch_to.active_element.send_keys(Keys.TAB)
    driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert texts(driver, ".entity-explorer h3") == [page.name(side, place)]
    lists = driver.find_elements("css selector", ".candidates")
    assert len(lists) == len(page.views)
    for shown, view in zip(lists, page.views, strict=True):
        buttons = shown.find_elements("css selector", "button")
        best = view.best.left[place].tolist()
        assert [button.get_attribute("data-entity") for button in buttons] == [f"right-{i}" for i in best]
        counterpart = dict(tables.link_places(page.task).tolist()).get(place)
        assert ["true" in button.text for button in buttons] == [i == counterpart for i in best]
    ranks = [view.ranks.left[place] for view in page.views]
    assert texts(driver, ".rank") == [
        f"The true counterpart has rank {rank} of {len(page.task.right.candidates)}." for rank in ranks
    ]
    driver.find_element("css selector", ".candidates button").send_keys(Keys.ENTER)
    chosen = page.name("right", int(page.views[0].best.left[place, 0]))
    assert driver.switch_to.active_element.text == chosen == texts(driver, ".entity-explorer h3")[0]
    driver.find_element("css selector", ".back").send_keys(Keys.ENTER)
    assert texts(driver, ".entity-explorer h3") == [page.name(side, place)]


def test_a_set_of_entities_has_those_that_its_name_says(driver: Any, page: Page) -> None:
    show(driver, page)
    options = texts(driver, "#entity-set option")
    pictures, both = page.views
    n_lost = sum(
        int(((pictures.ranks[side] == 1) & (both.ranks[side] > 1)).sum()) for side in ("left", "right")
    )
    linked = [np.unique(ends) for ends in tables.link_places(page.task).T]
    n_without = sum(
        len(graph.candidates) - len(own) for graph, own in zip(page.task.sides, linked, strict=True)
    )
    assert f"first by pictures, not by both ({n_lost})" in options
    assert f"without a counterpart ({n_without})" in options
    wrong = {
        miner: len(seeds)
        - len(set(map(tuple, seeds.pairs.tolist())) & set(map(tuple, page.task.links.tolist())))
        for miner, seeds in page.seeds.items()
    }
    for miner, n in wrong.items():
        assert f"in a wrong seed of {miner} ({2 * n})" in options


def rows(driver: Any) -> dict[str, tuple[str, str]]:
    """What each miner took for the picked entity, and why."""
    found = {}
    for row in driver.find_elements("css selector", ".choices tbody tr"):
        miner, took, why = (cell.text for cell in row.find_elements("css selector", "th, td"))
        found[miner] = (took, why)
    return found


def test_what_each_miner_took_and_why_is_true(driver: Any, page: Page) -> None:
    show(driver, page)
    links = dict(tables.link_places(page.task).tolist())
    partners = {
        miner: dict(tables.pair_places(page.task, seeds.pairs).tolist())
        for miner, seeds in page.seeds.items()
    }
    image, both = page.views
    said = set()
    for place in range(0, len(page.task.left.candidates), 2):
        pick(driver, "left", place)
        shown = rows(driver)
        for miner, found in partners.items():
            took = shown[miner][0]
            if place not in found:
                assert took == "no seed"
                continue
            verdict = "✓ correct" if links.get(place) == found[place] else "✗ wrong"
            assert took.split("\n") == [page.name("right", found[place]), verdict]
        nearest = int(both.best.left[place, 0])
        why = shown["mutual"][1]
        mutual = both.best.right[nearest, 0] == place
        if place in partners["mutual"]:
            assert mutual and "Each is the other's most similar by both" in why
            said.add("mutual")
        elif mutual:
            assert "but the rule keeps 20 pairs" in why
            said.add("kept")
        else:
            back = page.name("left", int(both.best.right[nearest, 0]))
            assert f"is {page.name('right', nearest)}, but the most similar of that one is {back}" in why
            said.add("not mutual")
        order = tables.pair_places(page.task, page.seeds["pivot"].pairs).tolist()
        nearest, why = int(image.best.left[place, 0]), shown["pivot"][1]
        if place in partners["pivot"]:
            k = order.index([place, partners["pivot"][place]])
            assert f"It is pair {k + 1} of 25" in why
            taken = [i for i, (_, right) in enumerate(order[:k]) if right == nearest]
            assert ("had taken" in why) == bool(taken)
            said.add("taken" if taken else "free")
        else:
            said.add("left out")
            assert "The rule ended" in why
        events = [e for e in page.data["miners"][2]["events"] if e[2] == place]
        assert all(f"The stage {e[0]} {e[1]} the pair with" in shown["psqe"][1] for e in events)
    assert said >= {"mutual", "kept", "not mutual", "free", "left out"}


def test_the_map_answers_to_keys_and_to_a_tap(driver: Any, page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    show(driver, page, width=390)
    canvas = driver.find_element("css selector", ".entity-map canvas")
    before = canvas.screenshot_as_png
    canvas.send_keys("+", "+", Keys.ARROW_LEFT)
    assert canvas.screenshot_as_png != before
    canvas.send_keys("0")
    side, place = "right", 9
    whole = page.data["maps"][0][side][2 * place : 2 * place + 2]
    tap = """
        const box = arguments[0].getBoundingClientRect();
        const at = arguments[1].map((unit) => (unit - 5000) * box.width / 10600 + box.width / 2);
        const place = {clientX: box.left + at[0], clientY: box.top + at[1]};
        const how = {...place, pointerId: 7, pointerType: "touch", bubbles: true};
        for (const kind of ["pointerdown", "pointerup"])
            arguments[0].dispatchEvent(new PointerEvent(kind, how));"""
    driver.execute_script(tap, canvas, whole)
    card = texts(driver, ".entity-map .told")[0]
    assert card.startswith(page.name(side, place)) and "counterpart" in card
    driver.find_element("css selector", ".entity-map .told button").click()
    assert texts(driver, ".entity-explorer h3") == [page.name(side, place)]
    assert driver.switch_to.active_element.tag_name == "h3"
    # The whole map is moved until an entity is under the cross, which is then kept by the key Enter.
    canvas.send_keys("0", "+")
    status = "return document.querySelector('.entity-map [role=status]').textContent"
    for key in [Keys.ARROW_LEFT, Keys.ARROW_UP] * 8 + [Keys.ARROW_RIGHT] * 16:
        canvas.send_keys(key)
        if driver.execute_script(status) != "no entity here":
            break
    under, _, on = driver.execute_script(status).rpartition(", ")
    canvas.send_keys(Keys.ENTER)
    assert texts(driver, ".entity-map .told")[0].startswith(under) and on in ("left", "right")


def test_the_map_moves_to_the_places_after_the_alignment(driver: Any, page: Page) -> None:
    show(driver, page)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-reduced-motion", "value": "reduce"}]})  # fmt: skip
    canvas = driver.find_element("css selector", ".entity-map canvas")
    before = canvas.screenshot_as_png
    driver.find_elements("css selector", "input[name=entity-map]")[1].click()
    after = canvas.screenshot_as_png
    assert after != before
    driver.find_element("css selector", ".entity-map input[type=checkbox]").click()
    assert canvas.screenshot_as_png != after


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", list(THEMES))
def test_colours_can_be_told_from_the_page(driver: Any, page: Page, theme: str) -> None:
    show(driver, page, theme=theme)
    grounds = """return [...document.querySelectorAll('.text_html')].map(
        (shown) => getComputedStyle(shown).backgroundColor)"""
    assert driver.execute_script(grounds) == ["rgba(0, 0, 0, 0)"] * 3
    script = """
        const style = getComputedStyle(document.querySelector('.entity-map'));
        return arguments[0].map(name => style.getPropertyValue('--' + name).trim())"""
    names = ["ink", "muted", "correct", "wrong", "left", "right"]
    least = {"left": 3.0, "right": 3.0}  # what is no text
    for name, colour in zip(names, driver.execute_script(script, names), strict=True):
        colour = "#" + "".join(c * 2 for c in colour[1:]) if len(colour) == 4 else colour
        lighter, darker = sorted([luminance(colour), luminance(THEMES[theme])], reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= least.get(name, 4.5), (name, colour)


def test_without_javascript_the_page_says_so_and_cards_stay(driver: Any, page: Page) -> None:
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        driver.get(page.file.as_uri())
        assert "The map needs JavaScript" in texts(driver, ".entity-map")[0]
        assert "The explorer needs JavaScript" in texts(driver, ".entity-explorer")[0]
        assert page.name("left", 3) in texts(driver, ".entity-gallery li")[0]
    finally:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_search_says_how_many_entities_are_outside_the_chosen_set(driver: Any, page: Page) -> None:
    show(driver, page)
    names = page.data["sides"]["left"]["keywords"]
    counts = {}
    for option in driver.find_elements("css selector", "#entity-set option"):
        driver.execute_script(
            "document.getElementById('entity-set').value = arguments[0];"
            "const search = document.getElementById('entity-search');"
            "search.value = arguments[1]; search.dispatchEvent(new Event('input'));",
            option.get_attribute("value"), names[20],
        )  # fmt: skip
        (said,) = texts(driver, ".entity-explorer .status")
        found, _, rest = said.partition(".")
        assert bool(rest) == rest.endswith("more are not in the chosen set.")
        counts[option.text] = [int(found.split()[0]), int(rest.split()[0]) if rest else 0]
    assert {sum(count) for count in counts.values()} == {2}
    assert any(outside for _, outside in counts.values())
