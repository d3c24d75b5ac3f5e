"""Whether the tables of one side speak of the same entities, in the same spelling."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import combinations
from pathlib import Path

from psqe.datasets.codes import FAMILY, code_identifiers, last_part
from psqe.datasets.column_order import exchanged_triples, note_exchanged_columns
from psqe.datasets.cut_numbers import (
    CutNumbers,
    long_numbers,
    note_cut_identifiers,
    note_float_identifiers,
)
from psqe.datasets.damaged_texts import note_damaged_texts
from psqe.datasets.faults import Faults
from psqe.datasets.graphs import GraphDraft, Table
from psqe.datasets.missing_codes import note_missing_codes
from psqe.datasets.nothing_identifiers import tell_identifiers_of_nothing
from psqe.datasets.placeholders import (
    leave_out_placeholder_values,
    leave_out_placeholders,
    note_numbered_names,
)
from psqe.datasets.quoted_texts import note_texts_in_quotes
from psqe.datasets.spelling import difference, have_other_prefixes, same_numbers, shown, spelling_key
from psqe.graph import counted, in_number
from psqe.number_forms import decorated_number, number_in_thousands, read_attributes

MANY = 0.1
"""The share of a table's identifiers from which other spellings of another table's are a fault."""

NEARLY_ALL = 0.9
"""The share of the other records that a header, which is unlike them, needs to be told from them."""

FEW = 3
"""Number of records below which nothing is concluded from what a table has in common with the others."""

SMALL = 5
"""Number of entities below which a side is too small to note what some of them lack."""


def examine_side(
    draft: GraphDraft,
    path: Path | str,
    faults: Faults,
    *,
    oversights: bool = True,
    candidates: Set[int] | None = None,
) -> None:
    """Compare the tables of a side, and leave out names and values that stand for nothing.

    Parameters
    ----------
    draft
        The side, before it is built. Placeholders are removed in place.
    path
        The file or folder of the side, which messages name where no table is meant.
    faults
        Receives faults: identifiers that agree with those of another table only in another spelling,
        identifiers that are one number in two forms, and a table that shares no identifier with the others.
        Receives notes: entities of one table only,
        candidates without a name where there is a table of names, one name on many entities, placeholders,
        a first record whose identifiers occur nowhere else, columns that look exchanged, texts in quotes,
        texts that were damaged on their way, and numbers between other signs.
    oversights
        Whether to note what may be as it was meant: entities of one table, candidates without a name, columns
        that look exchanged, texts in quotes, damaged texts, and numbers between other signs.
    candidates
        Numbers of the entities that may get a link; by default those that have a record of their own.
    """
    tables = {table.name: table for table in draft.tables}
    if oversights:
        tell_identifiers_of_nothing(draft, path, faults)
    told = leave_out_placeholders(draft, _path(tables, "names", path), faults)
    leave_out_placeholder_values(draft, _path(tables, "attributes", path), faults)
    numbered = note_numbered_names(draft, _path(tables, "names", path), faults)
    if not numbered:
        _note_coded_names(draft, _path(tables, "names", path), faults)
    if oversights and "names" in tables:
        told |= _leave_out_own_codes(draft, _path(tables, "names", path), faults)
    doubtful = _note_doubtful_numbers(draft, _path(tables, "attributes", path), faults)
    sets = _entities_by_table(draft)
    known = faults.count
    numbers = {form: number for number, alike in same_numbers(draft.index).items() for form in alike}
    _compare_spellings(draft, sets, faults, numbers)
    if oversights and faults.count == known:
        _compare_heads_and_tails(draft, sets, faults, numbers)
    if faults.count == known:
        _tell_numbers(draft, numbers, path, faults)
    sets.pop("candidates", None)  # their reader tells those that no other table names
    headers = _first_records(draft, sets, faults)
    lost = faults.in_files(table.path for table in draft.tables)
    if faults.count == known and not lost:
        _find_strangers(draft, sets, faults, headers, oversights=oversights)
    if faults.count == known:
        note_cut_identifiers(draft.index, path, faults)
    if oversights and faults.count == known:
        described = draft.described()
        own = [label for label, entity in draft.index.items() if entity in described]
        note_float_identifiers(own, path, faults)
        note_exchanged_columns(draft, faults)
        note_texts_in_quotes(draft, path, faults)
        note_damaged_texts(draft, path, faults)
        _note_decorated_numbers(draft, doubtful, _path(tables, "attributes", path), faults)
        note_missing_codes(draft, _path(tables, "attributes", path), faults)
    named = "names" in tables and not faults.in_files([tables["names"].path])
    if oversights and named and faults.count == known:
        candidates = draft.described() if candidates is None else candidates
        if "candidates" in tables:  # those that are in no other table are told already
            candidates = {e for e in candidates if draft.marks[e] != tables["candidates"].mark}
        _find_nameless(draft, candidates, _path(tables, "names", path), faults, told | headers)


def _path(tables: dict[str, Table], name: str, otherwise: Path | str) -> Path | str:
    return tables[name].path if name in tables else otherwise


def _note_coded_names(draft: GraphDraft, path: Path | str, faults: Faults) -> None:
    """Note that the names of a side are codes, as where a column of identifiers was taken for names."""
    names = set(draft.names.values())
    codes = code_identifiers(names)
    if len(codes) >= max(FAMILY, NEARLY_ALL * len(names)):
        faults.note(
            f"the names are codes, such as {shown(min(codes))}, and are compared as if they were names",
            path=path,
            remedy="give real names, or leave the names out",
        )


def _leave_out_own_codes(draft: GraphDraft, path: Path | str, faults: Faults) -> set[int]:
    """Remove names that are the entity's own code, which some tools write where there is no name.

    Returns the numbers of these entities. Where nearly all names are so, they are kept and noted elsewhere.
    """
    own = {
        entity: label
        for label, entity in draft.index.items()
        if draft.names.get(entity) in (label, last_part(label))
    }
    if len(own) < 2 or len(own) >= NEARLY_ALL * len(draft.names):
        return set()
    codes = code_identifiers(draft.index)
    found = {entity for entity, label in own.items() if label in codes}
    if len(found) < 2:
        return set()
    example = min(draft.names[entity] for entity in found)
    for entity in found:
        del draft.names[entity]
    faults.note(
        f"{len(found):,} names repeat the identifier, which is a code, and are left out; {shown(example)} is "
        "one of them",
        path=path,
        remedy="write the real names if they are known",
    )
    return found


def _note_doubtful_numbers(draft: GraphDraft, path: Path | str, faults: Faults) -> set[str]:
    """Note that numbers of attributes can be read in two ways, with the first of these, and return all."""
    readings = read_attributes(draft.attributes.values())
    doubts = {attribute: reading.doubt for attribute, reading in readings.items() if reading.doubt}
    if doubts:
        attribute = min(doubts)
        more = f" (one of {len(doubts):,} such attributes)" if len(doubts) > 1 else ""
        faults.note(
            f"the numbers of {attribute!r}{more} can be read in two ways: {doubts[attribute]}",
            path=path,
            remedy="write numbers with a decimal point, without other marks, and in one unit",
        )
    return set(doubts)


def _note_decorated_numbers(draft: GraphDraft, told: set[str], path: Path | str, faults: Faults) -> None:
    """Note attributes whose numbers are in thousands or between other signs, with the first of each."""
    values: dict[str, list[str]] = {}
    for attribute, text in draft.attribute_pairs():
        if text is not None and attribute not in told:
            values.setdefault(attribute, []).append(text)
    in_thousands, decorated = dict[str, str](), dict[str, str]()
    for attribute, texts in sorted(values.items()):
        if example := number_in_thousands(texts):
            in_thousands[attribute] = example
        elif example := decorated_number(texts):
            decorated[attribute] = example
    for examples, what, remedy in (
        (
            in_thousands,
            "are not read as thousands or millions{more}, though they may be meant so",
            "write all digits, as 1500000, if they are such numbers",
        ),
        (
            decorated,
            "are read as texts{more}, though they look like numbers between other signs",
            "write digits and a decimal point alone, as 1234.5, if they are numbers",
        ),
    ):
        if examples:
            attribute, example = min(examples.items())
            more = f" ({len(examples):,} attributes are so)" if len(examples) > 1 else ""
            said = f"the values of {attribute!r} {what.format(more=more)}, as {shown(example)}"
            faults.note(said, path=path, remedy=remedy)


def _entities_by_table(draft: GraphDraft) -> dict[str, set[int]]:
    marks = draft.marks.tolist()
    return {
        table.name: {entity for entity, mark in enumerate(marks) if mark & table.mark}
        for table in draft.tables
    }


def _compare_spellings(
    draft: GraphDraft, sets: dict[str, set[int]], faults: Faults, numbers: Mapping[str, str]
) -> None:
    """Report identifiers of two tables that differ only in their spelling."""
    if len(sets) < 2:
        return
    everywhere = sum(table.mark for table in draft.tables)
    by_key: dict[str, list[tuple[str, int]]] = {}
    for label, entity in draft.index.items():
        if draft.marks[entity] != everywhere and not label.startswith("_:"):
            by_key.setdefault(spelling_key(label), []).append((label, entity))
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for alike in by_key.values():
        for (label, one), (other, two) in combinations(sorted(alike)[:FEW], 2):
            if not draft.marks[one] & draft.marks[two]:  # one table that has both means two entities
                tables = _first_of(draft, one), _first_of(draft, two)
                found.setdefault(tables, []).append((draft.spelling(label, one), draft.spelling(other, two)))
    _find_cut(draft, {label for alike in by_key.values() for label, _ in alike}, found)
    _tell_spellings(draft, sets, found, faults, numbers)


def _find_cut(draft: GraphDraft, lone: set[str], found: dict[tuple[str, str], list[tuple[str, str]]]) -> None:
    """Add identifiers that are those of another table without their last digits."""
    long = sorted(long_numbers(lone))
    numbers = CutNumbers(long)
    for label in long:
        whole = numbers.whole(label)
        if whole is not None:
            one, two = draft.index[label], draft.index[whole]
            if not draft.marks[one] & draft.marks[two]:
                found.setdefault((_first_of(draft, one), _first_of(draft, two)), []).append((label, whole))


def _first_of(draft: GraphDraft, entity: int) -> str:
    return next(table.name for table in draft.tables if table.mark & draft.marks[entity])


def _tell_spellings(
    draft: GraphDraft,
    sets: dict[str, set[int]],
    found: dict[tuple[str, str], list[tuple[str, str]]],
    faults: Faults,
    numbers: Mapping[str, str],
) -> None:
    """Tell of the spellings of each two tables once, with their number and an example of both."""
    paths = {table.name: table.path for table in draft.tables}
    together: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for (one, two), pairs in found.items():
        names = [name for name in paths if name in (one, two)]
        if len(names) == 2:
            turned = pairs if names == [one, two] else [(b, a) for a, b in pairs]
            together.setdefault((names[0], names[1]), []).extend(turned)
    for (one, two), pairs in together.items():
        kinds = Counter(difference(*pair) for pair in pairs)
        kind = min(kinds, key=lambda kind: (-kinds[kind], kind.what))
        first, second = min(pair for pair in pairs if difference(*pair) == kind)
        share = len(pairs) / min(len(sets[one]), len(sets[two]))
        what = (
            f"the spellings of {counted(len(pairs), 'identifier')} differ from those in {_name(paths[one])} "
            f"only in {kind.what}, for example {shown(second)} and {shown(first)}"
        )
        certain = any(_is_certain(pair, numbers) for pair in pairs if difference(*pair) == kind)
        tell = faults.add if share >= MANY or certain else faults.note
        remedy = kind.remedy if tell == faults.add else f"{kind.remedy}, unless they are different entities"
        tell(what, path=paths[two], remedy=remedy)


def _is_certain(pair: tuple[str, str], numbers: Mapping[str, str]) -> bool:
    """Return whether two spellings are surely meant to be the same, whatever else the tables say."""
    one, other = pair
    if one.isdigit() and other.isdigit():
        return False  # 7 and 007 may be two entities
    return difference(one, other).certain or (one in numbers and numbers[one] == numbers.get(other))


def _tell_numbers(draft: GraphDraft, numbers: Mapping[str, str], path: Path | str, faults: Faults) -> None:
    """Tell of identifiers that are one number in two forms, wherever they stand."""
    alike: dict[str, list[str]] = {}
    for form, number in numbers.items():
        alike.setdefault(number, []).append(form)
    if not alike:
        return
    # The form that is rarer is the slip, most likely.
    usual, *others = sorted(
        min(alike.values()),
        key=lambda form: (-draft.occurrences[draft.index[form]], not form.isdigit(), form),
    )
    slip = next(form for form in others if not (usual.isdigit() and form.isdigit()))
    (_, where), (source, _) = (_tables_of(draft, form, path) for form in (usual, slip))
    more = f" (one of {len(alike):,} such identifiers)" if len(alike) > 1 else ""
    faults.add(
        f"the identifier {shown(slip)}{more} differs from {shown(usual)}, which is in {where}, only in the "
        "way in which a number is written",
        path=source,
        remedy="write it in one and the same way everywhere, or, if they are two entities, give one of them "
        "another identifier",
    )


def _tables_of(draft: GraphDraft, label: str, path: Path | str) -> tuple[Path | str, str]:
    """Return the first table that has an identifier, and the names of all that do."""
    paths = [table.path for table in draft.tables if table.mark & draft.marks[draft.index[label]]]
    return (paths[0], " and ".join(map(_name, paths))) if paths else (path, _name(path))


def _compare_heads_and_tails(
    draft: GraphDraft, sets: dict[str, set[int]], faults: Faults, numbers: Mapping[str, str]
) -> None:
    """Tell of heads, or tails, that occur nowhere else, and are other entities but for their spelling.

    Programs make numbers with a decimal point of one column of integers, and not of the other.
    """
    table = next((table for table in draft.tables if table.name == "triples"), None)
    if table is None:
        return
    heads, _, tails = (set(column.tolist()) for column in draft.triples().T)
    lone = {entity for entity in heads ^ tails if draft.marks[entity] == table.mark}
    by_key: dict[str, list[tuple[str, int]]] = {}
    for label, entity in draft.index.items():
        if entity in lone and not label.startswith("_:"):
            by_key.setdefault(spelling_key(label), []).append((label, entity))
    pairs: dict[int, tuple[str, str]] = {}
    for label, entity in draft.index.items() if by_key else ():
        for other, two in by_key.get(spelling_key(label), ()):
            if two == entity or have_other_prefixes(label, other):
                continue  # language:af and continent:AF are two entities
            if not (entity in lone and (entity in heads) == (two in heads)):
                pairs.setdefault(two, (draft.spelling(other, two), draft.spelling(label, entity)))
    for certain in (True, False):
        alike = sorted(pair for pair in pairs.values() if _is_certain(pair, numbers) == certain)
        if len(alike) < (1 if certain else 2):
            continue  # Rome and ROME may be two entities
        kind, share = difference(*alike[0]), len(alike) / min(len(heads), len(tails))
        tell = faults.add if certain or share >= MANY else faults.note
        what = (
            f"the spellings of {counted(len(alike), 'identifier')} of heads alone or tails alone differ from "
            f"others only in {kind.what}, for example {shown(alike[0][0])} and {shown(alike[0][1])}"
        )
        remedy = kind.remedy if tell == faults.add else f"{kind.remedy}, unless they are different entities"
        tell(what, path=table.path, remedy=remedy)


def _name(path: Path | str) -> str:
    return path.name if isinstance(path, Path) else path


def _find_strangers(
    draft: GraphDraft, sets: dict[str, set[int]], faults: Faults, headers: Iterable[int], *, oversights: bool
) -> None:
    """Tell of tables that share no entity with the others, and of names and images of no other entity."""
    told = set(headers)
    tables = [table for table in draft.tables if table.name in sets]
    for table in sorted(tables, key=lambda table: table.name == "triples") if len(sets) > 1 else ():
        own = sets[table.name] - told
        others = [name for name in sets if name != table.name]
        known = set().union(*(sets[name] for name in others))
        lone = own - known
        if not lone or not known or (table.name == "triples" and len(lone) < len(own)):
            continue
        labels = {entity: label for label, entity in draft.index.items()}
        example = shown(min(labels[entity] for entity in lone))
        files = " and ".join(_name(t.path) for t in tables if t.name != table.name)
        exchanged = exchanged_triples(draft) if oversights and table.name == "triples" else None
        if len(lone) == len(own) and exchanged is not None:
            faults.add(exchanged[0], path=table.path, remedy=exchanged[1])
            return
        if len(lone) == len(own) and (len(own) >= FEW or not oversights):
            likely = (known & draft.described()) or known
            faults.add(
                f"none of its entities is in {files}: {example} is one of its {len(own):,}, "
                f"{shown(min(labels[entity] for entity in likely))} one of theirs",
                path=table.path,
                remedy="use the same identifiers in all tables of a side, or delete the table",
            )
            return
        if oversights and table.name != "triples" and len(draft.index) >= SMALL:
            faults.note(
                f"{len(lone):,} of its {len(own):,} entities, such as {example}, "
                f"{in_number(len(lone), 'is')} not in {files}",
                path=table.path,
                remedy="correct these identifiers if they are meant to be others",
            )


def _find_nameless(
    draft: GraphDraft, candidates: Set[int], path: Path | str, faults: Faults, told: set[int]
) -> None:
    nameless = candidates - draft.names.keys() - told
    if nameless and len(candidates) >= SMALL:
        example = min(label for label, entity in draft.index.items() if entity in nameless)
        faults.note(
            f"{len(nameless):,} of {len(candidates):,} entities that may get a link "
            f"{in_number(len(nameless), 'has')} no name, for example {shown(example)}",
            path=path,
            remedy="add their names if they are known",
        )


def _first_records(draft: GraphDraft, sets: dict[str, set[int]], faults: Faults) -> set[int]:
    """Note a first record whose identifiers occur in first records alone, and return these entities."""
    tables = [table for table in draft.tables if table.name in sets]
    firsts = Counter(entity for table in tables for entity in table.first)
    alone = {entity for entity, n in firsts.items() if draft.occurrences[entity] == n}
    # What is first in two tables is a record if it is like the other records in one of them.
    like = [table for table in tables if table.first and not _is_unlike(draft, table, sets)]
    alone -= {entity for table in like for entity in table.first}
    found: set[int] = set()
    for table in tables:
        if table.first and alone.issuperset(table.first):
            labels = {entity: label for label, entity in draft.index.items()}
            cells = ", ".join(shown(labels[entity]) for entity in dict.fromkeys(table.first))
            faults.note(
                f"its first record looks like a header, because what it names, {cells}, occurs nowhere else",
                path=table.path,
                remedy="delete the first record if it is a header",
            )
            found.update(table.first)
    return found


def _is_unlike(draft: GraphDraft, table: Table, sets: dict[str, set[int]]) -> bool:
    """Return whether nearly all other records of a table say more of entities that occur elsewhere."""
    if table.name == "triples":
        triples, frequencies = draft.triples(), draft.relation_frequencies()
        return (
            len(triples) > FEW
            and frequencies[triples[0, 1]] == 1
            and _share(frequencies[relation] > 1 for relation in triples[1:, 1].tolist()) >= NEARLY_ALL
        )
    entities = sets[table.name] - set(table.first)
    if len(entities) < FEW:
        return False
    if table.name == "attributes":
        labels = Counter(label for pairs in draft.attributes.values() for label, _ in pairs)
        first = {label for label, _ in draft.attributes.get(table.first[0], ())}
        others = [n for label, n in labels.items() if label not in first]
        alone = all(labels[label] == 1 for label in first)
        return alone and sum(n for n in others if n > 1) >= NEARLY_ALL * max(1, sum(others))
    elsewhere: Sequence[set[int]] = [others for name, others in sets.items() if name != table.name]
    return _share(any(entity in others for others in elsewhere) for entity in entities) >= NEARLY_ALL


def _share(true: Iterable[bool]) -> float:
    values = list(true)
    return sum(values) / len(values) if values else 0.0
