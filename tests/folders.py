"""Tiny pairs in every layout, as files in memory, and what they say, read in the simplest way there is."""

import io
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from psqe.graph import AlignmentTask, KnowledgeGraph

Files = dict[str, bytes]
L, R, P = "http://l.example/", "http://r.example/resource/", "http://p.example/"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
DEPICTION = "http://xmlns.com/foaf/0.1/depiction"
SAME_AS = "http://www.w3.org/2002/07/owl#sameAs"


def png(shade: int = 0, mode: str = "RGB") -> bytes:
    """A small picture, noisy enough to have something to break."""
    noise = np.random.default_rng(shade).integers(0, 255, (6, 6, len(mode)), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise, mode).save(stream, "PNG")
    return stream.getvalue()


def table(*rows: Iterable[str]) -> bytes:
    return "".join("\t".join(row) + "\n" for row in rows).encode()


JAPE: Files = {
    "ent_ids_1": table(("0", f"{L}甲"), ("3", f"{L}AC/DC"), ("2", f"{L}Why%3F_(乙)")),
    "ent_ids_2": table(("12", f"{R}Ten"), ("10", f"{R}Why%3F"), ("11", f"{R}AC/DC"), ("14", f"{R}Z")),
    "triples_1": table(("0", "7", "3"), ("3", "5", "2"), ("0", "5", "3")),
    "triples_2": table(("12", "7", "10"), ("11", "9", "14"), ("10", "9", "11")),
    "rel_ids_1": table(("7", f"{P}born"), ("5", f"{P}in")),
    "ill_ent_ids": table(("2", "10"), ("0", "14")),
    "training_attrs_1": table((f"{L}甲", f"{P}size", f"{P}age"), (f"{L}Why%3F_(乙)", f"{P}size")),
    "dbp_zh_en.json": json.dumps([[0, ["first"]], [12, ["ten", "of"]]]).encode(),
}
OPENEA: Files = {
    "rel_triples_1": table(
        (f"{L}resource/AC/DC", f"{P}in", f"{L}resource/Sydney"),
        (f"{L}resource/Sydney", f"{P}in", f"{L}resource/Australia"),
    ),
    "rel_triples_2": table(
        ("http://www.wikidata.org/entity/Q27593", f"{P}P17", "http://www.wikidata.org/entity/Q408"),
        ("http://www.wikidata.org/entity/Q3130", f"{P}P17", "http://www.wikidata.org/entity/Q408"),
    ),
    "attr_triples_1": table(
        (f"{L}resource/Sydney", f"{P}area", '"12367.7"^^<http://www.w3.org/2001/XMLSchema#double>'),
        (f"{L}resource/Sydney", f"{P}motto", "I take, but I surrender"),
        (f"{L}resource/AC/DC", f"{P}said", '"Let there\tbe"@en'),
        (f"{L}resource/AC/DC", f"{P}empty", ""),
    ),
    "attr_triples_2": table(("http://www.wikidata.org/entity/Q408", f"{P}P1082", '"26"')),
    "ent_links": table(
        (f"{L}resource/AC/DC", "http://www.wikidata.org/entity/Q27593"),
        (f"{L}resource/Australia", "http://www.wikidata.org/entity/Q408"),
    ),
}
FOLDER: Files = {
    "left/triples.tsv": table(("head", "relation", "tail"), ("paris", "in", "fr"), ("lyon", "in", "fr")),
    "left/attributes.tsv": table(("paris", "people", "2 million"), ("paris", "capital", "")),
    "left/names.tsv": table(("entity", "name"), ("paris", "Paris"), ("seine", "The Seine")),
    "left/images/paris.png": png(1),
    "left/images/fr.png": png(2),
    "right/triples.tsv": table(("p1", "dans", "p9"), ("p2", "dans", "p9")),
    "right/images.tsv": table(("entity", "path"), ("p1", "flags/one.png"), ("p9", "flags/one.png")),
    "right/flags/one.png": png(3),
    "links.tsv": table(("left", "right"), ("paris", "p1"), ("fr", "p9")),
}


def statements(*rows: tuple[str, str, str]) -> bytes:
    """N-Triples; what begins with a quote or ``_:`` stands as it is."""
    terms = [[t if t[0] in '"_' else f"<{t}>" for t in row] for row in rows]
    return "".join(f"{' '.join(row)} .\n" for row in terms).encode()


