"""Pictures as they come with data: what is read and how, what is refused in one line, and at what cost."""

import base64
import gzip
import io
import os
import socket
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cities import written
from folders import FOLDER, RDF, write
from PIL import Image

from psqe.cli.main import main
from psqe.datasets import load_task
from psqe.datasets.layouts import check_folder
from psqe.datasets.layouts import read_in_order as read_folder
from psqe.errors import DataError, PsqeWarning
from psqe.features.image import image_key, open_picture
from psqe.graph import KnowledgeGraph
from psqe.links.report.cards import entity_cards
from psqe.pictures import drawing, renderer
from psqe.pictures.drawing import parse_drawing

NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def svg(body: str, head: str = 'viewBox="0 0 40 40"') -> str:
    return f"<svg {NS} {head}>{body}</svg>"


BAR = svg('<rect width="40" height="20"/>')
SQUARE_PNG = io.BytesIO()
Image.new("RGB", (8, 8), "red").save(SQUARE_PNG, "PNG")
EMBEDDED = "data:image/png;base64," + base64.b64encode(SQUARE_PNG.getvalue()).decode()


def grey_of(path: Path) -> Any:
    return np.asarray(open_picture(path).convert("L")).astype(int)


def refused(path: Path) -> str:
    with pytest.raises(DataError) as error:
        open_picture(path)
    message = str(error.value)
    assert message.startswith(f"{path}: the image ") and "\n" not in message and "0x" not in message
    assert "leave the entity without an image" in message
    return message


# ---- greys

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


def ramp_files(folder: Path) -> dict[str, Path]:
    """One ramp of greys, from black to white, as many programs write it."""
    wide = RAMP.astype(np.uint16) * 257
    pictures = {
        "16.png": Image.fromarray(wide), "16.tif": Image.fromarray(wide),
        "32.tif": Image.fromarray(wide.astype(np.int32)),
        "32-small.tif": Image.fromarray(RAMP.astype(np.int32)),
        "unit.tif": Image.fromarray(RAMP.astype(np.float32) / 255),
        "float.tif": Image.fromarray(RAMP.astype(np.float32)),
        "signed.tif": Image.fromarray(RAMP.astype(np.float32) * 1e6 - 5e7),
        "l.png": Image.fromarray(RAMP), "rgb.png": Image.fromarray(RAMP).convert("RGB"),
        "p.png": Image.fromarray(RAMP).convert("P"), "p.gif": Image.fromarray(RAMP).convert("P"),
        "la.png": Image.fromarray(RAMP).convert("LA"), "rgb.webp": Image.fromarray(RAMP).convert("RGB"),
        "rgb.bmp": Image.fromarray(RAMP).convert("RGB"), "l.pgm": Image.fromarray(RAMP),
        "16.pgm": Image.fromarray(wide), "l.jp2": Image.fromarray(RAMP),
    }  # fmt: skip
    paths = {}
    for name, picture in pictures.items():
        paths[name] = folder / name
        options = {"lossless": True} if name.endswith(".webp") else {}
        picture.save(paths[name], **options)
    return paths


def test_greys_are_kept_whatever_the_depth(tmp_path: Path) -> None:
    for name, path in ramp_files(tmp_path).items():
        assert abs(grey_of(path) - RAMP).max() <= 1, name


def test_a_number_that_is_none_and_a_grey_that_is_transparent(tmp_path: Path) -> None:
    values = RAMP.astype(np.float32) / 255
    values[0, :3] = np.nan, np.inf, -np.inf
    Image.fromarray(values).save(tmp_path / "nan.tif")
    assert (grey_of(tmp_path / "nan.tif")[1:] == RAMP[1:]).all()
    wide = np.full((10, 10), 65535, np.uint16)
    wide[3:7, 3:7] = 0
    Image.fromarray(wide).save(tmp_path / "clear.png", transparency=65535)
    cut_out = open_picture(tmp_path / "clear.png")
    assert cut_out.size == (5, 5) and cut_out.getpixel((2, 2)) == (0, 0, 0)


