"""What a question asks for: any text is safe, and the index finds what it should."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.strategies import HARD_TEXTS, texts
from tracker.cache.database import safe
from tracker.cache.memories.tokens import (
    MOST,
    STOP_WORDS,
    humps,
    indexed,
    match,
    match_pairs,
    parts,
    terms,
)

HOSTILE = (
    *HARD_TEXTS, "", "'", '"', '""', "*", "a*", "NEAR(a b)", "title:x", "-a", "^a", "a AND", "OR",
    "NOT", "(", "a + b", "{a b}: c", "a\x00b", "\ud800", "the of and", "缓存", "缓", "กา",
    "हिन्दी में", "x" * 5000, "word " * 3000, " ".join(f"t{n}" for n in range(2000)),
    "''; DROP TABLE page; --",
)  # fmt: skip


def found(question: str, *documents: str) -> list[int]:
    """The numbers of the documents that an index of these texts finds."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(
            "CREATE VIRTUAL TABLE f USING fts5(x, aux, "
            "tokenize = 'porter unicode61 remove_diacritics 2')"
        )
        rows = [(indexed(safe(text)), " ".join(parts(text))) for text in documents]
        db.executemany("INSERT INTO f VALUES(?,?)", rows)
        sql = "SELECT rowid - 1 FROM f WHERE f MATCH ? ORDER BY rowid"
        asked = terms(question)
        if pairs := match_pairs(asked):
            db.execute(sql, (pairs,)).fetchall()
        wanted = match(asked)
        return [row[0] for row in db.execute(sql, (wanted,))] if wanted else []


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("How do we handle the rate limit?", ["handle", "rate", "limit"]),
        ("cache Cache CACHE", ["cache"]),
        ("getUserName", ["getusername", "get", "user", "name"]),
        ("HTTPServer2Go", ["httpserver2go", "http", "server2", "go"]),
        ("snake_case-and.dots/paths", ["snake", "case", "dots", "paths"]),
        ("852bfe65 v0.30.2", ["852bfe65", "v0", "30", "2"]),
        ("don't it's we'll", ["don", "t", "it", "s", "we", "ll"]),
        ("don't cache", ["cache"]),
        ("to be or not to be", ["to", "be", "or", "not"]),
        ("?!...", []),
        ("缓存超时", ["缓存", "存超", "超时"]),
        ("API缓存v2", ["api", "缓存", "v2"]),
        ("缓", ["缓"]),
        ("Zürich ÉCOLE", ["zürich", "école"]),
    ],
)
def test_a_question_becomes_terms(question, wanted):
    assert terms(question) == wanted


def test_stop_words_are_dropped_only_where_something_is_left():
    assert terms("the cache") == ["cache"]
    assert terms("the who") == ["the", "who"]
    assert {"the", "what", "s"} <= STOP_WORDS
    assert all(word == word.lower() for word in STOP_WORDS)


def test_names_in_camel_case_have_parts_and_other_words_none():
    assert humps("parseJSONFile") == ["parse", "JSON", "File"]
    assert not any(map(humps, ["word", "WORD", "Word", "x", "852bfe65", "3way"]))
    assert parts("call parseJSONFile(x) no\ngetIt") == ["parse", "JSON", "File", "get", "It"]
    assert not parts("nothing here NOTHING Here")


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("user name", "call getUserName first"),
        ("getUserName", "the user is named"),
        ("getUserName", "getUserName()"),
        ("caching", "we cache results"),
        ("zurich", "Zürich office"),
        ("超时", "缓存超时设置为三十秒"),
        ("时", "缓存超时"),
        ("設", "設定"),
        ("キャッシュ", "このキャッシュは古い"),
        ("हिन्दी", "यह हिन्दी है"),
        ("캐시", "캐시는 오래되었다"),
        ("x" * 500, "x" * 500),
    ],
)
def test_the_index_finds(question, document):
    assert found(question, "something else entirely", document) == [1]


def test_a_pair_of_characters_is_not_found_across_other_text():
    assert found("缓存", "缓和存在", "缓存") == [1]


def test_long_questions_keep_to_a_number_of_terms():
    many = terms(" ".join(f"term{n}" for n in range(3 * MOST)))
    assert len(many) == MOST
    assert many[0] == "term0"
    assert len(terms("字" * 5000)) == 1
    long = "".join(chr(0x4E00 + n) for n in range(3000))
    assert len(terms(long)) == MOST


def test_pairs_are_of_terms_that_follow_each_other():
    assert match_pairs(["rate", "limit", "api"]) == '"rate limit" OR "limit api"'
    assert match_pairs(["缓", "limit"]) == match_pairs(["one"]) == match_pairs([]) == ""


@pytest.mark.parametrize("question", HOSTILE)
def test_any_question_is_safe(question):
    found(question, "some text", question, indexed(question))


@given(texts() | st.text())
def test_any_text_is_a_question(text):
    asked = terms(text)
    assert len(asked) == len(set(asked))
    found(text, text)


@given(st.text(st.characters(max_codepoint=0x2FF), max_size=30))
def test_a_text_finds_itself(text):
    assert found(text, text) == ([0] if terms(text) else [])
