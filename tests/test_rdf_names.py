"""Names in RDF: for each entity, in a language that both sides have, never of what describes the files."""

import warnings

import cities
import pytest
from cases import NAME, aligned, case
from folders import RDF, Files, statements, write
from test_layouts import names, read

from psqe.datasets.layouts import check_folder, read_in_order
from psqe.datasets.rdf.names import NameDraft, common_languages
from psqe.errors import DataError, PsqeWarning
from psqe.graph import AlignmentTask, KnowledgeGraph

PREFIXES = """
@prefix : <http://a.example/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix skosxl: <http://www.w3.org/2008/05/skos-xl#> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix schema: <http://schema.org/> .
@prefix geo: <http://www.opengis.net/ont/geosparql#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix wd: <http://www.wikidata.org/entity/> . @prefix wdt: <http://www.wikidata.org/prop/direct/> .
@prefix wikibase: <http://wikiba.se/ontology#> . @prefix dbo: <http://dbpedia.org/ontology/> .
@prefix dbr: <http://dbpedia.org/resource/> .
"""
RIGHT: Files = {"right.nt": RDF["right.nt"]}


def task_of(folder, left: str, right: str | None = None, settings: str | None = None) -> AlignmentTask:
    files: Files = {"left.ttl": (PREFIXES + left).encode(), **RIGHT}
    if right is not None:
        files = {"left.ttl": files["left.ttl"], "right.ttl": (PREFIXES + right).encode()}
    if settings is not None:
        files["psqe.toml"] = settings.encode()
    task = read_in_order(write(folder, files))
    assert task is not None
    return task


def candidates(graph: KnowledgeGraph) -> set[str]:
    return {graph.entities[i].rpartition("/")[2] for i in graph.candidates.tolist()}


def short(graph: KnowledgeGraph) -> dict[str, str]:
    return {entity.rpartition("/")[2]: name for entity, name in names(graph).items()}


HEADER = (
    ':onto a owl:Ontology ; rdfs:label "Places" . dct:title a owl:AnnotationProperty . '
    "owl:Thing a owl:Class ."
)
TREE = ":AcceptedPaper rdfs:subClassOf :Paper . :Paper a owl:Class . :hasPCChair a owl:ObjectProperty ."


def test_a_label_of_the_header_takes_no_name_from_the_others(tmp_path):
    left = task_of(tmp_path, HEADER + TREE).left
    assert candidates(left) == {"AcceptedPaper", "Paper", "hasPCChair"}
    assert short(left).items() >= {
        "AcceptedPaper": "Accepted Paper", "Paper": "Paper", "hasPCChair": "has PC Chair"
    }.items()  # fmt: skip


@pytest.mark.filterwarnings("default::psqe.errors.PsqeWarning")
def test_each_entity_without_a_label_has_the_words_of_its_iri(tmp_path):
    some = ':Rome rdfs:label "Roma" . :AncientCity a owl:Class . '
    some += ":is_part_of a rdf:Property . :caf%C3%A9 a :Bar ."
    some += " ".join(f':x{i} rdfs:label "naam {chr(97 + i)}" .' for i in range(16))
    with pytest.warns(
        PsqeWarning, match=r"left.ttl: 3 of 20 candidates have no label, and 3 of these are named"
    ):
        left = task_of(tmp_path, some).left
    assert {entity: name for entity, name in short(left).items() if not entity.startswith("x")} == {
        "Rome": "Roma", "AncientCity": "Ancient City", "is_part_of": "is part of", "caf%C3%A9": "café"
    }  # fmt: skip