@pytest.mark.parametrize("mode", ["CMYK", "1", "LAB", "YCbCr"])
def test_pictures_of_other_colours_are_read(tmp_path: Path, mode: str) -> None:
    half = Image.fromarray(np.repeat([[0], [255]], [8, 8], axis=0).repeat(16, axis=1).astype(np.uint8))
    if mode == "LAB":
        half = Image.merge("LAB", [half, *[Image.new("L", (16, 16), 128)] * 2])
    else:
        half = half.convert("RGB").convert(mode)
    name = "x.png" if mode == "1" else "x.tif"
    half.save(tmp_path / name)
    greys = grey_of(tmp_path / name)
    assert greys[2].max() < 60 and greys[12].min() > 195


def test_of_a_moving_picture_the_first_frame_counts(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    for suffix in ("gif", "webp", "png", "tif"):
        path = tmp_path / f"moving.{suffix}"
        frames[0].save(path, save_all=True, append_images=frames[1:])
        assert open_picture(path).getpixel((4, 4))[0] > 240, suffix  # type: ignore[index]


def test_a_camera_that_was_held_sideways_is_turned_and_its_broken_notes_are_not_read(tmp_path: Path) -> None:
    picture = Image.new("RGB", (20, 10), "white")
    picture.paste("black", (0, 0, 10, 10))
    notes = Image.Exif()
    notes[0x0112] = 6
    picture.save(tmp_path / "turned.jpg", exif=notes, quality=95)
    assert grey_of(tmp_path / "turned.jpg")[2, 10] < 50 < 200 < grey_of(tmp_path / "turned.jpg")[17, 10]
    picture.save(tmp_path / "broken.jpg", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x7f\x01\x00", quality=95)
    assert open_picture(tmp_path / "broken.jpg").size == (20, 20)


# ---- size


def peak_mb(code: str) -> int:
    """The peak of memory of a process that runs some code, in MB."""
    code += "\nimport resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_a_panorama_is_shrunk_before_it_is_squared(tmp_path: Path) -> None:
    Image.linear_gradient("L").resize((20_000, 300)).convert("RGB").save(tmp_path / "wide.jpg", quality=60)
    Image.new("P", (12_000, 60)).save(tmp_path / "wide.png")
    opened = "; ".join(
        f"open_picture(Path({str(tmp_path / name)!r}))" for name in ("wide.jpg", "wide.png", "wide.jpg")
    )
    begun = "from pathlib import Path; from psqe.features.image import open_picture; from PIL import Image"
    assert peak_mb(f"{begun}; {opened}") < peak_mb(begun) + 250
    assert max(open_picture(tmp_path / "wide.jpg").size) <= 4096


def test_ordinary_pictures_are_not_shrunk(tmp_path: Path) -> None:
    Image.new("RGB", (4096, 20)).save(tmp_path / "a.png")
    Image.new("L", (4097, 20)).save(tmp_path / "b.png")
    assert open_picture(tmp_path / "a.png").size == (4096, 4096)
    assert open_picture(tmp_path / "b.png").size == (2049, 2049)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    import struct
    import zlib

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    for n in (12_000, 60_000):
        head = struct.pack(">IIBBBBB", n, n, 8, 6, 0, 0, 0)
        content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
        (tmp_path / "bomb.png").write_bytes(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            assert "pixels" in refused(tmp_path / "bomb.png")
        pair = write(tmp_path / f"pair{n}", {**FOLDER, "left/images/fr.png": content})
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(
                DataError, match=r"fr.png: has .*pixels.*; save it smaller, or leave the entity"
            ):
                read_folder(pair)
    with (tmp_path / "huge.png").open("wb") as stream:
        stream.truncate(300 * 2**20)
    assert "has 314,572,800 bytes" in refused(tmp_path / "huge.png")


# ---- files that are no pictures


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7\nsize 12\n", "git lfs pull"),
        (b"<!DOCTYPE html>\n<html><body><svg/></body></html>", "is a web page"),
        (b"  <html lang='en'>404", "is a web page"),
        (b"<?xml version='1.0'?><rdf xmlns='x'/>", "is XML, but no SVG"),
        (b"<Error><Code>AccessDenied</Code></Error>", "is XML, but no SVG"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "is of the format HEIC"),
        (b"\xff\x0a\xfa\x7f", "JPEG XL"),
        (b"%PDF-1.7", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript"),
        (b"PK\x03\x04" + b"\x00" * 50, "ZIP"),
        (b"just words", "is no image"),
        (b"\x89PNG\r\n\x1a\n", "is no image"),
        (SQUARE_PNG.getvalue()[:-30], "cannot be read"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "cannot be read"),
        (b"GIF89a\x01\x00", "is no image"),
        (b"\x1f\x8b\x08\x00broken", "is no image"),
        (gzip.compress(b"words", mtime=0), "is no image"),
        (gzip.compress(BAR.encode(), mtime=0)[:-20], "cannot be read as a drawing"),
        (BAR.encode()[:-9], "cannot be read as a drawing"),
        (svg("&nbsp;").encode(), "cannot be read as a drawing"),
        (b"<?xml version='1.0' encoding='klingon'?><svg/>", "not in the encoding klingon"),
    ],
)
def test_what_is_no_picture_is_named_in_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "x.png").write_bytes(content)
    assert words in refused(tmp_path / "x.png")
    pair = write(tmp_path / "pair", {**FOLDER, "left/images/paris.png": content})
    faults = check_folder(pair)
    assert (
        faults.count == 1 and words in str(faults.shown[0]) and "images/paris.png: " in str(faults.shown[0])
    )
    (pair / "left/images/paris.png").unlink()  # the remedy
    assert not check_folder(pair)


def special(path: Path, kind: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listening:
            here = Path.cwd()
            os.chdir(path.parent)  # the names of sockets are short
            listening.bind(path.name)
            os.chdir(here)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(path.name)


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "folder", "link to itself"])
def test_what_is_no_file_is_never_opened(tmp_path: Path, kind: str) -> None:
    started = time.perf_counter()
    special(tmp_path / "x.png", kind)
    refused(tmp_path / "x.png")
    with pytest.raises(DataError):
        image_key(tmp_path / "x.png")
    pair = write(tmp_path / "pair", {**FOLDER, "left/images/paris.png": None})
    special(pair / "left/images/paris.png", kind)
    faults = check_folder(pair)
    assert faults.count == 1 and "\n" not in str(faults.shown[0])
    if kind == "folder":
        with pytest.warns(PsqeWarning, match=r"'paris.png' is a folder; put the images themselves"):
            read_folder(pair)
    else:
        with pytest.raises(DataError, match=r"paris.png: (is a pipe|is outside|cannot be read)"):
            read_folder(pair)
    assert time.perf_counter() - started < 20


