"""The layout of pictures: where in a picture something is, which the last layer of a network forgets."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from psqe.features import build_features
from psqe.features.efficientnet import load_network
from psqe.features.encoder_registry import make_encoder
from psqe.features.encoders.efficientnet_lite0_grid import BLOCKS, CELLS
from psqe.features.image import picture_array
from psqe.graph import AlignmentTask, KnowledgeGraph


@pytest.fixture(scope="module")
def flags(tmp_path_factory):
    """Three flags: red over blue, blue over red, and green over yellow."""
    folder = tmp_path_factory.mktemp("flags")
    paths = []
    for number, (top, bottom) in enumerate((("red", "blue"), ("blue", "red"), ("green", "yellow"))):
        picture = Image.new("RGB", (96, 64), bottom)
        ImageDraw.Draw(picture).rectangle((0, 0, 96, 31), fill=top)
        paths.append(folder / f"{number}.png")
        picture.save(paths[-1])
    return paths


@pytest.fixture(scope="module")
def layouts(flags):
    return make_encoder("layout", "efficientnet-lite0-grid").encode(flags)


def cosine(x, y) -> float:
    return float(x @ y / np.linalg.norm(x) / np.linalg.norm(y))


def test_a_flag_and_the_flag_upside_down_differ_more_than_in_the_last_layer(flags, layouts):
    images = make_encoder("image", "efficientnet-lite0").encode(flags)
    assert cosine(layouts[0], layouts[1]) < cosine(images[0], images[1]) - 0.05


def test_turning_a_picture_upside_down_turns_the_rows_of_the_grid(layouts):
    """Convolutions do not know up from down exactly, so the grid of one flag resembles the turned one."""
    first, second = (layout[: 40 * CELLS**2].reshape(40, CELLS, CELLS) for layout in layouts[:2])
    assert cosine(first.ravel(), second[:, ::-1].ravel()) > cosine(first.ravel(), second.ravel()) + 0.05


def test_both_parts_are_unit_vectors_of_the_outputs_of_the_blocks(flags, layouts):
    """Compared with what hooks see while the whole network runs."""
    model, seen = load_network(), {}
    hooks = [
        model._blocks[n].register_forward_hook(lambda block, given, out, n=n: seen.__setitem__(n, out))
        for n in BLOCKS
    ]
    with torch.inference_mode():
        pixels = torch.from_numpy(np.stack([picture_array(path, 224) for path in flags]))
        model.extract_features(pixels.permute(0, 3, 1, 2))
    for hook in hooks:
        hook.remove()
    start = 0
    for block in BLOCKS:
        maps = seen[block].numpy()
        edges = [
            slice(i * maps.shape[2] // CELLS, -(-(i + 1) * maps.shape[2] // CELLS)) for i in range(CELLS)
        ]
        grid = [[maps[:, :, rows, columns].mean((2, 3)) for columns in edges] for rows in edges]
        part = np.array(grid).transpose(2, 3, 0, 1).reshape(len(flags), -1)
        part /= np.linalg.norm(part, axis=1, keepdims=True)
        np.testing.assert_allclose(layouts[:, start : start + part.shape[1]], part, atol=1e-4)
        start += part.shape[1]
    assert start == layouts.shape[1]


def test_pictures_have_an_image_and_a_layout(flags):
    sides = [KnowledgeGraph(name, ("a", "b"), (), (), images=tuple(flags[:2])) for name in ("l", "r")]
    features = build_features(AlignmentTask("flags", *sides), ["image", "layout"], cache=False)
    assert {name: m.dim for name, m in features.items()} == {"image": 1280, "layout": 2432}
    assert all(m.left.present.all() for m in features.values())


def test_the_network_pads_within_convolutions_and_gives_the_same_numbers():
    random = torch.Generator().manual_seed(0)
    padded = [
        module
        for module in load_network().modules()
        if isinstance(module, torch.nn.Conv2d) and any(module.padding)
    ]
    assert padded
    for module in padded:
        inputs = torch.randn(2, module.in_channels, 14, 14, generator=random)
        inputs = inputs.to(memory_format=torch.channels_last)
        height, width = module.padding
        outside = torch.nn.functional.pad(inputs, (width, width, height, height))
        options = {"stride": module.stride, "groups": module.groups}
        expected = torch.nn.functional.conv2d(outside, module.weight, module.bias, **options)
        torch.testing.assert_close(module(inputs), expected, rtol=0, atol=1e-6)
        assert module(inputs).shape[2:] == (14, 14)
