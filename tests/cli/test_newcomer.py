"""What somebody meets who has read nothing: other words, other ways to write, empty answers."""

from __future__ import annotations

import pytest

from tests.cli.test_terminal import at_terminal
from tracker.cli import ALIASES, COMMANDS, suggestions
from tracker.cli.unsupported import ABSENT

KNOWN = {name for rows in COMMANDS.values() for name in rows} | set(ALIASES) | set(ABSENT)


@pytest.mark.parametrize("command", suggestions._SAID)
def test_other_words_lead_to_commands_that_there_are(command):
    assert command.partition(" ")[0] in KNOWN
    words = suggestions._SAID[command].split()
    assert words
    assert all(command in suggestions.meant(word.upper()) for word in words)


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
    assert "use minutes, 45m, 2h or 1h30m" in bd("create", "Two", "-e", text, code=2).err
    assert bd.file.read_bytes() == before


def test_an_empty_list_says_so_to_people_only(bd):
    assert bd("list") == (0, "", "")
    out, err = at_terminal(bd, "list", NO_COLOR="1")
    assert (out, err[:22]) == ("", "Note: no issues found ")


@pytest.mark.parametrize("family", suggestions._SAID_OF)
def test_words_within_a_family_lead_to_its_commands(bd, family):
    for command, words in suggestions._SAID_OF[family].items():
        for word in words.split():
            said = bd(family, word, "x", code=2).err
            assert f"Did you mean this?\n\t{command}\n" in said, word


@pytest.mark.parametrize("command", suggestions._OPTIONS)
def test_options_that_are_not_there_lead_to_what_is(bd, command):
    for line, names in suggestions._OPTIONS[command].items():
        _, target, *words = line.split()
        family = [word for word in words[:1] if word.isalpha() and word.islower()]
        told = bd(target, *family, "--help").out
        assert all(word in told.replace(",", " ").split() for word in words if word[0] == "-"), line
        for name in names.split():
            assert f"Hint: did you mean {line}?\n" in bd(command, name, code=2).err, name


def test_no_word_with_a_dash_is_offered_where_only_ids_go(bd):
    assert "Hint" not in bd("close", "--frobnicate", code=2).err
    assert "Hint: a title that begins with a dash" in bd("create", "--frobnicate", code=2).err


def test_what_ready_leaves_out_is_told_with_the_way_to_see_it(bd):
    bd.write(*({"id": f"t-{number}"} for number in range(11)))
    note = "Note: Showing 10 of 11 issues (--limit 0 shows all)\n"
    for words in ([], ["--explain"], ["--pretty"]):
        assert bd("ready", *words).err == note
        assert bd("ready", *words, "--limit", "0").err == ""
    assert bd("ready", "--json", "--limit", "10").err == ""


def test_a_type_that_is_not_there_leads_to_those_that_are(bd):
    assert bd("create", "One", "-t", "story").code == 0
    assert "Hint: bd types lists all types" in bd("create", "Two", "-t", "tale", code=1).err


def test_an_old_id_may_be_typed_short_after_a_rename(bd):
    bd.write({"id": "t-abcde"}, {"id": "t-other"})
    bd("rename", "t-abcde", "t-login")
    for text in ("t-abcde", "abcde"):
        assert bd("show", text, "--short").out.startswith("○ t-login ")
    assert bd("show", "abcd", code=1).out == ""


def test_a_line_that_cannot_be_read_is_named_without_a_useless_hint(bd):
    (bd.path / "x.jsonl").write_text('{"a":1}\n')
    said = bd("import", "x.jsonl", code=1).err
    assert said == "Error parsing line 1: the record has no id; nothing was imported\n"
    (bd.path / "x.jsonl").write_text('{"a":1}\n' + bd.line("t-9") + "\n")
    said = bd("import", "x.jsonl", code=1).err
    assert said.endswith("Hint: --skip-invalid takes the other 1 records\n")


def test_the_recipes_are_listed_with_their_files_if_they_have_any(bd):
    lines = bd("setup").out.splitlines()
    assert "  codex        Codex, and all that read AGENTS.md: AGENTS.md" in lines
    assert "  claude-flow  documents and settings that call hooks of claude-flow" in lines


def test_the_comment_about_a_kept_value_stays_and_that_is_said(bd):
    kept = [{"field": "/title", "value": "Other", "updated_at": "2026-01-01T00:00:00Z"}]
    remark = {"id": 1, "issue_id": "t-1", "author": "tracker",
              "text": "merge kept title; the other branch wrote:\nOther",
              "created_at": "2026-01-01T00:00:00Z"}  # fmt: skip
    bd.write(
        {"id": "t-1", "conflicts": kept, "comments": [remark]}, {"id": "t-2", "conflicts": kept}
    )
    said = bd("resolve", "t-1", "--take", "other").out
    assert said == "✓ settled t-1 (the comment about it stays)\n"
    assert bd.issue("t-1")["comments"] == [remark]
    assert bd("resolve", "t-2", "--take", "kept").out == "✓ settled t-2\n"


def test_kept_values_of_memories_are_pointed_to(bd):
    assert bd("conflicts").err == ""
    (bd.file.parent / "memory.jsonl").write_text(
        '{"key":"a/b","kind":"fact","content":"one","updated_at":"2026-01-02T00:00:00Z",'
        '"conflicts":[{"field":"/content","value":"two","updated_at":"2026-01-01T00:00:00Z"}]}\n'
    )
    assert "of 1 memory too: bd memory conflicts" in bd("conflicts").err
    assert bd("conflicts", "--json").err == ""
