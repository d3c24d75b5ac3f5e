"""Checkpoints that are not of this training, or none at all: refused in one line, and never run."""

import os
import pickle
import tempfile
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import with_arrays
from test_checkpoint import RULES, Killer
from test_trained import TRAINED, make

from psqe.errors import DataError, PsqeWarning
from psqe.features.base import Features
from psqe.graph import AlignmentTask, Sides
from psqe.seeds import SeedSet, true_links
from psqe.training.checkpoint import Checkpoint, versions
from psqe.training.graph_attention import Edges
from psqe.training.modalities import ModelInputs


@pytest.fixture(scope="module")
def scene(planted):
    return *planted, true_links(planted[0], 30)


def changed(parameter: str, value):
    """Another possible value of a parameter."""
    if isinstance(value, str):
        return {"device": "cpu:0", "dtype": "float64", "variant": "released"}[parameter]
    if parameter == "switches":
        return {"centre": False}
    return value + 0.01 if isinstance(value, float) else value + 1


@pytest.fixture(scope="module")
def kept(scene, tmp_path_factory):
    """A checkpoint of each aligner."""
    folder = tmp_path_factory.mktemp("kept")
    for name in TRAINED:
        make(name, **RULES).fit(*scene, checkpoint=folder / name)
    return folder


def refused(match: str, path: Path, fit, remedy: str = "remove it, or name another file") -> None:
    """In one line that names the file and says what to do, before any step; the file stays."""
    before = path.read_bytes()
    callback = Killer()
    with pytest.raises(DataError, match=match) as caught:
        fit(callback)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and message.endswith(f"; {remedy}")
    assert "\n" not in message and not callback.steps
    assert path.read_bytes() == before


FOREIGN = "is the checkpoint of a training with other parameters, data or seeds"


@pytest.mark.filterwarnings("ignore:missing vectors are filled with noise")
@pytest.mark.parametrize("name", TRAINED)
def test_other_parameters_are_refused(scene, kept, name):
    """Each parameter of each aligner, one at a time."""
    for parameter, value in make(name, **RULES).parameters.items():
        aligner = make(name, **{**RULES, parameter: changed(parameter, value)})
        assert aligner.parameters != make(name, **RULES).parameters
        refused(FOREIGN, kept / name, lambda w, a=aligner: a.fit(*scene, callback=w, checkpoint=kept / name))
    other = next(one for one in TRAINED if one != name)
    refused(
        FOREIGN, kept / other, lambda w: make(name, **RULES).fit(*scene, callback=w, checkpoint=kept / other)
    )


def other_scenes(task, features, seeds):
    """Each differs in one thing that the training depends on."""
    yield "seeds", (task, features, seeds.head(29))
    swapped = seeds.pairs.copy()
    swapped[:2, 1] = swapped[1::-1, 1]
    yield "other ends", (task, features, SeedSet(swapped, seeds.scores, seeds.stages))
    m = features["image"]
    image = with_arrays(
        m,
        left=m.left.values
        + np.float32(1e-3) * (np.arange(m.dim) == 0) * np.arange(len(m.left.values))[:, None],
    )
    yield "features", (task, Features({**features, "image": image}), seeds)
    fewer = m.right.present.copy()
    fewer[np.flatnonzero(fewer)[0]] = False
    image = with_arrays(m, right=m.right.values * fewer[:, None], right_present=fewer)
    yield "who has an image", (task, Features({**features, "image": image}), seeds)
    yield "a modality less", (task, features.select(["image"]), seeds)
    yield "modalities in another order", (task, features.select(["attribute", "image"]), seeds)
    yield "modalities under other names", (task, Features({"image": m, "text": features["attribute"]}), seeds)
    left = replace(task.left, triples=task.left.triples[1:])
    yield "a triple less", (AlignmentTask(task.name, left, task.right, task.links), features, seeds)


@pytest.mark.parametrize("name", TRAINED)
def test_other_data_and_seeds_are_refused(scene, kept, name):
    for _, other in other_scenes(*scene):
        refused(
            FOREIGN, kept / name,
            lambda w, o=other: make(name, **RULES).fit(*o, callback=w, checkpoint=kept / name),
        )  # fmt: skip


def test_the_fingerprint_is_of_each_thing_by_itself(scene, tmp_path):
    """Above, what differs also changes the canonical order; here, nothing but what is named."""
    task, features, seeds = scene
    inputs = ModelInputs.from_task(task, features, dtype=torch.float32)
    image, attribute = inputs.vectors.values()
    has_image, has_attribute = inputs.present.values()
    candidates = task.sides.map(lambda graph: graph.candidates)
    aligner = make("eva")
    aligner._checkpoint = tmp_path / "training.pt"

    def of(aligner=aligner, candidates=candidates, pairs=seeds.pairs, **other) -> str:
        return aligner._checkpoint_of(replace(inputs, **other), candidates, pairs)._fingerprint

    edges = inputs.edges
    fewer = Edges(edges.targets.numpy()[:-1], edges.sources.numpy()[:-1], edges.n)
    found = {
        "nothing": of(),
        "a seed": of(pairs=seeds.pairs[:-1]),
        "a left candidate": of(candidates=Sides(candidates.left[:-1], candidates.right)),
        "a right candidate": of(candidates=Sides(candidates.left, candidates.right[:-1])),
        "an edge": of(edges=fewer),
        "sides": of(n_left=inputs.n_left - 1),
        "a bit": of(vectors={"image": image.nextafter(image + 1), "attribute": attribute}),
        "a mask": of(present={"image": ~has_image, "attribute": has_attribute}),
        "a name": of(
            vectors={"picture": image, "attribute": attribute},
            present={"picture": has_image, "attribute": has_attribute},
        ),
        "precision": of(vectors={name: x.double() for name, x in inputs.vectors.items()}),
        "a parameter": of(aligner=with_others(aligner, random_state=1)),
    }
    assert len(set(found.values())) == len(found)
    assert of() == found["nothing"]


