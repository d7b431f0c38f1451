"""docs/trust.md: what it promises has tests, and each that it names is there."""

from __future__ import annotations

import re

import pytest

from tests.docs import test_pages
from tests.support import trust_page

TEXT = trust_page.PAGE.read_text(encoding="utf-8")


def test_every_test_that_the_page_names_is_there():
    names = trust_page.named(TEXT)
    assert len(set(names)) > 150
    assert set(names) - trust_page.defined() == set()


def test_a_name_that_is_not_there_is_noticed():
    assert trust_page.named("| 1 | x | `test_of_nothing_at_all` |") == ["test_of_nothing_at_all"]
    assert "test_of_nothing_at_all" not in trust_page.defined()


def test_every_row_has_a_test():
    rows = trust_page.rows(TEXT)
    promises = [name for name in rows if name.startswith("P")]
    complaints = [name for name in rows if not name.startswith("P")]
    assert promises == [f"P{number}" for number in range(1, len(promises) + 1)]
    assert complaints == [str(number) for number in range(1, 66)]
    assert [name for name, tests in rows.items() if not tests] == []


def test_the_complaints_are_those_that_were_collected(shared):
    known = (shared / "reference" / "user-pains.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| (\d+) \| \*\*", known, re.MULTILINE) == [str(n) for n in range(1, 66)]


def test_a_row_is_run_by_its_name():
    words = trust_page.chosen("P1")
    assert words[0] == "-k"
    assert words[1].split(" or ") == trust_page.rows(TEXT)["P1"]
    with pytest.raises(SystemExit, match="no row"):
        trust_page.chosen("66")


def test_the_table_of_faults_is_what_was_measured():
    assert test_pages.generated().trust() == TEXT, "make docs"