PREDICATES = {
    ':a rdfs:label "one" ; skos:prefLabel "two"': "one",
    ':a skos:prefLabel "two" ; foaf:name "three"': "two",
    ':a foaf:name "three" ; schema:name "four"': "three",
    ':a dct:title "five"': "five",
    ':a <http://purl.org/dc/elements/1.1/title> "six" ; skos:altLabel "z"': "six",
    ':a skos:altLabel "seven", "eight"': "eight",
    ':a skosxl:prefLabel [ skosxl:literalForm "nine"@en ]': "nine",
    ':a skosxl:prefLabel :l . :l a skosxl:Label ; skosxl:literalForm "ten" ; dct:created "2001"': "ten",
    ':l skosxl:literalForm "eleven" . :a skosxl:altLabel :l': "eleven",
    ':a rdfs:label "" ; dct:title "twelve"': "twelve",
    ':a rdfs:label "  two \\n words "': "two words",
}


@pytest.mark.parametrize("said", PREDICATES)
def test_which_predicates_name_an_entity(tmp_path, said):
    left = task_of(tmp_path, said + ' ; :p "x" .').left
    assert short(left)["a"] == PREDICATES[said] and candidates(left) == {"a"}


@pytest.mark.parametrize("node", ["http://a.example/.well-known/genid/b1", "nodeID://b10001"])
def test_iris_that_stand_for_blank_nodes_are_no_candidates(tmp_path, node):
    left = task_of(tmp_path, f':rome rdfs:label "Rome" ; :at <{node}> . <{node}> :x "1" .').left
    assert candidates(left) == {"rome"}


@pytest.mark.parametrize("text", [
    'rdfs:label "Rome"', 'skos:prefLabel "Rome"@en', 'skosxl:literalForm "Rome"',
    'a skosxl:Label ; rdfs:label "Rome"',
])  # fmt: skip
@pytest.mark.parametrize("predicate", ["skos:prefLabel", "skosxl:prefLabel", "rdfs:label"])
def test_a_node_that_a_label_leads_to_is_a_name_and_no_candidate(tmp_path, predicate, text):
    left = task_of(tmp_path, f':e {predicate} :label1 . :label1 {text} . :f rdfs:label "Oslo" .').left
    assert short(left) == {"e": "Rome", "f": "Oslo"} and candidates(left) == {"e", "f"}


WIKIBASE = """
@prefix data: <https://www.wikidata.org/wiki/Special:EntityData/> .
@prefix p: <http://www.wikidata.org/prop/> .
wd:Q64 a wikibase:Item ; rdfs:label "Berlin"@en ; wdt:P17 wd:Q183 ;
  p:P17 <http://www.wikidata.org/entity/statement/s1> .
wd:Q183 rdfs:label "Germany"@en .
data:Q64 a schema:Dataset ; schema:about wd:Q64 ; schema:version "17" .
<http://www.wikidata.org/entity/statement/s1> a wikibase:Statement ; wikibase:rank wikibase:NormalRank ;
  <http://www.wikidata.org/prop/statement/value/P1> <http://www.wikidata.org/value/v1> .
<http://www.wikidata.org/value/v1> a wikibase:QuantityValue ; wikibase:quantityUnit wd:Q712226 .
wd:Q712226 rdfs:label "square kilometre"@en .
<https://en.wikipedia.org/wiki/Berlin> a schema:Article ; schema:about wd:Q64 ; schema:name "Berlin"@en .
<https://en.wikipedia.org/> wikibase:wikiGroup "wikipedia" .
wd:P17 a wikibase:Property ; rdfs:label "country"@en ; wikibase:directClaim wdt:P17 ; wikibase:claim p:P17 .
wdt:P17 a owl:ObjectProperty . p:P17 a owl:ObjectProperty .
"""


@pytest.mark.parametrize("namespace", ["http://www.wikidata.org/entity/", "http://base.example/entity/"])
def test_records_in_a_dump_of_wikibase_are_no_candidates(tmp_path, namespace):
    left = task_of(tmp_path, WIKIBASE.replace("wd:Q64", f"<{namespace}Q64>")).left
    assert candidates(left) == {"Q64", "Q183", "Q712226", "P17"} and "Berlin" in short(left).values()


