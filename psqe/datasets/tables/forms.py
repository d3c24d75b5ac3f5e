"""The tables that describe a pair of graphs: their columns, and the words that others have for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

_ENTITY = (
    "entity entityid id uri iri key subject item qid identifier node nodeid resource concept curie url s e"
)
_NAME = (
    "name label title preflabel rdfslabel entityname entitylabel itemlabel displayname fullname nom nombre "
    "nome naam namn navn navne nimi název nazwa név isim titel titre título titulo titolo "
    "bezeichnung libellé libelle etiqueta etichetta beschriftung όνομα ονομα имя название "
    "наименование назва 名称 名前 名字 이름"
)


@dataclass(frozen=True)
class TableForm:
    """The columns of a table, in our order, and what else they are called.

    Parameters
    ----------
    columns
        The names of the columns.
    words
        For each column the words that a header may call it, in small letters without blanks and signs. The
        first one that a header has is taken.
    optional
        Columns (from 0) whose cells may be empty; none by default.
    refused
        Words for further columns that change what a row means; where one of them is not 1, it is a fault.
    lenient
        Whether the table may be without a row, and lines with another number of cells are comments if they
        begin with ``#``. By default both are faults.
    """

    columns: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    optional: tuple[int, ...] = ()
    refused: frozenset[str] = frozenset()
    lenient: bool = False


def _form(*words: str, optional: tuple[int, ...] = (), refused: str = "", lenient: bool = False) -> TableForm:
    lists = tuple(tuple(column.split()) for column in words)
    columns = tuple(column[0] for column in lists)
    return TableForm(columns, lists, optional, frozenset(refused.split()), lenient)


FORMS = {
    "triples": _form(
        "head subject subj source src from start startid node1 entity1 arg1 subjectid headid sourceid fromid "
        "headentity h s",
        "relation predicate property prop rel relationship relationtype reltype type edge edgetype edgelabel "
        "label pred relationid predicateid propertyid p r",
        "tail object obj target tgt dst dest destination to end endid value node2 entity2 arg2 objectid "
        "tailid targetid toid tailentity o t",
    ),
    "attributes": _form(
        _ENTITY,
        "attribute attr property prop predicate key field variable column attributename attributeid "
        "propertyid predicateid relation name p a",
        "value val object obj literal tail text content o v",
        optional=(2,),
    ),
    "names": _form(
        _ENTITY,
        f"{_NAME} caption text",
        optional=(1,),
    ),
    "images": _form(
        _ENTITY, "path image img file filename filepath imagepath imagefile picture photo imageurl url src"
    ),
    "candidates": _form(_ENTITY),
    "links": _form(
        "left leftid leftentity source sourceid sourceentity srcentity subject subjectid entity1 entityid1 "
        "id1 e1 ent1 uri1 iri1 url1 item1 node1 kg1 ltableid lid idleft ida id_a entitya a from object1 l",
        "right rightid rightentity target targetid targetentity tgtentity object objectid entity2 entityid2 "
        "id2 e2 ent2 uri2 iri2 url2 item2 node2 kg2 rtableid rid idright idb id_b entityb b to object2 r",
        refused="score confidence rankmargin similarity probability label match ismatch matching gold "
        "verdict",
        lenient=True,
    ),
}
"""Every table of ours by its name."""

ENTITY_WORDS = FORMS["names"].words[0]
NAME_WORDS = tuple(_NAME.split())
IMAGE_WORDS = ("image", "img", "imagepath", "imagefile", "picture", "photo", "thumbnail")
"""The words for columns of identifiers, names and images in a table with one row for each entity."""

COLUMNS = {table: FORMS[table].columns for table in ("triples", "attributes", "names", "images")}
"""The tables that describe one graph, and their columns, in files and in frames alike."""

NO_ROW = "delete the line if it is no row of the table, but a title, a count of rows or a comment"
"""What can be done about a line that is too short."""

_FAMILIES = ({"h", "r", "t"}, {"s", "p", "o"}, {"e", "a", "v"}, {"s", "p", "v"}, {"s", "o"}, {"l", "r"})
_LONGEST_WORD = 200
"""Number of characters of the longest cell that may be the name of a column."""
_CERTAIN = frozenset(["entity", "entityid", "id", "uri", "iri", "qid", "identifier", "nodeid", "url"])
_INDEX = re.compile(r"|unnamed\d*|index|rownames?|rownumber|indexlevel\d+")


def plain_word(cell: str) -> str:
    """Return the name of a column in small letters, without blanks and signs; a long text as it is.

    Examples
    --------
    >>> plain_word(" Subject_ID "), plain_word("itemLabel")
    ('subjectid', 'itemlabel')
    """
    return re.sub(r"[\W_]+", "", cell).lower() if len(cell) <= _LONGEST_WORD else cell


def is_index(cell: str) -> bool:
    """Return whether a column is the numbers of the rows, which R, pandas and spreadsheets add.

    Examples
    --------
    >>> is_index(""), is_index("Unnamed: 0"), is_index("name")
    (True, True, False)
    """
    return _INDEX.fullmatch(plain_word(cell)) is not None


def header_columns(form: TableForm, cells: Sequence[str]) -> list[int] | None:
    """Return where the columns of a table are in a header; ``None`` if the cells are no known header.

    Parameters
    ----------
    form
        The columns and the words for them.
    cells
        The first row of a table.

    Returns
    -------
    list of int or None
        For each column of ``form`` its position in ``cells``.

    Examples
    --------
    >>> header_columns(FORMS["triples"], ["object", "subject", "predicate"])
    [1, 2, 0]
    >>> header_columns(FORMS["names"], ["r10", "Lisbonne"]) is None
    True
    """
    plain = [plain_word(cell) for cell in cells]
    places = [
        [(words.index(word), i) for i, word in enumerate(plain) if word in words] for words in form.words
    ]
    choices = [choice for choice in product(*places) if len({i for _, i in choice}) == len(choice)]
    if not choices:
        return None
    best = min(choices, key=lambda choice: ([rank for rank, _ in choice], [i for _, i in choice]))
    found = [plain[i] for _, i in best]
    if any(len(word) == 1 for word in found) and set(found) not in _FAMILIES:
        return None
    return [i for _, i in best]


def looks_like_header(form: TableForm, cells: Sequence[str]) -> bool:
    """Return whether a first row that is no known header is more likely a header than a record.

    It is if most cells are known words or, in a table of single entities, if its first cell can only be the
    name of a column with identifiers.

    Examples
    --------
    >>> looks_like_header(FORMS["names"], ["id", "nom"]), looks_like_header(FORMS["names"], ["q1", "name"])
    (True, False)
    """
    plain = [plain_word(cell) for cell in cells]
    known = [any(word in words and len(word) > 1 for words in form.words) for word in plain]
    first = form.columns[0] == "entity" and plain[0] in _CERTAIN
    return len(form.columns) <= len(cells) and (first or 2 * sum(known) > len(known) > 2)
