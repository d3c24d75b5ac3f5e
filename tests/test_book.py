"""The book: built once, from the smoke profile, then read as a reader would, without a network."""

import json
import re
import shutil
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name

import pytest
from books import copy_of_the_sources, html
from test_credits import shows_pictures_of_others

from psqe.errors import PsqeError
from psqe.study.book.build import build_book
from psqe.study.book.reference import UNDESCRIBED, library_modules, page_of
from psqe.study.project import Project

ROOT = Path(__file__).parents[1]


def all_modules() -> list[str]:
    """The public modules of the whole package."""
    names = (
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / "psqe").rglob("*.py")
    )
    return [name for name in names if "._" not in name]


class Tags(HTMLParser):
    """Collects the tags of a page with their attributes."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))


def test_every_page_of_the_contents_is_there(book: Project) -> None:
    for page in book.pages():
        assert (html(book) / f"{page}.html").is_file()


def test_pages_load_nothing_from_another_host(book: Project) -> None:
    loaded = 0
    for page in html(book).rglob("*.html"):
        for tag, attributes in Tags(page).tags:
            if tag == "a" or (tag == "link" and attributes.get("rel") in ("canonical", "author")):
                continue  # a link to follow, not a file to load
            for name in ("src", "href", "data", "srcset", "poster"):
                address = attributes.get(name, "")
                assert not re.match(r"(?:[a-z]+:)?//", address), f"{page.name}: <{tag} {name}={address!r}>"
                loaded += bool(address)
    for sheet in html(book).rglob("*.css"):
        remote = re.findall(
            r"(?:url\(\s*['\"]?|@import\s+['\"])(?:https?:)?//[^)'\"]+", sheet.read_text("utf-8")
        )
        assert not remote, f"{sheet.name}: {remote}"
    assert loaded > 20


def test_local_links_and_files_exist(book: Project) -> None:
    for page in book.pages():
        file = html(book) / f"{page}.html"
        for tag, attributes in Tags(file).tags:
            for name in ("src", "href"):
                address = re.split("[?#]", attributes.get(name, ""))[0]
                if address and not re.match(r"(?:[a-z]+:|//)", address):
                    assert (file.parent / address).exists(), f"{page}: <{tag} {name}={address!r}>"


def test_numbers_of_the_runs_stand_in_the_prose(book: Project) -> None:
    index = (html(book) / "index.html").read_text(encoding="utf-8")
    assert re.search(r"in\s*<span[^>]*>\s*\d+\.\d\s*</span>\s*minutes", index)


def test_the_status_page_knows_every_notebook_machine_and_version(book: Project) -> None:
    status = (html(book) / "runs" / "status.html").read_text(encoding="utf-8")
    for notebook in book.notebooks():
        if notebook.stem != "status":
            assert notebook.stem in status
    assert "cores" in status
    for package in ("python", "torch", "jupyter-book"):
        assert package in status


def test_every_room_of_the_library_is_in_the_contents_of_the_reference() -> None:
    toc = (ROOT / "book" / "_toc.yml").read_text(encoding="utf-8")
    for page in {page_of(module) for module in library_modules()}:
        room = "/".join(page.split("/")[:2])
        assert f"- file: {room}\n" in toc and f"{{glob: {room}/*}}" in toc, page


def test_every_public_module_of_the_library_has_a_page_in_the_reference(book: Project) -> None:
    modules = {name for name in all_modules() if name.split(".")[1:2] not in ([room] for room in UNDESCRIBED)}
    described = [
        name
        for page in (html(book) / "api").rglob("*.html")
        for name in re.findall(r'id="module-([\w.]+)"', page.read_text(encoding="utf-8"))
    ]
    assert sorted(described) == sorted(modules)
    assert 'id="psqe.graph.KnowledgeGraph"' in (html(book) / "api/psqe/psqe.graph.html").read_text("utf-8")


ROLE = re.compile(r":(?:mod|func|class|meth|data|attr|exc|obj):`~?(psqe\.[\w.]+)`")


def test_what_the_reference_leaves_out_refers_to_names_that_exist() -> None:
    looked_up = 0
    for module in all_modules():
        if module.split(".")[1:2] in ([room] for room in UNDESCRIBED):
            for name in ROLE.findall(Path(str(import_module(module).__file__)).read_text(encoding="utf-8")):
                owner, _, last = name.rpartition(".")
                # A field without a default is an annotation of its class.
                assert last in getattr(resolve_name(owner), "__annotations__", {}) or resolve_name(name), (
                    module
                )
                looked_up += 1
    assert looked_up > 50


def test_the_reference_is_not_among_the_results_of_the_search(book: Project) -> None:
    script = (html(book) / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(script[script.index("{") : script.rindex("}") + 1])
    reference = {number for number, name in enumerate(index["docnames"]) if name.startswith("api/")}
    assert len(reference) > 100
    described = {entry[0] for found in index["objects"].values() for entry in found}
    entered = {entry[0] for found in index["indexentries"].values() for entry in found}
    assert not (described | entered) & reference, "only the glossary has terms of its own"
    for words in ("terms", "titleterms"):
        for word, pages in index[words].items():
            assert not reference & set(pages if isinstance(pages, list) else [pages]), word
    assert index["titles"][index["docnames"].index("api")] == "API reference"


def test_every_page_that_cites_has_its_references(book: Project) -> None:
    references = (html(book) / "references.html").read_text(encoding="utf-8")
    assert "pseudo seed quality enhancement" in references.lower()


def test_pages_with_pictures_of_others_name_their_authors(book: Project) -> None:
    shown = [path for path in sorted(book.runs.glob("*.ipynb")) if shows_pictures_of_others(path)]
    assert len(shown) > 6
    for path in shown:
        page = (html(book) / "runs" / f"{path.stem}.html").read_text(encoding="utf-8")
        assert "OpenMoji" in page or "KanjiVG" in page, path.stem


def test_a_number_that_no_run_produced_stops_the_build(tmp_path: Path) -> None:
    project = copy_of_the_sources(tmp_path)
    (project.book / "_toc.yml").write_text("format: jb-book\nroot: index\n")
    shutil.rmtree(project.root / "notebooks")
    (project.book / "index.md").write_text("# Title\n\n{glue:text}`runs/status.ipynb::no_such_number:.1f`\n")
    with pytest.raises(PsqeError, match=r"cannot be built: .*index\.md.* see .*book\.log") as caught:
        build_book(project.root)
    assert "\n" not in str(caught.value)


def test_a_notebook_that_was_not_run_is_named(tmp_path: Path) -> None:
    project = copy_of_the_sources(tmp_path)
    with pytest.raises(PsqeError, match="has not been run yet; run psqe study first"):
        build_book(project.root)