@pytest.mark.parametrize(("page", "is_entity"), [
    (":page foaf:primaryTopic :rome", False),
    (':page foaf:primaryTopic :rome ; dct:language "en"', False),
    (':page foaf:primaryTopic :rome ; rdfs:label "Rome in the rain"', True),
    (":page foaf:primaryTopic <http://elsewhere.example/topic>", True),
    (':page schema:about :rome ; schema:name "Rome in the rain"', True),
    (":page schema:about :rome", True),
])  # fmt: skip
def test_pages_without_a_name_about_an_entity_are_no_candidates(tmp_path, page, is_entity):
    left = task_of(tmp_path, f':rome rdfs:label "Rome" . {page} .').left
    assert candidates(left) == {"rome", *["page"] * is_entity}


def test_entities_that_name_each_other_stay_entities(tmp_path):
    left = task_of(tmp_path, ':e rdfs:label :f, "Rome" . :f rdfs:label :e, "Oslo" .').left
    assert candidates(left) == {"e", "f"}


@pytest.mark.filterwarnings("ignore:.*no candidate of the right side has:psqe.errors.PsqeWarning")
def test_labels_of_the_settings_are_the_only_ones(tmp_path):
    settings = "labels = ['http://a.example/nom']"
    left = task_of(tmp_path, ':a dct:title "five" ; :nom "un" .', settings=settings).left
    assert short(left) == {"a": "un"}


def several(*tags: str) -> str:
    """Three entities with a label in each language, and more in the first one."""
    rows = [
        f":e{i} rdfs:label {', '.join(f'{chr(34)}{tag} {i}{chr(34)}@{tag}' for tag in tags)} ."
        for i in range(3)
    ]
    return "\n".join(rows)


CHOICES = [
    (("el", "en"), ("en", "fr"), ("en", "en")),
    (("fr", "de"), ("de", "es"), ("de", "de")),
    (("de", "fr", "en"), ("en", "fr", "de"), ("en", "en")),
    (("en-gb", "el"), ("en-us",), ("en", "en")),
    (("zh", "ja"), ("ja",), ("ja", "ja")),
    (("sr-Cyrl", "sr-Latn"), ("sr-Latn",), ("sr-latn", "sr-latn")),
    (("sr-ec", "sr-el"), ("sr-Latn",), ("sr-latn", "sr-latn")),
    (("zh-Hans", "zh-Hant"), ("zh-tw",), ("zh-hant", "zh-hant")),
]


@pytest.mark.parametrize(("left", "right", "expected"), CHOICES)
def test_the_language_is_chosen_for_both_sides_together_and_told(tmp_path, left, right, expected):
    with pytest.warns(
        PsqeWarning, match=rf"of which those in '{expected[0]}' on both sides are taken; choose others"
    ):
        task = task_of(tmp_path, several(*left), several(*right))
    for graph, language in zip((task.left, task.right), expected, strict=True):
        said = {name.partition(" ")[0] for name in short(graph).values()}
        tags = {"sr-latn": {"sr-Latn", "sr-el"}, "zh-hant": {"zh-Hant", "zh-tw"}}
        assert said <= tags.get(language, {language, f"{language}-gb", f"{language}-us"})
        assert graph.language == language


@pytest.mark.parametrize("predicate", ["dct:title", "skos:altLabel"])
def test_the_language_of_names_that_are_no_labels_is_chosen_too(tmp_path, predicate):
    left, right = (several(*tags).replace("rdfs:label", predicate) for tags in (("de", "en"), ("en", "fr")))
    with pytest.warns(PsqeWarning, match="of which those in 'en' on both sides are taken"):
        task = task_of(tmp_path, left, right)
    assert {*short(task.left).values(), *short(task.right).values()} == {"en 0", "en 1", "en 2"}


def test_a_plain_literal_of_owl_has_its_language_in_its_text(tmp_path):
    left = task_of(tmp_path, ':a rdfs:label "one@en"^^rdf:PlainLiteral ; :p "x@y"^^rdf:PlainLiteral .').left
    assert short(left) == {"a": "one"} and left.attributes[0] == (("http://a.example/p", "x"),)


