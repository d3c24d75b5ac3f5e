"""Texts in a language or a script that their encoder does not know are told, once and with a remedy."""

import warnings
from dataclasses import replace

import pytest
from pairs import tiny

import psqe
from psqe.cli.main import main
from psqe.datasets import load_task
from psqe.errors import PsqeWarning
from psqe.evaluation import feature_scorer
from psqe.features import build_features
from psqe.features.encoder_registry import ENCODERS
from psqe.features.languages import SCRIPTS, unread_texts
from psqe.graph import AlignmentTask, KnowledgeGraph
from psqe.links import predict_links
from psqe.links.report.page import link_report
from psqe.options import FeatureOptions

HINDI = ("सेब का पेड़", "लाल फूल", "नीली नदी")
ENGLISH = ("apple tree", "red flower", "blue river")


def named(names=ENGLISH, *, name="g", language=None, **columns) -> KnowledgeGraph:
    entities = tuple(f"{name}{i}" for i in range(len(names)))
    return KnowledgeGraph(name, entities, (), [], names=names, language=language, **columns)


def said(right: KnowledgeGraph, encoders=None) -> list[str]:
    return unread_texts(AlignmentTask("t", named(), right), encoders or {"name": "use-m3"})


@pytest.mark.parametrize(
    ("names", "language", "unknown"),
    [
        (HINDI, None, "script of name (Devanagari)"),
        (HINDI, "hi", "language of name (hi)"),
        (("mti wa tufaha", "ua jekundu", "mto"), "sw", "language of name (sw)"),
        (("mti wa tufaha", "ua jekundu", "mto"), None, None),
        (("תפוח", "פרח", "נהר"), "und", "script of name (Hebrew)"),
        (("苹果树", "红花", "蓝河"), "zh-Hant", None),
        (("りんご", "カード", "川"), "ja", None),
        (("사과", "꽃", "강"), "KO", None),
        (("яблоко", "цветок", "река"), None, None),
        ((*ENGLISH, "सेब"), None, None),
        (("1", "2", "3"), "hi", None),
        (HINDI, "english", "script of name (Devanagari)"),
    ],
)
def test_language_where_it_is_known_and_else_the_script(names, language, unknown):
    found = said(named(names, name="other", language=language))
    assert len(found) == (unknown is not None)
    if unknown is not None:
        assert found[0].startswith(f"graph 'other': the encoder use-m3 does not know the {unknown};")
        assert "--encoder name=hf:MODEL" in found[0] and "or leave it out" in found[0]


def test_one_sentence_for_a_graph_and_an_encoder():
    values = tuple((("रंग", text),) for text in HINDI)
    right = named(HINDI, language="hi", attributes=values, translations=ENGLISH)
    three = dict.fromkeys(("name", "attribute", "translated_name"), "use-m3")
    (sentence,) = said(right, three)
    assert "language of name and attribute (hi)" in sentence and "or leave them out" in sentence


@pytest.mark.parametrize("encoder", ["bigram", "hf:some/model", None, "no-such"])
def test_encoders_that_state_no_language_cause_no_sentence(encoder):
    assert said(named(HINDI, language="hi"), {"name": encoder}) == []


def test_the_order_of_the_entities_does_not_matter():
    names = tuple(f"नाम {i}" for i in range(900)) + tuple(f"name {i}" for i in range(300))
    assert said(named(names)) == said(named(names[::-1])) != []


def test_scripts_are_written_as_unicode_writes_them():
    from psqe.features.languages import _script

    for letter, language in (("ह", "hi"), ("あ", "ja"), ("漢", "zh"), ("한", "ko"), ("ไ", "th"), ("ب", "ar")):
        assert _script(letter) in SCRIPTS[language]
    assert _script("é") == "LATIN" and _script("1") is _script("ー") is None


def test_sixteen_languages_of_the_default_encoder():
    encoder = ENCODERS["use-m3"]
    assert encoder.languages is not None
    assert len(encoder.languages) == 15 and {"ko", "th", "zh"} <= encoder.languages  # Chinese has two scripts
    assert not encoder.languages & {"hi", "sw"}


def test_features_are_built_with_one_warning():
    task = AlignmentTask("t", named(), named(HINDI, name="other", language="hi"))
    with pytest.warns(PsqeWarning, match="use-m3 does not know the language of name") as caught:
        build_features(task, ["name"], cache=False)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build_features(AlignmentTask("t", named(), named(name="other")), ["name"], cache=False)


def test_alignment_says_it_in_its_choices_and_on_its_page(tmp_path):
    left, right = named(language="en"), named(HINDI, name="other", language="hi")
    with pytest.warns(PsqeWarning):
        made = psqe.align(
            AlignmentTask("t", left, right), features=FeatureOptions(modalities=("name",)), seeds="none"
        )
    assert "does not know the language of name (hi)" in made.choices
    made.report(tmp_path / "page.html")
    assert "does not know the language of name (hi)" in (tmp_path / "page.html").read_text()
    task, features = tiny(4, 4)
    task = replace(task, right=replace(task.right, names=(*HINDI, "नाम"), language="hi"))
    links = predict_links(task, features, feature_scorer(task, features))
    assert "does not know" not in link_report(task, features, links).to_html()


def test_data_info_says_it(capsys):
    assert main(["data", "info", "emoji/en-hi"]) == 0
    told = capsys.readouterr().out
    assert told.count("does not know the language of name and attribute (hi)") == 1
    assert told.splitlines()[-1].startswith("  note: graph 'openmoji-hi': the encoder use-m3")


def test_the_pair_in_hindi_is_told_and_korean_is_not():
    encoders = {"image": "efficientnet-lite0", "attribute": "use-m3"}
    (sentence,) = unread_texts(load_task("emoji/en-hi"), encoders)
    assert "language of attribute (hi)" in sentence
    assert unread_texts(load_task("emoji/en-ko"), encoders) == []