def test_files_that_systems_leave_behind_are_passed_over_and_other_files_are_told(tmp_path: Path) -> None:
    left = ("Thumbs.db", "desktop.ini", ".DS_Store", "._paris.png", ".directory", "Icon\r", "ehthumbs.db")
    files = {**FOLDER, **{f"left/images/{name}": b"\x00\x01" for name in left}}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        task = read_folder(write(tmp_path / "a", files))
    assert sum(map(bool, task.left.images)) == 2
    beside = {f"left/images/{name}": b"{}" for name in ("paris.json", "paris.txt", "fr.csv", "README.md")}
    pair = write(tmp_path / "b", {**files, **beside})
    with pytest.warns(PsqeWarning, match=r"one of 4 such files.*'README.md' is no image; move it elsewhere"):
        again = read_folder(pair)
    assert [p and p.name for p in again.left.images] == [p and p.name for p in task.left.images]


def test_upper_case_endings_other_endings_and_none_are_read(tmp_path: Path) -> None:
    content = SQUARE_PNG.getvalue()
    for name in ("fr.PNG", "fr.JPG", "fr", "fr.picture", "fr.svgz", "fr.db"):
        data = gzip.compress(BAR.encode()) if name == "fr.svgz" else content
        pair = write(tmp_path / name, {**FOLDER, "left/images/fr.png": None, f"left/images/{name}": data})
        assert not check_folder(pair), name
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert read_folder(pair).left.images[0] == pair / "left/images" / name
        open_picture(pair / "left/images" / name)