def test_languages_of_the_same_script_are_chosen_where_none_is_common(tmp_path):
    left = ':e rdfs:label "Афины"@ru, "Atene"@it . :f rdfs:label "Рим"@ru, "Roma"@it .'
    right = ':e rdfs:label "Αθήνα"@el, "Athen"@de . :f rdfs:label "Ρώμη"@el, "Rom"@de .'
    with pytest.warns(PsqeWarning, match="of which those in 'it' left and in 'de' right are taken"):
        task = task_of(tmp_path, left, right)
    assert short(task.left)["f"] == "Roma" and short(task.right)["f"] == "Rom"


def test_a_language_that_few_entities_have_is_not_chosen(tmp_path):
    many = "\n".join(f':x{i} rdfs:label "naam {chr(97 + i)}"@nl .' for i in range(9))
    left = many + ':e rdfs:label "e"@nl, "rare"@fi .'
    with pytest.warns(PsqeWarning, match="of which those in 'nl' on both sides"):
        task = task_of(tmp_path, left, many + ':e rdfs:label "f"@nl, "rare"@fi .')
    assert short(task.left)["e"] == "e"


def drafts(left: list[str], right: list[str]) -> tuple[NameDraft, NameDraft]:
    """The names of two sides: for each entity, the languages that it has a name in."""
    sides = NameDraft(), NameDraft()
    for side, entities in zip(sides, (left, right), strict=True):
        for entity, tags in enumerate(entities):
            for tag in tags.split(","):
                side.add(entity, f"name {entity}", tag, rank=0)
    return sides


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        # Equally common ones: names without a language, then English, then by the alphabet.
        (["de,en,", "de,en,"], ["de,en,", "de,en,"], ("", "")),
        (["de,en", "de,en"], ["de,en", "de,en"], ("en", "en")),
        (["fr,de", "fr,de"], ["fr,de", "fr,de"], ("de", "de")),
        # What counts is the share of the side that has less of a language.
        (["de,fr", "de,fr", "de,fr"], ["de,fr", "fr", "fr"], ("fr", "fr")),
        (["de,fr", "de,fr", "fr"], ["de,fr", "de", "de"], ("de", "de")),
    ],
)
def test_which_of_the_common_languages_is_chosen(left, right, expected):
    everyone = set(range(3))
    assert common_languages(*drafts(left, right), everyone, everyone) == expected


def test_alternative_names_count_only_for_entities_that_have_no_other():
    side = NameDraft()
    for entity in range(2):
        side.add(entity, "Wien", "de", rank=0)
        side.add(entity, "Vindobona", "la", rank=3, fallback=True)
    side.add(2, "Aquincum", "la", rank=3, fallback=True)
    assert side.languages({0, 1, 2}) == ({"de": 2 / 3, "la": 1 / 3}, False)
    assert side.chosen("la") == {0: "Wien", 1: "Wien", 2: "Aquincum"}


def test_one_language_is_no_choice_and_settings_win(tmp_path):
    task = task_of(tmp_path / "a", several("el"), several("fr"))
    assert task.left.language is None and short(task.left)["e0"] == "el 0"
    task = task_of(tmp_path / "b", several("el", "en"), several("en", "fr"), 'languages = {left = "el"}')
    assert short(task.left)["e0"] == "el 0" and task.left.language == "el"


LITERALS = {
    '"Point(12.5 41.9)"^^geo:wktLiteral': "1 of geometry",
    '"POLYGON ((30 10, 40 40, 20 40, 30 10))"': "1 of geometry",
    '"<http://www.opengis.net/def/crs/OGC/1.3/CRS84> POINT(1 2)"': "1 of geometry",
    '"<gml:Point><gml:pos>1 2</gml:pos></gml:Point>"^^geo:gmlLiteral': "1 of geometry",
    '\'{"type": "Point", "coordinates": [1, 2]}\'': "1 of geometry",
    '"aGVsbG8="^^xsd:base64Binary': "1 of binary data",
    '"data:image/png;base64,aGVsbG8="': "1 of binary data",
    '"<p>A town</p>"^^rdf:HTML': "1 of markup",
    f'"{"long " * 30_000}"': "1 of very long texts",
}


