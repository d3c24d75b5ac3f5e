"""Random batches for the tests of the theory."""

import numpy as np
from hypothesis import strategies as st

from psqe.theory.batch import Batch


def random_batch(n: int, dim: int, temperature: float, *, same_side=True, unit=True, seed=0) -> Batch:
    rng = np.random.default_rng(seed)
    left = rng.standard_normal((n, dim))
    right = 0.7 * left + rng.standard_normal((n, dim))
    if unit:
        left /= np.linalg.norm(left, axis=1, keepdims=True)
        right /= np.linalg.norm(right, axis=1, keepdims=True)
    return Batch(left, right, temperature, same_side)


def batches(*, least: int = 2, unit: bool | None = None) -> st.SearchStrategy[Batch]:
    """Batches of any size, dimension and temperature, with and without same-side negatives, unit or not."""
    return st.builds(
        random_batch,
        st.integers(least, 9),
        st.integers(2, 12),
        st.floats(0.05, 2.0),
        same_side=st.booleans(),
        unit=st.booleans() if unit is None else st.just(unit),
        seed=st.integers(0, 2**32 - 1),
    )


def relative_error(found, truth, *, batch: Batch | None = None) -> float:
    """The largest deviation over the largest value.

    Automatic differentiation computes ``p - 1``, good to 1e-16 and no better: where a batch is so easy that
    all gradients are below a 10,000th of ``|z| / tau``, deviations are measured against that.
    """
    found, truth = np.asarray(found), np.asarray(truth)
    size = np.abs(truth).max()
    if batch is not None:
        size = max(size, 1e-4 * max(np.abs(batch.left).max(), np.abs(batch.right).max()) / batch.temperature)
    return float(np.abs(found - truth).max() / size)
