"""Pairs of graphs with links made by hand, for the tests of the review page."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from psqe.datasets.synthetic import planted_pair
from psqe.features import Features
from psqe.graph import AlignmentTask, KnowledgeGraph, Sides
from psqe.links import LinkRule, Links, TwoNearest, Verdicts


def described(graph: KnowledgeGraph, folder: Path | None = None, n_pictures: int = 0) -> KnowledgeGraph:
    """The graph with a name and two attributes for each entity, and with pictures for the first ones."""
    n = graph.n_entities
    images: list[Path | None] = [None] * n
    for i in range(min(n, n_pictures)):
        assert folder is not None
        images[i] = folder / f"{graph.name}{i}.png"
        Image.new("RGB", (8, 8), (i * 7 % 256, i // 37 % 256, 120)).save(images[i])
    return replace(
        graph,
        names=tuple(f"{graph.name} entity number {i}" for i in range(n)),
        attributes=tuple((("keyword", f"word {i % 500}"), ("code", f"{graph.name[0]}{i}")) for i in range(n)),
        images=tuple(images),
    )


def hand_made(
    n: int,
    *,
    n_links: int | None = None,
    n_doubtful: int = 0,
    folder: Path | None = None,
    n_pictures: int = 0,
    verdicts: Verdicts | None = None,
) -> tuple[AlignmentTask, Features, Links]:
    """A planted pair whose links pair true counterparts, with confidences from 1 down to 0.

    The first links are the most confident ones; then come the pairs below the threshold, and the entities
    after them have no link. The two nearest entities of the first entity are the counterparts of the first
    and the second one, and so on; those of the last one are the counterparts of the last and the first one.
    """
    task, features = planted_pair(n, dangling=0, random_state=0)
    left, right = (described(graph, folder, n_pictures) for graph in task.sides)
    task = replace(task, left=left, right=right)
    assert task.links is not None
    pairs = task.links[np.argsort(task.links[:, 0])]
    assert len(pairs) == n
    n_links = n - n_doubtful if n_links is None else n_links
    of_right = np.argsort(pairs[:, 1])
    chosen = n_links + n_doubtful
    confidence = np.linspace(1, 0, chosen + 2)[1:-1].astype(np.float32)
    after = np.roll(np.arange(n), -1)
    two = np.tile(np.array([0.9, 0.4], dtype=np.float32), (n, 1))
    return (
        task,
        features.blind(),
        Links(
            pairs=pairs[:n_links],
            scores=np.full(n_links, 0.9, dtype=np.float32),
            confidence=confidence[:n_links],
            rank_margin=np.full(n_links, 0.5, dtype=np.float32),
            from_seed=np.arange(n_links) % 10 == 0,
            seeds_kept=True,
            calibrated=True,
            doubtful=pairs[n_links:chosen],
            doubtful_confidence=confidence[n_links:],
            threshold=float(confidence[n_links - 1]),
            temperature=0.1,
            expected_links=float(confidence.sum()),
            chosen_by=LinkRule(),
            nearest=Sides(
                TwoNearest(np.column_stack([pairs[:, 1], pairs[after, 1]]), two),
                TwoNearest(np.column_stack([pairs[:, 0], pairs[after, 0]])[of_right], two),
            ),
            verdicts=Verdicts.none() if verdicts is None else verdicts,
        ),
    )