@pytest.mark.parametrize("literal", LITERALS)
def test_literals_that_cannot_be_compared_are_left_out_and_counted(tmp_path, literal):
    folder = write(
        tmp_path,
        {"left.ttl": (PREFIXES + f':a :shape {literal} ; :kept "Point of view (1)" .').encode(), **RIGHT},
    )
    notes = [str(note) for note in check_folder(folder).notes]
    assert (
        len(notes) == 1
        and f"literals that cannot be compared as texts are left out: {LITERALS[literal]}" in notes[0]
    )


DUMPS = {
    "wikidata": (
        'wd:Q90 rdfs:label "Paris"@en ; schema:description "capital"@en ; wdt:P31 wd:Q515 ; wdt:P625 '
        '"Point(2.35 48.85)"^^geo:wktLiteral . wd:Q64 rdfs:label "Berlin"@en ; wdt:P31 wd:Q515 . '
        "wdt:P31 a owl:ObjectProperty ; rdfs:label 'instance of'@en .",
        {"Q90": "Paris", "Q64": "Berlin", "P31": "instance of"},
    ),
    "dbpedia": (
        'dbr:AC_DC dbo:genre dbr:Rock_music ; rdfs:label "AC/DC"@en . dbr:Boeing_747 a dbo:Aircraft ; '
        'rdfs:label "Boeing 747"@en .',
        {"AC_DC": "AC/DC", "Boeing_747": "Boeing 747"},
    ),
    "agrovoc": (
        ':c_1 a skos:Concept ; skosxl:prefLabel :xl_1 ; skos:broader :c_2 . :c_2 a skos:Concept ; '
        'skosxl:prefLabel :xl_2 . :xl_1 a skosxl:Label ; skosxl:literalForm "maize"@en . '
        ':xl_2 a skosxl:Label ; skosxl:literalForm "cereals"@en .',
        {"c_1": "maize", "c_2": "cereals"},
    ),
    "yago": (
        "<http://yago-knowledge.org/resource/Albert_Einstein> a schema:Person ; schema:birthPlace "
        "<http://yago-knowledge.org/resource/Ulm> . <http://yago-knowledge.org/resource/Ulm> a schema:City .",
        {"Albert_Einstein": "Albert Einstein", "Ulm": "Ulm", "Person": "Person", "City": "City"},
    ),
    "owl": (
        ':Paper a owl:Class ; rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :hasAuthor ; '
        'owl:someValuesFrom :Author ] . :Author a owl:Class . :hasAuthor a owl:ObjectProperty . '
        "[] a owl:AllDisjointClasses ; owl:members ( :Paper :Author ) .",
        {"Paper": "Paper", "Author": "Author", "hasAuthor": "has Author"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("dump", DUMPS)
@pytest.mark.filterwarnings("default::psqe.errors.PsqeWarning")
def test_files_as_large_projects_publish_them(tmp_path, dump):
    text, expected = DUMPS[dump]
    left = task_of(tmp_path, text).left
    assert short(left).items() >= expected.items()
    assert candidates(left) <= expected.keys()


@pytest.mark.parametrize(
    "name", ["02-label-iri/b-skosxl", "03-local-names/b-header-label", "04-languages/f-el-en__en-fr"]
)
@pytest.mark.filterwarnings("default::psqe.errors.PsqeWarning")
def test_known_inputs_by_their_names(tmp_path, name):
    assert aligned(case(name, tmp_path), *NAME)["link_quality"]["links"]["f1"] == 1.0


@pytest.mark.parametrize("name", ["a-owl-xml", "c-ttl-sameas"])
@pytest.mark.filterwarnings("default::psqe.errors.PsqeWarning")
def test_known_ontologies(tmp_path, name):
    options = ("--n-seeds", "8", "--modalities", "name,relation")
    summary = aligned(case(f"UX10-ontologies/{name}", tmp_path), *options)
    assert summary["link_quality"]["links"]["recall"] >= 0.84


WRONG = (
    "1", "1.5", "true", '"x y"', '""', "[1]", "[true]", "[[]]", '[""]', '["a b"]', "{a = 1}", "2020-01-01",
    "07:32:00", "1979-05-27T07:32:00Z", "nan", "[1979-05-27]", '["http://x.org/a", 1]', "[{}]", "9" * 30,
)  # fmt: skip
"""Values that no key of the settings has."""


@pytest.mark.parametrize(
    "key", ["labels", "images", "languages", "languages.left", "languages.right", "label", "labels.x"]
)
@pytest.mark.parametrize("value", WRONG)
def test_a_setting_of_a_wrong_type_is_one_line_with_the_key_and_a_remedy_that_works(tmp_path, key, value):
    folder = write(tmp_path, {**RDF, "psqe.toml": f"{key} = {value}\n".encode()})
    found = check_folder(folder)
    (line,) = map(str, found.shown)
    known = key.partition(".")[0] if key == "labels.x" else key
    assert "psqe.toml: " in line and f"the key '{known}" in line and "\n" not in line
    assert "Input should" not in line  # the words of a library that the user has not chosen
    if key != "label":
        remedy = line.partition("such as ")[2].partition(", or ")[0]
        (folder / "psqe.toml").write_text(remedy)
        assert not check_folder(folder)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("labels = " + "[" * 50_000, "psqe.toml: "),
        ("a." * 5_000 + "b = 1", "psqe.toml: "),
        ("# " + "x" * 200_000, "psqe.toml: is larger than 100,000 bytes; the keys are"),
    ],
    ids=["brackets", "dots", "large"],
)
def test_settings_that_are_huge_or_deep_are_one_line(tmp_path, settings, message):
    folder = write(tmp_path, {**RDF, "psqe.toml": settings.encode()})
    shown = [str(fault) for fault in check_folder(folder).shown]
    assert any(message in fault and "\n" not in fault for fault in shown)


def test_a_list_of_many_items_is_read(tmp_path):
    items = " ".join(f'"{i}"' for i in range(2_000))
    left = read(write(tmp_path, {"left.ttl": f"<http://a> <http://p> ( {items} ) .".encode(), **RIGHT})).left
    assert left.n_entities == 2_002 and statements


SETTINGS = [
    ('languages = {right = "fr-Cyrl", left = "en"}', None),
    ('labels = ["http://a.example/naem"]', "but no candidate of the left side has one of them; corr"),
    ("labels = []", None),
]


@pytest.mark.filterwarnings("default::psqe.errors.PsqeWarning")
@pytest.mark.parametrize(("settings", "message"), SETTINGS)
def test_settings_without_effect_are_told(tmp_path, settings, message):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        task_of(tmp_path, several("en"), several("fr"), settings)
    said = [str(one.message) for one in caught if "psqe.toml: " in str(one.message)]
    assert message in said[0] if message else not said


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('{left = "de", right = "fr"}', r"wants names in 'de' on the left .*choose from its languages \(en"),
        ('{right = "sr-Cyrl"}', "wants names in 'sr-cyrl' on the right side, which has none"),
    ],
)
def test_a_language_that_a_side_lacks_is_refused(tmp_path, settings, message):
    with pytest.raises(DataError, match=message):
        task_of(tmp_path, several("en"), several("fr"), f"languages = {settings}")


