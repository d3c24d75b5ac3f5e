"""Gold links that are few, empty, wrong, or several for an entity stop nothing, and falsify no number."""

import json
import re

import numpy as np
import pytest
from cases import NAME, aligned, case
from cities import LINKS, RIGHT, written
from folders import FOLDER, JAPE, OPENEA, RDF, SAME_AS, TURTLE, L, R, statements, table, write

from psqe.cli.main import main
from psqe.datasets.benchmarks import BENCHMARKS
from psqe.datasets.layouts import check_folder, read_in_order
from psqe.errors import DataError, PsqeWarning
from psqe.evaluation.truth import among, n_findable, verdict
from psqe.graph import AlignmentTask, KnowledgeGraph, one_to_one

WIKIDATA = "http://www.wikidata.org/entity/"
LINK_FILES = {
    "folder": (FOLDER, "links.tsv", lambda *links: table(*links)),
    "jape": (JAPE, "ill_ent_ids", lambda *links: table(*links)),
    "openea": (OPENEA, "ent_links", lambda *links: table(*links)),
    "rdf": (RDF, "links.nt", lambda *links: statements(*((a, SAME_AS, b) for a, b in links))),
    "turtle": (TURTLE, "links.tsv", lambda *links: table(*links)),
}
"""By layout: a sound pair, the name of its file of links, and a function that writes one."""

ENTITIES = {
    "folder": (("paris", "fr"), ("p1", "p9")),
    "jape": (("2", "0"), ("10", "14")),
    "openea": ((f"{L}resource/AC/DC", f"{L}resource/Sydney"), (f"{WIKIDATA}Q27593", f"{WIKIDATA}Q408")),
    "rdf": ((f"{L}paris", f"{L}lyon"), (f"{R}p1", f"{R}p9")),
    "turtle": ((f"{L}paris", f"{L}fr"), (f"{R}p1", f"{R}p9")),
}
"""Two candidates of each side by layout."""

UNKNOWN = {"jape": "99"}


def with_links(layout, tmp_path, *links):
    files, name, made = LINK_FILES[layout]
    folder = tmp_path / ("zh_en" if layout == "jape" else layout)
    return write(folder, {**files, name: made(*links)}), name


def labels(task):
    """The links by the identifiers that the files use, sorted."""
    return sorted((task.left.entities[a], task.right.entities[b]) for a, b in task.links.tolist())


# ---- several true counterparts are read


@pytest.mark.parametrize("layout", LINK_FILES)
def test_an_entity_may_have_several_links_in_every_layout(layout, tmp_path):
    (a, b), (x, y) = ENTITIES[layout]
    folder, _ = with_links(layout, tmp_path, (a, x), (a, y), (b, x), (a, x))
    assert not check_folder(folder) and not check_folder(folder).notes
    task = read_in_order(folder)
    assert len(task.links) == 3 and n_findable(task) == 2


@pytest.mark.parametrize("layout", LINK_FILES)
def test_a_link_that_cannot_be_used_is_left_out_and_is_a_fault_for_the_check(layout, tmp_path):
    (a, b), (x, _) = ENTITIES[layout]
    unknown = UNKNOWN.get(layout, "http://x.example/unknown")
    folder, name = with_links(layout, tmp_path, (a, x), (unknown, x), (b, unknown), (unknown, x))
    with pytest.warns(
        PsqeWarning, match=f"left out a record .*{name}:2: .*{unknown}.* is no entity of .*; "
    ) as told:
        task = read_in_order(folder)
    assert len(told) <= 2 and len(task.links) == 1
    found = check_folder(folder)
    told = found.report()
    assert found.count == 3 and found.n_hidden == 0
    assert [f"{name}:{line}: " in text for line, text in zip((2, 3), told, strict=True)] == [True] * 2
    assert told[0].endswith("(the same in 1 more line: 4)")


def test_an_entity_of_the_other_side_is_told_as_such(tmp_path):
    folder, _ = with_links("folder", tmp_path, ("p1", "lutetia"), ("fr", "p9"))
    (fault,) = check_folder(folder).shown
    assert str(fault).endswith(
        "links.tsv:1: 'p1' is no entity of the left graph, but one of the other, and "
        "'lutetia' is no entity of the right graph; "
        "name first the left and then the right entity, or delete this link"
    )


@pytest.mark.parametrize("layout", LINK_FILES)
def test_links_none_of_which_can_be_used_are_no_truth_and_a_fault_for_the_check(layout, tmp_path):
    unknown = UNKNOWN.get(layout, "http://x.example/unknown")
    folder, name = with_links(layout, tmp_path, (unknown, unknown))
    with pytest.warns(PsqeWarning) as told:
        assert read_in_order(folder).links is None
    said = rf"{name}: has no link between candidates .* \(1 other link\), so nothing is compared with gold"
    assert re.search(said, str(told[-1].message))
    assert any("has no link between candidates" in str(fault) for fault in check_folder(folder).shown)


