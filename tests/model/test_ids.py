"""Ids: made as Beads makes them, and found by whatever part of them somebody types."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.strategies import logs, texts
from tracker.errors import Ambiguous, Invalid, NotFound
from tracker.issues.lookup import resolve
from tracker.log.issue_codec import encode
from tracker.log.issue_log import Log
from tracker.model.ids import (
    LONGEST,
    Seed,
    adaptive_length,
    check_id,
    check_prefix,
    child,
    hash_part,
    hashed,
    is_top_level,
    make,
    nearest,
    prefix_of,
)
from tracker.model.issue import Issue
from tracker.model.status import TOMBSTONE
from tracker.model.timestamps import instant

SEED = Seed("Fix login", "Details", "jira-import", instant("2024-01-02T03:04:05.006Z"), 0)
SEEDS = st.builds(Seed, texts(), texts(), texts(), st.integers(0, 2**63), st.integers(0, 2**64 - 1))


def log(*every, gone=(), **aliases):
    """A log of issues with these ids; `gone` ones are tombstones."""
    issues = [Issue(id=id, status=TOMBSTONE if id in gone else "open") for id in every]
    issues += [Issue(id=id, aliases=names) for id, names in aliases.items()]
    return Log(b"\n".join(encode(issue) for issue in issues))


@pytest.mark.parametrize(
    ("length", "expected"),
    [(3, "vju"), (4, "8d8e"), (5, "bi3tk"), (6, "8bi3tk"), (7, "r5sr6bm"), (8, "8r5sr6bm")],
)
def test_the_hash_is_that_of_beads(length, expected):
    assert hashed(SEED, length) == expected


@given(SEEDS, st.integers(3, LONGEST))
def test_a_hash_has_its_length_and_is_base_36(seed, length):
    assert re.fullmatch(f"[0-9a-z]{{{length}}}", hashed(seed, length))
    assert hashed(seed, length) == hashed(seed, length)


@pytest.mark.parametrize("field", Seed._fields)
def test_everything_in_the_seed_counts(field):
    other = SEED._replace(**{field: "x" if isinstance(getattr(SEED, field), str) else 7})
    assert hashed(other, 8) != hashed(SEED, 8)


@pytest.mark.parametrize(
    ("length", "last"), [(3, 163), (4, 983), (5, 5_898), (6, 35_389), (7, 212_339)]
)
def test_the_length_grows_with_the_number_of_issues(length, last):
    assert adaptive_length(last) == length
    assert adaptive_length(last + 1) == length + 1


def test_the_length_has_an_end():
    assert adaptive_length(0) == 3
    assert adaptive_length(10**9) == LONGEST


@pytest.mark.parametrize(
    ("count", "length"),
    [(0, 5), (163, 5), (164, 6), (983, 6), (984, 7), (5_898, 7), (5_899, 8), (10**9, 8)],
)
def test_a_new_id_is_two_characters_longer_than_that_of_beads(count, length):
    id = make("my-proj", SEED, count, lambda _: False)
    assert (prefix_of(id), len(hash_part(id))) == ("my-proj", length)
    assert hash_part(id) == hashed(SEED, length)


@given(SEEDS, st.sets(st.integers(0, 39)) | st.integers(0, 40).map(lambda n: set(range(n))))
def test_a_new_id_is_none_that_is_taken(seed, places):
    tried = [
        f"bd-{hashed(seed._replace(nonce=seed.nonce + more), length)}"
        for length in (5, 6, 7, 8)
        for more in range(10)
    ]
    taken = {tried[place] for place in places}
    free = [id for id in tried if id not in taken]
    if free:
        assert make("bd", seed, 0, taken.__contains__) == free[0]
    else:
        with pytest.raises(Invalid, match="no free id"):
            make("bd", seed, 0, taken.__contains__)


def test_an_error_where_every_id_is_taken():
    assert make("bd", SEED, 0, lambda id: len(id) < 11) == "bd-" + hashed(SEED, 8)
    with pytest.raises(Invalid, match="no free id with the prefix 'bd'") as caught:
        make("bd", SEED, 0, lambda _: True)
    assert "--id" in caught.value.hint


def test_the_same_title_with_other_nonces_never_gives_the_same_id_twice():
    ids: set[str] = set()
    for number in range(5_000):
        nonce = number * 0x9E3779B97F4A7C15 % 2**64
        ids.add(make("bd", SEED._replace(nonce=nonce), len(ids), ids.__contains__))
    assert len(ids) == 5_000
    assert {len(hash_part(id)) for id in ids} == {5, 6, 7}


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ([], "bd-a.1"),
        (["bd-a"], "bd-a.1"),
        (["bd-a.1", "bd-a.2"], "bd-a.3"),
        (["bd-a.7"], "bd-a.8"),
        (["bd-a.2", "bd-a.10"], "bd-a.11"),
        (["bd-a.3.4"], "bd-a.4"),
        (["bd-a.007"], "bd-a.8"),
        (["bd-a.x", "bd-a.-1", "bd-a.", "bd-a.\u0662", "bd-a.1x"], "bd-a.1"),
        (["bd-b.5", "xx-ab.9", "bd-ab.9", "a.12"], "bd-a.1"),
        (["bd-a." + "9" * 5000], "bd-a.1"),
    ],
)
def test_the_next_child_is_one_more_than_the_highest_known(known, expected):
    assert child("bd-a", known) == expected


@given(st.lists(st.integers(1, 30).map("bd-a.{}".format)), st.lists(st.text(max_size=12)))
def test_a_new_child_is_none_that_is_known(children, others):
    new = child("bd-a", children + others)
    assert new not in children
    assert prefix_of(new) == "bd"
    assert not is_top_level(new)


@pytest.mark.parametrize(
    ("id", "prefix", "rest"),
    [
        ("bd-abc", "bd", "abc"),
        ("bd-abc.1", "bd", "abc.1"),
        ("bd-abc.1.12", "bd", "abc.1.12"),
        ("my-big-proj-abc", "my-big-proj", "abc"),
        ("my-big-proj-abc.2", "my-big-proj", "abc.2"),
        ("Winzy.ai-abc", "Winzy.ai", "abc"),
        ("v1.2-abc.3", "v1.2", "abc.3"),
        ("abc", "", "abc"),
        ("abc.1", "", "abc.1"),
        ("bd-", "bd", ""),
    ],
)
def test_the_prefix_of_an_id(id, prefix, rest):
    assert (prefix_of(id), hash_part(id)) == (prefix, rest)
    assert is_top_level(id) == ("." not in rest)


@pytest.mark.parametrize(
    "id", ["bd-a", "bd-a.1", "my-proj-x9", "BEADSPEC-Abc_d", "v1.2-x", "_x-1", "a-" + "b" * 126]
)
def test_ids_that_may_be_chosen(id):
    assert check_id(id) == id


@pytest.mark.parametrize(
    "id",
    [
        "", "bd", "-a", "bd-", "bd-a..1", "bd-a.", "bd-.1", "bd a-b", "bd-a\n", "bd-é", "bd/a-b",
        "--help", "a-" + "b" * 127, "bd-a;rm", ".bd-a", "bd-\u202ea",
    ],
)  # fmt: skip
def test_ids_that_may_not_be_chosen(id):
    assert check_id("bd-a") == "bd-a"
    with pytest.raises(Invalid, match="invalid id") as caught:
        check_id(id)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("given", "prefix"),
    [
        ("bd", "bd"),
        ("bd-", "bd"),
        ("my-proj--", "my-proj"),
        ("Winzy.ai", "Winzy.ai"),
        ("x_1", "x_1"),
    ],
)
def test_prefixes_that_may_be_chosen(given, prefix):
    assert check_prefix(given) == prefix
    assert prefix_of(f"{prefix}-abc") == prefix


@pytest.mark.parametrize("prefix", ["", "-", "-bd", "b d", "bd\n", "bé", "a/b", "x" * 129])
def test_prefixes_that_may_not_be_chosen(prefix):
    assert check_prefix("bd") == "bd"
    with pytest.raises(Invalid, match="invalid prefix"):
        check_prefix(prefix)


@given(logs())
def test_every_id_means_itself(issues):
    records = Log(b"\n".join(encode(issue) for issue in issues))
    for issue in issues:
        assert resolve(issue.id, records) == issue.id
        assert resolve(f" {issue.id}\n", records, "bd") == issue.id


def meaning(text, records, prefix):
    """The id, or the error in its place."""
    try:
        return resolve(text, records, prefix)
    except (Ambiguous, NotFound) as error:
        return error


@given(logs(), st.text("ab0.-", max_size=4), st.sampled_from(["", "bd", "my-proj"]))
def test_what_is_found_is_there_and_what_is_ambiguous_is_listed(issues, text, prefix):
    records = Log(b"\n".join(encode(issue) for issue in issues))
    found = meaning(text, records, prefix)
    live = [id for id in records if records[id].status != TOMBSTONE]
    if isinstance(found, Ambiguous):
        assert len(found.matches) > 1
        assert list(found.matches) == sorted(found.matches)
        assert all(text in id and id in live for id in found.matches)
    elif isinstance(found, NotFound):
        assert set(found.near) <= set(records)
        assert not text or not any(text in hash_part(id) for id in live)
    else:
        assert found in records
        assert text in found or text in records[found].aliases


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("bd-abc", "bd-abc"),
        (" bd-abc ", "bd-abc"),
        ("abc", "bd-abc"),
        ("xyz", "my-proj-xyz"),
        ("x", "my-proj-xyz"),
        ("yz", "my-proj-xyz"),
        ("my-proj-x", "my-proj-xyz"),
        ("panopticon-q", "panopticon-qrs"),
        ("BEADSPEC-7", "BEADSPEC-7ab"),
        ("bd-abd", "bd-abd.1"),
        ("abd.1", "bd-abd.1"),
        ("9", "v1.2-9"),
    ],
)
def test_what_people_type_for_an_id(text, id):
    records = log(
        "bd-abc", "bd-abd.1", "bd-abcd", "my-proj-xyz", "panopticon-qrs", "BEADSPEC-7ab", "v1.2-9"
    )
    assert resolve(text, records, "bd") == id


def test_the_own_prefix_comes_before_other_meanings():
    records = log("bd-abc", "my-abc", "my-proj-bd", "abc-x")
    assert resolve("abc", records, "my") == "my-abc"
    assert resolve("abc", records, "bd") == "bd-abc"
    assert resolve("abc-x", records, "bd") == "abc-x"
    with pytest.raises(Ambiguous) as caught:
        resolve("abc", records)
    assert caught.value.matches == ("bd-abc", "my-abc")


def test_a_whole_hash_comes_before_a_part_of_one():
    records = log("bd-ab", "bd-abc", "bd-xab")
    assert resolve("ab", records) == "bd-ab"
    with pytest.raises(Ambiguous) as caught:
        resolve("b", records)
    assert caught.value.matches == ("bd-ab", "bd-abc", "bd-xab")
    assert str(caught.value) == 'ambiguous ID "b" matches 3 issues: [bd-ab bd-abc bd-xab]'
    assert caught.value.hint == "use more characters to disambiguate"


def test_a_part_of_the_prefix_means_nothing():
    records = log("bd-xyz", "proj-q")
    assert resolve("xy", records) == "bd-xyz"
    for text in ("b", "bd", "d-x", "pro"):
        with pytest.raises(NotFound):
            resolve(text, records)


def test_the_deleted_do_not_make_the_living_ambiguous():
    records = log("bd-abc", "bd-abd", "bd-abe", "my-abc", gone=("bd-abd", "bd-abe", "my-abc"))
    assert resolve("ab", records) == "bd-abc"
    assert resolve("abc", records) == "bd-abc"
    assert resolve("abd", records) == "bd-abd"
    assert resolve("bd-abd", records) == "bd-abd"
    with pytest.raises(NotFound):
        resolve("ab", log("bd-abd", "bd-abe", gone=("bd-abd", "bd-abe")))


def test_an_alias_means_the_issue_that_has_it():
    records = log("bd-a", "bd-abc", **{"bd-new": ("bd-old", "bd-abc"), "bd-z": ("bd-old",)})
    assert resolve("bd-old", records) == "bd-new"
    assert resolve("bd-abc", records) == "bd-abc"
    with pytest.raises(NotFound):
        resolve("bd-ol", records)


def test_what_is_not_found_comes_with_what_is_near():
    records = log("bd-abcd", "bd-wxyz", "bd-abce", "my-proj-abcf.1")
    assert resolve("abcd", records) == "bd-abcd"
    with pytest.raises(NotFound) as caught:
        resolve("bd-abcx", records)
    assert set(caught.value.near) == {"bd-abcd", "bd-abce"}
    assert str(caught.value) == 'no issue found matching "bd-abcx"'
    assert caught.value.hint.startswith("did you mean bd-abc")
    with pytest.raises(NotFound) as caught:
        resolve("qqqq", records)
    assert caught.value.near == ()
    for text in ("", "  "):
        with pytest.raises(NotFound):
            resolve(text, records, "bd")


def test_near_ids_are_few_and_the_nearest_come_first():
    every = [f"bd-abc{letter}" for letter in "defghij"] + ["bd-abcxy"]
    assert nearest("abcxz", every)[0] == "bd-abcxy"
    assert len(nearest("abcx", every)) == 3
    assert nearest("q", every) == []