@pytest.mark.parametrize("predicate", ["skos:exactMatch", "owl:equivalentClass", "schema:sameAs"])
def test_links_inside_a_side_are_told_and_others_are_not(tmp_path, predicate):
    right = '<http://b.example/x> rdfs:label "x" . '
    with pytest.warns(
        PsqeWarning, match=r"left.ttl: says by http\S+ which entities of the .*; move them to li"
    ):
        task_of(tmp_path, f':e rdfs:label "e" ; {predicate} <http://b.example/x> .', right)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        task_of(tmp_path, f':e rdfs:label "e" ; {predicate} :f, <http://c.example/x> . :f :p "1" .', right)


# ---- names under a predicate that is not known

LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
UNKNOWN = (
    "http://own.example/title", "http://dbpedia.org/ontology/name", "http://dbpedia.org/property/name",
    "http://www.wikidata.org/prop/direct/P1448", "http://purl.obolibrary.org/obo/IAO_0000118",
    "http://www.w3.org/2000/01/rdf-schema#Label", "https://www.w3.org/2000/01/rdf-schema#label",
    "http://a.example/onto#bezeichnung", "http://a.example/xyz",
)  # fmt: skip


def cities_in_rdf(folder, left: str, right: str = LABEL, *, more: str = ""):
    """Write the pair of cities with names under these predicates; the IRIs of the entities are codes."""
    folder.mkdir(exist_ok=True)
    for side, tables, predicate in (("left", cities.LEFT, left), ("right", cities.RIGHT, right)):
        at = f"http://{side}.example/"
        lines = [f"<{at}{h}> <{at}{r}> <{at}{t}> ." for h, r, t in tables["triples"]]
        lines += [f'<{at}{e}> <{at}{a}> "{v}" .' for e, a, v in tables["attributes"]]
        lines += [f'<{at}{e}> <{predicate}> "{name}" .' for e, name in tables["names"]]
        lines += [f'<{at}{e}> <{at}kind> "a city of some size" .' for e, _ in tables["names"]]
        lines += [f'<{at}{e}> <{at}page> "http://a.example/{e}.html" .' for e, _ in tables["names"]]
        (folder / f"{side}.nt").write_text("\n".join(lines) + "\n" + more, encoding="utf-8")
    return folder


