"""Identifiers that are codes give no names; readable ones stay names; the whole side decides."""

import random
import string
import uuid
from hashlib import md5, sha256

import pytest
from cases import case
from cities import LEFT, LINKS, RIGHT, written

from psqe.datasets.codes import code_identifiers
from psqe.datasets.layouts import check_folder, read_in_order
from psqe.errors import PsqeWarning

DRAW = random.Random(0)
BASE62 = string.ascii_letters + string.digits
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def drawn(alphabet: str, length: int) -> list[str]:
    return ["".join(DRAW.choice(alphabet) for _ in range(length)) for _ in range(36)]


NUMBERS = DRAW.sample(range(10**6), 36)
CODES = {
    "OBO": [f"http://purl.obolibrary.org/obo/GO_{i:07}" for i in NUMBERS],
    "CURIE": [f"MONDO:{i:07}" for i in NUMBERS],
    "UMLS": [f"C{i:07}" for i in NUMBERS],
    "r10": [f"r{i}" for i in range(10, 46)],
    "padded": [f"ent-{i:06}" for i in range(36)],
    "Wikidata": [f"Q{i}" for i in NUMBERS],
    "Wikidata's prefix": [f"wd:Q{i}" for i in NUMBERS],
    "IMDb": [f"tt{i:07}" for i in NUMBERS],
    "Ensembl": [f"ENSG{i:011}" for i in NUMBERS],
    "MeSH": [f"http://id.nlm.nih.gov/mesh/D{i:06}" for i in NUMBERS],
    "AGROVOC": [f"http://aims.fao.org/aos/agrovoc/c_{i}" for i in NUMBERS],
    "BabelNet": [f"bn:{i:08}n" for i in NUMBERS],
    "ISBN": [f"978-3-{i % 900 + 100}-{i % 90000 + 10000}-{i % 10}" for i in NUMBERS],
    "ORCID": [f"0000-0002-{i % 9000 + 1000}-{i % 8999 + 1000}" for i in NUMBERS],
    "DOI": [f"10.1000/abc.{i}" for i in range(36)],
    "GND": [f"https://d-nb.info/gnd/{i:08}-{i % 10}" for i in NUMBERS],
    "floats": [f"{i}.0" for i in range(100, 136)],
    "items": [f"item_{i}" for i in range(36)],
    "persons": [f"http://x.org/data#Person_{i}" for i in range(36)],
    "customers": [f"customer_{i}" for i in range(36)],
    "classes of a disease": [f"{'ABCDEF'[i % 6]}{i:02}.{i % 10}" for i in range(36)],
    "two series": [f"{'AB'[i % 2]}{i}" for i in range(36)],
    "UUID": [str(uuid.UUID(int=DRAW.getrandbits(128))) for _ in range(36)],
    "URN": [f"urn:uuid:{uuid.UUID(int=DRAW.getrandbits(128))}" for _ in range(36)],
    "MusicBrainz": [
        f"http://musicbrainz.org/artist/{uuid.UUID(int=DRAW.getrandbits(128))}#_" for _ in range(36)
    ],
    "hash": [md5(str(i).encode(), usedforsecurity=False).hexdigest() for i in range(36)],
    "ULID": [f"01{key}" for key in drawn(CROCKFORD, 24)],
    "short keys": drawn(BASE62, 8),
    "keys of videos": drawn(BASE62 + "-_", 11),
    "long keys": drawn(BASE62, 22),
    "pages": [f"http://x.org/page.php?id={i}" for i in range(36)],
    "padded numbers after a word": [f"widget-{i:03}" for i in range(36)],
    "five series": [f"{('a', 'bb', 'ccc', 'd-', 'ee-')[i % 5]}{i}" for i in range(35)],
    "keys after a word": [f"user_{key}" for key in drawn(BASE62, 8)],
}


@pytest.mark.parametrize("kind", CODES)
def test_codes_are_found(kind):
    assert len(code_identifiers(CODES[kind])) >= 0.9 * len(CODES[kind])


READABLE = {
    "a few of each": ["Apollo_11", "Boeing_747", "Route_66", "Windows_95", "Blink-182", "U2"],
    "aircraft": [f"Boeing_{i}" for i in (707, 717, 727, 737, 747, 757, 767, 777, 787)],
    "missions": [f"Apollo_{i}" for i in range(1, 18)],
    "roads": [f"Route_{i}" for i in range(1, 37)],
    "games": [f"http://dbpedia.org/resource/{year}_Summer_Olympics" for year in range(1896, 2024, 4)],
    "years": [f"http://dbpedia.org/resource/{year}" for year in range(1900, 1950)],
    "films": [
        "Se7en",
        "2001_A_Space_Odyssey",
        "12_Monkeys",
        "Apollo_13",
        "8_Mile",
        "District_9",
        "Ocean's_11",
    ],
    "bands": [
        "U2",
        "UB40",
        "B52s",
        "Blink-182",
        "Sum_41",
        "Blur",
        "Oasis",
        "Queen",
        "ABBA",
        "10cc",
        "R.E.M.",
    ],
    "phones": ["iPhone_4", "iPhone_5", "iPhone_6", "iPhone_7", "iPhone_8", "iPhone_X", "iPhone_11"],
    "cameras": [
        "Sony_WH-1000XM4",
        "Canon_EOS_5D",
        "Nikon_D850",
        "Bose_QC35",
        "Apple_iPhone_12",
        "Dell_XPS_13",
    ],
    "six letters": ["lisbon", "vienna", "munich", "geneva", "naples", "venice", "athens", "warsaw"],
    "classes": ["AcceptedPaper", "ProgramCommittee", "ConferenceChair", "Paper", "Author", "Review"],
    "camel case": ["NewYork", "LosAngl", "ElPasoX", "NewPort", "OldTown", "SanJose"],
    "countries": ["DE", "FR", "IT", "ES", "PT", "PL"],
    "words of hexadecimal letters": ["facade", "decade", "beaded", "accede", "deface", "efface"],
    "other scripts": ["東京", "京都", "大阪", "札幌", "福岡", "横浜"],
    "roads among cities": [*(f"A{i}" for i in range(1, 9)), *(f"City_of_{c}" for c in string.ascii_letters)],
}


