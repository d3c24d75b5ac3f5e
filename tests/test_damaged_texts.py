"""Texts that programs damaged on their way are noted; sound texts of any language are not."""

import warnings
from collections.abc import Callable
from pathlib import Path

import cities
import pytest

from psqe.datasets import load_task
from psqe.datasets.layouts import check_folder
from psqe.errors import PsqeWarning

NAMES: dict[str, tuple[Callable[[str], str], str]] = {
    "UTF-8 read as Latin-1": (lambda name: f"Zürich {name}".encode().decode("latin-1"), "another encoding"),
    "UTF-8 read as Windows-1252": (lambda name: f"{name} – Å".encode().decode("cp1252"), "another encoding"),
    "a lost character": (lambda name: f"{name} Z\ufffdrich", "U+FFFD"),
    "entities of HTML": (lambda name: f"{name} &amp; S&#246;hne", "entities of HTML"),
    "markup": (lambda name: f"<b>{name}</b>", "markup"),
    "a link of a wiki": (lambda name: f"[[{name}]]", "markup"),
    "percent encoding": (lambda name: f"{name}%20%C3%A9", "percent-encoded"),
    "escapes": (lambda name: f"{name} Z\\u00fcrich", "escapes"),
    "quoted-printable": (lambda name: f"{name} Z=C3=BCrich", "escapes"),
    "a literal of RDF": (lambda name: f'"{name}"@en', "literals of RDF"),
    "a typed literal": (lambda name: f'"{name}"^^xsd:string', "literals of RDF"),
    "a list of Python": (lambda name: f"['{name}']", "programming language"),
    "bytes of Python": (lambda name: f"b'{name}'", "programming language"),
    "an object of JSON": (lambda name: f'{{"en": "{name}"}}', "programming language"),
    "a blank without width": (lambda name: f"\u200b{name}", "invisible"),
    "a mark of direction": (lambda name: f"\u200e{name}", "invisible"),
    "a letter for a question mark": (lambda name: f"{name} Z?rich", "question mark between two letters"),
    "a Cyrillic letter": (lambda name: f"{name} Mаrket", "another alphabet"),
    "a date of a spreadsheet": (lambda name: "01-Mar", "dates"),
    "a web address": (lambda name: f"http://example.org/{name}", "addresses"),
    "a footnote": (lambda name: f"{name}[1]", "footnote"),
    "a formula": (lambda name: f'="{name}"', "formulas"),
    "a UUID": (lambda name: "123e4567-e89b-42d3-a456-426614174000", "codes"),
}  # fmt: skip

ALL: dict[str, tuple[Callable[[str], str], str]] = {
    "separators at the end": (lambda name: f"{name};;;", "end with ';;;'"),
    "signs around": (lambda name: f"<{name}>", "begin with '<' and end with '>'"),
    "several names in a cell": (lambda name: f"{name}|{name} City", "bar or a semicolon"),
    "a tag of a language": (lambda name: f"{name}@en", "tag of a language"),
    "an ellipsis": (lambda name: f"{name[:4]}...", "ellipsis"),
}

SOUND = (
    "Spaß“ und «CAFÉ»", "D'Arcy", "'s-Hertogenbosch", "AT&T", "R&D; Co", "Who?", "C++", "50% de Paris",
    "100%", "Straße", "Яндекс", "東京", "شهر\u200cها", "ירושלים\u200f", "Saint-Étienne", "O2", "St. Louis",
    "“Heroes”", "Yahoo!", "A (film)", "🏳️\u200d🌈 flag", "Łódź", "Ångström", "Ñandú", "Îles", "Ðorđe", "1984",
    "Q400", "user@home", "x < y > z", "C:\\Users",
)  # fmt: skip


def notes(folder: Path, names: list[str]) -> list[str]:
    """Write a pair whose left side has these names, and return what the check notes of them."""
    rows = [(entity, name) for (entity, _), name in zip(cities.LEFT["names"], names, strict=True)]
    pair = cities.written(folder, left={**cities.LEFT, "names": rows})
    found = check_folder(pair)
    assert not found
    return [str(note) for note in found.notes]


@pytest.mark.parametrize("kind", NAMES)
def test_one_damaged_name_is_noted_with_an_example(kind: str, tmp_path: Path) -> None:
    damage, said = NAMES[kind]
    names = [name for _, name in cities.LEFT["names"]]
    names[3] = damage(names[3])
    told = notes(tmp_path / "pair", names)
    assert len(told) == 1
    assert "left/names.tsv: names that " in told[0]
    assert said in told[0]
    assert ": 1 of 16, for example " in told[0]


@pytest.mark.parametrize("kind", ALL)
def test_signs_of_nearly_all_names_are_noted(kind: str, tmp_path: Path) -> None:
    damage, said = ALL[kind]
    told = notes(tmp_path / "pair", [damage(name) for _, name in cities.LEFT["names"]])
    assert any(said in note for note in told), told


def test_names_of_many_languages_and_signs_are_sound(tmp_path: Path) -> None:
    for start in range(0, len(SOUND), 8):
        names = [name for _, name in cities.LEFT["names"]]
        some = SOUND[start : start + 8]
        names[: len(some)] = some
        assert notes(tmp_path / str(start), names) == []


