"""Triples that are repeated millions of times."""

import pytest

from psqe.datasets import graphs
from psqe.datasets.faults import Faults
from psqe.datasets.graphs import GraphDraft


def test_repeated_triples_take_no_memory_and_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, bounded = GraphDraft(), GraphDraft()
    records = [(f"e{i % 7}", f"r{i % 3}", f"e{(i * i) % 11}") for i in range(3000)]
    for head, relation, tail in records:
        plain.add_triple(plain.entity(head), relation, plain.entity(tail))
    monkeypatch.setattr(graphs, "MOST_TRIPLES", 50)
    bounded._most_numbers = 150
    longest = 0
    for head, relation, tail in records:
        bounded.add_triple(bounded.entity(head), relation, bounded.entity(tail))
        longest = max(longest, len(bounded.triples()))
    one, other = plain.build("g", Faults()), bounded.build("g", Faults())
    assert one.entities == other.entities and (one.triples == other.triples).all()
    assert longest < 500 < len(plain.triples())
    kept = list(dict.fromkeys(map(tuple, plain.triples().tolist())))
    again = list(dict.fromkeys(map(tuple, bounded.triples().tolist())))
    assert kept == again  # in the order of the records