@pytest.mark.parametrize("kind", READABLE)
def test_readable_identifiers_stay_names(kind):
    assert code_identifiers(READABLE[kind]) == set()


def test_one_series_among_readable_identifiers_is_one_of_codes():
    readable = ["Lisbon", "Vienna", "Athens", "Brussels", "Warsaw", "London", "Naples", "Venice", "Seville",
                "Cologne", "Munich", "Geneva", "Bucharest", "Krakow"]  # fmt: skip
    series = [f"C{i:07}" for i in NUMBERS[:6]]
    assert code_identifiers([*readable, *series]) == set(series)


def test_codes_without_names_are_told_once_for_each_side(tmp_path):
    left, right = ({k: rows for k, rows in side.items() if k != "names"} for side in (LEFT, RIGHT))
    folder = written(tmp_path / "pair", left=left, right=right)
    faults = check_folder(folder)
    assert not faults and len(faults.notes) == 2
    assert "16 of the 29 identifiers of the graph 'pair-left' are codes, such as 'e100'" in str(
        faults.notes[0]
    )
    with pytest.warns(PsqeWarning, match="are codes"):
        graph = read_in_order(folder).left
    assert graph.names[graph.index()["e100"]] is None and graph.names[graph.index()["Italy"]] == "Italy"
    assert not check_folder(written(tmp_path / "named")).notes


def test_names_that_are_codes_are_noted(tmp_path):
    names = [(entity, entity) for entity, _ in LEFT["names"]]
    folder = written(tmp_path / "pair", left={**LEFT, "names": names})
    (note,) = map(str, check_folder(folder).notes)
    assert "names.tsv: the names are codes, such as 'e100', and are compared as if they were names" in note


def test_the_handed_pair_of_codes_has_no_names_of_codes(tmp_path):
    folder = case("31-codes", tmp_path)
    assert sum("36 of the 60 identifiers" in str(note) for note in check_folder(folder).notes) == 2
    with pytest.warns(PsqeWarning, match="are codes"):
        task = read_in_order(folder)
    assert all(task.left.names[i] is None and task.right.names[j] is None for i, j in task.links.tolist())
    assert len(LINKS) == 16


@pytest.mark.parametrize("prefix", ["", "http://www.wikidata.org/entity/"])
def test_names_that_repeat_a_code_are_no_names_as_the_label_service_of_wikidata_writes_them(tmp_path, prefix):
    left = {name: [(f"{prefix}Q{row[0][1:]}", *row[1:]) for row in rows] for name, rows in LEFT.items()}
    names = left["names"]
    left["names"] = [(e, e.removeprefix(prefix) if i % 2 else n) for i, (e, n) in enumerate(names)]
    folder = written(tmp_path / "pair", left=left, links=None)
    notes = [str(note) for note in check_folder(folder).notes]
    assert len(notes) == 1 and "8 names repeat the identifier" in notes[0]
    left["names"] = [(e, "" if i % 2 else n) for i, (e, n) in enumerate(names)]
    repaired = [
        str(note) for note in check_folder(written(tmp_path / "repaired", left=left, links=None)).notes
    ]
    assert len(repaired) == 1 and "have no name" in repaired[0]


def test_names_that_repeat_identifiers_of_words_are_names(tmp_path):
    words = {row[0]: row[1] for row in LEFT["names"]}
    left = {name: [(words[row[0]], *row[1:]) for row in rows] for name, rows in LEFT.items()}
    assert not check_folder(written(tmp_path / "pair", left=left, links=None)).notes


def test_keys_with_one_prefix_decide_together():
    hashes = [f"kanji:{sha256(str(i).encode()).hexdigest()[:12]}" for i in range(50)]
    parts = [f"part:{identifier}" for identifier in hashes]
    words = [f"meaning:{word}" for word in ("water", "fire", "to sing", "river bank", "one's child")] * 40
    assert code_identifiers([*hashes, *parts, *words]) == {*hashes, *parts}


def test_a_prefix_makes_no_code_of_a_word():
    names = [
        "dbr:Boeing_747",
        "dbr:Apollo_11",
        "Category:Physics",
        "ex:water",
        "ex:fire",
        "ex:U2",
        "foaf:Person",
    ]
    assert code_identifiers(names) == set()
