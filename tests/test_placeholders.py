"""Names and values that stand for nothing are none, a real name that looks so survives, and all is told."""

import pytest
from cases import aligned, case
from cities import LEFT, RIGHT, written

from psqe import graph_from_frames
from psqe.datasets.layouts import check_folder, read_in_order
from psqe.datasets.placeholders import is_placeholder
from psqe.errors import PsqeWarning

WORDS = (
    "nan", "NaN", "NULL", "null", "None", "none", "N/A", "n/a", "-", "--", "?", "Unknown", "unknown",
    "(no name)", "#N/A", "\\N", "<NA>", "NA", "[null]", "unnamed", "...", "TBD", "unbekannt", "#REF!", "_",
    "Untitled", "\u2014", "n.a.", "nil", "{}", "[]", "''", "none.", "?unknown?", "[deleted]", "NoneType",
    "nan nan", "No label defined", "\u4e0d\u8be6",
)  # fmt: skip


def named(words) -> dict:
    """The left tables with other names of their first cities."""
    rows = LEFT["names"]
    return {**LEFT, "names": [(rows[i][0], word) for i, word in enumerate(words)] + rows[len(words) :]}


@pytest.mark.parametrize("word", WORDS)
def test_a_placeholder_of_several_entities_is_no_name(tmp_path, word):
    folder = written(tmp_path / "pair", left=named([word, word, word]))
    faults = check_folder(folder)
    assert not faults and len(faults.notes) == 1
    assert f"3 names stand for nothing and are left out, such as {word!r}" in str(faults.notes[0])
    with pytest.warns(PsqeWarning, match="stand for nothing"):
        graph = read_in_order(folder).left
    assert graph.names.count(None) == 13 + 3 and word not in graph.names


@pytest.mark.parametrize("word", ["Nan", "Null", "None", "Unknown", "NA", "Missing", "-"])
def test_a_real_name_in_one_row_survives_with_a_note(tmp_path, word):
    folder = written(tmp_path / "pair", left=named([word]))
    faults = check_folder(folder)
    assert not faults and [f"{word!r} is kept as the name of one entity" in str(n) for n in faults.notes] == [
        True
    ]
    with pytest.warns(PsqeWarning, match="is kept"):
        assert word in read_in_order(folder).left.names


@pytest.mark.parametrize("word", ["nan", "NULL", "\\N", "#N/A", "(no name)"])
def test_what_only_tools_write_is_no_name_even_once(tmp_path, word):
    folder = written(tmp_path / "pair", left=named([word]))
    (note,) = map(str, check_folder(folder).notes)
    assert "1 name stands for nothing and is left out, such as " in note and repr(word) in note


def test_small_letters_are_a_name_among_names_in_small_letters(tmp_path):
    rows = [(entity, name.lower()) for entity, name in LEFT["names"]]
    folder = written(tmp_path / "pair", left={**LEFT, "names": [(rows[0][0], "nan"), *rows[1:]]})
    assert "is kept as the name" in str(check_folder(folder).notes[0])


@pytest.mark.parametrize(
    "word",
    [
        "Nancy",
        "Nullarbor",
        "Unknown Pleasures",
        "N",
        "X-",
        "Nanna",
        "C-",
        "007",
        "❓",
        "!!!",
        "Mr. None",
        "N'",
        "A.N.",
    ],
)
def test_other_names_are_no_placeholders(word):
    assert not is_placeholder(word)


def test_an_empty_name_is_no_name(tmp_path):
    folder = written(tmp_path / "pair", left=named(["", " "]))
    faults = check_folder(folder)
    assert not faults and [str(n).partition(" entities")[0][-7:] for n in faults.notes] == ["2 of 16"]
    graph = graph_from_frames(
        triples=LEFT["triples"][:3], names=[("e100", None), ("e101", ""), ("e102", "A")]
    )
    assert sorted(filter(None, graph.names)) == ["A"] and len(graph.candidates) == 3


NUMBERED = [
    "unknown {}", "Unknown #{}", "Item {}", "item-00{}", "No label {}", "Unnamed: {}", "Entity_{}", "node{}",
    "Record #{}", "untitled ({})", "Untitled-{}", "N/A {}", "Objekt {}", "{} unknown", "unbekannt {}",
    "TODO {}", "placeholder_{}", "Row {}.", "不明{}", "(unknown {})",
]  # fmt: skip