# ---- paths


@pytest.mark.parametrize("form", ["folder", "images", "rdf", "rdf iri"])
@pytest.mark.parametrize("how", ["dots", "link", "link to folder"])
def test_pictures_outside_the_pair_are_refused_in_every_layout(tmp_path: Path, form: str, how: str) -> None:
    outside = tmp_path / "secret"
    write(outside, {"x.png": SQUARE_PNG.getvalue()})
    pair = tmp_path / "pair"
    write(pair, RDF if form.startswith("rdf") else FOLDER)
    root = pair if form.startswith("rdf") else pair / "right"
    if how == "dots":
        named = "../secret/x.png" if form.startswith("rdf") else "../../secret/x.png"
        if form == "images":
            pytest.skip("names of files have no dots")
    elif how == "link":
        (root / "inside.png").symlink_to(outside / "x.png")
        named = "inside.png"
    else:
        (root / "inside").symlink_to(outside)
        named = "inside/x.png"
    if form == "images":
        target = pair / "left" / "images"
        if how == "link":
            (target / "fr.png").unlink()
            (target / "fr.png").symlink_to(outside / "x.png")
        else:
            for path in target.iterdir():
                path.rename(outside / path.name)
            target.rmdir()
            target.symlink_to(outside)
            (outside / "x.png").unlink()
    elif form == "folder":
        (pair / "right/images.tsv").write_text(f"entity\tpath\np1\t{named}\n")
    else:
        text = f"<file:{named}>" if form == "rdf iri" else f'"{named}"'
        statements = (pair / "left.nt").read_text().replace('"images/paris.png"', text)
        if form == "rdf iri":
            statements = statements.replace(f"<file:{named}>", f"<{(pair / named).as_uri()}>")
        (pair / "left.nt").write_text(statements)
    with pytest.raises(DataError, match=r"outside the folder of the pair") as error:
        read_folder(pair)
    assert "\n" not in str(error.value)


def test_a_picture_elsewhere_in_the_pair_may_be_named_and_the_pair_may_be_a_link(tmp_path: Path) -> None:
    pair = write(tmp_path / "pair", {**FOLDER, "pictures/a.png": SQUARE_PNG.getvalue()})
    (pair / "right/images.tsv").write_text("entity\tpath\np1\t../pictures/a.png\np9\tflags\\one.png\n")
    (tmp_path / "link").symlink_to(pair)
    for folder in (pair, tmp_path / "link"):
        assert not check_folder(folder)
        images = read_folder(folder).right.images
        assert [path and path.exists() for path in images] == [True, None, True]


@pytest.mark.parametrize(
    "address",
    [
        "https://x.org/a.png",
        "http://x.org/b.jpg",
        "//x.org/c.png",
        "www.x.org/d.png",
        "ftp://x.org/e",
        EMBEDDED,
    ],
)
def test_pictures_on_the_web_are_told(tmp_path: Path, address: str) -> None:
    pair = write(tmp_path / "pair", FOLDER)
    (pair / "right/images.tsv").write_text(f"entity\tpath\np1\t{address}\np9\tflags/one.png\n")
    with pytest.raises(DataError, match=r"images.tsv:2: the image '.*' (is a web|holds the)") as told:
        read_folder(pair)
    assert "in the folder right, and write its path" in str(told.value).replace("into", "in")
    assert len(str(told.value)) < 500