RDF: Files = {
    "left.nt": statements(
        (f"{L}paris", f"{P}in", f"{L}fr"),
        (f"{L}lyon", f"{P}in", f"{L}fr"),
        (f"{L}paris", LABEL, '"Paris"@en'),
        (f"{L}fr", LABEL, '"France"'),
        (f"{L}paris", f"{P}people", '"2.1"^^<http://www.w3.org/2001/XMLSchema#double>'),
        (f"{L}paris", f"{P}at", "_:place"),
        ("_:place", f"{P}north", '"48.9"'),
        (f"{L}paris", DEPICTION, '"images/paris.png"'),
    ),
    "right.nt": statements(
        (f"{R}p1", f"{P}dans", f"{R}p9"),
        (f"{R}p2", f"{P}dans", f"{R}p9"),
        (f"{R}p9", f"{P}nom", '"Fran\\u00E7a"'),
    ),
    "links.nt": statements((f"{L}paris", SAME_AS, f"{R}p1"), (f"{L}fr", SAME_AS, f"{R}p9")),
    "images/paris.png": png(4),
    "psqe.toml": b'languages = {left = "en"}\n',
}
TURTLE: Files = {
    "left.ttl": b"@prefix l: <http://l.example/> .\n@prefix p: <http://p.example/> .\n"
    b"@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
    b'l:paris p:in l:fr ; rdfs:label "Paris"@en .\nl:lyon p:in l:fr .\nl:fr p:people 68 .\n',
    "right.ttl": b"@prefix r: <http://r.example/resource/> .\n@prefix p: <http://p.example/> .\n"
    b"r:p1 p:dans r:p9 .\nr:p2 p:dans r:p9 .\nr:p9 p:nom [ p:en 'France' ] .\n",
    "links.tsv": table(("left", "right"), (f"{L}paris", f"{R}p1"), (f"{L}fr", f"{R}p9")),
}
PAIRS = {"jape": JAPE, "openea": OPENEA, "folder": FOLDER, "rdf": RDF, "turtle": TURTLE}


