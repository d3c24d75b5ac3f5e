"""Export: what is read from an export equals what was written, and everything else is told."""

import io
import json
import pickle
import pickletools
import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import CASES
from cities import written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import psqe
from psqe.cli.main import main
from psqe.datasets import load_task
from psqe.datasets.export import WRITERS, ExportOptions, export_task
from psqe.datasets.layouts import check_folder, read_in_order
from psqe.datasets.rdf.settings import LABELS
from psqe.datasets.synthetic import planted_pair
from psqe.errors import DataError, ParameterError, PsqeError, PsqeWarning
from psqe.graph import AlignmentTask, KnowledgeGraph, Vectors
from psqe.seeds import SeedSet

ROOT = Path(__file__).parents[1]
LAYOUTS = tuple(WRITERS)


def facts(task: AlignmentTask) -> dict[str, Any]:
    """Everything that a task says, by identifiers, so that no order of entities matters."""
    told: dict[str, Any] = {"links": None}
    if task.links is not None and len(task.links):
        told["links"] = {(task.left.entities[a], task.right.entities[b]) for a, b in task.links}
    for side, graph in zip(("left", "right"), task.sides, strict=True):
        name = graph.entities.__getitem__
        told[f"{side} entities"] = set(graph.entities)
        told[f"{side} candidates"] = {name(i) for i in graph.candidates}
        told[f"{side} triples"] = {(name(h), graph.relations[r], name(t)) for h, r, t in graph.triples}
        told[f"{side} language"] = graph.language
        for column in ("names", "translations", "groups"):
            values = zip(graph.entities, getattr(graph, column), strict=True)
            told[f"{side} {column}"] = {(entity, value) for entity, value in values if value}
        told[f"{side} attributes"] = {
            (entity, *pair)
            for entity, pairs in zip(graph.entities, graph.attributes, strict=True)
            for pair in pairs
        }
        told[f"{side} images"] = {
            (entity, image.read_bytes())
            for entity, image in zip(graph.entities, graph.images, strict=True)
            if image is not None
        }
        told[f"{side} vectors"] = {
            (modality, name(i), vectors.values[i].tobytes())
            for modality, vectors in graph.vectors.items()
            for i in np.flatnonzero(vectors.present)
        }
    return told


def apart(task: AlignmentTask, back: AlignmentTask) -> set[str]:
    """The facts of two tasks that are not the same."""
    before, after = facts(task), facts(back)
    return {what for what in before if before[what] != after[what]}


def apart_kinds(task: AlignmentTask, back: AlignmentTask) -> set[str]:
    """The kinds of facts of two tasks that are not the same, on whatever side."""
    return {name.removeprefix("left ").removeprefix("right ") for name in apart(task, back)}


