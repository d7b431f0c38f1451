"""The tools of `make audit` and `make mutants` tell what they found and what they could not."""

from __future__ import annotations

import sys

import pytest

from tests.support.audit import advisories, asked
from tests.support.mutants import (
    JUDGED,
    ROOT,
    TESTS,
    Mutant,
    Place,
    Result,
    applied,
    mutants,
    page,
    path_of,
    sample,
)

CLEAN = {"name": "click", "version": "8.2", "vulns": []}
KNOWN = {"name": "rich", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": []}]}
SKIPPED = [{"name": name, "skip_reason": f"not found on PyPI: {name}"} for name in "ab"]


def test_what_could_not_be_looked_up_is_not_clean():
    found = advisories({"dependencies": [CLEAN, KNOWN, *SKIPPED]})
    assert (found.known, found.clean) == ({"rich": ["PYSEC-1"]}, ["click"])
    assert found.told.splitlines() == [
        "packages: 1 with advisories, 1 without, 2 skipped",
        "  rich: PYSEC-1",
        "  2 skipped: not found on PyPI",
    ]


@pytest.mark.parametrize(
    ("code", "reason"),
    [("raise SystemExit('no service')", "no service"), ("", "pip-audit says nothing")],
)
def test_without_a_service_all_is_skipped(code, reason):
    assert asked([sys.executable, "-c", "print('{\"dependencies\": []}')"]).skipped == {}
    assert asked([sys.executable, "-c", code]).skipped == {"all packages": reason}


SOURCE = '''\
"""Says é."""
def f(a: int = 3, b: "x" = None):
    if a < b and not b:
        raise ValueError("é", a + 1)
    a.b()
    return [a - 1, f"{a + 2}"]
'''


def test_each_kind_of_mistake_is_made_once():
    found = {(one.was, one.place.text) for one in mutants("merge", SOURCE)}
    assert found == {
        ("3", "(4)"), ("3", "(2)"), ("a < b", "(a <= b)"), ("a < b and not b", "(a < b or not b)"),
        ("a < b and not b", "(not (a < b and (not b)))"), ("not b", "(b)"), ("1", "(2)"),
        ("1", "(0)"), ("a + 1", "(a - 1)"), ("a - 1", "(a + 1)"), ("a.b()", "pass"),
        ('raise ValueError("é", a + 1)', "pass"), ('return [a - 1, f"{a + 2}"]', "return None"),
    }  # fmt: skip
    texts = [applied(SOURCE, one.place) for one in mutants("merge", SOURCE)]
    assert len(set(texts)) == len(texts)
    assert all(compile(text, "text", "exec") and text != SOURCE for text in texts)


def test_a_seed_names_the_same_mutants_again():
    assert sample(["memory.ranking", "merge.three_way"], 20, 1) == sample(
        ["memory.ranking", "merge.three_way"], 20, 1
    )
    assert sample(["memory.ranking", "merge.three_way"], 20, 1) != sample(
        ["memory.ranking", "merge.three_way"], 20, 2
    )


def test_every_module_has_test_files_that_are_there():
    for module, names in TESTS.items():
        assert (ROOT / path_of(module)).is_file()
        assert all((ROOT / "tests" / name).exists() for name in names)


def test_what_is_judged_is_a_mutant_of_the_program_as_it_is():
    modules = {module for module, _, _ in JUDGED}
    there = {one.key for name in modules
             for one in mutants(name, (ROOT / path_of(name)).read_text())}  # fmt: skip
    assert set(JUDGED) <= there


def test_survivors_are_told_with_their_place_and_their_diff():
    source = (ROOT / "tracker/memory/ranking.py").read_text()
    first = mutants("memory.ranking", source)[0]
    other = Mutant("memory.ranking", Place(*first.place[:4], "(7)"), first.was)
    told = page([Result(first, "noticed", 1.0), Result(other, "survived", 2.0)], 3)
    assert told.startswith(
        "2 mutants, seed 3\n\nmemory.ranking          2: 1 noticed, 1 survived\n"
    )
    assert f"survived: tracker/memory/ranking.py:{first.place.line}: not judged yet" in told
    assert "\n+" in told
    assert page([Result(first, "noticed", 1.0)], 3).count("survived") == 0
