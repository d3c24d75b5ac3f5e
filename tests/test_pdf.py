"""The PDF of the book: bookmarks, text, formulas and figures of a tiny site; a machine without a browser."""

import re
import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from PIL import Image
from pypdf import PdfReader

from psqe.errors import PsqeError
from psqe.study.book import pdf

ROOT = Path(__file__).parents[1]
MATHJAX = "_static/vendor/mathjax-3.2.2/tex-svg.js"

PAGE = """<!DOCTYPE html><html><head><link rel="stylesheet" href="{up}_static/style.css?v=1">
<script>window.MathJax = {{"options": {{"processHtmlClass": "math"}}}}</script>
<script defer="defer" src="{up}{mathjax}?v=2"></script></head>
<body><nav>sidebar</nav><article class="bd-article">{body}</article></body></html>"""

FIRST = """<section class="tex2jax_ignore mathjax_ignore" id="title"><h1>A tiny book
<a class="headerlink" href="#title">#</a></h1>
<p>See <a href="runs/second.html#proof">the proof</a> or <a href="api/x.html">the code</a>.</p></section>"""

SECOND = """<section class="tex2jax_ignore mathjax_ignore" id="second"><h1>The second page</h1>
<style>#T_one th {{ color: red }}</style><table id="T_one"><tr><th>seeds</th></tr></table>
<div class="math notranslate">\\[a^2 + b^2 = c^2\\]</div>
<img src="../_images/dot.png" alt="A dot"><details class="sd-dropdown"><summary>Solution</summary>
<p>Forty-two</p></details><details class="admonition hide above-input"><pre>secret = code</pre></details>
<section id="proof"><h2>Proof</h2><p>Up: <a href="../index.html">the title</a>.</p></section></section>"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site of two pages, which looks like one that Sphinx has built."""
    folder = tmp_path / "html"
    for name in ("runs", "_images", Path(MATHJAX).parent):
        (folder / name).mkdir(parents=True)
    shutil.copy(ROOT / "book" / "_extra" / MATHJAX, folder / MATHJAX)
    (folder / "_static" / "style.css").write_text("p { margin: 1em 0; }")
    Image.new("RGB", (40, 40), "red").save(folder / "_images" / "dot.png")
    (folder / "index.html").write_text(PAGE.format(up="", mathjax=MATHJAX, body=FIRST))
    (folder / "runs" / "second.html").write_text(PAGE.format(up="../", mathjax=MATHJAX, body=SECOND.format()))
    return folder


def test_links_lead_to_places_in_the_document(site: Path) -> None:
    soup = BeautifulSoup(pdf.joined(site, ["index", "runs/second"]), "html.parser")
    places = {str(tag["id"]) for tag in soup.select("[id]")}
    links = [str(tag["href"]) for tag in soup.select("a[href]")]
    assert len(links) == 3 and all(link[0] == "#" and link[1:] in places for link in links)
    assert "the code" in soup.get_text() and "sidebar" not in soup.get_text()
    assert f"#{soup.select_one('table')['id']} th" in soup.select_one("article style").get_text()


def test_solutions_are_open_and_folded_code_is_left_out(site: Path) -> None:
    soup = BeautifulSoup(pdf.joined(site, ["index", "runs/second"]), "html.parser")
    (solution,) = soup.select("details")
    assert "open" in solution.attrs and "Forty-two" in solution.get_text()
    assert "secret" not in soup.get_text()


def test_the_pdf_has_bookmarks_text_a_formula_and_a_figure(site: Path, tmp_path: Path) -> None:
    try:
        program = pdf.browser()
    except PsqeError as error:
        pytest.skip(str(error))
    document = PdfReader(pdf.print_pages(site, ["index", "runs/second"], tmp_path / "book.pdf", program))
    titles = re.findall(r"'/Title': '([^']*)'", str(document.outline))
    assert titles == ["A tiny book", "Contents", "The second page", "Proof"]
    assert len(document.pages) == 3
    last = document.pages[2]
    assert "The second page" in last.extract_text() and "Forty-two" in last.extract_text()
    assert r"\[" not in last.extract_text()
    assert last.extract_text().rstrip().endswith("3") or last.extract_text().lstrip().startswith("3")
    assert len(last.images) == 1
    drawn = last.get_contents().get_data().decode("latin-1")
    assert len(re.findall(r"\bc\n", drawn)) > 50  # curves: the letters of the formula


def test_without_a_browser_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from psqe.cli.main import main

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(pdf, "BROWSERS", pdf.BROWSERS[:5])
    assert main(["book", "--pdf"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "install the package chromium" in told


def test_a_browser_that_fails_is_named_and_the_old_pdf_stays(site: Path, tmp_path: Path) -> None:
    program = tmp_path / "broken"
    program.write_text("#!/bin/sh\necho no display >&2\nexit 1\n")
    program.chmod(0o755)
    target = tmp_path / "book.pdf"
    target.write_bytes(b"old")
    with pytest.raises(PsqeError, match=r"cannot print the book \(no display\); see whether .*broken runs"):
        pdf.print_pages(site, ["index", "runs/second"], target, str(program))
    assert target.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("no program", "cannot be run as a browser"),
        (
            '#!/bin/sh\nfor a; do case $a in --print-to-pdf=*) echo x > "${a#*=}";; esac; done\n',
            "has written a broken PDF",
        ),
    ],
)
def test_a_program_that_is_no_browser_is_named_and_the_old_pdf_stays(
    site: Path, tmp_path: Path, script: str, told: str
) -> None:
    program = tmp_path / "other"
    program.write_text(script)
    program.chmod(0o755)
    target = tmp_path / "book.pdf"
    target.write_bytes(b"old")
    with pytest.raises(PsqeError, match=told):
        pdf.print_pages(site, ["index", "runs/second"], target, str(program))
    assert target.read_bytes() == b"old"
