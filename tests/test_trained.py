"""What trained aligners share: parameters, precision, devices, names of modalities, the residual."""

import warnings
from inspect import signature
from itertools import cycle

import numpy as np
import pytest
import torch

from psqe.aligners import ALIGNERS, TrainedAligner
from psqe.errors import DataError, ParameterError
from psqe.features.base import Features
from psqe.seeds import true_links
from psqe.training.callback import Callback
from psqe.training.modalities import JOINT, STRUCTURE

TRAINED = [name for name, aligner in ALIGNERS.items() if issubclass(aligner, TrainedAligner)]


def widths(name: str, *sizes: int) -> dict[str, int]:
    """Small values for all widths of an aligner, in the order of its parameters."""
    own = [parameter for parameter in signature(ALIGNERS[name]).parameters if parameter.endswith("dim")]
    return dict(zip(own, cycle(sizes)))


QUICK = {"n_epochs": 4, "batch_size": 16, "learning_rate": 1e-2}


def make(name: str, **parameters):
    return ALIGNERS[name](**{**widths(name, 6, 5, 4, 3), **QUICK, **parameters})


@pytest.fixture(scope="module")
def seeds(planted):
    return true_links(planted[0], 30)


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_epochs": 0}, "n_epochs is 0; it must be greater than 0"),
        ({"learning_rate": -1.0}, "learning_rate is -1.0; it must be greater than 0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan; it must be a finite number"),
        ({"batch_size": 1}, "batch_size is 1; a contrastive batch needs at least 2 seeds"),
        ({"weight_decay": -0.1}, "weight_decay is -0.1; it must be greater than or equal to 0"),
        ({"residual": -0.5}, "residual is -0.5; it must be greater than or equal to 0"),
        ({"residual": float("nan")}, "residual is nan; it must be a finite number"),
        ({"iterative_start": -1}, "iterative_start is -1; it must be greater than or equal to 0"),
        ({"iterative_every": 0}, "iterative_every is 0; it must be greater than 0"),
        ({"iterative_rounds": 0}, "iterative_rounds is 0; it must be greater than 0"),
        ({"patience": 0}, "patience is 0; it must be greater than 0"),
        ({"check_every": 0}, "check_every is 0; it must be greater than 0"),
        (
            {"patience": 1, "n_epochs": 9},
            "early stopping would check first after epoch 10, and there are 9; "
            "train longer, check or learn iteratively earlier, or leave patience out",
        ),
        (
            {"patience": 1, "n_epochs": 71, "check_every": 2, "iterative_start": 20},
            "early stopping would check first after epoch 72, and there are 71; "
            "train longer, check or learn iteratively earlier, or leave patience out",
        ),
        ({"dtype": "float16"}, "dtype is 'float16'; it must be 'float32' or 'float64'"),
        ({"device": "abacus"}, "device is 'abacus'; choose cpu or cuda"),
    ],
    ids=str,
)
def test_impossible_parameters_are_one_clear_line(name, parameters, message):
    with pytest.raises(ParameterError) as caught:
        ALIGNERS[name](**parameters)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("eva", {"structure_output_dim": 0}, "structure_output_dim is 0; it must be greater than 0"),
        ("eva", {"image_dim": -1}, "image_dim is -1; it must be greater than 0"),
        ("eva", {"scale": 0}, "scale is 0; it must be greater than 0"),
        ("eva", {"structure_scale": 0}, "structure_scale is 0; it must be greater than 0"),
        ("eva", {"attraction": -1}, "attraction is -1; it must be greater than or equal to 0"),
        (
            "mclea",
            {"distillation_weight": -0.1},
            "distillation_weight is -0.1; it must be greater than or equal to 0",
        ),
        ("meaformer", {"dropout": 1}, "dropout is 1; it must be less than 1"),
        (
            "meaformer",
            {"dropout": -0.1},
            "dropout is -0.1; it must be greater than or equal to 0",
        ),
        ("meaformer", {"warmup": 1.0}, "warmup is 1.0; it must be less than 1"),
        ("meaformer", {"clip": 0}, "clip is 0; it must be greater than 0"),
        ("meaformer", {"n_heads": 0}, "n_heads is 0; it must be greater than 0"),
        ("meaformer", {"dim": 10, "n_heads": 4}, "n_heads is 4; it must divide dim, which is 10"),
    ],
    ids=str,
)
def test_impossible_parameters_of_one_aligner(name, parameters, message):
    with pytest.raises(ParameterError) as caught:
        ALIGNERS[name](**parameters)
    assert str(caught.value) == message


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_no_gpu_is_said_before_any_work(name):
    with pytest.raises(ParameterError, match=r"there is no device 'cuda' \(.+\); use cpu"):
        ALIGNERS[name](device="cuda")


