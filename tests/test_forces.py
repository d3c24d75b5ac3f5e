"""The figure with sliders: its numbers against psqe.theory, its page against its numbers, and its use."""

import functools
import http.server
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import chromium, requests
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from psqe.theory.batch import Batch
from psqe.theory.coverage import RegionModel, net_mass
from psqe.theory.sphere import log_mean_exp
from psqe.theory.split import attraction, mass, repulsion, repulsion_coefficients, tangent

BOOK = Path(__file__).parents[1] / "book"
EXTRA = BOOK / "_extra" / "interactive"
NODE = shutil.which("node")
SLIDERS = ("temperature", "similarity", "precision", "coverage")


@dataclass(frozen=True)
class Setting:
    """Where the sliders stand."""

    temperature: float = 0.1
    similarity: float = 0.8
    precision: float = 0.9
    coverage: float = 0.0


START = Setting()


def random_settings(n: int = 20) -> list[Setting]:
    rng = np.random.default_rng(0)
    low, high = [np.log(0.05), 0, 0, -1], [0, 0.98, 1, 1]
    drawn = rng.uniform(low, high, size=(n, 4))
    drawn[:, 0] = np.exp(drawn[:, 0])
    drawn[0, 3], drawn[1, 3], drawn[2, 3] = -1, 0, 1
    return [Setting(*(float(value) for value in row)) for row in drawn]


# What psqe.theory says

DEGREES = np.array([50, 60, -102, 140, 158, 180, -152])
ENTITIES = np.array([0.7, 0.3])


def expected_circle(setting: Setting) -> dict[str, Any]:
    """The two seeds as the first two of a batch whose anchors are all the same."""
    angles = np.concatenate([[-np.arccos(setting.similarity), np.arccos(0.3)], np.radians(DEGREES)])
    right = np.column_stack([-np.sin(angles), np.cos(angles)])
    batch = Batch(np.tile([0.0, 1.0], (len(right), 1)), right, setting.temperature, same_side=False)
    pulls, pushes = (-tangent(force(batch), batch.left)[:, 0] for force in (attraction, repulsion))
    coefficients = repulsion_coefficients(batch)[:, : len(batch)]
    seeds = [
        {
            "p": batch.p[k, : len(batch)], "mass": mass(batch)[k], "pushes": coefficients[k],
            "attraction": pulls[k], "repulsion": pushes[k], "step": pulls[k] + pushes[k],
            "loss": batch.losses[k], "hardest": coefficients[k].argmax(),
            "hardestShare": coefficients[k].max() / coefficients[k].sum(),
        }
        for k in range(2)
    ]  # fmt: skip
    return {
        "x": right[:, 0], "y": right[:, 1], "correct": seeds[0], "wrong": seeds[1],
        "pull": mass(batch)[1] / mass(batch)[0], "onTruth": coefficients[1, 0] / coefficients[1].sum(),
    }  # fmt: skip


def seed_shares(coverage: float) -> np.ndarray:
    first = np.interp(coverage, [-1, 0, 1], [0, ENTITIES[0], 1])
    return np.array([first, 1 - first])


def expected_regions(setting: Setting) -> list[dict[str, float]]:
    """P4 written out."""
    tau, pi = setting.temperature, seed_shares(setting.coverage)
    inside, outside = (np.exp(c / tau + 1 / (2 * 64 * tau**2)) for c in (0.3, 0.0))

    def miss(s: float) -> np.ndarray:
        e = np.exp(s / tau)
        return 1 - e / (e + 512 * pi * inside + 512 * (1 - pi) * outside)

    right, wrong = miss(setting.similarity), miss(0.3)
    useful = 512 * pi * setting.precision * right / tau
    harmful = 512 * pi * (1 - setting.precision) * wrong / tau
    names = ("entities", "seeds", "pushCorrect", "pushWrong", "useful", "wrong", "mass")
    columns = (ENTITIES, pi, right, wrong, useful, harmful, useful + harmful)
    return [dict(zip(names, row, strict=True)) for row in np.column_stack(columns).tolist()]


def mean_step(setting: Setting) -> float:
    found = expected_circle(setting)
    rho = setting.precision
    return float(rho * found["correct"]["step"] + (1 - rho) * found["wrong"]["step"])


