"""The cache: content decides, nothing is encoded twice, nothing finished is lost."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psqe.errors import CacheError, DataError
from psqe.features import encoder_registry
from psqe.features.cache import VectorCache, default_cache_dir
from psqe.features.encoder_registry import encode_all
from psqe.files import content_hash
from psqe.graph import FloatArray


class Lengths:
    """Encodes a text as its length and its first letter; remembers what it was asked."""

    name = "lengths"
    version = "1"
    batch_size = 3

    def __init__(self, breaks_at: str = "") -> None:
        self.asked: list[str] = []
        self.breaks_at = breaks_at

    def encode(self, items: Sequence[str]) -> FloatArray:
        assert 0 < len(items) <= self.batch_size
        if self.breaks_at in items:
            raise KeyboardInterrupt
        self.asked += items
        return np.array([[len(item), ord(item[0])] for item in items], dtype=np.float32)


def keyed(*texts: str) -> dict[str, str]:
    return {content_hash(text): text for text in texts}


def test_what_is_cached_is_not_encoded_again(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path, "lengths", "1")
    first, second = Lengths(), Lengths()
    encode_all(first, keyed("a", "bb", "ccc", "dddd"), cache, label="")
    found = encode_all(second, keyed("bb", "dddd", "new"), cache, label="")
    assert sorted(first.asked) == ["a", "bb", "ccc", "dddd"]
    assert second.asked == ["new"]
    assert {key: found[key].tolist() for key in keyed("bb", "dddd", "new")} == {
        content_hash("bb"): [2, ord("b")],
        content_hash("dddd"): [4, ord("d")],
        content_hash("new"): [3, ord("n")],
    }
    assert len(list(cache.folder.glob("*.npz"))) == 2, "one shard per call"


def test_all_cached_asks_nothing_and_writes_nothing(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path, "lengths", "1")
    encode_all(Lengths(), keyed("a", "bb"), cache, label="")
    encoder = Lengths()
    encode_all(encoder, keyed("bb"), cache, label="")
    assert not encoder.asked
    assert len(list(cache.folder.glob("*.npz"))) == 1


def test_versions_and_names_do_not_mix(tmp_path: Path) -> None:
    encode_all(Lengths(), keyed("a"), VectorCache(tmp_path, "lengths", "1"), label="")
    for name, version in (("lengths", "2"), ("lengths-1", ""), ("length s", "1"), ("length/s", "1")):
        assert VectorCache(tmp_path, name, version).lookup(keyed("a")) == {}


def test_no_cache_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PSQE_CACHE", str(tmp_path))
    assert len(encode_all(Lengths(), keyed("a"), None, label="")) == 1
    assert not list(tmp_path.iterdir())


def test_what_was_finished_before_an_interrupt_is_kept(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path, "lengths", "1")
    items = keyed(*"abcdefg")
    in_order = [items[key] for key in sorted(items)]
    with pytest.raises(KeyboardInterrupt):
        encode_all(Lengths(breaks_at=in_order[4]), items, cache, label="")
    encoder = Lengths()
    encode_all(encoder, items, cache, label="")
    assert encoder.asked == in_order[3:]


def test_what_is_finished_is_saved_while_the_rest_is_encoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed can save nothing at its end."""
    now = iter(range(0, 1000, 25))  # by this clock a batch takes 25 seconds
    monkeypatch.setattr(encoder_registry.time, "monotonic", lambda: next(now))
    cache = VectorCache(tmp_path, "lengths", "1")
    items, n_saved = keyed(*"abcdefghijklmnop"), []

    class Watching(Lengths):
        def encode(self, batch: Sequence[str]) -> FloatArray:
            n_saved.append(len(cache.lookup(items)))
            return super().encode(batch)

    encode_all(Watching(), items, cache, label="")
    assert n_saved == [0, 0, 0, 9, 9, 9] and len(cache.lookup(items)) == 16


@given(st.permutations(["a", "bb", "ccc", "dddd", "eeeee"]))
def test_the_order_of_items_does_not_matter(texts: list[str]) -> None:
    encoder = Lengths()
    encode_all(encoder, keyed(*texts), None, label="")
    assert encoder.asked == [text for _, text in sorted(keyed(*texts).items())]


def test_a_vector_that_is_not_finite_is_an_error() -> None:
    class Broken(Lengths):
        def encode(self, items: Sequence[str]) -> FloatArray:
            return np.array([[np.nan if item == "bad" else 1.0] for item in items], dtype=np.float32)

    with pytest.raises(DataError, match="'lengths' gave a vector that is not finite for 'bad'"):
        encode_all(Broken(), keyed("good", "bad"), None, label="")


@pytest.mark.parametrize("damage", ["cut", "text", "nan", "rows"])
def test_a_broken_shard_names_file_and_remedy(tmp_path: Path, damage: str) -> None:
    cache = VectorCache(tmp_path, "lengths", "1")
    encode_all(Lengths(), keyed("a", "bb"), cache, label="")
    (shard,) = cache.folder.glob("*.npz")
    keys = np.array(sorted(keyed("a", "bb")), dtype="S32")
    if damage == "cut":
        shard.write_bytes(shard.read_bytes()[:-40])
    elif damage == "text":
        shard.write_text("not an archive")
    elif damage == "nan":
        np.savez(shard, keys=keys, vectors=np.full((2, 2), np.nan, dtype=np.float32))
    else:
        np.savez(shard, keys=keys, vectors=np.ones((1, 2), dtype=np.float32))
    with pytest.raises(CacheError) as caught:
        encode_all(Lengths(), keyed("a"), cache, label="")
    assert str(shard) in str(caught.value) and "delete it" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    encoder = Lengths()
    cache = VectorCache(tmp_path / "file", "lengths", "1")
    with pytest.raises(CacheError, match="PSQE_CACHE"):
        encode_all(encoder, keyed("a"), cache, label="")
    assert not encoder.asked
    with pytest.raises(CacheError, match="cannot be saved"):
        cache.add({content_hash("a"): np.ones(2, dtype=np.float32)})


def test_default_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PSQE_CACHE", str(tmp_path))
    assert default_cache_dir() == tmp_path / "features"
    monkeypatch.delenv("PSQE_CACHE")
    assert default_cache_dir().parts[-2:] == ("psqe", "features")


def test_the_bar_is_silent_in_a_log(capfd: pytest.CaptureFixture[str]) -> None:
    encode_all(Lengths(), keyed("a"), None, label="letters")
    assert capfd.readouterr().err == ""
    encode_all(Lengths(), keyed("a"), None, label="letters", progress=True)
    assert "letters" in capfd.readouterr().err