def load_quietly(folder: Path) -> AlignmentTask:
    """Load a pair of which the reader notes something, such as codes that are no names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PsqeWarning)
        return load_task(folder)


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> AlignmentTask:
    return load_task(written(tmp_path_factory.mktemp("cities") / "pair"))


@pytest.mark.parametrize("pair", ["examples/countries", "examples/countries-rdf"])
def test_the_layout_of_folders_holds_the_examples_whole(tmp_path: Path, pair: str) -> None:
    task = load_task(ROOT / pair)
    report = export_task(task, tmp_path / "out", layout="folder")
    assert apart_kinds(task, load_task(report.folder)) <= {"language"}
    assert not check_folder(report.folder)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_an_export_does_not_hold_is_told_and_nothing_else_is_lost(tmp_path: Path, layout: str) -> None:
    task = load_task(ROOT / "examples/countries")
    report = export_task(task, tmp_path / "pair", layout=layout)
    back = load_quietly(report.pair_folder)
    lost = {
        "folder": set(),
        "rdf": {"entities", "triples", "candidates", "attributes"},  # 'South America' is percent-encoded
        "openea": {"names", "attributes", "images", "candidates"},
        "eva": {"entities", "names", "translations", "images", "vectors", "candidates", "links"},
    }[layout]
    lost |= {"triples", "attributes"} if layout == "eva" else set()  # left: and right: before identifiers
    assert apart_kinds(task, back) <= lost
    told = "\n".join(report.notes)
    assert ("percent-encoded" in told) == (layout == "rdf")
    assert ("candidates" in told) == (layout in ("eva", "openea"))
    assert ("images" in told) == (layout in ("eva", "openea"))
    assert len(back.links) == len(task.links)  # type: ignore[arg-type]


@pytest.mark.parametrize("layout", ["folder", "rdf"])
def test_the_sound_pair_comes_back_whole(tmp_path: Path, cities: AlignmentTask, layout: str) -> None:
    report = export_task(cities, tmp_path / "out", layout=layout)
    assert report.notes == ()
    assert apart(cities, load_task(report.folder)) == set()
    assert not check_folder(report.folder)


def test_a_pair_without_names_is_linked_alike_from_its_export(tmp_path: Path) -> None:
    task = load_task("han/school")
    report = export_task(task, tmp_path / "out", layout="folder")
    back = load_quietly(report.folder)
    assert apart_kinds(task, back) == {"language", "groups"}
    assert not any(name for graph in back.sides for name in graph.names)
    told = next(note for note in report.notes if note.startswith("the modalities of the study are not held"))
    assert told.endswith("--modalities image,attribute")
    mined = []
    for pair in (task, back):
        seeds = psqe.mine_seeds(pair, features=["attribute"], seeds="mutual")
        mined.append([(pair.left.entities[a], pair.right.entities[b]) for a, b in seeds.pairs.tolist()])
    assert mined[0] == mined[1] and len(mined[0]) > 100


def test_an_entity_without_a_name_is_a_candidate_of_an_export_as_before(tmp_path: Path) -> None:
    sides = [
        KnowledgeGraph(name, ("a", "b", "c"), ("r",), [(0, 0, 1), (0, 0, 2)], candidates=[0, 2])
        for name in ("left", "right")
    ]
    report = export_task(AlignmentTask("t", *sides, links=[(0, 0)]), tmp_path / "out", layout="folder")
    assert report.notes == () and not (report.folder / "left" / "candidates.tsv").exists()
    for graph in load_quietly(report.folder).sides:
        assert {graph.entities[i] for i in graph.candidates} == {"a", "c"} and not any(graph.names)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_export_of_an_export_is_the_same(tmp_path: Path, cities: AlignmentTask, layout: str) -> None:
    first = export_task(cities, tmp_path / "1" / "pair", layout=layout)
    second = export_task(load_quietly(first.pair_folder), tmp_path / "2" / "pair", layout=layout)
    names = {path.relative_to(first.folder) for path in first.folder.rglob("*") if path.is_file()}
    assert names == {path.relative_to(second.folder) for path in second.folder.rglob("*") if path.is_file()}
    for name in names:
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes(), name


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_planted_pair_can_be_written(tmp_path: Path, layout: str) -> None:
    task, features = planted_pair(60)
    left, right = (
        replace(graph, vectors={"image": vectors})
        for graph, vectors in zip(task.sides, features["image"], strict=True)
    )
    task = replace(task, left=left, right=right)
    report = export_task(task, tmp_path / "pair", layout=layout)
    back = load_quietly(report.pair_folder)
    assert ("vectors" in apart_kinds(task, back)) == (layout != "eva")
    assert any("image" in note for note in report.notes) == (layout != "eva")


def test_the_emoji_pair_in_the_layout_of_eva_is_what_the_peers_read(tmp_path: Path) -> None:
    task = load_task("emoji/fr-en")
    options = ExportOptions(pair="fr_en", attribute_values=True, random_state=3)
    report = export_task(task, tmp_path / "data", layout="eva", options=options)
    pair = tmp_path / "data" / "DBP15K" / "fr_en"
    assert report.pair_folder == pair
    sides = [
        [line.split("\t") for line in (pair / f"ent_ids_{side}").read_text().splitlines()] for side in "12"
    ]
    identifiers = {name: int(i) for side in sides for i, name in side}
    n = task.left.n_entities + task.right.n_entities
    assert sorted(identifiers.values()) == list(range(n))  # one table for both sides, no gap
    triples = [
        tuple(map(int, line.split("\t")))
        for side in "12"
        for line in (pair / f"triples_{side}").read_text().splitlines()
    ]
    assert len(triples) == len(task.left.triples) + len(task.right.triples)
    attributes = {
        label
        for side in "12"
        for line in (pair / f"training_attrs_{side}").read_text().splitlines()
        for label in line.split("\t")[1:]
    }
    assert len(attributes) > 1000  # or the code of EVA stops
    vectors = pickle.loads((tmp_path / "data/pkls/fr_en_GA_id_img_feature_dict.pkl").read_bytes())
    assert len(vectors) == sum(image is not None for graph in task.sides for image in graph.images)
    assert all(type(i) is int and v.shape == (1280,) and v.dtype == np.float32 for i, v in vectors.items())
    links = np.loadtxt(pair / "ill_ent_ids", dtype=int)
    assert set(map(tuple, links.tolist())) == {
        (int(task.left.ids[a]), int(task.right.ids[b]))
        for a, b in task.links  # type: ignore[union-attr]
    }
    train, test = (np.loadtxt(pair / f"{name}_ent_ids", dtype=int) for name in ("sup", "ref"))
    assert len(train) == int(0.3 * len(links))
    assert np.array_equal(np.unique(np.vstack([train, test]), axis=0), np.unique(links, axis=0))
    names = json.loads((tmp_path / "data/DBP15K/translated_ent_name/dbp_fr_en.json").read_text())
    assert [i for i, _ in names] == list(range(n))
    back = read_in_order(pair)
    assert back is not None
    assert (back.left.language, back.right.language) == ("fr", "en")
    assert "Twemoji" in (tmp_path / "data" / "NOTICE.txt").read_text()


def test_the_pickle_can_be_read_by_old_versions_of_numpy(tmp_path: Path) -> None:
    vectors = Vectors(np.arange(4, dtype=np.float32).reshape(2, 2), np.array([True, False]))
    graph = KnowledgeGraph("g", ("a", "b"), ("r",), [(0, 0, 1)], vectors={"image": vectors})
    task = AlignmentTask("t", graph, replace(graph, entities=("c", "d")))
    export_task(task, tmp_path / "pair", layout="eva")
    content = (tmp_path / "pair" / "pair_GA_id_img_feature_dict.pkl").read_bytes()
    named = {arg for op, arg, _ in pickletools.genops(io.BytesIO(content)) if op.name == "GLOBAL"}
    assert named <= {"numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype", "_codecs encode"}
    assert {i: v.tolist() for i, v in pickle.loads(content).items()} == {0: [0.0, 1.0], 2: [0.0, 1.0]}


@pytest.mark.parametrize("pair", ["fr_en"])
def test_a_benchmark_in_the_layout_of_eva_is_its_own_files(tmp_path: Path, pair: str) -> None:
    source = CASES.parent / "data" / "DBP15K" / pair
    if not source.is_dir():
        pytest.skip("DBP15K is not on this machine")
    task = load_task(source)
    report = export_task(task, tmp_path / pair, layout="eva")
    expected = ("there are no vectors of images", "of the gold links")
    assert [note for note in report.notes if not note.startswith(expected)] == []
    for path in source.iterdir():
        before, after = (
            sorted(p.read_text("utf-8").splitlines()) for p in (path, tmp_path / pair / path.name)
        )
        assert before == after, path.name
    names = f"dbp_{pair}.json"
    before, after = (
        json.loads((folder / names).read_text("utf-8"))
        for folder in (source.parent / "translated_ent_name", tmp_path / pair)
    )
    assert sorted(before) == after


def test_openea_folds_are_disjoint_and_whole(tmp_path: Path, cities: AlignmentTask) -> None:
    export_task(cities, tmp_path / "pair", layout="openea", options=ExportOptions(random_state=1))
    all_links = set((tmp_path / "pair" / "ent_links").read_text().splitlines())
    trains = []
    for fold in range(1, 6):
        parts = [
            (tmp_path / "pair" / "721_5fold" / str(fold) / f"{name}_links").read_text().splitlines()
            for name in ("train", "valid", "test")
        ]
        assert sorted(line for part in parts for line in part) == sorted(all_links)
        assert [len(part) for part in parts] == [3, 1, 12]
        trains += parts[0]
    assert len(trains) == len(set(trains))


def seeds_of(task: AlignmentTask, n: int = 4) -> SeedSet:
    assert task.links is not None
    return SeedSet(task.links[:n], np.linspace(1, 0.5, n).astype(np.float32), ("refine",) * n)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_seeds_are_written_in_the_form_of_the_layout(
    tmp_path: Path, cities: AlignmentTask, layout: str
) -> None:
    seeds = seeds_of(cities)
    report = export_task(cities, tmp_path / "pair", layout=layout, options=ExportOptions(seeds=seeds))
    back = load_quietly(report.pair_folder)
    expected = [(cities.left.entities[a], cities.right.entities[b]) for a, b in seeds.pairs]
    if layout == "openea":
        rows = (tmp_path / "pair" / "seed_links").read_text().splitlines()
        assert [tuple(row.split("\t")) for row in rows] == expected
        return
    read = SeedSet.load(report.pair_folder / ("seeds.npy" if layout == "eva" else "seeds.tsv"), back)
    found = [(back.left.entities[a], back.right.entities[b]) for a, b in read.pairs]
    assert [tuple(e.removeprefix("left:").removeprefix("right:") for e in pair) for pair in found] == expected
    if layout == "eva":
        text = np.loadtxt(tmp_path / "pair" / "seed_ent_ids", dtype=int)
        assert np.array_equal(text, np.load(tmp_path / "pair" / "seeds.npy"))


def test_seeds_keep_their_entities_where_others_are_left_out(tmp_path: Path) -> None:
    left = KnowledgeGraph("l", ("alone", "rome", "italy"), ("in",), [(1, 0, 2)])
    right = KnowledgeGraph("r", ("roma", "italia"), ("in",), [(0, 0, 1)])
    task = AlignmentTask("t", left, right, links=[(1, 0)])
    for layout in ("openea", "rdf"):
        seeds = SeedSet(np.array([[1, 0]]), np.ones(1, dtype=np.float32), ("given",))
        report = export_task(task, tmp_path / layout, layout=layout, options=ExportOptions(seeds=seeds))
        assert (
            report.notes[0].startswith("left: 1 entity is left out, for example ")
            and "'alone'" in report.notes[0]
        )
        text = (report.folder / ("seed_links" if layout == "openea" else "seeds.tsv")).read_text()
        assert "rome\troma" in text
        wrong = SeedSet(np.array([[0, 1]]), np.ones(1, dtype=np.float32), ("given",))
        with pytest.raises(DataError, match="a seed names 'alone'"):
            export_task(task, tmp_path / "no", layout=layout, options=ExportOptions(seeds=wrong))
        assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(("attribute", "settings"), [("size", None), (LABELS[1], "labels = []\n")])
def test_rdf_without_names_or_pictures_says_nothing_of_them(
    tmp_path: Path, attribute: str, settings: str | None
) -> None:
    left, right = (
        KnowledgeGraph(side, (f"{side}1", f"{side}2"), (), [], attributes=(((attribute, "9 km"),),) * 2)
        for side in ("l", "r")
    )
    folder = export_task(AlignmentTask("t", left, right), tmp_path / "out", layout="rdf").folder
    path = folder / "psqe.toml"
    assert (path.read_text() if path.exists() else None) == settings
    faults = check_folder(folder)
    assert not faults and not [note for note in faults.notes if "psqe.toml" in str(note.path)]
    back = read_in_order(folder)
    assert back.left.attributes == left.attributes and back.right.attributes == right.attributes


@pytest.mark.parametrize("layout", ["eva", "folder", "openea"])
@pytest.mark.parametrize("name", ["a\tb", "a\nb", "a\rb", " a", "a ", " ", "\u00a0a"])
def test_identifiers_that_no_table_holds_are_errors_before_anything_is_written(
    tmp_path: Path, layout: str, name: str
) -> None:
    left = KnowledgeGraph("l", (name, "b"), ("r",), [(0, 0, 1)])
    right = KnowledgeGraph("r", ("c", "d"), ("r",), [(0, 0, 1)])
    with pytest.raises(DataError, match=r"cannot hold the identifier .*; rename it"):
        export_task(AlignmentTask("t", left, right), tmp_path / "out", layout=layout)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path, cities: AlignmentTask) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("full", "file", "link"):
        with pytest.raises(PsqeError, match="is there already"):
            export_task(cities, tmp_path / name, layout="folder")
    with pytest.raises(PsqeError, match="cannot be written"):
        export_task(cities, tmp_path / "file" / "below", layout="folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full", "link"]
    picture = tmp_path / "gone.png"
    Image.new("RGB", (4, 4)).save(picture)
    left = replace(cities.left, images=(picture, *[None] * (cities.left.n_entities - 1)))
    picture.unlink()
    with pytest.raises(DataError, match="the image cannot be read"):
        export_task(replace(cities, left=left), tmp_path / "out", layout="folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full", "link"]
    for place in (".", "..", "/"):
        with pytest.raises(PsqeError, match=r"is a folder that is in use|is not empty"):
            export_task(cities, place, layout="folder")
    (tmp_path / "empty").mkdir()
    export_task(cities, tmp_path / "empty", layout="folder")
    assert apart(cities, load_task(tmp_path / "empty")) == set()


@pytest.mark.parametrize("place", ["pair", "pair/new", "pair/left/images", "pair/new/below", "link/new"])
def test_nothing_is_exported_into_the_folder_of_the_pair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "pair")
    (tmp_path / "pair" / "left" / "images").mkdir()
    (tmp_path / "link").symlink_to("pair")
    before = sorted(tmp_path.rglob("*"))
    assert main(["data", "export", "pair", place, "--layout", "folder"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        f"psqe: {place}: is in the folder of the pair that is exported; give the name of a folder elsewhere"
    )
    assert sorted(tmp_path.rglob("*")) == before
    assert main(["data", "export", "pair", "pair-new", "--layout", "folder"]) == 0


def test_names_with_other_blanks_are_told_with_what_is_read(tmp_path: Path, cities: AlignmentTask) -> None:
    names = ("drapeau\u202f: Fid\u00a0ji", "two  blanks", "caf\u00e9", *cities.left.names[3:])
    task = replace(cities, left=replace(cities.left, names=names))
    report = export_task(task, tmp_path / "out", layout="folder")
    assert [note for note in report.notes if "read" in note] == [
        "left: 2 names are read with one plain blank in the place of other blanks (U+00A0, U+202F), for "
        f"example that of {cities.left.entities[0]!r}"
    ]
    back = load_task(tmp_path / "out").left
    assert back.names[back.index()[cities.left.entities[0]]] == "drapeau : Fid ji"


def test_options_that_a_layout_does_not_have_are_errors(tmp_path: Path, cities: AlignmentTask) -> None:
    for layout, options in (
        ("folder", ExportOptions(pair="fr_en")),
        ("openea", ExportOptions(attribute_values=True)),
        ("eva", ExportOptions(pair="../up")),
        ("eva", ExportOptions(random_state=-1)),
        ("jape", ExportOptions()),
    ):
        with pytest.raises(ParameterError):
            export_task(cities, tmp_path / "out", layout=layout, options=options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("default::psqe.errors.PsqeWarning")  # the identifiers are codes, as is told
def test_the_command_exports_with_mined_or_given_seeds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = written(tmp_path / "pair")
    out = tmp_path / "out" / "fr_en"
    command = ["data", "export", str(pair), str(out), "--layout", "eva"]
    assert main([*command, "--miner", "mutual", "--n-seeds", "5"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert all(line.startswith("note: ") for line in told[:-1])
    assert re.search(r"16 links, 5 seeds; layout eva, \d+ files -> ", told[-1])
    assert main(["data", "check", str(out)]) == 0
    assert main([*command]) == 2  # the folder is there already
    assert "is not empty" in capsys.readouterr().err
    rdf = ["data", "export", str(out), str(tmp_path / "rdf"), "--layout", "rdf"]
    assert main([*rdf, "--seeds", str(out / "seeds.npy")]) == 0
    assert len((tmp_path / "rdf" / "seeds.tsv").read_text().splitlines()) == 6
    assert main([*rdf, "--seeds", str(out / "seeds.npy"), "--n-seeds", "3"]) == 2


text = st.text(
    st.characters(codec="utf-8") | st.sampled_from("\t\n\r\"'|^=\\<>%/#:?. \u00a0\ufeff\u2028;,@{}"),
    max_size=6,
)
values = st.none() | text


@st.composite
def graphs(draw: st.DrawFn) -> KnowledgeGraph:
    """A graph of strange texts; its identifiers and labels are those that a table can hold."""
    cells = text.map(str.strip).filter(lambda t: bool(t) and not re.search(r"[\t\n\r]", t))
    entities = draw(st.lists(cells, min_size=2, max_size=5, unique=True))
    relations = draw(st.lists(cells, min_size=1, max_size=2, unique=True))
    n = len(entities)
    triple = st.tuples(*(st.integers(0, m - 1) for m in (n, len(relations), n)))
    pairs = st.lists(st.tuples(cells, values), max_size=2)
    return KnowledgeGraph(
        "g",
        tuple(entities),
        tuple(relations),
        draw(st.lists(triple, min_size=1, max_size=4)),
        candidates=draw(st.none() | st.lists(st.integers(0, n - 1), min_size=1, unique=True)),  # type: ignore[arg-type]
        names=tuple(draw(st.lists(values, min_size=n, max_size=n))),
        attributes=tuple(tuple(p) for p in draw(st.lists(pairs, min_size=n, max_size=n))),
    )


@pytest.mark.parametrize("layout", LAYOUTS)
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(left=graphs(), right=graphs(), data=st.data())
def test_strange_graphs_come_back_or_what_is_lost_is_told(
    tmp_path_factory: pytest.TempPathFactory,
    layout: str,
    left: KnowledgeGraph,
    right: KnowledgeGraph,
    data: st.DataObject,
) -> None:
    links = list(zip(left.candidates.tolist(), right.candidates.tolist(), strict=False))
    task = AlignmentTask("t", left, right, links=links[: data.draw(st.integers(0, 3))])  # type: ignore[arg-type]
    place = tmp_path_factory.mktemp("strange")
    try:
        report = export_task(task, place / "out", layout=layout)
    except DataError as error:
        assert "cannot hold" in str(error), error
        assert list(place.iterdir()) == []
        return
    kinds = apart_kinds(task, load_quietly(report.pair_folder))
    told = "\n".join(report.notes)
    words = {
        "names": "name|left out|percent-encoded|left:",
        "attributes": "attribute|percent-encoded|left:",
        "candidates": "candidate|left out|percent-encoded|left:",
        "translations": "name|left:",
        "entities": "left out|percent-encoded|left:",
        "triples": "left out|percent-encoded|left:",
        "links": "left out|percent-encoded|left:",
    }
    for kind in kinds:
        assert re.search(words[kind], told), (kind, told)