NOTHING = [
    b"",
    b"\n",
    b"\n\n\n",
    b"\xef\xbb\xbf",
    b"left\tright\n",
    b"LEFT\tRight\r\n",
    b"# true links\n",
    b"#\n# none yet\n\n",
]


@pytest.mark.parametrize("content", NOTHING)
def test_a_file_without_a_link_is_no_truth_and_a_note(content, tmp_path):
    folder = write(tmp_path / "a", {**FOLDER, "links.tsv": content})
    with pytest.warns(
        PsqeWarning, match=r"links\.tsv: has no link, so nothing is compared with gold links; wri"
    ):
        assert read_in_order(folder).links is None
    checked = check_folder(folder)
    assert not checked and len(checked.notes) == 1


@pytest.mark.parametrize("layout", ["jape", "openea"])
def test_an_empty_file_of_links_is_a_note_in_published_layouts(layout, tmp_path):
    folder, name = with_links(layout, tmp_path)
    with pytest.warns(PsqeWarning, match=f"{name}: has no link"):
        assert read_in_order(folder).links is None


def test_comments_between_links_are_passed_over(tmp_path):
    content = b"# reviewed by hand\nleft\tright\n#\nparis\tp1\n# a\tb\tc\n\nfr\tp9\n"
    # A header counts as one in the first line only, so this one is told.
    folder = write(tmp_path / "a", {**FOLDER, "links.tsv": content.replace(b"left\tright\n", b"")})
    assert labels(read_in_order(folder)) == [("fr", "p9"), ("paris", "p1")]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("PARIS", "paris"),
        ("paris.0", None),
        ("<paris>", "paris"),
        ("par\u200bis", "paris"),
        ("p%61ris", "paris"),
    ],
)
def test_another_spelling_of_an_entity_is_told_with_both(written, meant, tmp_path):
    folder, _ = with_links("folder", tmp_path, (written, "p1"), ("fr", "p9"))
    (fault,) = check_folder(folder).shown
    both = "" if meant is None else f", but {meant!r} is; they differ in "
    assert f"{written!r} is no entity of the left graph{both}" in str(fault)


def test_an_entity_with_another_form_of_accents_is_the_same(tmp_path):
    files = {name: content.replace(b"paris", "m\u00fcnchen".encode()) for name, content in FOLDER.items()}
    files = {name: content for name, content in files.items() if "images" not in name}
    links = table(("mu\u0308nchen", "p1"))
    task = read_in_order(write(tmp_path / "a", {**files, "links.tsv": links}))
    assert labels(task) == [("m\u00fcnchen", "p1")]


# ---- the task


def pair(n_left, n_right, links):
    return AlignmentTask(
        "t",
        KnowledgeGraph("l", tuple(f"l{i}" for i in range(n_left)), (), []),
        KnowledgeGraph("r", tuple(f"r{i}" for i in range(n_right)), (), []),
        links,
    )


def test_links_of_a_task_are_unique_pairs_in_their_order():
    task = pair(3, 3, [(2, 1), (0, 0), (2, 1), (2, 0)])
    assert task.links.tolist() == [[2, 1], [0, 0], [2, 0]]
    assert one_to_one(task.links).tolist() == [[2, 1], [0, 0]]
    assert pair(2, 2, np.empty((0, 2))).links is None and pair(2, 2, []).links is None
    assert task.take(np.array([1]), np.array([1])).links is None
    assert task.take(np.array([2]), np.array([1, 0])).links.tolist() == [[0, 0], [0, 1]]
    with pytest.raises(DataError, match="names no candidate"):
        pair(2, 2, [(0, 2)])


def test_pairs_among_links():
    links = np.array([[0, 1], [3, 0], [0, 2]])
    pairs = np.array([[0, 1], [1, 0], [3, 0], [0, 2], [9, 9]])
    assert among(pairs, links).tolist() == [True, False, True, True, False]
    assert among(pairs[:0], links).tolist() == [] and not among(pairs, links[:0]).any()
    assert not among(np.array([[0, 5]]), np.array([[1, -1]])).any(), "two pairs have never one number"


def test_the_verdict_counts_what_is_judged():
    assert verdict(3, 3, 3) == "by gold links 3 of 3 judged correct (1.000, 0.439 to 1.000)"
    assert verdict(0, 1, 1500).endswith(
        "(0.000, 0.000 to 0.793), 1,499 not judged (wrong if gold links are complete)"
    )
    assert verdict(0, 0, 5) == "by gold links none of them can be judged"


def test_the_stored_results_of_one_benchmark_count_one_link_of_each_entity():
    assert [name for name, benchmark in BENCHMARKS.items() if benchmark.one_to_one] == ["fb15k/db15k"]


