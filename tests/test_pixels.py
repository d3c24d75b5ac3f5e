"""The encoder of small grey pictures: what counts, and what does not."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from psqe.features.encoder_registry import make_encoder
from psqe.features.encoders.pixels import SIDE


def encode(*paths):
    return make_encoder("image", "pixels").encode(list(paths))


def drawing(folder, name, *, width=6, colour="black", size=128, offset=0, ring=False):
    """A cross or a ring on a transparent ground."""
    picture = Image.new("RGBA", (size + offset, size + offset))
    draw = ImageDraw.Draw(picture)
    low, high, half = offset + 10, offset + size - 10, offset + size // 2
    if ring:
        draw.ellipse((low, low, high, high), outline=colour, width=width)
    else:
        draw.line((low, half, high, half), fill=colour, width=width)
        draw.line((half, low, half, high), fill=colour, width=width)
    picture.save(folder / f"{name}.png")
    return folder / f"{name}.png"


def cosine(x, y):
    return float(x @ y / np.linalg.norm(x) / np.linalg.norm(y))


def test_shapes_count_more_than_the_width_of_lines(tmp_path):
    thin, thick, ring = encode(
        drawing(tmp_path, "thin"), drawing(tmp_path, "thick", width=14), drawing(tmp_path, "ring", ring=True)
    )
    assert cosine(thin, thick) > cosine(thin, ring) + 0.3


@pytest.mark.parametrize("other", [{"offset": 40}, {"size": 256, "width": 12}])
def test_neither_margin_nor_size_counts(tmp_path, other):
    one, same = encode(drawing(tmp_path, "one"), drawing(tmp_path, "same", **other))
    assert cosine(one, same) > 0.97


def test_ink_is_one_and_paper_is_zero(tmp_path):
    (row,) = encode(drawing(tmp_path, "cross", width=30))
    grid = row.reshape(SIDE, SIDE)
    assert grid[0, 0] == 0 and grid[SIDE // 2, SIDE // 2] == pytest.approx(1, abs=0.01)
    assert row.min() >= 0 and row.max() <= 1
