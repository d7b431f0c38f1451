"""The pages that speak of the commands say what the program does."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.house.test_house import every_command
from tests.support.repository import ROOT
from tracker.cli import ALIASES
from tracker.cli.argv import GLOBALS
from tracker.cli.command import Group

EVERY = dict(every_command())


def generated():
    from tools import generate

    return generate


def test_the_page_of_commands_is_what_the_program_says():
    assert (ROOT / "docs" / "commands.md").read_text() == generated().page(), "make docs"


def test_the_page_for_those_who_come_from_beads_is_the_table():
    from tools import beads_page as beads

    page = (ROOT / "docs" / "from-beads.md").read_text()
    assert page == beads.page(), "make docs"
    for name in (*(command.name for command in beads.TABLE), *beads.FRINGE):
        assert f"`{name}`" in page or name.startswith("("), name
    cells = [line.count(" | ") for line in page.splitlines() if line.startswith("| ")]
    assert len(cells) > 60


def test_the_picture_of_the_packages_is_drawn_from_the_code():
    assert (ROOT / "docs" / "architecture.md").read_text() == generated().architecture(), (
        "make docs"
    )


def test_the_picture_is_what_the_program_draws():
    assert (ROOT / "docs" / "graph.svg").read_text() == generated().picture(), "make docs"


def words_of(example):
    """The words of an example that are for `bd`: without what a shell does with them."""
    for part in re.split(r"[|;]|\$\(", example.partition("  #")[0].replace('"$(', "$(")):
        words = shlex.split(re.sub(r'\)"?$', "", part.strip()))
        words = words[words.index("bd") :] if "bd" in words else []
        ends = [at for at, word in enumerate(words) if word in {">", "<", "&&"}]
        yield words[: ends[0]] if ends else words


@pytest.mark.parametrize(("name", "command"), EVERY.items())
def test_examples_use_what_there_is(name, command):
    for example in command.examples:
        for typed in filter(None, words_of(example)):
            words = [word for word in typed[1:] if word != "--json"]
            first, second = ALIASES.get(words[0], words[0]), words[1] if words[1:] else ""
            if first.startswith("-"):
                continue
            group = EVERY[first]
            found = EVERY.get(f"{first} {second}", group)
            if found is group and isinstance(group, Group) and group.default:
                found = EVERY[f"{first} {group.default}"]
            if not isinstance(found, Group) and found.tail:  # it takes whatever it is given
                continue
            known = {
                name for param in found.params for name in (*param.opts, *param.secondary_opts)
            }
            for word in words:
                flag = word.partition("=")[0]
                if re.fullmatch(r"--[a-z-]+", flag):
                    assert flag in known or flag in GLOBALS or flag in found.idle, example
