"""Nothing that came with the data runs or breaks the page: a report of a pair hostile in every field."""

import json
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from browser import chromium, requests
from folders import png
from test_report import assert_self_contained

import psqe
from psqe.cli.main import main
from psqe.errors import PsqeWarning
from psqe.features import Features
from psqe.graph import AlignmentTask, KnowledgeGraph
from psqe.links.report import link_report

ATTACKS = (
    "<img src=x onerror=document.title='RAN'>",
    "\"><script>document.title='RAN'</script>",
    "'onmouseover='document.title=1' style='background:url(//evil.example/a)",
    "</style><style>body{display:none}</style>",
    "</td></table><iframe src='//evil.example/b'></iframe>",
    "<svg onload=document.title='RAN'>",
    "{{ 7*7 }}{% raw %}${alert(1)}",
    "<a href=\"javascript:document.title='RAN'\">x</a>",
    "&lt;script&gt;&#x3C;b&#x3E;",
    "$\\frac{1}{$ _^% \\",
    "\u202e\u2066right to left\u202d",
    "\x01\x1b[31m\x7f\x85\u2028",
    "x" * 100_000,
    "e\u0301" * 500,
)


def _rows(side: str) -> dict[str, list[tuple[str, ...]]]:
    """Tables with an attack in every cell."""
    ids = [f"{side}{i} {attack[:5000]}".strip() for i, attack in enumerate(ATTACKS)]
    ids = [" ".join(text.split()) for text in ids]
    clean = [" ".join(attack.split()) or "x" for attack in ATTACKS]
    return {
        "triples": [(ids[i], clean[i][:5000], ids[(i + 1) % len(ids)]) for i in range(len(ids))],
        "attributes": [(ids[i], clean[-i][:5000], text) for i, text in enumerate(clean)],
        "names": [(ids[i], f"{i} {text}") for i, text in enumerate(clean)],
    }  # fmt: skip


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page that the command line makes of a folder whose every name is an attack."""
    root = tmp_path_factory.mktemp("hostile") / "<img src=x onerror=document.title='RAN'>"
    for side in ("<script>document.title='RAN'<", "a <img src=x onerror=document.title='RAN'>"):
        (root / side / "images").mkdir(parents=True)
        tables = _rows("l" if side.startswith("<") else "r")
        for name, rows in tables.items():
            text = "".join("\t".join(row) + "\n" for row in rows)
            (root / side / f"{name}.tsv").write_text(text, encoding="utf-8")
        (root / side / "pictures.png").write_bytes(png(1))
        listed = "".join(f"{row[0]}\tpictures.png\n" for row in tables["names"][:5])
        (root / side / "images.tsv").write_text(listed, encoding="utf-8")
    first, second = (sorted((root / side / "names.tsv").read_text().splitlines()) for side in sorted(
        path.name for path in root.iterdir()))  # fmt: skip
    links = "".join(
        f"{a.split(chr(9))[0]}\t{b.split(chr(9))[0]}\n" for a, b in zip(first, second, strict=True)
    )
    (root / "links.tsv").write_text(links, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PsqeWarning)  # a long value is cut, and that is said
        return _reported(root)


def _reported(root: Path) -> Path:
    """Align the hostile pair with vectors whose modality has a hostile name, and return the report."""
    task = psqe.load_task(root)
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(len(task.left.entities), 4))
    entities = {f"{side}_entities": np.array(task.sides[side].entities) for side in ("left", "right")}
    arrays = {f"{ATTACKS[0]}_{side}": vectors for side in ("left", "right")}
    np.savez(root.parent / "f.npz", **arrays, **entities)
    report = root.parent / "report.html"
    assert main(["align", str(root), "--features", str(root.parent / "f.npz"), "--n-seeds", "4",
                 "--out", str(root.parent / "o.tsv"), "--json", str(root.parent / "o.json"),
                 "--report", str(report)]) == 0  # fmt: skip
    json.loads((root.parent / "o.json").read_text(encoding="utf-8"))
    return report


def test_no_tag_of_the_data_is_in_the_page(page):
    text = page.read_text(encoding="utf-8")
    assert_self_contained(text)
    assert "onerror=document" in text  # it is shown, as text
    assert "{{" not in text.replace("{{ 7*7 }}", "")


def test_nothing_runs_and_nothing_is_asked_for(page, tmp_path):
    with chromium(tmp_path / "profile") as browser:
        browser.get(page.as_uri())
        assert "RAN" not in browser.title.replace("title='RAN'", "")
        assert browser.execute_script("return document.body.innerText.length") > 1000
        assert (
            browser.execute_script("return document.querySelectorAll('script, iframe, svg, a').length") == 0
        )
        assert {url.partition(":")[0] for url in requests(browser)} <= {"file", "data"}
        assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")


def test_groups_of_the_data_are_drawn_as_they_are():
    """Figures show the names of groups, which come with the data: no formula, no control character."""
    n = 40
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(n, 8)).astype(np.float32)
    graphs = [
        KnowledgeGraph(
            name, tuple(f"{name}{i}" for i in range(n)), (), np.empty((0, 3), dtype=np.int64),
            names=tuple(f"{ATTACKS[i % len(ATTACKS)][:50]} {i}" for i in range(n)),
            groups=tuple(ATTACKS[i % 12] for i in range(n)),
        )
        for name in ("l", "r")
    ]  # fmt: skip
    task = AlignmentTask(ATTACKS[0], *graphs, links=np.column_stack([np.arange(n)] * 2))
    alignment = psqe.align(
        task,
        features=Features.from_arrays({"given_left": vectors, "given_right": vectors}),
        seeds="none",
    )
    report = link_report(task, alignment.features, alignment.predicted)
    assert_self_contained(report.to_html())
    explanation = alignment.explain("l1", "r1")
    assert "<img src=x" not in explanation._repr_html_()
    plt.close("all")
