"""Writers take memories out of the cache: with the same result as if they had read the file."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cache.memories.test_queries import NOW, file_of, memory
from tests.support.memory_workspace import put_files, source
from tracker.cache.memories import source as memory_source
from tracker.cache.memories.files import MEMORY
from tracker.cache.refresh import open_cache
from tracker.log import memory_log
from tracker.log.lines import apply
from tracker.log.memory_codec import encode_memory
from tracker.log.memory_log import MemoryFile
from tracker.log.paths import MEMORY_FILE
from tracker.store.cached_files import MANY, CachedMemories, CacheMismatch

FEWER = settings(max_examples=settings().max_examples // 4)
KEYS = ("a", "a b", "a/b", "a/b/c", "ab", "zürich", "😀")
texts = st.text("xy\n", min_size=1, max_size=4)
held = st.dictionaries(st.sampled_from(KEYS), texts)
wanted = st.dictionaries(st.sampled_from(KEYS), st.none() | texts)


def beads_of(folder, data):
    folder.mkdir(exist_ok=True)
    put_files(folder, {MEMORY_FILE: data})
    return folder


def answering(beads, data):
    """The cache as a writer asks it that has read these bytes."""
    at = source(beads, NOW)
    open_cache(at).close()
    return memory_source.answering(at, data, at.stat().split(" ")[MEMORY])


def edited(sheet, data, changes):
    return b"".join(apply(data, sheet.edits(changes)))


def line(key, text):
    return None if text is None else encode_memory(memory(key, text))


@FEWER
@given(held, wanted)
def test_its_answers_and_edits_are_those_of_the_file(tmp_path_factory, found, changes):
    data = file_of(*(memory(key, found[key]) for key in sorted(found)))
    beads = beads_of(tmp_path_factory.mktemp("w") / ".beads", data)
    cache = answering(beads, data)
    cached, whole = CachedMemories(cache, data), MemoryFile(data, MEMORY_FILE)
    assert [cached.get(key) for key in KEYS] == [whole.get(key) for key in KEYS]
    assert [cached.line(key) for key in KEYS] == [whole.line(key) for key in KEYS]
    assert [key in cached for key in (*KEYS, 3)] == [key in whole for key in (*KEYS, 3)]
    assert list(cached) == list(whole)
    assert [cached.glance(key) for key in cached] == [whole.glance(key) for key in whole]
    lines = {key: line(key, text) for key, text in changes.items()}
    for key, new in lines.items():
        assert edited(cached, data, {key: new}) == edited(whole, data, {key: new})
    assert edited(cached, data, lines) == edited(whole, data, lines)
    cache.close()


def test_many_edits_are_made_in_one_reading(tmp_path):
    data = file_of(memory("m", "Text"))
    cache = answering(beads_of(tmp_path / ".beads", data), data)
    changes = {f"k{n:04}": line(f"k{n:04}", "New") for n in range(MANY + 1)}
    wanted = edited(MemoryFile(data, MEMORY_FILE), data, changes)
    assert edited(CachedMemories(cache, data), data, changes) == wanted
    cache.close()


@pytest.mark.parametrize(
    "data",
    [
        file_of(memory("c", "x"), memory("a", "y")),
        file_of(memory("a", "x"), memory("c", "y")).replace(b"\n", b"\n\n", 1),
        file_of(memory("a", "x"), memory("c", "y")).replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + file_of(memory("a", "x"), memory("c", "y")),
    ],
)
def test_where_neighbours_do_not_stand_side_by_side_the_file_has_to_be_read(tmp_path, data):
    cache = answering(beads_of(tmp_path / ".beads", data), data)
    sheet = CachedMemories(cache, data)
    assert sheet.get("a") is not None
    with pytest.raises(CacheMismatch):
        sheet.edits({"b": line("b", "new")})
    cache.close()


def test_a_line_that_is_not_there_is_not_replaced(tmp_path):
    data = file_of(memory("a", "x"), memory("c", "y"))
    cache = answering(beads_of(tmp_path / ".beads", data), data)
    other = data.replace(b'"content":"x"', b'"content":"z"')
    assert other != data
    assert edited(CachedMemories(cache, data), data, {"a": None}) == file_of(memory("c", "y"))
    with pytest.raises(CacheMismatch):
        CachedMemories(cache, other).edits({"a": None})
    cache.close()


@pytest.mark.parametrize(
    "data",
    [
        file_of(memory("a", "x"), memory("a", "y")),
        file_of(memory("a", "x")) + b"{broken\n",
        file_of(memory("a", "x")) + b"<<<<<<< ours\n",
    ],
)
def test_it_does_not_answer_for_a_file_with_a_problem(tmp_path, data):
    beads = beads_of(tmp_path / ".beads", file_of(memory("a", "x")))
    plain = answering(beads, file_of(memory("a", "x")))
    assert plain is not None
    plain.close()
    assert answering(beads_of(beads, data), data) is None


def test_nor_for_another_content(tmp_path):
    data = file_of(memory("a", "x"))
    beads = beads_of(tmp_path / ".beads", data)
    at = source(beads, NOW)
    open_cache(at).close()
    cache = memory_source.answering(at, data, "another stamp")
    assert cache is not None  # the bytes say it
    cache.close()
    assert memory_source.answering(at, file_of(memory("a", "z")), "another stamp") is None


# The commands.


@pytest.fixture
def known(bd):
    """A workspace whose cache knows the memories."""
    for key in ("a/one", "a/two", "b/one"):
        bd("memory", "set", key, f"Text of {key}")
    bd("memory", "search", "text")
    return bd


def test_a_write_does_not_read_the_other_memories(known, monkeypatch):
    read = []

    class Counting(MemoryFile):
        def _read(self):
            read.append(self.path)
            super()._read()

    monkeypatch.setattr(memory_log, "MemoryFile", Counting)
    known("memory", "set", "a/three", "Another text that nobody has said before")
    known("memory", "append", "a/one", "and more")
    known("memory", "pin", "a/two")
    assert MEMORY_FILE not in read
    keys = [line.split('"')[3] for line in (known.beads / "memory.jsonl").read_text().splitlines()]
    assert keys == ["a/one", "a/three", "a/two", "b/one"]
    (known.beads / ".local" / "memory.db").unlink()
    known("memory", "set", "a/four", "One that reads them all")
    assert MEMORY_FILE in read


def test_a_write_behind_a_change_by_other_hands_sees_it(known):
    path = known.beads / "memory.jsonl"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"Text of a/one", b"Text by hand"))
    known("memory", "append", "a/one", "and more")
    assert known("memory", "get", "a/one").out == "Text by hand\nand more\n"
    path.write_bytes(b"".join(reversed(path.read_bytes().splitlines(keepends=True))))
    known("memory", "search", "text")
    known("memory", "set", "a/zero", "Text of a/zero")
    assert set(known("memories", "--json").json) == {"a/one", "a/two", "a/zero", "b/one"}
    assert known("memory", "get", "a/zero").out == "Text of a/zero\n"