def test_values_and_relations_are_looked_at_too(tmp_path: Path) -> None:
    rows = [(e, a, f"np.float64({value})") for e, a, value in cities.LEFT["attributes"]]
    triples = [(head, "pr\u00c3\u00a9cise", tail) for head, _, tail in cities.LEFT["triples"]]
    pair = cities.written(
        tmp_path / "pair", left={**cities.LEFT, "attributes": rows, "triples": triples}, links=None
    )
    with pytest.warns(PsqeWarning) as warned:
        load_task(pair)
    told = " ".join(str(warning.message) for warning in warned)
    assert "values that are written as values of a programming language: 32 of 32" in told
    assert "relations that look like UTF-8 that was read in another encoding: 1 of 1" in told


def test_numbers_of_which_some_stand_between_signs_are_noted(tmp_path: Path) -> None:
    rows = [(e, a, f"ca. {v}" if i % 4 < 2 else v) for i, (e, a, v) in enumerate(cities.LEFT["attributes"])]
    pair = cities.written(tmp_path / "pair", left={**cities.LEFT, "attributes": rows})
    assert any("numbers between other signs" in str(note) for note in check_folder(pair).notes)


def test_following_the_remedy_for_entities_of_html_ends_the_note(tmp_path: Path) -> None:
    names = [f"{name} &amp; Co" for _, name in cities.LEFT["names"]]
    assert len(notes(tmp_path / "damaged", names)) == 1
    assert notes(tmp_path / "repaired", [name.replace("&amp;", "&") for name in names]) == []


def test_entities_that_are_no_candidates_need_no_name(tmp_path: Path) -> None:
    pair = cities.written(tmp_path / "pair")
    path = pair / "left" / "triples.tsv"
    more = "".join(f"word:{i}\tin\tlanguage:en\n" for i in range(9))
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    assert any("have no name" in str(note) for note in check_folder(pair).notes)
    candidates = "".join(f"{entity}\n" for entity, _ in cities.LEFT["names"])
    (pair / "left" / "candidates.tsv").write_text(candidates, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error", PsqeWarning)
        load_task(pair)


def in_another_form(folder: Path, damage: Callable[[str], str], form: str) -> list[str]:
    """Write the left side with damaged texts as RDF or as one table of entities, and return all notes."""
    folder.mkdir()
    for side, tables, change in (("left", cities.LEFT, damage), ("right", cities.RIGHT, str)):
        if form == "table":
            values = {(e, a): v for e, a, v in tables["attributes"]}
            columns = list(dict.fromkeys(a for _, a, _ in tables["attributes"]))
            rows = [
                (e, change(name) if i < 4 else name, *(values[e, a] for a in columns), change("a city"))
                for i, (e, name) in enumerate(tables["names"])
            ]
            header = ("id", "name", *columns, "remark")
            (folder / f"{side}.csv").write_bytes(cities.delimited()([header, *rows]))
            continue
        at = f"http://{side}.example/"
        lines = [f"<{at}{h}> <{at}{r}> <{at}{t}> ." for h, r, t in tables["triples"]]
        lines += [f'<{at}{e}> <{at}{a}> "{v}" .' for e, a, v in tables["attributes"]]
        for i, (e, name) in enumerate(tables["names"]):
            name, remark = (
                text.replace("\\", "\\\\").replace('"', '\\"')
                for text in (change(name) if i < 4 else name, change("a city"))
            )
            lines.append(f'<{at}{e}> <http://www.w3.org/2000/01/rdf-schema#label> "{name}" .')
            lines.append(f'<{at}{e}> <{at}remark> "{remark}" .')
        (folder / f"{side}.nt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = check_folder(folder)
    assert not found, found.shown
    return [str(note) for note in found.notes]


REACHED = ("UTF-8 read as Latin-1", "a lost character", "entities of HTML", "escapes", "a literal of RDF",
           "a list of Python", "bytes of Python", "a blank without width")  # fmt: skip


@pytest.mark.parametrize("form", ["rdf", "table"])
@pytest.mark.parametrize("kind", REACHED)
def test_damage_is_noted_in_rdf_and_in_tables_of_entities(kind: str, form: str, tmp_path: Path) -> None:
    damage, said = NAMES[kind]
    told = in_another_form(tmp_path / "pair", damage, form)
    assert any("left." in note and ": names that " in note and said in note for note in told), told
    assert any("left." in note and ": values that " in note and said in note for note in told), told


@pytest.mark.parametrize("form", ["rdf", "table"])
def test_sound_texts_in_rdf_and_in_tables_of_entities_are_not_noted(form: str, tmp_path: Path) -> None:
    assert in_another_form(tmp_path / "pair", str, form) == []


@pytest.mark.parametrize("form", ["rdf", "table"])
def test_texts_in_quotes_are_noted_in_rdf_and_in_tables_of_entities(form: str, tmp_path: Path) -> None:
    told = in_another_form(tmp_path / "pair", lambda text: f"'{text}'", form)
    assert any("names are in quotes" in note for note in told), told
