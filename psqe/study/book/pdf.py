"""The whole book as one PDF: the chapters of the site in one document, printed by Chromium."""

from __future__ import annotations

import logging
import posixpath
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from urllib.parse import urldefrag

from bs4 import BeautifulSoup, Tag
from pypdf import PdfWriter
from pypdf.errors import PyPdfError
from pypdf.generic import NameObject, TextStringObject

from psqe.errors import PsqeError
from psqe.files import atomic_path, write_text
from psqe.study.book.build import build_book
from psqe.study.project import Project
from psqe.temporary import temporary_folder

BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)  # fmt: skip
"""The commands that can print, in the order in which they are looked for."""

LEFT_OUT = "button, input, select, canvas, iframe, script, noscript, .headerlink, details.hide.above-input"
"""What the PDF leaves out: what only works on a screen, and code that the site folds away."""

SECONDS = 900
"""The time after which the print of a whole book is given up, in seconds."""


def browser() -> str:
    """Find a browser that can print.

    Returns
    -------
    str
        The path of its program.

    Raises
    ------
    PsqeError
        If there is none.
    """
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    raise PsqeError(
        "the PDF is printed by Chromium or Chrome, and neither is installed",
        remedy="install the package chromium of your system, or Google Chrome, and give the command again",
    )


def build_pdf(root: str | Path | None = None, *, fresh: bool = False) -> Path:
    """Build the book of a checkout, and print its chapters, without the API reference, as one PDF.

    Parameters
    ----------
    root
        The checkout. By default it is looked for from the working directory upwards.
    fresh
        Whether to build every page of the site; by default those that a change since the last build concerns.

    Returns
    -------
    pathlib.Path
        ``build/book.pdf``.

    Raises
    ------
    PsqeError
        If no browser is installed, the site cannot be built (:func:`psqe.study.book.build.build_book`), or
        the browser fails.
    """
    program = browser()
    site = build_book(root, fresh=fresh).parent
    project = Project.find(root)
    pages = [page for page in project.pages() if page != "api" and not page.startswith("api/")]
    return print_pages(site, pages, project.build / "book.pdf", program)