@pytest.mark.parametrize("form", NUMBERED)
@pytest.mark.parametrize("n", [3, 16])
def test_a_word_for_nothing_with_a_number_is_told_once(tmp_path, form, n):
    notes = check_folder(
        written(tmp_path / "pair", left=named([form.format(i) for i in range(1, n + 1)]))
    ).notes
    assert len(notes) == 1
    assert f"names.tsv: {n} of 16 names are a number with a word that names nothing, such as" in str(notes[0])
    assert not check_folder(written(tmp_path / "repaired")).notes


@pytest.mark.parametrize("form", [
    "Route {}", "NGC {}", "Apollo {}", "Messier {}", "Windows {}", "U-{}", "Studio {}", "Area 5{}",
    "{} rue Neuve", "Blink-18{}", "{} Ceres", "Symphony No. {}",
    "Highway {}", "Henry {}", "Item of year {}", "Nodeville {}",
])  # fmt: skip
def test_names_with_numbers_are_not_told(tmp_path, form):
    assert not check_folder(written(tmp_path, left=named([form.format(i) for i in range(1, 6)]))).notes


def test_one_name_on_many_entities_is_noted_and_kept(tmp_path):
    folder = written(tmp_path / "pair", left=named(["Springfield"] * 3))
    assert "3 of 16 entities with a name have the name 'Springfield'" in str(check_folder(folder).notes[0])
    with pytest.warns(PsqeWarning):
        assert read_in_order(folder).left.names.count("Springfield") == 3
    assert not check_folder(written(tmp_path / "twice", left=named(["Springfield"] * 2))).notes


@pytest.mark.parametrize("word", ["nan", "NULL", "None", "-", "?", "Unknown", "N/A"])
def test_values_that_stand_for_nothing_are_no_values(tmp_path, word):
    rows = [(e, a, word if i < 4 else v) for i, (e, a, v) in enumerate(LEFT["attributes"])]
    folder = written(tmp_path / "pair", left={**LEFT, "attributes": rows})
    faults = check_folder(folder)
    assert not faults and len(faults.notes) == 1
    left_out = "4 values stand for nothing and are left out, such as"
    assert f"{left_out} {word!r} of 'founded'" in str(faults.notes[0])
    with pytest.warns(PsqeWarning):
        graph = read_in_order(folder).left
    assert ("founded", None) in graph.attributes[graph.index()["e100"]]
    assert not any(value == word for pairs in graph.attributes for _, value in pairs)


def test_values_that_only_look_so_are_kept(tmp_path):
    entities = [entity for entity, _ in LEFT["names"]]
    more = [(e, "continent", "NA" if i % 2 else "EU") for i, e in enumerate(entities)]
    more += [(e, "keyword", word) for e in entities[:4] for word in ("?", "question")]
    more += [(entities[0], "nickname", "Null")]
    folder = written(tmp_path / "pair", left={**LEFT, "attributes": [*LEFT["attributes"], *more]})
    assert not check_folder(folder).notes
    values = [pair for pairs in read_in_order(folder).left.attributes for pair in pairs]
    assert values.count(("continent", "NA")) == 8 and values.count(("keyword", "?")) == 4
    assert ("nickname", "Null") in values


def test_placeholders_in_frames_are_warned_of():
    names = [(entity, "nan" if i < 4 else name) for i, (entity, name) in enumerate(RIGHT["names"])]
    with pytest.warns(
        PsqeWarning, match="graph 'graph', names: 4 names stand for nothing and are left out, such as 'nan'"
    ):
        graph = graph_from_frames(RIGHT["triples"], names, RIGHT["attributes"])
    assert "nan" not in graph.names


@pytest.mark.parametrize("name", ["29-placeholder/c-empty", "29-placeholder/a-nan"])
def test_the_handed_pairs_are_told(tmp_path, name):
    folder = case(name, tmp_path)
    notes = [str(note) for note in check_folder(folder).notes]
    nothing = "12 names stand for nothing and are left out, such as 'nan'"
    told = nothing if name.endswith("nan") else "12 of 36 entities that may get a link have no name"
    assert len(notes) == 2 and all(told in note for note in notes)


@pytest.mark.filterwarnings("ignore::psqe.errors.PsqeWarning")
def test_the_handed_pair_with_nan_does_as_well_as_the_one_with_empty_names(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    qualities = [
        aligned(case(name, tmp_path / folder))["link_quality"]["links"]
        for folder, name in (("a", "29-placeholder/a-nan"), ("b", "29-placeholder/c-empty"))
    ]
    assert qualities[0] == qualities[1]
