"""Names as bigrams, and machine-translated names apart from names."""

import numpy as np
import pytest

from psqe.errors import DataError
from psqe.features import build_features
from psqe.features.encoders.bigram import bigrams, plain
from psqe.features.fusion import unit_rows
from psqe.graph import AlignmentTask, KnowledgeGraph

Names = tuple[str | None, ...]


def task_of(left: Names, right: Names, column: str = "names") -> AlignmentTask:
    graphs = [
        KnowledgeGraph(name, tuple(f"{name}{i}" for i in range(len(texts))), (), [], **{column: texts})
        for name, texts in (("l", left), ("r", right))
    ]
    return AlignmentTask("test", *graphs)


def cosines(task: AlignmentTask, modality: str = "name") -> np.ndarray:
    found = build_features(task, [modality], encoders={modality: "bigram"})[modality]
    return unit_rows(found.left.values) @ unit_rows(found.right.values).T


def test_bigrams_of_words_and_their_edges() -> None:
    assert bigrams("Anna-Na") == {" a": 1, "an": 1, "nn": 1, "na": 2, "a ": 2, " n": 1}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Éric Chahi", "eric_chahi"),
        ("CAFÉ", "cafe\u0301"),
        ("Straße", "STRASSE"),
        ("\uff21\uff22\uff23", "abc"),
        ("Αθήνα", "αθηνα"),
        ("ﬁn", "fin"),
    ],
)
def test_what_is_written_alike_is_alike(one: str, other: str) -> None:
    assert plain(one) == plain(other)


@pytest.mark.parametrize(("one", "other"), [("が", "か"), ("हि", "ह"), ("서울", "사울")])
def test_marks_that_are_no_accents_stay(one: str, other: str) -> None:
    assert bigrams(one) != bigrams(other)


def test_nearly_equal_names_are_nearest() -> None:
    left = ("Marco Reich", "Monterey, Indiana", "Chad Burt", None)
    right = ("monterrey (indiana)", "Burt, Chad", "Márco Reich", "")
    assert cosines(task_of(left, right))[:3].argmax(axis=1).tolist() == [2, 0, 1]


def test_a_name_in_another_script_is_absent_not_unlike_all() -> None:
    found = build_features(
        task_of(("北京", "Paris", None), ("paris", "Beijing")), ["name"], encoders={"name": "bigram"}
    )["name"]
    assert found.left.present.tolist() == [False, True, False]
    assert found.left.values.dtype == np.float32
    shared = {" p", "pa", "ar", "ri", "is", "s "}
    assert found.dim == len(shared)


def test_rare_bigrams_weigh_more_than_frequent_ones() -> None:
    left = ("ab cd", *["ab"] * 20)
    right = ("ab", "cd", *["ab"] * 20)
    row = cosines(task_of(left, right))[0]
    assert row[1] > row[0]


def test_no_bigram_in_common_is_an_error_that_says_what_works() -> None:
    with pytest.raises(DataError, match="no bigram across the sides; give name the encoder use-m3"):
        cosines(task_of(("北京",), ("Beijing",)))


def test_one_empty_side_is_named() -> None:
    with pytest.raises(DataError, match="no entity of graph 'r' has modality 'name'"):
        cosines(task_of(("北京",), (None,)))


def test_the_width_is_bounded() -> None:
    words = tuple(f"{chr(0x4E00 + i)}{chr(0x5E00 + j)}" for i in range(60) for j in range(60))
    found = build_features(task_of(words, words), ["name"], encoders={"name": "bigram"})["name"]
    assert found.dim == 2000, "of 3,720 bigrams"


def test_names_and_translations_are_never_mixed() -> None:
    names = task_of(("Soleil",), ("Sun",))
    translated = task_of(("Sun",), ("Sun",), "translations")
    assert cosines(translated, "translated_name")[0, 0] == pytest.approx(1)
    for task, modality in ((names, "translated_name"), (translated, "name")):
        with pytest.raises(DataError, match=f"has modality '{modality}'"):
            build_features(task, [modality], encoders={modality: "bigram"})


def test_translated_names_go_through_the_text_encoder() -> None:
    task = task_of(("a red apple", None), ("apple, red", "mountain"), "translations")
    found = build_features(task, ["translated_name"], cache=False)
    assert list(found) == ["translated_name"]
    modality = found["translated_name"]
    assert modality.dim == 512 and modality.left.present.tolist() == [True, False]
    row = modality.left.values[0] @ modality.right.values.T
    assert row[0] > row[1]