def write(folder: Path, files: Mapping[str, bytes | None], **changed: bytes | None) -> Path:
    """The files in a folder; ``None`` leaves one out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {**files, **changed}.items():
        if content is not None:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    return folder


def with_line(files: Files, name: str, line: int, text: str) -> Files:
    """The files with one line (from 1) of one of them replaced."""
    lines = files[name].split(b"\n")
    lines[line - 1] = text.encode()
    return {**files, name: b"\n".join(lines)}


# ---- what a task holds, and what files say, in one form

Said = dict[str, Any]


def of_graph(graph: KnowledgeGraph, folder: Path) -> Said:
    """By identifiers, blank nodes all alike."""
    name = ["_:" if entity.startswith("_:") else entity for entity in graph.entities]
    return {
        "entities": set(name),
        "candidates": {name[i] for i in graph.candidates},
        "triples": {(name[h], graph.relations[r], name[t]) for h, r, t in graph.triples},
        "attributes": {(name[i], *pair) for i, pairs in enumerate(graph.attributes) for pair in pairs},
        "images": {
            name[i]: path.relative_to(folder).as_posix() for i, path in enumerate(graph.images) if path
        },
    }


def of_task(task: AlignmentTask, folder: Path) -> tuple[Said, Said, set[tuple[str, str]] | None]:
    links = None
    if task.links is not None:
        links = {(task.left.entities[a], task.right.entities[b]) for a, b in task.links}
    return of_graph(task.left, folder), of_graph(task.right, folder), links


def cells(content: bytes | None, *, header: tuple[str, ...] = ()) -> list[list[str]]:
    text = (content or b"").decode().removeprefix("\ufeff")
    rows = [line.rstrip("\r").split("\t") for line in text.split("\n")]
    rows = [row for row in rows if any(map(str.strip, row))]
    if rows and tuple("".join(filter(str.isalnum, cell.lower())) for cell in rows[0]) == header:
        rows = rows[1:]
    return rows


def _said(triples: Any, attributes: Any = (), others: Any = (), images: Any = None) -> Said:
    triples, attributes = set(map(tuple, triples)), set(attributes)
    ends = {end for head, _, tail in triples for end in (head, tail)}
    entities = ends | {a[0] for a in attributes} | set(others) | set(images or {})
    return {
        "entities": entities,
        "candidates": entities,
        "triples": triples,
        "attributes": attributes,
        "images": images or {},
    }


def jape_says(files: Files) -> tuple[Said, Said, set[tuple[str, str]] | None]:
    sides = []
    for n in (1, 2):
        uri = {int(i): u.removeprefix("<").removesuffix(">") for i, u in cells(files[f"ent_ids_{n}"])}
        relation = {int(i): u for i, u in cells(files.get(f"rel_ids_{n}"))}
        triples = [(uri[int(h)], relation.get(int(r), f"relation {int(r)}"), uri[int(t)])
                   for h, r, t in cells(files[f"triples_{n}"])]  # fmt: skip
        attributes = [(row[0], a, None) for row in cells(files.get(f"training_attrs_{n}")) for a in row[1:]]
        sides.append((_said(triples, attributes, uri.values()), uri))
    (left, one), (right, two) = sides
    found = files.get("ill_ent_ids")
    return left, right, {(one[int(a)], two[int(b)]) for a, b in cells(found)} or None


def literal(text: str) -> str | None:
    """The value of a literal without escapes."""
    text = text.strip()
    body = text.removesuffix(".").rstrip()
    inside, quote, tail = body[1:].rpartition('"')
    if body[:1] != '"' or not quote:
        return text or None
    if (not tail and '"' not in inside) or re.fullmatch(r"\^\^<[^<>\s]*>|\^\^[^\s<>]+|@[A-Za-z]+", tail):
        return inside.strip() or None
    return text


def openea_says(files: Files) -> tuple[Said, Said, set[tuple[str, str]] | None]:
    sides = []
    for n in (1, 2):
        rows = [[cell.strip() for cell in row] for row in cells(files[f"rel_triples_{n}"])]
        attributes = [(e.strip(), a.strip(), literal("\t".join(rest)))
                      for e, a, *rest in cells(files.get(f"attr_triples_{n}"))]  # fmt: skip
        sides.append(_said(rows, attributes))
    found = files.get("ent_links")
    links = {(a.strip(), b.strip()) for a, b in cells(found)} or None
    return sides[0], sides[1], links


def folder_says(files: Files) -> tuple[Said, Said, set[tuple[str, str]] | None]:
    sides = []
    for side in ("left", "right"):
        triples = cells(files.get(f"{side}/triples.tsv"), header=("head", "relation", "tail"))
        attributes = cells(files.get(f"{side}/attributes.tsv"), header=("entity", "attribute", "value"))
        names = cells(files.get(f"{side}/names.tsv"), header=("entity", "name"))
        listed = cells(files.get(f"{side}/images.tsv"), header=("entity", "path"))
        images = {entity: f"{side}/{path}" for entity, path in listed}
        said = _said(triples, [(e, a, v.strip() or None) for e, a, v in attributes],
                     [e for e, _ in names], images)  # fmt: skip
        for path in files:
            if f"{side}/images.tsv" not in files and path.startswith(f"{side}/images/"):
                entity = Path(path).stem
                if entity in said["entities"]:
                    said["images"][entity] = path
        if f"{side}/names.tsv" in files:  # then tails of which nothing else is said are no candidates
            told = [row[0] for row in (*triples, *attributes, *names)]
            said["candidates"] = {*told, *said["images"]}
        sides.append(said)
    rows = cells(files.get("links.tsv"), header=("left", "right"))
    return sides[0], sides[1], {(a, b) for a, b in rows} or None


STATEMENT = re.compile(
    r'\s*(<[^>]*>|_:\S+)\s*<([^>]*)>\s*(<[^>]*>|_:[^\s.]+|"((?:[^"\\]|\\.)*)"\S*)\s*\.\s*(?:#.*)?'
)


def _lines(content: bytes) -> list[tuple[str, str, str, str | None]]:
    found = []
    for line in content.decode().removeprefix("\ufeff").split("\n"):
        if line.strip() and not line.strip().startswith("#"):
            match = STATEMENT.fullmatch(line)
            assert match, line
            subject, predicate, value, text = match.groups()
            if text is not None:
                text = json.loads(f'"{text}"')
            terms = ["_:" if term.startswith("_:") else term.strip("<>") for term in (subject, value)]
            found.append((terms[0], predicate, terms[1], text))
    return found


def rdf_says(files: Files) -> tuple[Said, Said, set[tuple[str, str]] | None]:
    sides = []
    for side in ("left", "right"):
        rows = _lines(files[f"{side}.nt"])
        said = _said(
            [(s, p, o) for s, p, o, text in rows if text is None],
            [(s, p, text.strip() or None)
             for s, p, _, text in rows if text is not None and p not in (LABEL, DEPICTION)],
            [s for s, *_ in rows],
            {s: text for s, p, _, text in rows if p == DEPICTION and text},
        )  # fmt: skip
        terms = ("_:", "http://www.w3.org/")  # blank nodes, and words of RDF itself
        sides.append({**said, "candidates": {s for s, *_ in rows if not s.startswith(terms)}})
    found = _lines(files.get("links.nt", b""))
    links = {(s, o) if s in sides[0]["entities"] else (o, s) for s, _, o, _ in found}
    return sides[0], sides[1], links or None


SAYS = {"jape": jape_says, "openea": openea_says, "folder": folder_says, "rdf": rdf_says}