def share_of_mass(setting: Setting, name: str = "mass", region: int | None = None) -> float:
    regions = expected_regions(setting)
    part = sum(r[name] for k, r in enumerate(regions) if region is None or k == region)
    return part / sum(r["mass"] for r in regions)


# The numbers

COMPUTE = "settings.map(s => ({circle: model.circle(s), regions: model.regions(s)}))"


def by_node(settings: list[Setting]) -> Any:
    if NODE is None:
        pytest.skip("there is no node to run the script without a browser")
    script = f"const model = require({json.dumps(str(EXTRA / 'forces.js'))}); "
    script += f"const settings = {json.dumps([vars(s) for s in settings])}; "
    script += f"console.log(JSON.stringify({COMPUTE}))"
    done = subprocess.run([NODE, "-e", script], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def assert_equal(found: list[Any], settings: list[Setting]) -> None:
    assert len(found) == len(settings) > 0
    for one, setting in zip(found, settings, strict=True):
        circle, regions = expected_circle(setting), expected_regions(setting)
        for seed in ("correct", "wrong"):
            for name, value in circle.pop(seed).items():
                np.testing.assert_allclose(one["circle"][seed][name], value, rtol=1e-9, atol=1e-12)
        for name, value in circle.items():
            np.testing.assert_allclose(one["circle"][name], value, rtol=1e-9, atol=1e-12)
        for there, here in zip(one["regions"], regions, strict=True):
            for name, value in here.items():
                # 1 - p has the rounding of p; the script does not subtract.
                assert there[name] == pytest.approx(value, rel=1e-9, abs=1e-11 / setting.temperature)


def test_numbers_are_those_of_the_theory() -> None:
    settings = random_settings()
    assert_equal(by_node(settings), settings)


def test_regions_are_those_of_the_coverage_model() -> None:
    for setting, found in zip(random_settings(), by_node(random_settings()), strict=True):
        tau = setting.temperature
        width = 1 / (2 * 64 * tau**2)
        model = RegionModel(
            np.full(2, setting.similarity), np.full(2, 0.3 / tau + width), np.full(2, width), tau, 512
        )
        pi, rho = seed_shares(setting.coverage), np.full(2, setting.precision)
        useful, wrong = (np.array([r[name] for r in found["regions"]]) for name in ("useful", "wrong"))
        np.testing.assert_allclose(useful, rho * model.mass(pi), rtol=1e-9, atol=1e-9)
        for harm in (0.0, 1.0):
            net = net_mass(model, pi, rho, harm=harm, wrong_similarity=0.3)
            np.testing.assert_allclose(useful - harm * wrong, net, rtol=1e-9, atol=1e-9)


# The page


def page_html() -> str:
    """The page as the book has it, less theme and formulas."""
    source = (BOOK / "forces.md").read_text(encoding="utf-8")
    source = re.sub(r"```\{raw\} html\n(.*?)```", r"\1", source, flags=re.DOTALL)
    body = MarkdownIt("commonmark", {"html": True}).use(dollarmath_plugin).render(source)
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head += '<link rel="icon" href="data:,">'
    head += "<title>Forces</title>"
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>'


def experiments() -> list[tuple[list[Setting], str]]:
    """The settings of the buttons and the text of each thing to try."""
    tries = re.search(r"<h2>What to try</h2>.*?<ol>(.*?)</ol>", page_html(), flags=re.DOTALL)
    assert tries
    found = []
    for item in re.findall(r"<li>(.*?)</li>", tries[1], flags=re.DOTALL):
        buttons = [
            replace(START, **{name: float(value) for name, value in re.findall(r"(\w+)=([\d.-]+)", chosen)})
            for chosen in re.findall(r'data-forces="([^"]*)"', item)
        ]
        found.append((buttons, re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", item))))
    return found


def percent(x: float) -> str:
    return f"{x:.0%}".replace("%", " %")


def test_what_the_page_says_one_sees_is_so() -> None:
    temperature, similarity, precision, coverage, proportional = experiments()

    (warm, cold), text = temperature
    at = {s: expected_circle(s) for s in (warm, cold)}
    assert (warm.temperature, cold.temperature) == (1, 0.05)
    assert f"gets {percent(at[warm]['correct']['hardestShare'])}, and the wrong seed" in text
    assert f"pulls {at[warm]['pull']:.2f} times as hard" in text
    assert f"gets {percent(at[cold]['correct']['hardestShare'])}, and the wrong seed" in text
    assert f"pulls {at[cold]['pull']:.1f} times as hard" in text
    assert f"Of its repulsion, {percent(at[cold]['onTruth'])} comes from b^*" in text
    assert f"was {mean_step(warm):.2f} towards b^* and is now {-mean_step(cold):.2f} away" in text

    (near, equal), text = similarity
    found = expected_circle(near)
    assert (near.similarity, equal.similarity) == (0.95, 0.3)
    assert f"p = {percent(found['correct']['p'][0])}" in text
    assert f"the wrong one pulls {found['pull']:.1f} times as hard" in text
    assert expected_circle(equal)["pull"] == pytest.approx(1)
    assert f"both seeds pull with {expected_circle(equal)['correct']['mass']:.2f}" in text
    assert all(expected_circle(replace(START, similarity=s))["pull"] < 1 for s in np.linspace(0, 0.29, 30))

    (enough, too_low, warmer), text = precision
    assert (enough.precision, too_low.precision, warmer.temperature) == (0.85, 0.8, 0.2)
    assert f"is {mean_step(enough):.2f}, towards" in text
    assert f"is {-mean_step(too_low):.2f} away from" in text
    assert f"is {mean_step(warmer):.2f} towards" in text

    (most, every), text = coverage
    assert f"Region 2 has {percent(seed_shares(most.coverage)[1])} of the seeds" in text
    assert f"but {percent(share_of_mass(most, region=1))} of the mass" in text
    assert share_of_mass(every, region=1) == 0
    assert "Region 2 has 30 % of the entities and no mass" in text

    (warm, cold), text = proportional
    assert "Region 1 has 70 % of entities, seeds and mass" in text
    assert percent(share_of_mass(warm, region=0)) == "70 %"
    assert f"Its 70 % of the seeds have {percent(share_of_mass(cold, region=0))} of the mass" in text
    assert f"Wrong seeds, 10 % of all, have {percent(share_of_mass(cold, 'wrong'))} of it" in text


def test_the_error_that_the_page_admits_is_that_of_its_term() -> None:
    text = re.sub(r"\s+", " ", page_html())
    off = [np.expm1(1 / (2 * 64 * t**2) - log_mean_exp(t, 64)) for t in (0.05, 0.1)]
    assert f"{percent(off[0])} too large at temperature 0.05, and {percent(off[1])} at 0.1" in text


# The figure in a browser


class Reader:
    """A browser on the page."""

    def __init__(self, driver: Any, address: str) -> None:
        self.driver, self.address = driver, address

    def open(self, *, width: int = 1300, dark: bool = False) -> None:
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.get(f"{self.address}/forces.html")
        if dark:
            self.driver.execute_script("document.documentElement.dataset.theme = 'dark'")

    def slider(self, name: str) -> Any:
        return self.driver.find_element("id", f"forces-{name}")

    def panels(self) -> dict[str, str]:
        """What is drawn, by panel."""
        script = "return document.querySelector(`[data-panel=${arguments[0]}]`).innerHTML"
        names = ("correct-seed", "wrong-seed", "mean", "region-1", "region-2")
        return {name: str(self.driver.execute_script(script, name)) for name in names}

    def text(self, selector: str) -> str:
        return str(self.driver.find_element("css selector", selector).text)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    root = tmp_path_factory.mktemp("forces")
    shutil.copytree(EXTRA, root / EXTRA.name)
    (root / "forces.html").write_text(page_html(), encoding="utf-8")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    handler = functools.partial(Handler, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with chromium(tmp_path_factory.mktemp("chromium")) as driver:
            yield Reader(driver, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


def test_the_page_loads_from_its_own_host_and_reports_no_error(reader: Reader) -> None:
    reader.open()
    for button in reader.driver.find_elements("css selector", "button.forces-set"):
        reader.driver.execute_script("arguments[0].click()", button)
    asked = requests(reader.driver)
    assert [u for u in asked if not u.startswith((reader.address, "data:"))] == []
    assert {f"{reader.address}/interactive/{name}" for name in ("forces.js", "forces.css")} <= set(asked)
    assert [e["message"] for e in reader.driver.get_log("browser") if e["level"] != "INFO"] == []
    assert "NaN" not in reader.driver.page_source and "Infinity" not in reader.driver.page_source


def test_the_browser_computes_the_same_numbers(reader: Reader) -> None:
    reader.open()
    settings = random_settings()
    script = f"const model = psqeForces, settings = arguments[0]; return {COMPUTE}"
    assert_equal(reader.driver.execute_script(script, [vars(s) for s in settings]), settings)


MOVED_BY = {
    "temperature": {"correct-seed", "wrong-seed", "mean", "region-1", "region-2"},
    "similarity": {"correct-seed", "wrong-seed", "mean", "region-1", "region-2"},
    "precision": {"mean", "region-1", "region-2"},
    "coverage": {"region-1", "region-2"},
}


@pytest.mark.parametrize("name", SLIDERS)
@pytest.mark.parametrize("key", ["ARROW_LEFT", "ARROW_RIGHT", "HOME", "END"])
def test_a_key_on_a_slider_moves_what_depends_on_it(reader: Reader, name: str, key: str) -> None:
    from selenium.webdriver.common.keys import Keys

    reader.open()
    before, spoken = reader.panels(), reader.slider(name).get_attribute("aria-valuetext")
    reader.slider(name).send_keys(getattr(Keys, key))
    after = reader.panels()
    assert {panel for panel in before if before[panel] != after[panel]} == MOVED_BY[name]
    assert reader.slider(name).get_attribute("aria-valuetext") != spoken


def test_sliders_and_buttons_follow_each_other_on_the_keyboard(reader: Reader) -> None:
    from selenium.webdriver.common.keys import Keys

    reader.open()
    reader.slider("temperature").send_keys("")
    reached = []
    for _ in range(6):
        active = reader.driver.switch_to.active_element
        reached.append(active.get_attribute("id") or active.text)
        active.send_keys(Keys.TAB)
    assert reached == [*(f"forces-{name}" for name in SLIDERS), "start position", "temperature 1"]
    first = reader.driver.find_element("css selector", "[data-forces]")
    first.send_keys(Keys.ENTER)
    assert reader.slider("temperature").get_attribute("aria-valuetext") == "1.00"
    reader.driver.find_element("css selector", ".forces .forces-set").send_keys(Keys.SPACE)
    assert reader.slider("temperature").get_attribute("aria-valuetext") == "0.10"


def test_sliders_and_pictures_have_names(reader: Reader) -> None:
    reader.open()
    names = [reader.slider(name).accessible_name for name in SLIDERS]
    assert names == ["temperature τ", "similarity of the true pair", "precision", "coverage"]
    pictures = reader.driver.find_elements("css selector", ".forces svg:not([aria-hidden])")
    assert len(pictures) == 6
    for picture in pictures:
        assert picture.get_attribute("role") == "img" and len(picture.accessible_name) > 20


def shown(x: float) -> str:
    return "0" if abs(x) < 0.005 else f"{x:.{2 if abs(x) < 9.95 else 1}f}".replace("-", "−")


def shown_share(x: float) -> str:
    return percent(x) if x >= 0.01 else f"{float(f'{100 * x:.0e}'):.9f}".rstrip("0") + " %"


def test_every_button_shows_what_its_text_says(reader: Reader) -> None:
    reader.open()
    buttons = reader.driver.find_elements("css selector", "[data-forces]")
    settings = [setting for chosen, _ in experiments() for setting in chosen]
    assert len(buttons) == len(settings) >= 10
    for button, setting in zip(buttons, settings, strict=True):
        reader.driver.execute_script("arguments[0].click()", button)
        at = {name: reader.text(f"output[for=forces-{name}]") for name in SLIDERS}
        assert at["temperature"] == f"{setting.temperature:.2f}"
        assert at["similarity"] == f"{setting.similarity:.2f}"
        assert at["precision"] == f"{percent(setting.precision)} correct"
        assert at["coverage"] == f"{percent(seed_shares(setting.coverage)[0])} in region 1"
        summary = reader.text(".forces .summary")
        assert f"of the seeds and {percent(share_of_mass(setting, region=0))} of the mass" in summary
        assert summary.endswith(f"have {percent(share_of_mass(setting, 'wrong'))} of the mass.")
        assert reader.text(".forces .mean .title").endswith(f": {shown(mean_step(setting))}")
        circle = expected_circle(setting)
        correct, wrong = circle["correct"], circle["wrong"]
        hardest = [percent(seed["hardestShare"]) for seed in (correct, wrong)]
        times = f"{shown(circle['pull'])} times the correct seed's"
        assert reader.text(".forces .numbers").splitlines()[2:] == [
            f"share p of the target {shown_share(correct['p'][0])} {shown_share(wrong['p'][1])}",
            f"loss −log p {shown(correct['loss'])} {shown(wrong['loss'])}",
            f"pull (1 − p) / τ {shown(correct['mass'])} {shown(wrong['mass'])}, {times}",
            f"repulsion on the hardest negative {' '.join(hardest)}",
            f"repulsion on the true counterpart – {percent(circle['onTruth'])}",
            f"step towards the true counterpart {shown(correct['step'])} {shown(wrong['step'])}",
        ]


@pytest.mark.parametrize("setting", [START, replace(START, temperature=0.05), replace(START, similarity=0.0)])
def test_arrows_and_bars_are_as_long_as_their_numbers(reader: Reader, setting: Setting) -> None:
    reader.open()
    draw = "document.querySelector('[data-forces]').dataset.forces = arguments[0];"
    chosen = "&".join(f"{name}={getattr(setting, name)}" for name in SLIDERS)
    reader.driver.execute_script(draw + "document.querySelector('[data-forces]').click()", chosen)
    tips = """return [...document.querySelectorAll(arguments[0] + ' .head')].slice(-3)
        .map(head => head.points[1].x - 170)"""
    circle, tau = expected_circle(setting), setting.temperature
    for panel, seed in (("correct-seed", "correct"), ("wrong-seed", "wrong")):
        found = reader.driver.execute_script(tips, f"[data-panel={panel}]")
        truth = [82 * tau * circle[seed][name] for name in ("attraction", "repulsion", "step")]
        np.testing.assert_allclose(found, truth, atol=1e-3)  # the browser keeps points in single precision
    rho = setting.precision
    steps = np.array(
        [rho * circle["correct"]["step"], (1 - rho) * circle["wrong"]["step"], mean_step(setting)]
    )
    found = np.array(reader.driver.execute_script(tips, "[data-panel=mean]")) + 170 - 232
    np.testing.assert_allclose(found, 98 * steps / np.abs(steps).max(), atol=1e-3)
    widths = """const widest = (kind, n) => Math.max(...[...document.querySelectorAll(
            `[data-panel=correct-seed] .line.${kind}`)]
            .slice(0, n).map(line => line.getAttribute('stroke-width')));
        return [widest('pull', 2), widest('push', 16)]"""
    truth = [11 * tau * np.max(circle["correct"][name]) for name in ("mass", "pushes")]
    np.testing.assert_allclose(reader.driver.execute_script(widths), np.maximum(1, truth), rtol=1e-6)
    bars = """return [1, 2].flatMap(r => [...document.querySelectorAll(`[data-panel=region-${r}] .bar`)]
        .map(bar => Number(bar.getAttribute('width'))))"""
    regions = expected_regions(setting)
    full = 512 / tau
    truth = [v for r in regions for v in (r["entities"], r["seeds"], r["useful"] / full, r["wrong"] / full)]
    drawn = np.array(reader.driver.execute_script(bars)) / 200
    np.testing.assert_allclose(drawn, truth, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("width", [400, 1300])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_fits_its_page(reader: Reader, width: int, dark: bool) -> None:
    reader.open(width=width, dark=dark)
    assert reader.driver.execute_script("return document.documentElement.scrollWidth") <= width
    inside = """return [...document.querySelectorAll('.forces .grid svg')].every(svg => {
        const frame = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('text, polygon, line, rect, circle')].every(part => {
            const box = part.getBoundingClientRect();
            return box.left >= frame.left - 1 && box.right <= frame.right + 1
                && box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1;
        })})"""
    for button in reader.driver.find_elements("css selector", "[data-forces]"):
        reader.driver.execute_script("arguments[0].click()", button)
        assert reader.driver.execute_script(inside)


def test_without_scripts_the_page_says_so(reader: Reader) -> None:
    reader.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        reader.open()
        assert "needs JavaScript" in reader.text("figure.forces")
    finally:
        reader.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
