"""What somebody meets who has read nothing: other words, other ways to write, empty answers."""

from __future__ import annotations

import pytest

from tests.test_terminal import at_terminal
from tracker.cli import ALIASES, COMMANDS, synonyms
from tracker.cli.fringe import ABSENT

KNOWN = {name for rows in COMMANDS.values() for name in rows} | set(ALIASES) | set(ABSENT)


@pytest.mark.parametrize("command", synonyms._SAID)
def test_other_words_lead_to_commands_that_there_are(command):
    assert command.partition(" ")[0] in KNOWN
    words = synonyms._SAID[command].split()
    assert words
    assert all(command in synonyms.meant(word.upper()) for word in words)


def test_a_misspelt_word_leads_to_what_it_resembles(bd):
    assert "\tready\n" in bd("raedy", code=2).err
    told = bd("done", code=2).err
    assert "\tclose\n" in told
    assert "daemon" not in told
    assert bd("done", "--json", code=2).error["hint"] == "did you mean close?"
    assert "Did you mean" not in bd("frobnicate", code=2).err


@pytest.mark.parametrize(
    ("text", "minutes"), [("90", 90), ("45m", 45), ("2h", 120), ("1h30m", 90), ("0", 0)]
)
def test_work_is_estimated_in_minutes_or_hours(bd, text, minutes):
    id = bd("create", "One", "-e", text, "--silent").out.strip()
    assert bd("show", id, "--json").json[0].get("estimated_minutes", 0) == minutes


@pytest.mark.parametrize("text", ["1d", "90s", "soon", "2h 30", ""])
def test_what_is_no_time_of_work_is_refused(bd, text):
    assert bd("create", "One", "-e", "1h").code == 0
    before = bd.file.read_bytes()
    assert "expected minutes, 45m, 2h or 1h30m" in bd("create", "Two", "-e", text, code=2).err
    assert bd.file.read_bytes() == before


def test_an_empty_list_says_so_to_people_only(bd):
    assert bd("list") == (0, "", "")
    out, err = at_terminal(bd, "list", NO_COLOR="1")
    assert (out, err[:22]) == ("", "Note: nothing to list ")


@pytest.mark.parametrize("family", synonyms._SAID_OF)
def test_words_within_a_family_lead_to_its_commands(bd, family):
    for command, words in synonyms._SAID_OF[family].items():
        for word in words.split():
            said = bd(family, word, "x", code=2).err
            assert f"Did you mean this?\n\t{command}\n" in said, word


def test_kept_values_of_memories_are_pointed_to(bd):
    assert bd("conflicts").err == ""
    (bd.file.parent / "memory.jsonl").write_text(
        '{"key":"a/b","kind":"fact","content":"one","updated_at":"2026-01-02T00:00:00Z",'
        '"conflicts":[{"field":"/content","value":"two","updated_at":"2026-01-01T00:00:00Z"}]}\n'
    )
    assert "of 1 memories too: bd memory conflicts" in bd("conflicts").err
    assert bd("conflicts", "--json").err == ""
