"""The writer of the layout that the code of EVA, MCLEA and MEAformer reads.

Every entity of both sides has an id, and the ids are ``0 .. n - 1`` without a gap, as that code uses them as
rows of matrices. These files are written, without headers:

==================================  ==============================================  =====================
file                                what it holds                                   read by
==================================  ==============================================  =====================
``ent_ids_1``, ``ent_ids_2``        id, identifier                                  all three codes
``triples_1``, ``triples_2``        head id, relation id, tail id                   all three codes
``training_attrs_1``, ``..._2``     identifier, then its attributes                 all three codes
``ill_ent_ids``                     left id, right id: all gold links               all three codes
``<pair>_GA_id_img_feature_...``    a pickle: id to vector of the image             all three codes
``dbp_<pair>.json``                 ``[[id, [words]], ...]``                        MCLEA, MEAformer
``rel_ids_1``, ``rel_ids_2``        relation id, relation                           psqe, JAPE
``attr``                            attributes with values, line i of id i - 1      psqe
``sup_ent_ids``, ``ref_ent_ids``    30 % and 70 % of the gold links                 JAPE, GCN-Align
``seeds.npy``                       int32 array ``(n, 2)`` of ids                   see the book
``seed_ent_ids``                    the same as text, the form of ``sup_ent_ids``   JAPE, GCN-Align
==================================  ==============================================  =====================
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from psqe.datasets.export.image_pickle import write_image_pickle
from psqe.datasets.export.options import ExportOptions, Prepared
from psqe.datasets.export.tables import (
    check_identifiers,
    drawn,
    links_by_identifier,
    note_equal_identifiers,
    one_line,
    without_images,
    write_rows,
)
from psqe.datasets.labels import readable_name
from psqe.errors import DataError
from psqe.graph import AlignmentTask, KnowledgeGraph, counted, in_number

DESCRIPTION = "JAPE, EVA, MCLEA, MEAformer: ent_ids, triples, training_attrs, ill_ent_ids, vectors of images"
OPTIONS = frozenset({"pair", "attribute_values"})
TRAINING_SHARE = 0.3
"""The share of the gold links that these codes train on."""

N_ATTRIBUTES = 1000
"""The number of different attributes that the code of EVA cannot do without."""

UNNAMED = re.compile(r"relation \d{1,18}")
"""The label that the reader of this layout gives to a relation that has an id and no name."""


def prepare(task: AlignmentTask, options: ExportOptions, notes: list[str]) -> Prepared:
    """Return the task as this layout can hold it; see :meth:`psqe.datasets.export.Writer.prepare`."""
    task = _told_apart(task, notes)
    check_identifiers(task, "eva")
    for side, graph in zip(("left", "right"), task.sides, strict=True):
        if not len(graph.triples):
            raise DataError(
                f"the layout eva needs triples, and the {side} graph {graph.name!r} has none",
                remedy="export to the layout folder",
            )
    task = _with_vectors(_numbered(task, notes), notes)
    task = _with_names(task, notes)
    return Prepared(task, task)


def _told_apart(task: AlignmentTask, notes: list[str]) -> AlignmentTask:
    """Return the task without an identifier that is on both sides: the codes keep one table for both."""
    note_equal_identifiers(task, notes)
    shared = set(task.left.entities) & set(task.right.entities)
    if not shared:
        return task
    notes.append(
        f"{counted(len(shared), 'identifier')} that both sides have, such as {min(shared)!r:.80}, "
        f"{in_number(len(shared), 'is')} written with left: and right: before them, as the peers' code has "
        "one table of identifiers"
    )
    left, right = (
        replace(graph, entities=tuple(f"{side}:{e}" if e in shared else e for e in graph.entities))
        for side, graph in zip(("left", "right"), task.sides, strict=True)
    )
    return replace(task, left=left, right=right)


def _numbered(task: AlignmentTask, notes: list[str]) -> AlignmentTask:
    """Return the task with ids that are ``0 .. n - 1`` on both sides together: its own if possible."""
    n_left, n_right = task.sides.map(lambda graph: graph.n_entities)
    ids = np.concatenate([task.left.ids, task.right.ids])
    if np.array_equal(np.sort(ids), np.arange(n_left + n_right)):
        return task
    notes.append(
        f"entities have new ids: 0 to {n_left - 1:,} on the left, {n_left:,} to {n_left + n_right - 1:,} "
        "on the right, in the order of their identifiers"
    )
    left, right = (
        replace(graph, ids=start + np.argsort(np.argsort(np.array(graph.entities, dtype=object))))
        for start, graph in zip((0, n_left), task.sides, strict=True)
    )
    return replace(task, left=left, right=right)


def _with_vectors(task: AlignmentTask, notes: list[str]) -> AlignmentTask:
    """Return the task with vectors of its pictures in place of the pictures, if both sides have any."""
    brought = all("image" in graph.vectors for graph in task.sides)
    if not brought and all(any(graph.images) for graph in task.sides):
        from psqe.features.build import build_features
        from psqe.features.encoder_registry import DEFAULT_ENCODERS

        encoded = build_features(task, ("image",))["image"]
        left, right = (
            without_images(replace(graph, vectors={**graph.vectors, "image": vectors}))
            for graph, vectors in zip(task.sides, encoded, strict=True)
        )
        n = sum(int(vectors.present.sum()) for vectors in encoded)
        notes.append(
            f"{counted(n, 'image')} are held as vectors of {encoded.dim:,} numbers by the encoder "
            f"{DEFAULT_ENCODERS['image']}, not as files"
        )
        return replace(task, left=left, right=right)
    if not brought:
        notes.append("there are no vectors of images, which the code of EVA, MCLEA and MEAformer needs")
    return task


def _with_names(task: AlignmentTask, notes: list[str]) -> AlignmentTask:
    """Return the task with its names in the place of translated ones, unless it has any of these."""
    told = all(
        name == readable_name(entity)
        for graph in task.sides
        for entity, name in zip(graph.entities, graph.names, strict=True)
    )
    named = any(any(graph.names) for graph in task.sides)
    if told or not named or any(any(graph.translations) for graph in task.sides):
        return task
    notes.append(
        "names are in the file of machine-translated names, because this layout has no other file of names; "
        "psqe reads them as translated_name, and takes names from identifiers"
    )
    left, right = (
        replace(
            graph,
            translations=tuple(name and " ".join(name.split()) for name in graph.names),
            names=tuple(map(readable_name, graph.entities)),
        )
        for graph in task.sides
    )
    return replace(task, left=left, right=right)


def write(prepared: Prepared, folder: Path, options: ExportOptions, notes: list[str]) -> Path:
    """Write a prepared task; see :meth:`psqe.datasets.export.Writer.write`."""
    task = prepared.task
    name = folder.name if options.pair is None else options.pair
    pair = folder if options.pair is None else folder / "DBP15K" / options.pair
    names = pair if options.pair is None else pair.parent / "translated_ent_name"
    vectors = pair if options.pair is None else folder / "pkls"
    pair.mkdir(parents=True, exist_ok=True)
    _write_graphs(task, pair, options, notes)
    _write_attribute_values(task, pair / "attr")
    _write_links(task, pair, options.random_state, notes)
    if options.seeds is not None:
        options.seeds.save_npy(pair / "seeds.npy", task)
        rows = ((task.left.ids[left], task.right.ids[right]) for left, right in options.seeds.pairs.tolist())
        write_rows(pair / "seed_ent_ids", rows)
    if any(any(graph.translations) for graph in task.sides):
        names.mkdir(exist_ok=True)
        words = sorted(
            (int(i), text.split(" ") if text else [])
            for graph in task.sides
            for i, text in zip(graph.ids, graph.translations, strict=True)
        )
        (names / f"dbp_{name}.json").write_text(json.dumps(words), encoding="ascii")
    if all("image" in graph.vectors for graph in task.sides):
        vectors.mkdir(exist_ok=True)
        write_image_pickle(task, vectors / f"{name}_GA_id_img_feature_dict.pkl")
    return pair


def _write_graphs(task: AlignmentTask, pair: Path, options: ExportOptions, notes: list[str]) -> None:
    relations = _relation_ids(task)
    different: set[str] = set()
    for number, graph in enumerate(task.sides, 1):
        order = np.argsort(graph.ids)
        write_rows(pair / f"ent_ids_{number}", ((graph.ids[i], graph.entities[i]) for i in order))
        ids = np.array([relations[label] for label in graph.relations], dtype=np.int64)
        heads, kinds, tails = graph.triples.T
        rows = np.column_stack([graph.ids[heads], ids[kinds], graph.ids[tails]])
        write_rows(pair / f"triples_{number}", sorted(rows.tolist()))
        if not all(map(UNNAMED.fullmatch, relations)):
            write_rows(pair / f"rel_ids_{number}", sorted(zip(ids.tolist(), graph.relations, strict=True)))
        lists = {int(i): list(_attribute_list(graph, i, options.attribute_values)) for i in order}
        different.update(*lists.values())
        some = write_rows(
            pair / f"training_attrs_{number}",
            ((graph.entities[i], *labels) for i, labels in lists.items() if labels),
        )
        if not some:
            notes.append(
                f"there is no training_attrs_{number}, which the code of EVA, MCLEA and MEAformer needs, "
                "as no entity has an attribute"
            )
    if different and len(different) < N_ATTRIBUTES:
        more = "" if options.attribute_values else "; the option attribute-values gives more of them"
        notes.append(
            f"there are {counted(len(different), 'different attribute')}, and the code of EVA (not that of "
            f"MCLEA and MEAformer) stops if there are fewer than {N_ATTRIBUTES:,}{more}"
        )


def _relation_ids(task: AlignmentTask) -> dict[str, int]:
    """Number the relations of both sides together: those without a name keep the id they have."""
    labels = sorted({*task.left.relations, *task.right.relations})
    if all(map(UNNAMED.fullmatch, labels)):
        return {label: int(label.split()[1]) for label in labels}
    return {label: number for number, label in enumerate(labels)}


def _attribute_list(graph: KnowledgeGraph, entity: int, values: bool) -> Iterator[str]:
    seen: set[str] = set()
    for attribute, value in graph.attributes[entity]:
        label = one_line(f"{attribute}={value}" if values and value is not None else attribute).strip()
        if label and label not in seen:
            seen.add(label)
            yield label


def _write_attribute_values(task: AlignmentTask, path: Path) -> None:
    """Write the attributes with their values, if any has one: line ``i + 1`` belongs to id ``i``."""
    if not any(value for graph in task.sides for pairs in graph.attributes for _, value in pairs):
        return
    items: dict[int, str] = {}
    for graph in task.sides:
        for i, pairs in zip(graph.ids.tolist(), graph.attributes, strict=True):
            cells = [(one_line(attribute).strip(), one_line(value or "")) for attribute, value in pairs]
            items[i] = "^^^".join(f"{label}|||{value}" for label, value in cells if _fits(label, value))
    last = max(i for i, text in items.items() if text)
    path.write_text("".join(f"{items[i]}\n" for i in range(last + 1)), encoding="utf-8", newline="\n")


def _fits(label: str, value: str) -> bool:
    """Return whether an attribute with a value has none of the marks that separate such pairs."""
    marked = any(mark in text for mark in ("|||", "^^^") for text in (label, value))
    return bool(label) and not (marked or label[-1] == "|" or label[0] == "^" or value.endswith("^"))


def _write_links(task: AlignmentTask, pair: Path, random_state: int, notes: list[str]) -> None:
    links = [
        (int(task.left.ids[left]), int(task.right.ids[right])) for left, right in links_by_identifier(task)
    ]
    if not write_rows(pair / "ill_ent_ids", sorted(links)):
        notes.append("there is no ill_ent_ids, which the code of EVA, MCLEA and MEAformer needs to test")
        return
    order = drawn(len(links), random_state).tolist()
    n_train = int(len(links) * TRAINING_SHARE)
    write_rows(pair / "sup_ent_ids", sorted(links[i] for i in order[:n_train]))
    write_rows(pair / "ref_ent_ids", sorted(links[i] for i in order[n_train:]))
    notes.append(
        f"of the gold links, {n_train:,} (30 %) are in sup_ent_ids and {len(links) - n_train:,} in "
        f"ref_ent_ids, drawn with random state {random_state}; EVA, MCLEA and MEAformer read ill_ent_ids and "
        "draw for themselves"
    )