@pytest.mark.parametrize("predicate", UNKNOWN)
@pytest.mark.parametrize("sides", ["left", "both"])
def test_a_predicate_that_seems_to_have_the_names_is_told(tmp_path, predicate, sides):
    pair = cities_in_rdf(tmp_path / "pair", predicate, predicate if sides == "both" else LABEL)
    told = [str(note) for note in check_folder(pair).notes]
    likely = [note for note in told if "look like their names" in note]
    assert len(likely) == (2 if sides == "both" else 1) and all(repr(predicate) in note for note in likely)
    (pair / "psqe.toml").write_text(likely[0].partition("psqe.toml with: ")[2] + "\n")  # the remedy
    found = check_folder(pair)
    assert not found and not found.notes
    task = read_in_order(pair)
    for graph, tables in ((task.left, cities.LEFT), (task.right, cities.RIGHT)):
        assert set(filter(None, graph.names)) == {name for _, name in tables["names"]}


def test_a_choice_of_labels_is_replaced(tmp_path):
    pair = cities_in_rdf(tmp_path / "pair", UNKNOWN[0])
    (pair / "psqe.toml").write_text(f'labels = ["{LABEL}"]\n')
    likely = [str(note) for note in check_folder(pair).notes if "look like their names" in str(note)]
    assert len(likely) == 1
    (pair / "psqe.toml").write_text(likely[0].partition("psqe.toml by: ")[2] + "\n")  # the remedy
    assert not check_folder(pair).notes


def test_other_literals_are_not_taken_for_names(tmp_path):
    at = "http://left.example/"
    pair = cities_in_rdf(tmp_path / "pair", LABEL)
    assert not check_folder(pair).notes, "most entities have a label"
    (pair / "left.nt").write_text(
        "".join(
            f'<{at}{name}> <{at}mayor> "{person}" .\n<{at}{name}> <{at}since> "{1990 + i}-01-01" .\n'
            f'<{at}{name}> <{at}code> "X{i:04d}" .\n<{at}{name}> <{at}mail> "{name}@a.example" .\n'
            f'<{at}{name}> <{at}about> "{name} {"is a city " * 12}" .\n'
            f'<{at}{name}> <{at}called> "{name}" .\n'
            for i, (name, person) in enumerate(
                zip(("Lisbon", "Vienna", "Athens", "Warsaw", "London", "Naples"), "AABBCC", strict=True)
            )
        )
    )
    assert not [note for note in check_folder(pair).notes if "look like their names" in str(note)]