def with_others(aligner, **parameters):
    """Another aligner with the same checkpoint."""
    other = type(aligner)(**{**aligner.parameters, **parameters})
    other._checkpoint = aligner._checkpoint
    return other


@pytest.mark.parametrize("package", ["psqe", "torch"])
def test_other_versions_are_refused_and_their_file_is_as_good_as_before(scene, tmp_path, package):
    """Whatever else differs: of another version's fingerprint nothing is known."""
    path = tmp_path / "training.pt"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metadata, "version", lambda name: "9.8" if name == package else "7.6")
        make("eva").fit(*scene, checkpoint=path)
        written = {"psqe": "7.6", "torch": "7.6", package: "9.8"}
        patch.setattr(metadata, "version", lambda name: "7.6")
        for aligner in (make("eva"), make("eva", random_state=1)):
            refused(
                f"was written by psqe {written['psqe']} and torch {written['torch']}, "
                "and psqe 7.6 and torch 7.6 may train otherwise",
                path, lambda w, a=aligner: a.fit(*scene, callback=w, checkpoint=path),
                remedy="remove it to begin anew, or go on with the versions that wrote it",
            )  # fmt: skip
        patch.setattr(metadata, "version", lambda name: "9.8" if name == package else "7.6")
        make("eva").fit(*scene, checkpoint=path)


def test_a_source_tree_has_no_version(monkeypatch):
    def only_torch(name):
        if name == "psqe":
            raise metadata.PackageNotFoundError(name)
        return "7.6"

    monkeypatch.setattr(metadata, "version", only_torch)
    assert versions() == "psqe of no version and torch 7.6"


def test_parameters_of_numpy_are_as_good_as_pythons(scene, tmp_path):
    path = tmp_path / "training.pt"
    make("mclea", random_state=np.int64(3), learning_rate=np.float64(0.01)).fit(*scene, checkpoint=path)
    callback = Killer()
    with pytest.warns(PsqeWarning, match="the callback observes no step"):
        make("mclea", random_state=3, learning_rate=0.01).fit(*scene, callback=callback, checkpoint=path)
    assert not callback.steps


class Wicked:
    """Runs code when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def no_checkpoints(folder: Path):
    """Files that are none, by what they are."""
    image = folder / "image.pt"
    torch.save([1, 2], image)
    yield "a list", image.read_bytes()
    torch.save({"epoch": 3, "versions": versions()}, image)
    yield "without fingerprint", image.read_bytes()
    torch.save({"epoch": 3, "fingerprint": "x"}, image)
    yield "without versions", image.read_bytes()
    torch.save(torch.ones(3), image)
    yield "a tensor", image.read_bytes()
    torch.save({"fingerprint": Wicked(folder / "ran")}, image)
    yield "wicked", image.read_bytes()
    yield "a wicked pickle", pickle.dumps(Wicked(folder / "ran"))
    yield "a pickle", pickle.dumps({"fingerprint": "x"})
    yield "nothing", b""
    yield "text", b"left\tright\n"
    yield "one byte of a pickle", b"\x80"
    yield "a zip", b"PK\x03\x04" + bytes(40)
    yield "no UTF-8", b"\x80\x02X\x04\x00\x00\x00\xff\xfe\xfd\xfc."


def test_what_is_no_checkpoint_is_refused_and_not_run(scene, tmp_path, recwarn):
    for what, data in no_checkpoints(tmp_path):
        path = tmp_path / "training.pt"
        path.write_bytes(data)
        refused(
            "is not a checkpoint of psqe", path,
            lambda w, path=path: make("eva").fit(*scene, callback=w, checkpoint=path),
        )  # fmt: skip
        assert not (tmp_path / "ran").exists(), what
    assert not recwarn.list


@settings(max_examples=60, deadline=None)
@given(share=st.floats(0, 0.9999), junk=st.binary(max_size=60), whole=st.booleans())
def test_truncated_files_and_junk_are_refused(kept, share, junk, whole):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "training.pt"
        data = (kept / "mclea").read_bytes()
        path.write_bytes(data[: int(share * len(data))] if whole else junk)
        with pytest.raises(DataError, match="is not a checkpoint of psqe; remove it, or name another file"):
            Checkpoint(path, "x").load()