class Precisions(Callback):
    """A callback that notes in which precision losses are computed."""

    def __init__(self):
        self.seen = set()

    def contrast(self, name, pairs, left, right, loss):
        self.seen |= {left.dtype, right.dtype, loss(left, right).dtype}


@pytest.mark.parametrize("name", TRAINED)
def test_double_precision_from_end_to_end(planted, seeds, name):
    """The same weights to begin with, so nearly the same embeddings; only the losses know of precision."""
    options = {
        "n_epochs": 3, "residual": 0.5, "iterative_start": 0, "iterative_every": 1, "iterative_rounds": 1,
        "patience": 3, "check_every": 1,
    }  # fmt: skip
    found = {}
    for dtype in ("float32", "float64"):
        callback = Precisions()
        aligner = make(name, dtype=dtype, **options).fit(*planted, seeds, callback=callback)
        assert callback.seen == {getattr(torch, dtype)}
        found[dtype] = aligner.embeddings()
        assert all(side.dtype == np.float32 for side in found[dtype])
    for single, double in zip(found["float32"], found["float64"], strict=True):
        np.testing.assert_allclose(single, double, atol=2e-3)
        assert not np.array_equal(single, double)


@pytest.mark.parametrize("name", TRAINED)
def test_any_name_will_do_for_a_modality(planted, seeds, name):
    """Torch forbids some as names of modules: they contain a dot, or it uses them itself."""
    task, features = planted
    for other in ("attribute.v2", "type", "keys", ""):
        own = Features({"image": features["image"], other: features["attribute"]})
        left, right = make(name, n_epochs=2).fit(task, own, seeds).embeddings()
        assert np.isfinite(left).all() and np.isfinite(right).all()


@pytest.mark.parametrize("reserved", [STRUCTURE, JOINT])
@pytest.mark.parametrize("name", TRAINED)
def test_names_of_what_is_no_modality_are_refused(planted, seeds, name, reserved):
    task, features = planted
    own = Features({reserved: features["image"]})
    with pytest.raises(DataError, match=f"a modality is called '{reserved}', .*; give it another name"):
        make(name).fit(task, own, seeds)


def plain_fused(features):
    """Unit vectors of all that an entity has, centred per side, each modality alike."""
    sides = []
    for side in ("left", "right"):
        columns = []
        for modality in features.values():
            vectors, present = modality[side].values, modality[side].present
            x = np.where(present[:, None], vectors - vectors[present].mean(axis=0), 0.0)
            columns.append(x / np.where(present, np.linalg.norm(x, axis=1), 1)[:, None])
        x = np.hstack(columns)
        norms = np.linalg.norm(x, axis=1, keepdims=True)
        sides.append(x / np.where(norms > 0, norms, 1))
    return sides


@pytest.mark.parametrize("residual", [0.25, 2.0])
@pytest.mark.parametrize("name", TRAINED)
def test_a_residual_is_features_beside_the_embedding_of_the_same_training(planted, seeds, name, residual):
    plain, beside = (make(name, residual=r).fit(*planted, seeds) for r in (0.0, residual))
    assert beside.history_ == plain.history_  # the loss does not see them
    fused = plain_fused(planted[1])
    assert any((~np.any(x, axis=1)).any() for x in fused)  # entities without any modality
    for own, learned, given in zip(beside.embeddings(), plain.embeddings(), fused, strict=True):
        stacked = np.hstack([learned, residual**0.5 * given])
        stacked /= np.linalg.norm(stacked, axis=1, keepdims=True)
        np.testing.assert_allclose(own, stacked, atol=1e-5)
    # So a cosine is the weighted mean of both, for those who have features.
    (left, right), (x, y) = plain.embeddings(), fused
    rows, columns = (np.flatnonzero(np.any(z, axis=1)) for z in fused)
    wanted = ((left @ right.T + residual * (x @ y.T)) / (1 + residual))[np.ix_(rows, columns)]
    np.testing.assert_allclose(beside.similarity(rows, columns).rows(0, len(rows)), wanted, atol=1e-5)


@pytest.mark.parametrize("name", TRAINED)
def test_iterative_learning_and_early_stopping_see_the_residual(planted, seeds, name):
    options = {"n_epochs": 6, "patience": 9, "check_every": 3}
    apart = [make(name, residual=r, **options).fit(*planted, seeds).checks_ for r in (0.0, 8.0)]
    assert [epoch for epoch, _ in apart[0]] == [3, 6] and apart[0] != apart[1]


@pytest.mark.parametrize("name", TRAINED)
def test_training_warns_of_nothing(planted, seeds, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rules = {"iterative_start": 1, "iterative_every": 1, "iterative_rounds": 1}
        make(name, **rules, patience=2, check_every=1).fit(*planted, seeds)
