"""The cache of memories answers as the files do, whatever became of them and of it."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.memory_strategies import NAMES, memories, outcomes
from tests.support.memory_workspace import (
    FILES,
    LOG,
    afresh,
    dump,
    known,
    opened,
    put_files,
    row_told,
    told,
)
from tests.support.strategies import HARD_TEXTS
from tracker.cache.database import safe
from tracker.cache.memories.queries import MemoryFilter
from tracker.cache.memories.search import search
from tracker.log.issue_codec import encode
from tracker.log.memory_codec import encode_memory, encode_outcome
from tracker.log.paths import ARCHIVE_FILE, MEMORY_FILE, OUTCOMES_FILE, PRIVATE
from tracker.model.issue import Issue
from tracker.model.memory import Memory, Outcome, Source

NOW = 1_800_000_000 * 10**9
DAY = 86_400 * 10**9
T = "2026-12-01T00:00:00Z"
FEWER = settings(max_examples=settings().max_examples // 2)


def file_of(*records, newline=b"\n"):
    encoders = {Memory: encode_memory, Outcome: encode_outcome, Issue: encode}
    lines = [one if isinstance(one, bytes) else encoders[type(one)](one) for one in records]
    return b"".join(line + newline for line in lines)


def memory(key, content="text", **fields):
    return Memory(**{"key": key, "content": content, "created_at": T, "updated_at": T, **fields})


def outcome(id, key, verdict="success", **fields):
    return Outcome(**{"id": id, "key": key, "verdict": verdict, "at": T, "by": "ann", **fields})


def issue(id, *keys, **fields):
    metadata = '{"memories":[' + ",".join(f'"{key}"' for key in keys) + "]}"
    return Issue(id=id, title="t", created_at=T, updated_at=T, metadata=metadata, **fields)


# Whole files, as they come.

KEYS = (*NAMES, "x")
carried = st.builds(
    lambda key, value: f'{{"_type":"memory","key":"{key}","value":"{value}"}}'.encode(),
    st.sampled_from(KEYS), st.sampled_from(["old", "older", ""]),
)  # fmt: skip
gives = st.builds(
    lambda id, keys, status: issue(id, *keys, status=status, closed_at=T),
    st.sampled_from(["t-1", "t-2", "t-3"]),
    st.lists(st.sampled_from(KEYS), max_size=2),
    st.sampled_from(["open", "closed", "tombstone"]),
)
noise = st.sampled_from(
    [b"not json", b"", b"  ", b'{"a":1}', b"[1]", b'{"key":"","id":""}', b"<<<<<<< HEAD",
     b"=======", b">>>>>>> x", b'{"key":"a"}{"key":"b"}', b'{"id":"o"}{"id":"p","key":"a"}']
)  # fmt: skip


@st.composite
def sheets(draw, records):
    """The bytes of a file: mostly plain, sometimes not."""
    lines = draw(st.lists(records, max_size=5))
    if draw(st.integers(0, 5)) == 0:
        lines += draw(st.lists(noise, max_size=2))
        lines = draw(st.permutations(lines))
    newline = b"\r\n" if draw(st.integers(0, 9)) == 0 else b"\n"
    data = file_of(*lines, newline=newline)
    return b"\xef\xbb\xbf" + data if draw(st.integers(0, 9)) == 0 else data


def simple():
    """Memories that supersede, move and pass into each other."""
    key = st.sampled_from(KEYS)
    return st.builds(
        memory,
        key,
        content=st.sampled_from(["cache limit", "rate limit", "x"]),
        updated_at=st.sampled_from([T, "2025-01-01T00:00:00Z"]),
        supersedes=st.lists(key, max_size=2).map(tuple),
        status=st.sampled_from(["active", "active", "archived", "tombstone"]),
        moved_to=st.sampled_from(["", "", *KEYS]),
        expires_at=st.sampled_from(["", "2026-06-01T00:00:00Z", "2030-01-01T00:00:00Z"]),
    )


def judged():
    ids = st.sampled_from(["o", "p", "q", "r"])
    return st.builds(
        outcome,
        ids,
        st.sampled_from(KEYS),
        verdict=st.sampled_from(["success", "failure", "mixed", "ok"]),
        voids=st.sampled_from(["", "", "o", "p", "q"]),
        issue=st.sampled_from(["", "t-1"]),
        of=st.sampled_from(["", "12345678"]),
    )


def worlds():
    """All files of a workspace."""
    some = memories() | simple()
    return st.fixed_dictionaries({
        LOG: sheets(carried | gives),
        MEMORY_FILE: sheets(some),
        OUTCOMES_FILE: sheets(outcomes() | judged()),
        PRIVATE + MEMORY_FILE: sheets(simple()),
        PRIVATE + OUTCOMES_FILE: sheets(judged()),
        ARCHIVE_FILE: sheets(carried | gives),
    })  # fmt: skip


@given(worlds())
def test_rows_are_what_the_files_say(files):
    with tempfile.TemporaryDirectory() as folder:
        put_files(Path(folder), files)
        at = afresh(Path(folder), NOW)
        wanted = known(files, NOW)
        everything = at.listed(MemoryFilter(everything=True))
        assert sorted(map(row_told, everything.rows)) == sorted(map(told, wanted.values()))
        live = [row.key for row in at.listed().rows]
        assert live == sorted(safe(k) for k, one in wanted.items() if one.why in {"", "doubted"})
        for key, one in wanted.items():
            row = at.row(key)
            assert row_told(row) == told(one)
            assert row.n in {each.n for each in everything.rows}


@FEWER
@given(st.lists(worlds(), min_size=2, max_size=3))
def test_following_is_the_same_as_making_anew(states):
    with tempfile.TemporaryDirectory() as folder:
        beads = Path(folder)
        for files in states:
            put_files(beads, files)
            followed = opened(beads, NOW)
            assert followed.cache.kept
            assert dump(followed) == dump(afresh(beads, NOW))
            one, two = search(followed, "cache limit"), search(afresh(beads, NOW), "cache limit")
            assert [_plain(row) for row in one.rows] == [_plain(row) for row in two.rows]
            assert (one.total, one.hidden) == (two.total, two.hidden)
            followed.cache.close()


def _plain(row):
    return row._replace(n=0)


# What following must not miss.


@pytest.fixture
def beads(tmp_path):
    put_files(tmp_path, WORLD)
    return tmp_path


WORLD = {
    MEMORY_FILE: file_of(
        memory("api/limits", "The API allows 60 requests a minute", tags=("api", "limits")),
        memory("build/cache", "Delete the build cache when types look wrong", kind="pitfall"),
        memory("old", "Use tabs", status="archived"),
        memory("style", "Use spaces", supersedes=("tabs",), kind="preference", pinned=True),
        memory("tabs", "Use tabs everywhere"),
    ),
    OUTCOMES_FILE: file_of(
        outcome("o1", "api/limits", task="a"), outcome("o2", "build/cache", "failure", task="b")
    ),
    LOG: file_of(
        issue("t-1", "api/limits", status="closed", closed_at=T),
        b'{"_type":"memory","key":"auth-jwt","value":"Tokens use RS256"}',
        issue("t-2", status="open"),
    ),
    PRIVATE + MEMORY_FILE: file_of(memory("me/editor", "I like short answers")),
}


def keys(found):
    return [row.key for row in found.rows]


def test_a_search_finds_what_every_file_holds(beads):
    at = opened(beads, NOW)
    assert keys(search(at, "how many requests does the api allow?")) == ["api/limits"]
    assert keys(search(at, "tokens")) == ["auth-jwt"]
    assert keys(search(at, "short answers")) == ["me/editor"]
    assert search(at, "short answers").rows[0].private
    assert keys(search(at, "tabs or spaces")) == ["style"]
    assert search(at, "tabs or spaces").hidden == 2
    everything = search(at, "tabs", MemoryFilter(everything=True))
    assert sorted(keys(everything)) == ["old", "tabs"]
    assert {row.key: row.why for row in everything.rows} == {
        "old": "archived",
        "tabs": "superseded",
    }
    assert search(at, "zebra").terms == (("zebra", 0),)


def test_trust_comes_from_outcomes_and_closed_issues(beads):
    at = opened(beads, NOW)
    limits, cache = at.row("api/limits").trust, at.row("build/cache").trust
    assert (limits.ups, limits.credits, cache.downs) == (1, 1, 1)
    assert limits.value > 0.7 > cache.value


def test_a_reopened_issue_takes_its_credit_back(beads):
    opened(beads, NOW).cache.close()
    put_files(beads, {**WORLD, LOG: file_of(issue("t-1", "api/limits", status="open"))})
    at = opened(beads, NOW)
    assert at.row("api/limits").trust.credits == 0
    assert at.row("auth-jwt") is None
    assert keys(search(at, "tokens")) == []


def test_closing_statuses_are_those_of_the_configuration(beads):
    put_files(beads, {**WORLD, LOG: file_of(issue("t-1", "api/limits", status="done"))})
    at = opened(beads, NOW)
    assert at.row("api/limits").trust.credits == 0
    at.cache.close()
    at = opened(beads, NOW, b"status.closed: done\n")
    assert at.row("api/limits").trust.credits == 1


def test_outcomes_follow_a_memory_that_was_moved(beads):
    moved = Memory(key="api/limits", status="tombstone", moved_to="http/limits")
    new = memory("http/limits", "The API allows 60 requests a minute")
    put_files(beads, {**WORLD, MEMORY_FILE: file_of(moved, new)})
    at = opened(beads, NOW)
    assert at.row("http/limits").trust.ups == 1
    assert at.row("http/limits").trust.credits == 1
    assert at.row("api/limits").key == "http/limits"
    assert at.keys() == ["auth-jwt", "http/limits", "me/editor"]


def test_a_private_memory_hides_the_shared_one_of_its_key_until_it_is_gone(beads):
    mine = file_of(memory("style", "Use whatever the file uses"))
    put_files(beads, {**WORLD, PRIVATE + MEMORY_FILE: mine})
    at = opened(beads, NOW)
    assert at.row("style").private
    assert keys(search(at, "spaces")) == []
    at.cache.close()
    put_files(beads, WORLD)
    at = opened(beads, NOW)
    assert not at.row("style").private
    assert keys(search(at, "spaces")) == ["style"]


def test_a_verdict_that_was_taken_back_does_not_count_until_that_is(beads):
    void = outcome("v1", "", "", voids="o1")
    again = outcome("v2", "", "", voids="v1")
    plain = WORLD[OUTCOMES_FILE]
    for more, ups in ((b"", 1), (file_of(void), 0), (file_of(void, again), 1), (b"", 1)):
        put_files(beads, {**WORLD, OUTCOMES_FILE: plain + more})
        at = opened(beads, NOW)
        assert at.row("api/limits").trust.ups == ups
        at.cache.close()


def test_an_edit_of_equal_size_and_time_is_noticed(beads):
    import os

    at = opened(beads)
    assert keys(search(at, "minute")) == ["api/limits"]
    at.cache.close()
    path = beads / MEMORY_FILE
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"minute", b"second"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    at = opened(beads)
    assert keys(search(at, "second")) == ["api/limits"]
    assert keys(search(at, "minute")) == []


def test_what_is_left_alone_is_read_once(beads, monkeypatch):
    from tracker.fileio import read_log

    later = time.time_ns() + 10 * 10**9
    opened(beads, later).cache.close()
    read = []
    real = read_log
    monkeypatch.setattr(
        "tracker.cache.memories.source.read_log", lambda path: read.append(path) or real(path)
    )
    opened(beads, later).cache.close()
    assert read == []
    (beads / MEMORY_FILE).write_bytes(WORLD[MEMORY_FILE] + file_of(memory("zz", "new")))
    at = opened(beads, later)
    assert at.row("zz") is not None
    assert read == [str(beads / MEMORY_FILE)]


def test_an_edit_of_other_issues_changes_nothing_but_the_stamp(beads):
    later = time.time_ns() + 10 * 10**9
    first = opened(beads, later)
    content = first.cache.state["content"]
    first.cache.close()
    log = WORLD[LOG] + file_of(Issue(id="t-9", title="Another", created_at=T, updated_at=T))
    (beads / LOG).write_bytes(log)
    again = opened(beads, later)
    assert again.cache.state["content"] == content
    assert again.cache.is_as_left


def test_problems_are_told_by_file_and_line(beads):
    bad = WORLD[MEMORY_FILE] + b"not json\n" + file_of(memory("style", "Again"))
    put_files(beads, {**WORLD, MEMORY_FILE: bad})
    at = opened(beads, NOW)
    assert len(at.problems) == 2
    assert at.problems[0].startswith("memory.jsonl:4: style stands again on line 7")
    assert at.row("style").head == "Again"
    at.cache.close()
    put_files(beads, WORLD)
    assert opened(beads, NOW).problems == []


def test_nothing_at_all_is_no_problem(tmp_path):
    at = opened(tmp_path / "nowhere", NOW)
    assert at.listed().rows == []
    assert search(at, "anything").rows == []
    assert at.known == 0


# Lists.

SPREAD = [
    memory("a/1", tags=("x",), kind="fact", updated_at="2026-01-01T00:00:00Z"),
    memory("a/2", tags=("x", "y"), kind="note", pinned=True),
    memory("a/b/3", kind="note", source=Source(issues=("t-1",), paths=(("f.py", ""),))),
    memory("ab", kind="log", expires_at="2026-12-02T00:00:00Z"),
    memory("c", status="archived"),
]


@pytest.mark.parametrize(
    ("only", "wanted"),
    [
        (MemoryFilter(), ["a/1", "a/2", "a/b/3"]),
        (MemoryFilter(everything=True), ["a/1", "a/2", "a/b/3", "ab", "c"]),
        (MemoryFilter(prefix="a/"), ["a/1", "a/2", "a/b/3"]),
        (MemoryFilter(prefix="a", everything=True), ["a/1", "a/2", "a/b/3", "ab"]),
        (MemoryFilter(is_meant=lambda key: key.endswith("2")), ["a/2"]),
        (MemoryFilter(kinds=("note", "log")), ["a/2", "a/b/3"]),
        (MemoryFilter(tags=("x",)), ["a/1", "a/2"]),
        (MemoryFilter(tags=("x", "y")), ["a/2"]),
        (MemoryFilter(issue="t-1"), ["a/b/3"]),
        (MemoryFilter(pinned=True), ["a/2"]),
        (MemoryFilter(state="archived"), ["c"]),
        (MemoryFilter(state="expired"), ["ab"]),
        (MemoryFilter(state="deleted"), []),
        (MemoryFilter(kept=True), []),
        (MemoryFilter(issue="t-9", given=("a/2",)), ["a/2"]),
        (MemoryFilter(before=NOW - 200 * DAY), ["a/1"]),
        (MemoryFilter(after=NOW - 200 * DAY), ["a/2", "a/b/3"]),
        (MemoryFilter(prefix="'; DROP TABLE memory; --"), []),
    ],
)
def test_lists_and_searches_are_limited_alike(tmp_path, only, wanted):
    put_files(tmp_path, {MEMORY_FILE: file_of(*SPREAD)})
    at = opened(tmp_path, NOW)
    assert keys(at.listed(only)) == wanted
    assert sorted(keys(search(at, "text", only))) == wanted
    assert at.listed(only, 1).total == len(wanted)
    assert keys(at.listed(only, 1)) == wanted[:1]
    assert search(at, "text", only, 1).total == len(wanted)


def test_lists_have_orders(tmp_path):
    put_files(tmp_path, {MEMORY_FILE: file_of(*SPREAD)})
    at = opened(tmp_path, NOW)
    assert keys(at.listed(order="updated")) == ["a/2", "a/b/3", "a/1"]
    assert keys(at.listed(order="trust")) == ["a/1", "a/2", "a/b/3"]
    assert keys(at.listed(order="trust", limit=1)) == ["a/1"]


# Ranking, through the index.


def test_one_two_or_three_memories_rank_sensibly(tmp_path):
    cache = memory("cache", "Clear the build cache when types look wrong")
    limit = memory("limit", "The rate limit is 60 requests a minute")
    tests = memory("tests", "Run the tests with a cache that is cold, and again with a warm one")
    for some in ([cache], [cache, limit], [cache, limit, tests]):
        put_files(tmp_path, {MEMORY_FILE: file_of(*some)})
        at = opened(tmp_path, NOW)
        assert keys(search(at, "what about the build cache?"))[0] == "cache"
        at.cache.close()
    at = opened(tmp_path, NOW)
    assert keys(search(at, "build cache")) == ["cache", "tests"]
    assert keys(search(at, "rate limit")) == ["limit"]
    assert all(row.ranked.score > 0 for row in search(at, "cache").rows)


def test_a_key_goes_first_and_then_what_is_below_it(tmp_path):
    words = "deploy deploy deploy deploy"
    put_files(tmp_path, {MEMORY_FILE: file_of(
        memory("deploy", "Something else"), memory("deploy/steps", "Nothing of it"),
        memory("z", words, title=words),
    )})  # fmt: skip
    at = opened(tmp_path, NOW)
    assert keys(search(at, "deploy")) == ["deploy", "deploy/steps", "z"]
    assert keys(search(at, "deploy/*"))[0] == "deploy"
    assert keys(search(at, "dep"))[:2] == ["deploy", "deploy/steps"]


def test_what_is_doubted_is_found_behind_what_is_not_and_says_so(tmp_path):
    bad = [outcome(f"o{n}", "fix", "failure", task=str(n)) for n in range(3)]
    put_files(tmp_path, {
        MEMORY_FILE: file_of(memory("fix", "restart the server"), memory("lore", "restart it all")),
        OUTCOMES_FILE: file_of(*bad),
    })  # fmt: skip
    at = opened(tmp_path, NOW)
    found = search(at, "restart")
    assert keys(found) == ["lore", "fix"]
    assert [row.why for row in found.rows] == ["", "doubted"]
    assert found.rows[1].trust.word == "harmful"


def test_totals_count_what_no_limit_would_show(tmp_path):
    many = [memory(f"k/{n:04d}", f"the cache number {n}") for n in range(450)]
    put_files(tmp_path, {MEMORY_FILE: file_of(*many)})
    at = opened(tmp_path, NOW)
    found = search(at, "cache number")
    assert (len(found.rows), found.total) == (10, 450)
    assert keys(search(at, "cache number", limit=0))[0] == "k/0000"


@pytest.mark.parametrize(
    "question",
    [*HARD_TEXTS, "", " ", '"', "a OR", "NEAR(", "the and of", "缓存", "x" * 100_000, "a\x00b",
     " ".join(f"w{n}" for n in range(3000)), "\ud800", "%", "_", "a/*", "**", "'"],
)  # fmt: skip
def test_any_question_is_answered(beads, question):
    at = opened(beads, NOW)
    found = search(at, question)
    assert len(found.rows) <= found.total


def test_other_scripts_are_found(tmp_path):
    put_files(tmp_path, {MEMORY_FILE: file_of(
        memory("zh", "缓存超时设置为三十秒"), memory("de", "Der Zürcher Server ist träge"),
        memory("code", "call getUserName before parseJSON"),
    )})  # fmt: skip
    at = opened(tmp_path, NOW)
    assert keys(search(at, "超时是多少")) == ["zh"]
    assert keys(search(at, "zurcher")) == ["de"]
    assert keys(search(at, "user name")) == ["code"]
    assert keys(search(at, "getUserName")) == ["code"]


def test_names_of_source_files_and_issues_are_words_too(tmp_path):
    source = Source(paths=(("src/billing/invoice.py", ""),), issues=("shop-a1b2",))
    put_files(tmp_path, {MEMORY_FILE: file_of(
        memory("rounding", "Round half even", source=source), memory("x", "else"),
    )})  # fmt: skip
    at = opened(tmp_path, NOW)
    assert keys(search(at, "what do we know about invoice.py?")) == ["rounding"]
    assert keys(search(at, "shop-a1b2")) == ["rounding"]


def test_stale_memories_are_marked_and_rank_lower(tmp_path):
    one = memory("a", "the limit", source=Source(paths=(("f.py", "00"),)))
    two = memory("b", "the limit", source=Source(paths=(("g.py", "00"),)))
    put_files(tmp_path, {MEMORY_FILE: file_of(one, two)})
    at = opened(tmp_path, NOW)
    assert keys(search(at, "limit")) == ["a", "b"]
    at.stale = lambda paths: [path for path, _ in paths if path == "f.py"]
    found = search(at, "limit")
    assert keys(found) == ["b", "a"]
    assert found.rows[1].stale == ("f.py",)
    assert found.rows[1].ranked.stale == 0.8


def test_the_index_scores_as_the_formula_says(tmp_path):
    """Weighted BM25 with k1 = 1.2 and b = 0.75, over words that no stemmer changes."""
    from math import log

    texts = ["kaa kbb kcc", "kaa kaa kdd", "kbb kee kff kgg khh", "kii", "kjj kkk", "kll kmm"]
    every = [
        memory(f"k{n}", text, title="kaa" if n == 2 else "ktt") for n, text in enumerate(texts)
    ]
    put_files(tmp_path, {MEMORY_FILE: file_of(*every)})
    at = opened(tmp_path, NOW)
    sizes = [2 + len(text.split()) for text in texts]
    usual = sum(sizes) / len(sizes)

    def bm25(n):
        score = 0.0
        for term in ("kaa", "kbb"):
            count = texts[n].split().count(term) + 3 * (every[n].title == term)
            df = sum(term in (*text.split(), one.title)
                     for text, one in zip(texts, every, strict=True))  # fmt: skip
            idf = max(log((len(texts) - df + 0.5) / (df + 0.5)), 1e-6)
            score += idf * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * sizes[n] / usual))
        return score

    found = {row.key: row.ranked.candidate for row in search(at, "kaa kbb").rows}
    assert set(found) == {"k0", "k1", "k2"}
    for key, candidate in found.items():
        assert candidate.bm25 == pytest.approx(bm25(int(key[1:])))
    assert found["k0"].pairs > 0 == found["k1"].pairs == found["k2"].pairs


def test_the_files_are_never_written(beads):
    before = {name: (beads / name).read_bytes() for name in FILES if (beads / name).exists()}
    at = opened(beads, NOW)
    search(at, "api")
    at.cache.close()
    opened(beads, NOW + DAY).cache.close()
    assert {name: (beads / name).read_bytes() for name in before} == before


def test_a_memory_that_lost_its_content_is_no_longer_found(beads):
    opened(beads, NOW).cache.close()
    every = WORLD[MEMORY_FILE].splitlines()
    changed = file_of(replace(memory("api/limits"), content="Nothing"), *every[1:])
    put_files(beads, {**WORLD, MEMORY_FILE: changed})
    at = opened(beads, NOW)
    assert keys(search(at, "requests minute")) == []
    assert keys(search(at, "nothing")) == ["api/limits"]