# ---- from the command line


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_known_links_are_judged_by_themselves(n, tmp_path, capsys):
    found = aligned(case(f"34-few-links/{n}", tmp_path))["link_quality"]["links"]
    assert (found["n_correct"], found["n_judged"], found["n_gold"]) == (n, n, n)
    assert found["precision_judged"] == found["recall"] == found["f1_judged"] == 1
    assert f"{n} of {n} judged correct" in capsys.readouterr().out
    folder = tmp_path / "case"
    assert (
        main(
            [
                "seeds",
                str(folder),
                *NAME,
                "--out",
                str(tmp_path / "s.tsv"),
                "--json",
                str(tmp_path / "s.json"),
            ]
        )
        == 0
    )
    audit, said = json.loads((tmp_path / "s.json").read_text()), capsys.readouterr().out
    assert "by gold links 0." not in said
    assert audit["n_judged"] == audit["n_correct"] <= n
    if audit["n_judged"]:
        assert f"{audit['n_correct']} of {audit['n_judged']} judged correct" in said
    else:
        assert "by gold links none of them can be judged" in said


def test_any_of_several_true_counterparts_is_correct(tmp_path):
    found = aligned(case("15-many/b-duplicates-truth-both", tmp_path))["link_quality"]
    assert found["links"]["n_gold"] == 42 and found["links"]["n_findable"] == 36
    assert found["links"]["precision"] == 1 and found["links"]["f1"] > 0.98
    assert found["no_counterpart"]["right"]["n_taken"] == found["links"]["n_correct"] - 30


def small(tmp_path, links, **sides):
    return aligned(
        written(tmp_path / "cities", links=links, **sides),
        "--modalities", "name", "--n-seeds", "8", "--report", str(tmp_path / "report.html"),
    )  # fmt: skip


def with_twins(n):
    """The right side with a second entity for each of the first ``n``, and the links to these."""
    twins = {f: f"{f}b" for _, f in LINKS[:n]}
    right = {
        table: rows + [(twins[row[0]], *row[1:]) for row in rows if row[0] in twins]
        for table, rows in RIGHT.items()
    }
    return right, [(e, twins[f]) for e, f in LINKS[:n]]


def test_twins_on_one_side_are_both_right(tmp_path):
    right, more = with_twins(5)
    found = small(tmp_path, LINKS + more, right=right)
    links = found["link_quality"]["links"]
    assert links["n_gold"] == len(LINKS) + 5 and links["n_findable"] == len(LINKS)
    assert links["precision"] == 1 and links["recall"] > 0.6  # twins tie, and a tie is no link
    for direction in ("l2r", "r2l"):
        assert found["metrics"][direction]["full"]["hits@1"] > 0.9


@pytest.mark.filterwarnings("ignore::psqe.errors.PsqeWarning")
@pytest.mark.parametrize("links", [[], [("x", "y")], [(e, "y") for e, _ in LINKS]])
def test_without_a_usable_link_numbers_are_null_and_links_are_written(tmp_path, links):
    found = small(tmp_path, links)
    assert found["metrics"] is found["regions"] is found["link_quality"] is None
    assert (tmp_path / "aligned.tsv").stat().st_size > 100
    assert "No true links are known here" in (tmp_path / "report.html").read_text(encoding="utf-8")


KNOWN = {
    "one": LINKS[:1],
    "one that is wrong": [(LINKS[0][0], LINKS[1][1])],
    "half": LINKS[::2],
    "all": LINKS,
    "one entity with all": [(LINKS[0][0], f) for _, f in LINKS],
    "everything with everything": [(e, f) for e, _ in LINKS for _, f in LINKS],
}


@pytest.mark.parametrize("known", KNOWN)
def test_every_number_is_a_number_or_null_whatever_is_known(tmp_path, known, capsys):
    found = small(tmp_path, KNOWN[known])
    json.dumps(found, allow_nan=False)
    links = found["link_quality"]["links"]
    assert links["n_gold"] == len(KNOWN[known])
    for share in ("precision", "precision_judged", "recall", "f1", "f1_judged"):
        assert links[share] is None or 0 <= links[share] <= 1, share
    if known == "everything with everything":
        assert links["f1"] == 1 and found["metrics"]["l2r"]["full"]["hits@1"] == 1
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"\bnan\b", re.sub('src="data:[^"]*"', "", html), re.IGNORECASE)
    said = capsys.readouterr().out
    assert (". F1 " in said) == (links["n_judged"] > 0)
    assert ("No link can be judged" in said) == (links["n_judged"] == 0)


# ---- truth never reaches the links


def test_links_do_not_depend_on_what_is_known_nor_on_its_order(tmp_path):
    right, more = with_twins(5)
    everything = [(LINKS + more)[::-1], LINKS[:2] + more[::-1], None]
    found = set()
    for number, links in enumerate(everything):
        folder = written(tmp_path / str(number) / "cities", links=links, right=right)
        aligned(folder, "--modalities", "name", "--n-seeds", "8")
        found.add((folder.parent / "aligned.tsv").read_bytes())
    assert len(found) == 1