@pytest.mark.parametrize("named", ["/etc/passwd", "C:\\pictures\\a.png", "c:/pictures/a.png"])
def test_absolute_paths_are_refused(tmp_path: Path, named: str) -> None:
    pair = write(tmp_path / "pair", FOLDER)
    (pair / "right/images.tsv").write_text(f"entity\tpath\np1\t{named}\n")
    with pytest.raises(DataError, match=r"images.tsv:2: the path .* is absolute; write it relative to"):
        read_folder(pair)


# ---- drawings


@pytest.mark.parametrize(
    "content",
    [
        BAR.encode(),
        b"\xef\xbb\xbf" + BAR.encode(),
        BAR.encode("utf-16"),
        b"\xff\xfe" + f"<?xml version='1.0' encoding='UTF-16'?>{BAR}".encode("utf-16-le"),
        b"\xfe\xff" + BAR.encode("utf-16-be"),
        f"<?xml version='1.0' encoding='ISO-8859-1'?><!-- Caf\xe9 -->{BAR}".encode("latin-1"),
        f"<?xml version='1.0' encoding='windows-1252'?><!-- \u20ac -->{BAR}".encode("cp1252"),
        f"<!-- Caf\xe9 -->{BAR}".encode("latin-1"),
        f"<?xml version='1.0' encoding='Shift_JIS'?><!-- 日本 -->{BAR}".encode("shift_jis"),
        b"\n\n  <?xml version='1.0'?>" + BAR.encode(),
        b"<?xml version='1.0'?><!--" + b"x" * 5000 + b"-->" + BAR.encode(),
        b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
        + BAR.encode(),
        b'<!DOCTYPE svg [<!ENTITY ns "http://www.w3.org/2000/svg"><!ENTITY w "40">]>'
        b'<svg xmlns="&ns;" viewBox="0 0 40 40"><rect width="&w;" height="20"/></svg>',
        b'<s:svg xmlns:s="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><s:rect width="40" height="20"/>'
        b"</s:svg>",
        b'<svg viewBox="0 0 40 40"><rect width="40" height="20"/></svg>',
        gzip.compress(BAR.encode(), mtime=0),
        gzip.compress(BAR.encode("utf-16"), mtime=0),
        svg('<style>rect { fill: #000 }</style><rect width="40" height="20"/>').encode(),
        svg('<script>alert(1)</script><rect width="40" height="20" onclick="alert(1)"/>').encode(),
        svg("<g>" * 300 + '<rect width="40" height="20"/>' + "</g>" * 300).encode(),
    ],
)
def test_a_drawing_is_read_however_it_is_written(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bar.svg").write_bytes(BAR.encode())
    (tmp_path / "x.svg").write_bytes(content)
    assert (grey_of(tmp_path / "x.svg") == grey_of(tmp_path / "bar.svg")).all()
    assert grey_of(tmp_path / "x.svg").min() == 0
    pair = write(tmp_path / "pair", {**FOLDER, "left/images/fr.png": content})
    assert not check_folder(pair)


@pytest.mark.parametrize("family", ["Arial", "Times New Roman, serif", "monospace", "No Such Font"])
def test_text_is_drawn_with_fonts_that_come_along(tmp_path: Path, family: str) -> None:
    text = svg(f'<text x="2" y="30" font-size="20" font-family="{family}">Aé</text>')
    (tmp_path / "x.svg").write_text(text, encoding="utf-8")
    assert grey_of(tmp_path / "x.svg").min() < 100


REFERENCES = [
    '<image xlink:href="{path}" width="40" height="40"/>',
    '<image href="{path}" width="40" height="40"/>',
    '<image href="file://{path}" width="40" height="40"/>',
    '<image href="  {path} " width="40" height="40"/>',
    '<image href="http://127.0.0.1:{port}/x.png" width="40" height="40"/>',
    '<filter id="f"><feImage href="{path}"/></filter><rect width="40" height="40" filter="url(#f)"/>',
    '<use href="{path}#a"/>',
    '<style>@import "{path}"; @import url({path});</style>',
    '<rect width="40" height="40" fill="url({path}#a)"/>',
    """<rect width="40" height="40" style="fill: url('http://127.0.0.1:{port}/#a')"/>""",
    '<image href="data:image/svg+xml;base64,{nested}" width="40" height="40"/>',
    '<image href="data:image/svg+xml,{quoted}" width="40" height="40"/>',
]  # fmt: skip


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_drawing_reads_no_other_file_and_asks_no_network(tmp_path: Path, reference: str) -> None:
    from urllib.parse import quote

    Image.new("RGB", (40, 40), "red").save(tmp_path / "secret.png")
    inner = svg(f'<image href="{tmp_path / "secret.png"}" width="40" height="40"/>')
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(0.1)
        words = {
            "path": str(tmp_path / "secret.png"), "port": listening.getsockname()[1],
            "nested": base64.b64encode(inner.encode()).decode(), "quoted": quote(inner),
        }  # fmt: skip
        body = '<circle cx="20" cy="20" r="3"/>' + reference.format(**words)
        (tmp_path / "x.svg").write_text(svg(body))
        pixels = np.asarray(open_picture(tmp_path / "x.svg")).reshape(-1, 3).astype(int)
        assert not (pixels[:, 0] > pixels[:, 1] + 40).any()  # nothing is red
        with pytest.raises(TimeoutError):
            listening.accept()
    pair = write(tmp_path / "pair", {**FOLDER, "left/images/fr.png": svg(body).encode()})
    if "data:" not in reference:
        with pytest.warns(PsqeWarning, match=r"the drawing 'fr.png' refers to .* which is not read; embed"):
            read_folder(pair)


def test_pictures_in_a_drawing_stay_and_links_for_readers_too(tmp_path: Path) -> None:
    body = f'<a href="http://x.org"><image href="{EMBEDDED}" width="40" height="40"/></a>'
    (tmp_path / "x.svg").write_text(svg(body))
    assert open_picture(tmp_path / "x.svg").getpixel((100, 100)) == (255, 0, 0)
    parsed = parse_drawing(svg(body).encode())
    assert parsed.references == () and parsed.text == svg(body)
    nested = base64.b64encode(svg(body).encode()).decode()
    (tmp_path / "y.svg").write_text(
        svg(f'<image href="data:image/svg+xml;base64,{nested}" width="40" height="40"/>')
    )
    assert open_picture(tmp_path / "y.svg").getpixel((100, 100)) == (255, 0, 0)


LAUGHS = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
HOSTILE = {
    "nested": svg("<g>" * 20_000 + "</g>" * 20_000),
    "nested with opacity": svg('<g opacity=".9">' * 499 + '<rect width="9" height="9"/>' + "</g>" * 499),
    "entities in text": f'<!DOCTYPE svg [<!ENTITY a0 "xxxxxxxxxx">{LAUGHS}]>' + svg("<desc>&a9;</desc>"),
    "entities in an attribute": f'<!DOCTYPE svg [<!ENTITY a0 "xxxxxxxxxx">{LAUGHS}]>' + svg('<g id="&a9;"/>'),
    "an outer entity": '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + svg("<text>&a;</text>"),
    "uses of uses": svg(
        '<g id="a0"><rect width="1" height="1"/></g>'
        + "".join(f'<g id="a{i}">{f"""<use href="#a{i - 1}"/>""" * 10}</g>' for i in range(1, 9))
        + '<use href="#a8"/>'
    ),
    "a use of itself": svg('<g id="a"><use href="#a"/></g>'),
    "a pattern of itself": svg(
        '<pattern id="p" width="1" height="1"><rect width="9" height="9" fill="url(#p)"/></pattern>'
        '<rect width="9" height="9" fill="url(#p)"/>'
    ),
    "many elements": svg("<g/>" * 30_000),
    "a huge filter": svg(
        '<filter id="f" x="-1e6" y="-1e6" width="1e9" height="1e9"><feGaussianBlur stdDeviation="1e6"/>'
        '<feMorphology radius="1e5"/></filter><rect width="9" height="9" filter="url(#f)"/>'
    ),
    "a huge size": svg('<rect width="9" height="9"/>', 'width="1e12" height="1e12"'),
    "no size": svg('<rect width="9" height="9"/>', 'width="0" height="0"'),
    "a long path": svg(f'<path d="M0 0{" L1 1 L2 0" * 300_000}"/>'),
    "tiny dashes": svg('<path d="M0 0 H1e9" stroke="red" stroke-dasharray="1e-6"/>'),
    "tiny tiles": svg(
        '<pattern id="p" width="1e-5" height="1e-5" patternUnits="userSpaceOnUse">'
        '<rect width="1" height="1"/></pattern><rect width="40" height="40" fill="url(#p)"/>'
    ),
    "a picture that is a bomb": svg(
        f'<image href="data:image/png;base64,{EMBEDDED[22:54]}AAD//wAA//8IAgAAAA==" width="9" height="9"/>'
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_drawing_is_drawn_or_refused_in_one_line_and_the_next_one_is_drawn(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renderer, "SECONDS", 20.0)
    monkeypatch.setattr(drawing, "MOST_ELEMENTS", 20_000)
    started = time.perf_counter()
    (tmp_path / "x.svg").write_text(HOSTILE[kind])
    try:
        open_picture(tmp_path / "x.svg")
    except DataError:
        refused(tmp_path / "x.svg")
    (tmp_path / "bar.svg").write_text(BAR)
    assert grey_of(tmp_path / "bar.svg").min() == 0
    assert time.perf_counter() - started < 60


def test_a_renderer_that_dies_is_one_line_with_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.svg").write_text(BAR)
    open_picture(tmp_path / "x.svg")
    idle = renderer._idle[os.getpid()]
    idle[-1]._process.kill()
    idle[-1]._process.wait()
    assert "the renderer stopped; the drawing is nested too deeply" in refused(tmp_path / "x.svg")
    open_picture(tmp_path / "x.svg")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    idle.clear()
    assert "no process can be started" in refused(tmp_path / "x.svg")


def test_a_picture_that_cannot_be_read_does_not_cost_the_report(tmp_path: Path) -> None:
    """Pictures are read to their ends after the links are found, if they are no modality."""
    for i in range(3):
        (tmp_path / f"{i}.png").write_bytes(SQUARE_PNG.getvalue()[: None if i else -30])
    images = tuple(tmp_path / f"{i}.png" for i in range(3))
    graph = KnowledgeGraph("g", ("a", "b", "c"), (), [], images=images)
    with pytest.warns(PsqeWarning, match=r"leaves out 1 image that cannot be read: .*0.png: the image"):
        cards = entity_cards(graph, [0, 1, 2])
    assert [card.picture is None for card in cards.values()] == [True, False, False]


def test_drawings_that_take_all_their_time_take_a_bounded_time_together_and_the_rest_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(renderer, "SECONDS", 0.5)
    monkeypatch.setattr(renderer, "LEAST_SECONDS", 0.4)
    monkeypatch.setattr(renderer, "SECONDS_IN_VAIN", 1.5)
    folder = written(tmp_path / "pair")
    task = load_task(folder)
    (folder / "left" / "images").mkdir()
    slow = svg(
        '<filter id="f"><feTurbulence numOctaves="100000000" baseFrequency=".5"/></filter>'
        '<rect width="40" height="40" filter="url(#f)"/>'
    )
    for entity in task.left.entities:
        (folder / "left" / "images" / f"{entity}.svg").write_text(slow)
    for _ in range(2):  # the second run has its whole time again
        started = time.perf_counter()
        assert main(["data", "check", str(folder)]) == 2
        assert time.perf_counter() - started < 10
        told = capsys.readouterr()
        lines = (told.out + told.err).splitlines()
        assert sum("cannot be rendered (it takes longer than 0." in line for line in lines) == 4
        assert (
            sum("was not rendered, because drawings before it took all the time" in line for line in lines)
            == 1
        )