def print_pages(site: Path, pages: Sequence[str], target: Path, program: str) -> Path:
    """Print pages of a built site as one PDF with bookmarks.

    Parameters
    ----------
    site
        The folder of the built site.
    pages
        The pages in their order, relative to the site and without suffix. The first one is the title page.
    target
        The file to write.
    program
        The browser that prints.

    Returns
    -------
    pathlib.Path
        ``target``.

    Raises
    ------
    PsqeError
        If the browser writes no PDF.
    """
    with temporary_folder(target) as folder, atomic_path(target) as written:
        document, printed = folder / "book.html", folder / "book.pdf"
        write_text(document, joined(site.resolve(), pages))
        command = [
            program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--no-first-run", "--disable-background-networking", "--allow-file-access-from-files",
            "--window-size=720,1000",
            f"--user-data-dir={folder / 'profile'}", "--no-pdf-header-footer",
            "--generate-pdf-document-outline", f"--virtual-time-budget={1000 * SECONDS}",
            f"--print-to-pdf={printed}", document.as_uri(),
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired as error:
            raise PsqeError(
                f"the browser did not print the book in {SECONDS} seconds", path=target,
                remedy="close other programs, and give the command again",
            ) from error  # fmt: skip
        except OSError as error:
            raise PsqeError(
                f"cannot be run as a browser ({error.strerror})", path=program,
                remedy="install Chromium or Chrome, and give the command again",
            ) from error  # fmt: skip
        if done.returncode or not printed.is_file():
            last = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
            raise PsqeError(
                f"the browser cannot print the book ({last})", path=target,
                remedy=f"see whether {program} runs here, and give the command again",
            )  # fmt: skip
        try:
            _finish(printed, written)
        except PyPdfError as error:
            raise PsqeError(
                f"the browser has written a broken PDF ({error})", path=target,
                remedy=f"see whether {program} runs here, and give the command again",
            ) from error  # fmt: skip
    return target


def _finish(printed: Path, written: Path) -> None:
    """Mend the bookmarks of a printed PDF.

    Chromium writes the text of a heading twice if the heading was moved to the next page.
    """
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it warns of harmless habits of Chromium
    document = PdfWriter(clone_from=printed)
    waiting = [document.root_object.get("/Outlines")]
    while waiting:
        mark = waiting.pop()
        if mark is None:
            continue
        mark = mark.get_object()
        title = str(mark.get("/Title", ""))
        half = title[: len(title) // 2]
        if half and title == half + half:
            mark[NameObject("/Title")] = TextStringObject(half)
        waiting += [mark.get("/First"), mark.get("/Next")]
    document.write(written)


def joined(site: Path, pages: Sequence[str]) -> str:
    """Join pages of a built site into one document in HTML, whose links lead to places in it.

    Parameters
    ----------
    site
        The folder of the built site.
    pages
        The pages in their order, relative to the site and without suffix.

    Returns
    -------
    str
        The document. It refers to style sheets and pictures of the site by their whole paths.

    Raises
    ------
    PsqeError
        If a page is missing, or is none of the site.
    """
    articles, heads, remedy = {}, [], "build the site again: psqe book --fresh"
    for page in pages:
        path = site / f"{page}.html"
        if not path.is_file():
            raise PsqeError("is missing", path=path, remedy=remedy)
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        article = soup.select_one("article")
        if article is None:
            raise PsqeError(
                "is no page of the book", path=path, remedy="build the site again: psqe book --fresh"
            )
        articles[page] = article
        heads.append(soup)
    titles = {page: _title(article, page) for page, article in articles.items()}
    known = {page: {str(tag["id"]) for tag in article.select("[id]")} for page, article in articles.items()}
    for page, article in articles.items():
        _prepare(article, page, site, known)
    style = files("psqe.study.book").joinpath("pdf.css").read_text(encoding="utf-8")
    fit = files("psqe.study.book").joinpath("pdf.js").read_text(encoding="utf-8")
    contents = "".join(f'<li><a href="#{_place(page)}">{escape(titles[page])}</a></li>' for page in pages[1:])
    body = []
    for number, (page, article) in enumerate(articles.items()):
        body.append(f'<section class="chapter" id="{_place(page)}">{article.decode_contents()}</section>')
        if not number:
            body.append(f'<nav><h1>Contents</h1><ol class="contents">{contents}</ol></nav>')
    return (
        f'<!DOCTYPE html><html lang="en" data-theme="light" data-mode="light"><head><meta charset="utf-8">'
        f"<title>{escape(titles[pages[0]])}</title>{''.join(_head(heads[0], site))}"
        f'<style>{style}</style><script>{fit}</script></head><body><article class="bd-article">'
        f"{''.join(body)}</article></body></html>"
    )


def _place(page: str, anchor: str = "") -> str:
    """The identifier in the document of a page, or of a place on a page."""
    return "page-" + page.replace("/", "-") + (f"--{anchor}" if anchor else "")


def _title(article: Tag, page: str) -> str:
    heading = article.select_one("h1")
    if heading is None:
        return page
    for link in heading.select(".headerlink"):
        link.decompose()
    return heading.get_text().strip()


def _head(soup: BeautifulSoup, site: Path) -> Iterable[str]:
    """The style sheets of a page in the folder of the site, and its scripts that set formulas."""
    for sheet in soup.select('link[rel~="stylesheet"][href]'):
        yield f'<link rel="stylesheet" href="{_file(site, str(sheet["href"]))}">'
    for script in soup.select("script"):
        source = str(script.get("src", ""))
        if "mathjax" in source:
            yield f'<script defer src="{_file(site, source)}"></script>'
        elif "window.MathJax" in script.get_text():
            yield f"<script>{script.get_text()}</script>"


def _file(folder: Path, address: str) -> str:
    """The whole address of a file that a page in a folder refers to."""
    return (folder / re.split("[?#]", address)[0]).resolve().as_uri()


def _prepare(article: Tag, page: str, site: Path, known: dict[str, set[str]]) -> None:
    """Make an article part of the document: open what is folded, and let its addresses hold there."""
    folder = posixpath.dirname(page)
    for tag in article.select(LEFT_OUT):
        tag.decompose()
    for tag in article.select("details"):
        tag["open"] = ""
    for tag in article.select("[id]"):
        tag["id"] = _place(page, str(tag["id"]))
    for tag in article.select("style"):  # tables are styled by their identifiers
        tag.string = re.sub(r"#(?=T_)", f"#{_place(page)}--", tag.get_text())
    for tag in article.select("[src]"):
        if not re.match(r"[a-z]+:", str(tag["src"])):
            tag["src"] = _file(site / folder, str(tag["src"]))
            tag.attrs.pop("loading", None)
    for tag in article.select("a[href]"):
        address, anchor = urldefrag(str(tag["href"]))
        if re.match(r"[a-z]+:", address):
            continue
        other = posixpath.normpath(posixpath.join(folder, address)).removesuffix(".html") if address else page
        if other in known:
            tag["href"] = "#" + _place(other, anchor if anchor in known[other] else "")
        else:
            tag.unwrap()
