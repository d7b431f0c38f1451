"""The commands about memories: what they say, as text and as JSON, and what they refuse."""

from __future__ import annotations

import json
import os

import pytest

import tracker
from tests.support.killing import killed_at
from tracker.workspace import runs
from tracker.workspace.runs import Event

TEXT = "Always run the migrations before the tests"
KEY = "always-run-the-migrations-before-the-tests"


@pytest.fixture
def held(bd):
    """A workspace in which a few things are remembered."""
    (bd.beads / ".gitattributes").write_text("memory.jsonl merge=tracker\n")
    bd.write({"id": "t-a"}, {"id": "t-b", "status": "closed"})
    (bd.path / "api.py").write_text("one\n")
    bd("memory", "set", "climate/drift", "Detrend first.", "--kind", "pattern", "--tag", "ml,x",
       "--title", "Drift", "--path", "api.py", "--issue", "t-a")  # fmt: skip
    bd("memory", "set", "climate/ml/noise", "Smooth it.", "--tag", "ml")
    bd("remember", "RS256, never HS256", "--key", "auth/jwt", "--kind", "decision")
    return bd


def records(bd, name="memory.jsonl"):
    path = bd.beads / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def keys_of(answer):
    return [one["key"] for one in answer.json]


# Beads' verbs.


def test_remember_says_what_beads_says(bd):
    assert bd("remember", TEXT).out == f"Remembered [{KEY}]: {TEXT}\n"
    assert bd("remember", TEXT).out == f"Updated [{KEY}]: {TEXT}\n"
    said = bd("remember", "x" * 100, "--key", "k", "--json")
    assert said.json == {"action": "remembered", "key": "k", "value": "x" * 100}
    assert said.err == ""
    assert bd("remember", "x" * 100, "--key", "k").out == f"Updated [k]: {'x' * 77}...\n"
    assert [one["key"] for one in records(bd)] == [KEY, "k"]


def test_another_text_that_begins_alike_takes_no_place(bd):
    first = bd("remember", f"{TEXT} x y")
    again = bd("remember", f"{TEXT} x z")
    assert (first.out.split(":")[0], again.out.split(":")[0]) == (
        f"Remembered [{KEY}-x]", f"Remembered [{KEY}-x-2]",
    )  # fmt: skip
    assert "says nearly the same" not in first.err + again.err
    assert bd("remember", f"{TEXT} x z").out.startswith(f"Updated [{KEY}-x-2]")


def test_recall_prints_the_text_alone(held):
    assert held("recall", "auth/jwt") == (0, "RS256, never HS256\n", "")
    found = held("recall", "auth/jwt", "--json").json
    assert found == {"found": True, "key": "auth/jwt", "value": "RS256, never HS256"}
    missing = held("recall", "jwt", code=1)
    assert missing.out == ""
    assert missing.err == 'No memory with key "jwt"\nHint: did you mean auth/jwt?\n'
    none = held("recall", "jwt", "--json", code=1)
    assert none.json == {"found": False, "key": "jwt", "value": ""}
    assert none.err == ""


def test_memories_lists_by_key(held):
    assert held("memories").out == (
        "Memories (3):\n\n  auth/jwt\n    RS256, never HS256\n\n  climate/drift\n    Detrend first."
        "\n\n  climate/ml/noise\n    Smooth it.\n\n"
    )
    assert held("memories", "--json").json == {
        "auth/jwt": "RS256, never HS256", "climate/drift": "Detrend first.",
        "climate/ml/noise": "Smooth it.",
    }  # fmt: skip


def test_memories_of_nothing(bd):
    assert bd("memories").out.startswith("No memories stored.")
    assert bd("memories", "--json").json == {}


def test_forget_and_restore(held):
    assert held("forget", "auth/jwt").out == "Forgot [auth/jwt]: RS256, never HS256\n"
    gone = held("recall", "auth/jwt", code=1)
    assert "it was forgotten; bd memory restore auth/jwt" in gone.err
    assert held("forget", "auth/jwt", code=1).err.startswith('No memory with key "auth/jwt"')
    assert held("memory", "restore", "auth/jwt").out.startswith("Restored [auth/jwt]")
    assert held("recall", "auth/jwt").out == "RS256, never HS256\n"
    assert held("forget", "auth/jwt", "--json").json == {"deleted": "true", "key": "auth/jwt"}
    assert held("forget", "none", "--json", code=1).json["code"] == "not-found"


def test_a_memory_that_beads_keeps_among_the_issues(bd):
    bd.write('{"_type":"memory","key":"a-b","value":"by Beads"}', {"id": "t-a"})
    assert bd("recall", "a-b").out == "by Beads\n"
    assert bd("memories", "--json").json == {"a-b": "by Beads"}
    assert not (bd.beads / "memory.jsonl").exists()
    bd("memory", "pin", "a-b")
    assert [one["id"] for one in bd.issues()] == ["t-a"]
    assert records(bd)[0]["content"] == "by Beads"
    bd("undo")
    assert "by Beads" in bd.file.read_text()


# Set and get.


def test_set_changes_what_is_named(held):
    held("memory", "set", "climate/drift", "--untag", "x", "--pin", "--description", "On drift")
    (drift,) = [one for one in records(held) if one["key"] == "climate/drift"]
    assert (drift["tags"], drift["pinned"], drift["content"]) == (["ml"], True, "Detrend first.")
    said = held("memory", "set", "climate/drift", "New.", "--json").json
    assert (said["action"], said["content"], said["kind"]) == ("updated", "New.", "pattern")
    assert held("memory", "set", "climate/drift", "--tag", "", "--json").json.get("tags") is None


def test_a_text_comes_from_words_a_file_or_standard_input(bd):
    (bd.path / "note.md").write_text("# A note\n\nof lines\n")
    bd("memory", "set", "a", "--file", "note.md")
    bd("memory", "set", "b", "-", stdin="from\nstdin\n")
    bd("memory", "set", "c", "several", "words")
    assert bd("memory", "get", "a").out == "# A note\n\nof lines\n"
    assert bd("memory", "get", "b").out == "from\nstdin\n"
    assert bd("memory", "get", "c").out == "several words\n"
    assert "cannot specify both" in bd("memory", "set", "a", "x", "--file", "f", code=1).err


def test_set_can_compare_first(bd):
    made = bd("memory", "set", "a", "one", "--if-hash", "none", "--json").json
    bd("memory", "set", "a", "two", "--if-hash", made["hash"])
    late = bd("memory", "set", "a", "three", "--if-hash", made["hash"], "--json", code=1)
    assert late.error["code"] == "moved"
    assert bd("memory", "get", "a").out == "two\n"
    assert (
        "holds something already" in bd("memory", "set", "a", "x", "--if-hash", "none", code=1).err
    )


def test_a_set_that_changes_nothing_changes_no_byte(held):
    before = (held.beads / "memory.jsonl").read_bytes()
    held("memory", "set", "climate/drift", "Detrend first.", "--tag", "ml")
    held("memory", "set", "auth/jwt", "--kind", "decision")
    assert (held.beads / "memory.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["remember", "  "], "nothing to remember"),
        (["remember"], "nothing to remember"),
        (["remember", "!!!"], "no words to make a key of"),
        (["memory", "set", "a//b", "x"], "a segment is empty"),
        (["memory", "set", "", "x"], "invalid key '': it is empty"),
        (["memory", "append", "", "x"], "invalid key '': it is empty"),
        (["memory", "set", "a"], "nothing to set for a"),
        (["memory", "set", "a", "--pin"], "the text is empty"),
        (["memory", "set", "a", "x", "--kind", "rumour"], "invalid kind: rumour"),
        (["memory", "set", "a", "x", "--path", "none.py"], "none.py is not there"),
        (["memory", "set", "a", "x", "--path", "../out"], "is outside of"),
        (["memory", "set", "a", "x", "--issue", "t-zzz"], "no issue found"),
        (["memory", "set", "a", "x", "--ttl", "1d", "--expires", "+2d"], "cannot specify both"),
        (["memory", "append", "a"], "nothing to append"),
        (["memory", "get", "none"], 'No memory with key "none"'),
        (["memory", "get", "none/*"], 'No memory with key "none/*"'),
        (["memory", "show", "none"], "No memory"),
        (["memory", "mv", "none", "b"], "No memory"),
        (["memory", "mv", "climate/", "b"], "end both with a slash"),
        (["memory", "mv", "none/", "b/"], "nothing under none/"),
        (["memory", "mv", "auth/jwt", "climate/drift"], "climate/drift is taken"),
        (["memory", "link", "auth/jwt", "none"], "No memory"),
        (["memory", "supersede", "none", "auth/jwt"], "No memory"),
        (["memory", "pin", "none"], "No memory"),
        (["memory", "unpin", "none"], "No memory"),
        (["memory", "verify", "none"], "No memory"),
        (["memory", "forget", "auth/jwt", "none"], "No memory"),
        (["memory", "restore", "none"], "No memory"),
        (["memory", "restore", "auth/jwt", "--rev", "9"], "has no text '9'"),
        (["memory", "archive", "none/*"], "nothing matches"),
        (["memory", "purge", "none"], "No memory"),
        (["memory", "ok", "none"], "No memory"),
        (["memory", "bad", "auth/jwt", "--weight", "7"], "invalid weight"),
        (["memory", "outcomes", "none"], "No memory"),
        (["memory", "void", "zz"], 'no outcome with id "zz"'),
        (["memory", "history", "none"], "No memory"),
        (["memory", "conflicts", "none"], "No memory"),
        (["memory", "resolve", "auth/jwt", "--take", "other"], "auth/jwt has no conflicts"),
        (["memory", "list", "--since", "someday"], "invalid --since"),
        (["memory", "list", "--issue", "t-zzz"], "no issue found"),
    ],
)
def test_what_cannot_be_done_says_why(held, words, why):
    before = (held.beads / "memory.jsonl").read_bytes()
    said = held(*words, code=1)
    assert why in said.err
    assert (held.beads / "memory.jsonl").read_bytes() == before


def test_get_gives_several(held):
    assert held("memory", "get", "auth/jwt", "climate/drift").out == (
        "== auth/jwt\nRS256, never HS256\n\n== climate/drift\nDetrend first.\n"
    )
    assert keys_of(held("memory", "get", "climate/*", "--json")) == [
        "climate/drift", "climate/ml/noise",
    ]  # fmt: skip
    one = held("memory", "get", "climate/drift", "--json").json
    assert one["namespace"] == "climate"
    assert one["source"]["issues"] == ["t-a"]
    assert one["standing"] == "unproven"
    assert held("memory", "get", "auth/jwt", "none", code=1).out.endswith("RS256, never HS256\n")


def test_append_adds_lines(bd):
    bd("memory", "append", "log", "one")
    assert bd("memory", "append", "log", "two").out == "Updated [log]: one two\n"
    assert bd("memory", "get", "log").out == "one\ntwo\n"


# Lists.


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ([], ["auth/jwt", "climate/drift", "climate/ml/noise"]),
        (["climate/*"], ["climate/drift", "climate/ml/noise"]),
        (["climate"], ["climate/drift", "climate/ml/noise"]),
        (["climate/d*"], ["climate/drift"]),
        (["**/noise"], ["climate/ml/noise"]),
        (["--tag", "ml"], ["climate/drift", "climate/ml/noise"]),
        (["--tag", "ml,x"], ["climate/drift"]),
        (["--kind", "decision,pattern"], ["auth/jwt", "climate/drift"]),
        (["--issue", "t-a"], ["climate/drift"]),
        (["--namespace", "climate"], ["climate/drift", "climate/ml/noise"]),
        (["--ns", "climate", "d*"], ["climate/drift"]),
        (["--since", "+1d"], []),
        (["--older-than", "1d"], []),
        (["--pinned"], []),
        (["--stale"], []),
        (["--sort", "updated"], ["auth/jwt", "climate/ml/noise", "climate/drift"]),
        (["--sort", "created", "-n", "1"], ["auth/jwt"]),
    ],
)
def test_list_chooses(held, words, keys):
    assert keys_of(held("memory", "list", *words, "--json")) == keys


def test_list_as_text_says_what_it_leaves_out(held):
    held("memory", "archive", "climate/ml/noise")
    shown = held("memory", "list", "-n", "1")
    assert shown.out == ("auth/jwt  decision  0.70  0m  RS256, never HS256\n")
    assert shown.err == (
        "Note: Showing 1 of 2 memories (-n 0 shows all)\n"
        "Note: 1 more are put away, over or replaced (--all)\n"
    )
    assert held("memory", "list", "none/*").out == "No memories under none/*\n"
    assert held("memory", "list", "-n", "none").out == "No memories under none\n"
    assert held("memory", "list", "-n", "climate").out == held("memory", "list", "climate").out
    assert keys_of(held("memory", "list", "--all", "--json"))[-1] == "climate/ml/noise"
    assert keys_of(held("memory", "list", "--archived", "--json")) == ["climate/ml/noise"]


def test_what_is_over_or_replaced_is_left_out(held):
    held("memory", "set", "soon", "x", "--ttl", "1s")
    held("memory", "supersede", "climate/ml/noise", "climate/drift")
    assert keys_of(held("memory", "list", "--json")) == ["auth/jwt", "climate/drift"]
    assert keys_of(held("memory", "list", "--expired", "--json")) == ["soon"]
    held("forget", "soon")
    assert keys_of(held("memory", "list", "--deleted", "--json")) == ["soon"]
    assert "soon" not in held("memories", "--json").json


def test_a_list_with_an_envelope_has_totals(held):
    told = held("memory", "list", "-n", "1", "--json", "--envelope").json
    assert (told["total"], told["shown"], len(told["data"])) == (3, 1, 1)


# What is replaced, over or put away.

UNFIT = [
    (
        ["memory", "supersede", "auth/jwt", "climate/drift"],
        "climate/drift takes the place of auth/jwt (bd memory get climate/drift)",
        {"superseded_by": ["climate/drift"]},
    ),
    (
        ["memory", "set", "climate/drift", "--supersedes", "auth/jwt,climate/ml/noise"],
        "climate/drift takes the place of auth/jwt (bd memory get climate/drift)",
        {"superseded_by": ["climate/drift"]},
    ),
    (
        ["memory", "set", "auth/jwt", "--expires", "2027-01-15T08:00:00Z"],
        "auth/jwt held until 2027-01-15 08:00 (bd memory set auth/jwt --ttl 90d renews it)",
        {"expired": True},
    ),
    (
        ["memory", "archive", "auth/jwt"],
        "auth/jwt is put away (bd memory restore auth/jwt)",
        {"status": "archived"},
    ),
]


@pytest.mark.parametrize(("words", "why", "told"), UNFIT, ids=lambda one: str(one)[:30])
def test_what_is_unfit_is_printed_with_a_remark(held, words, why, told):
    text = "RS256, never HS256\n"
    usual = {"status": "active", "expired": False, "superseded_by": []}
    for verb in (["recall"], ["memory", "get"]):
        assert held(*verb, "auth/jwt") == (0, text, "")
    assert usual.items() <= held("memory", "get", "auth/jwt", "--json").json.items()
    held(*words)
    for verb in (["recall"], ["memory", "get"], ["memory", "retrieve"]):
        assert held(*verb, "auth/jwt") == (0, text, f"Note: {why}\n")
    assert f"  ⚠ {why}\n" in held("memory", "show", "auth/jwt").out
    plain = {"found": True, "key": "auth/jwt", "value": text.strip()}
    assert held("recall", "auth/jwt", "--json").json == plain | told
    for verb in ("get", "show"):
        one = held("memory", verb, "auth/jwt", "--json")
        assert (one.err, (usual | told).items() <= one.json.items()) == ("", True)
    found = held("memory", "list", "auth/*", "--all", "--json").json[0]
    assert (usual | told).items() <= found.items()
    assert f"Note: {why}\n" in held("memory", "get", "auth/*").err


def test_what_is_doubted_is_printed_with_a_remark(held):
    why = "auth/jwt is harmful: 0 ok, 3 bad (bd memory outcomes auth/jwt)"
    held("memory", "bad", "auth/jwt", "--task", "1")
    assert held("recall", "auth/jwt").err == held("memory", "get", "auth/jwt").err == ""
    for number in "23":
        held("memory", "bad", "auth/jwt", "--task", number)
    for verb in (["recall"], ["memory", "get"]):
        assert held(*verb, "auth/jwt") == (0, "RS256, never HS256\n", f"Note: {why}\n")
    assert f"  ⚠ {why}\n" in held("memory", "show", "auth/jwt").out
    assert held("recall", "auth/jwt", "--json").json["standing"] == "harmful"
    held("memory", "set", "auth/jwt", "EdDSA")
    assert held("recall", "auth/jwt") == (0, "EdDSA\n", "")


def test_several_that_take_a_place_are_all_named(held):
    held("memory", "supersede", "auth/jwt", "climate/ml/noise")
    held("memory", "supersede", "auth/jwt", "climate/drift")
    assert held("recall", "auth/jwt").err == (
        "Note: climate/drift, climate/ml/noise take the place of auth/jwt"
        " (bd memory get climate/drift climate/ml/noise)\n"
    )
    held("memory", "mv", "auth/jwt", "auth/rs256")  # what replaces the old key replaces this
    assert "take the place of auth/rs256" in held("recall", "auth/rs256").err
    held("memory", "archive", "climate/drift")  # and takes no place any more
    assert "climate/ml/noise takes the place" in held("recall", "auth/rs256").err


def test_what_was_moved_and_forgotten_is_brought_back_by_its_new_key(held):
    held("memory", "mv", "auth/jwt", "auth/rs256")
    assert held("recall", "auth/jwt").out == "RS256, never HS256\n"
    held("forget", "auth/rs256")
    for verb in (["recall"], ["memory", "get"], ["memory", "show"]):
        assert "bd memory restore auth/rs256" in held(*verb, "auth/jwt", code=1).err


# Staleness.


def test_a_memory_about_a_file_that_changed_says_so(held):
    assert held("memory", "get", "climate/drift").err == ""
    (held.path / "api.py").write_text("two\n")
    assert held("memory", "get", "climate/drift").err == (
        "Note: stale: api.py changed since 2027-01-15\n"
    )
    assert held("recall", "climate/drift", "--json").err == ""
    assert held("memory", "get", "climate/drift", "--json").json["stale"] == ["api.py"]
    assert keys_of(held("memory", "list", "--stale", "--json")) == ["climate/drift"]
    assert "⚠ stale: api.py" in held("memory", "show", "climate/drift").out
    held("memory", "verify", "climate/drift")
    assert held("memory", "get", "climate/drift").err == ""


def test_a_path_is_named_from_where_one_is(held):
    (held.path / "src").mkdir()
    (held.path / "src" / "b.py").write_text("x")
    held("memory", "set", "b", "x", "--path", "b.py", cwd=held.path / "src")
    assert list(held("memory", "get", "b", "--json").json["source"]["paths"]) == ["src/b.py"]


# Warnings at write.


@pytest.mark.parametrize("cached", [False, True])
def test_what_is_said_already_is_told(held, cached):
    if cached:
        held("memory", "search", "tokens")
    said = held("remember", "rs256 never HS256!", "--key", "again")
    assert said.err == (
        "Note: auth/jwt says this already, word for word: again adds nothing"
        " (bd memory forget again)\n"
    )
    long = "the quick brown fox jumps over the lazy dog near the river bank today"
    held("remember", long, "--key", "fox")
    near = held("remember", f"{long} again", "--key", "fox2")
    assert "fox says nearly the same" in near.err
    assert "bd memory supersede fox fox2" in near.err
    told = held("memory", "set", "fox3", f"{long}!", "--json")
    assert told.err == ""
    assert len(told.json["warnings"]) == 2


def test_what_other_hands_brought_meanwhile_is_told_as_well(held):
    held("memory", "search", "tokens")
    path = held.beads / "memory.jsonl"
    data = path.read_bytes()
    path.write_bytes(data + b'{"key":"zz","content":"Pull before you push, always"}\n')
    said = held("remember", "pull before you push: always", "--key", "pulling")
    assert "zz says this already, word for word" in said.err


def test_what_was_just_recalled_is_named_as_such(held):
    event = Event(held.now, "s-1", "shown", keys=("auth/jwt",))
    runs.append_events(str(held.beads / ".local"), event)
    said = held("remember", "RS256 never HS256", "--key", "again")
    assert "auth/jwt, which was recalled just now, says this already" in said.err
    held.now += 7200 * 10**9
    later = held("remember", "RS256: never HS256", "--key", "again2")
    assert "auth/jwt says this already" in later.err


# Keeping.


def test_a_namespace_moves_as_a_whole(held):
    said = held("memory", "mv", "climate/", "weather/", "--json").json
    assert said == [
        {"from": "climate/drift", "to": "weather/drift"},
        {"from": "climate/ml/noise", "to": "weather/ml/noise"},
    ]
    assert held("recall", "climate/drift").out == "Detrend first.\n"
    assert keys_of(held("memory", "list", "--json")) == [
        "auth/jwt", "weather/drift", "weather/ml/noise",
    ]  # fmt: skip
    held("undo")
    assert keys_of(held("memory", "list", "climate/*", "--json")) == [
        "climate/drift", "climate/ml/noise",
    ]  # fmt: skip


def test_several_are_changed_together_or_not_at_all(held):
    assert held("memory", "pin", "auth/jwt", "climate/drift").out == (
        "Pinned [auth/jwt]: RS256, never HS256\nPinned [climate/drift]: Detrend first.\n"
    )
    assert keys_of(held("memory", "list", "--pinned", "--json")) == ["auth/jwt", "climate/drift"]
    held("memory", "unpin", "auth/jwt")
    linked = held("memory", "link", "auth/jwt", "climate/drift")
    assert linked.out == "Linked [auth/jwt] with [climate/drift]\n"
    assert held("memory", "link", "auth/jwt", "climate/drift", "--json").json[0]["related"] == [
        "climate/drift"
    ]
    taken = held("memory", "supersede", "climate/ml/noise", "climate/drift")
    assert taken.out == "[climate/drift] takes the place of [climate/ml/noise]\n"


def test_archive_takes_patterns_and_can_be_rehearsed(held):
    assert held("memory", "archive", "climate/*", "--dry-run").out == (
        "climate/drift\nclimate/ml/noise\n"
    )
    assert held("memory", "archive", "climate/*", "--tag", "x", "--json").json[0]["status"] == (
        "archived"
    )
    assert keys_of(held("memory", "list", "--json")) == ["auth/jwt", "climate/ml/noise"]


def test_purge_leaves_nothing_here(held):
    held("memory", "set", "leak", "hunter2 is the word")
    held("memory", "set", "leak", "hunter3 is the word")
    assert "--force" in held("memory", "purge", "leak").out
    assert held("memory", "get", "leak").out == "hunter3 is the word\n"
    said = held("memory", "purge", "leak", "--force")
    assert said.out.startswith("Purged [leak]\n")
    assert "git filter-repo" in said.out
    for path in held.beads.rglob("*"):
        if path.is_file():
            assert b"hunter" not in path.read_bytes(), path
    assert held("op", "log").code == 0
    assert held("memory", "purge", "auth/jwt", "--force", "--json").json["purged"] == ["auth/jwt"]


def test_a_purge_that_was_interrupted_is_finished_by_another(held):
    held("memory", "set", "leak", "hunter2 is the word")

    def work():
        from tracker.store import journal

        journal.forget = lambda *_: os.kill(os.getpid(), 9)
        held("memory", "purge", "leak", "--force")

    assert killed_at(10**9, work)
    assert any(b"hunter" in path.read_bytes() for path in held.beads.rglob("*") if path.is_file())
    assert "No memory" in held("memory", "purge", "leak", "--force", code=1).err
    for path in held.beads.rglob("*"):
        assert path.is_dir() or b"hunter" not in path.read_bytes(), path


def test_a_purge_reaches_what_could_not_be_noted(held):
    held("memory", "set", "leak", "hunter2 is the word")
    ops = held.beads / ".local" / "ops.jsonl"
    ops.rename(ops.with_name("kept"))
    ops.mkdir()
    held("memory", "set", "leak", "hunter3 is the word")
    said = held("memory", "purge", "leak", "--force", code=1)
    assert "the journal may still hold it" in said.err
    ops.rmdir()
    ops.with_name("kept").rename(ops)
    held("memory", "purge", "leak", "--force", code=1)
    for path in held.beads.rglob("*"):
        assert path.is_dir() or b"hunter" not in path.read_bytes(), path
    assert held("op", "log").code == 0


def test_private_memories_stay_in_this_clone(held):
    held("memory", "set", "mine", "a secret plan", "--local")
    held("memory", "ok", "mine")
    assert "mine" not in (held.beads / "memory.jsonl").read_text()
    assert not (held.beads / "outcomes.jsonl").exists()
    assert held("memory", "get", "mine", "--json").json["private"] is True
    assert "(local)" in held("memory", "list", "mine").out
    held("memory", "mv", "mine", "ours")
    assert records(held, ".local/memory.jsonl")[0]["key"] == "ours"
    held("forget", "ours")
    assert records(held, ".local/memory.jsonl") == []


@pytest.mark.parametrize("words", [["ours"], ["ours", "--rev", "1"]])
def test_a_private_memory_that_was_forgotten_comes_back_as_private(held, words):
    held("memory", "set", "ours", "a secret plan", "--local")
    held("forget", "ours")
    assert held("memory", "restore", *words).out == "Restored [ours]: a secret plan\n"
    assert held("memory", "get", "ours", "--json").json["private"] is True
    held("memory", "set", "ours", "a public plan", "--shared")
    held("forget", "ours")
    held("memory", "restore", "ours", "--rev", "1")
    assert "secret plan" not in (held.beads / "memory.jsonl").read_text()
    assert held("memory", "get", "ours").out == "a secret plan\n"


@pytest.mark.parametrize(
    "words",
    [["memory", "set", "k", "two"], ["memory", "append", "k", "two"],
     ["remember", "two", "--key", "k"]],
)  # fmt: skip
def test_a_write_says_that_what_it_wrote_will_not_be_found(held, words):
    held("memory", "set", "k", "one", "--ttl", "0s")
    assert "(bd memory set k --ttl 90d renews it)\n" in held(*words).err
    held("memory", "set", "k", "--ttl", "9d")
    held("memory", "archive", "k")
    told = held("memory", "set", "k", "three")
    assert told.err == "Note: k is put away (bd memory restore k)\n"
    held("memory", "restore", "k")
    assert held("memory", "set", "k", "four").err == ""


def test_nothing_is_added_to_what_is_no_text(held):
    (held.beads / "memory.jsonl").write_text('{"key":"odd","content":{"a":1}}\n')
    before = (held.beads / "memory.jsonl").read_bytes()
    told = held("memory", "append", "odd", "more", code=1).err
    assert told.startswith("Error: the content of odd is no text: nothing can be added to it\n")
    assert (held.beads / "memory.jsonl").read_bytes() == before
    held("memory", "set", "odd", "a text")
    assert held("recall", "odd").out == "a text\n"


def test_what_was_purged_or_never_there_is_not_restored(held):
    held("memory", "set", "ours", "a secret plan", "--local")
    held("memory", "purge", "ours", "--force")
    for key in ("ours", "none"):
        assert f'No memory with key "{key}"' in held("memory", "restore", key, code=1).err
    held("memory", "set", "other", "shared")
    held("memory", "restore", "other", "--rev", "1")
    assert "other" in (held.beads / "memory.jsonl").read_text()


# Verdicts.


def test_verdicts_move_trust(held):
    assert held("memory", "ok", "climate/drift", "--issue", "t-a", "--note", "it held").out == (
        "✓ ok climate/drift: trust 0.76 (established)\n"
    )
    held("memory", "bad", "auth/jwt", "--task", "t-9", "--weight", "0.5")
    listed = held("memory", "outcomes", "--json").json
    assert [(one["key"], one["verdict"]) for one in listed] == [
        ("climate/drift", "success"), ("auth/jwt", "failure"),
    ]  # fmt: skip
    text = held("memory", "outcomes", "climate/drift").out
    assert "success  climate/drift  by Ann Example on t-a: it held" in text
    said = held("memory", "void", listed[0]["id"])
    assert said.out == f"✓ took back {listed[0]['id']}\n"
    assert held("memory", "outcomes", "climate/drift").out == "No verdicts about climate/drift\n"
    assert held("memory", "get", "climate/drift", "--json").json["trust"] == 0.7


def test_verdicts_are_limited_and_counted(held):
    for _ in range(3):
        held("memory", "ok", "climate/drift")
    assert held("memory", "outcomes", "-n", "1").out.endswith("Showing the last 1 of 3\n")
    assert held("memory", "ok", "climate/drift", "--json").json[0]["trust"] > 0.7


def test_a_closed_issue_speaks_for_what_its_work_was_given(held):
    held.write({"id": "t-a", "metadata": {"memories": ["auth/jwt"]}})
    before = held("memory", "get", "auth/jwt", "--json").json
    held("close", "t-a")
    after = held("memory", "get", "auth/jwt", "--json").json
    assert after["trust"] > before["trust"]
    assert after["outcomes"]["credit"] == 1
    held("reopen", "t-a")
    assert held("memory", "get", "auth/jwt", "--json").json["trust"] == before["trust"]
    held("close", "t-a", "--reason", "abandoned")
    assert held("memory", "get", "auth/jwt", "--json").json["trust"] == before["trust"]


def test_what_was_put_away_goes_on_giving_credit(held):
    held.write({"id": "t-a", "metadata": {"memories": ["auth/jwt"]}}, {"id": "t-b"})
    before = trust_of(held)
    held("close", "t-a")
    closed = trust_of(held)
    assert before[0] < closed[0]
    held("archive", "t-a")
    assert trust_of(held) == closed
    assert held("memory", "stats", "--json").json["trust"] == {"unproven": 3}
    held("restore", "t-a")
    assert trust_of(held) == closed
    held("reopen", "t-a")
    assert trust_of(held) == before


def test_an_issue_in_both_files_counts_as_the_log_says(held):
    held.write({"id": "t-a", "metadata": {"memories": ["auth/jwt"]}})
    before = trust_of(held)
    held("close", "t-a")
    away = held.file.read_bytes()
    held("reopen", "t-a")
    (held.beads / "archive.jsonl").write_bytes(away)
    assert trust_of(held) == before
    held("close", "t-a")
    assert trust_of(held)[1] == 1
    held.write({"id": "t-b"})
    assert trust_of(held)[1] == 1
    (held.beads / "archive.jsonl").write_bytes(b"")
    assert trust_of(held) == before


def trust_of(held):
    """The trust of a memory and its credits, as the cache and as the files have it."""
    one = held("memory", "get", "auth/jwt", "--json").json
    place = tracker.open(held.path, actor="ann")
    memory = place.library.get("auth/jwt")
    found = place.library.ledger()
    assert len(found.credits("auth/jwt")) == one["outcomes"]["credit"]
    assert memory.content == one["content"]
    return one["trust"], one["outcomes"]["credit"]


def test_stats_count(held):
    held("forget", "auth/jwt")
    held("memory", "ok", "climate/drift")
    told = held("memory", "stats", "--json").json
    assert told["total"] == 2
    assert told["namespaces"] == {"climate": 1, "climate/ml": 1}
    assert told["kinds"] == {"fact": 1, "pattern": 1}
    assert told["states"] == {"active": 2, "forgotten": 1}
    assert told["outcomes"] == {"success": 1}
    assert "By namespace:\n  climate" in held("memory", "stats").out
    held("memory", "set", "ops/deploy", "Blue first")
    held("memory", "bad", "ops/deploy")
    for flag in ("--namespace", "--ns", "-n"):
        told = held("memory", "usage", flag, "climate", "--json").json
        assert (told["total"], told["namespaces"]) == (2, {"climate": 1, "climate/ml": 1})
        assert (told["states"], told["outcomes"]) == ({"active": 2}, {"success": 1})
    assert held("memory", "stats", "-n", "default", "--json").json["total"] == 3


# What merges keep.

CONFLICTS = [
    {"field": "/content", "value": "Detrend last.", "updated_at": "2026-01-02T00:00:00Z"},
    {"field": "/source/by", "value": "bob", "updated_at": "2026-01-02T00:00:00Z"},
]


@pytest.fixture
def disputed(held):
    rows = records(held)
    for row in rows:
        if row["key"] == "climate/drift":
            row["conflicts"] = CONFLICTS
    rows.append({"key": "old", "kind": "fact", "content": "late", "status": "tombstone",
                 "moved_to": "climate/drift"})  # fmt: skip
    (held.beads / "memory.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return held


def test_conflicts_are_told_and_listed(disputed):
    assert disputed("memory", "get", "climate/drift").err == (
        "Note: climate/drift has other values from a merge: content, source/by"
        " (bd memory conflicts climate/drift)\n"
    )
    listed = disputed("memory", "conflicts").out
    assert "kept:  Detrend first." in listed
    assert "1:     Detrend last. (2026-01-02T00:00:00Z)" in listed
    assert "old was moved to climate/drift on one branch and written on another" in listed
    told = disputed("memory", "conflicts", "climate/drift", "--json").json
    assert [one["kept"] for one in told[0]["conflicts"]] == ["Detrend first.", "Ann Example"]
    assert keys_of(disputed("memory", "list", "--conflicts", "--json")) == ["climate/drift"]


@pytest.mark.parametrize(
    ("words", "content", "left"),
    [
        (["--take", "other"], "Detrend last.", []),
        (["--take", "kept"], "Detrend first.", []),
        (["--take", "1"], "Detrend last.", ["source/by"]),
        (["--field", "content", "--text", "Both."], "Both.", ["source/by"]),
    ],
)
def test_conflicts_are_settled(disputed, words, content, left):
    said = disputed("memory", "resolve", "climate/drift", *words, "--json").json
    assert [entry["field"] for entry in said["conflicts"]] == left
    found = disputed("memory", "get", "climate/drift", "--json").json
    assert found["content"] == content
    by = "bob" if words == ["--take", "other"] else "Ann Example"
    assert found["source"]["by"] == by


def test_what_was_written_under_a_key_that_was_moved_is_settled(disputed):
    said = disputed("memory", "resolve", "old", "--take", "other")
    assert said.out == "✓ settled climate/drift\n"
    assert disputed("recall", "old").out == "late\n"
    assert "old" not in [one["key"] for one in disputed("memory", "conflicts", "--json").json]
    disputed("undo")
    assert (
        "--take is kept or other" in disputed("memory", "resolve", "old", "--take", "7", code=1).err
    )
    disputed("memory", "resolve", "old", "--take", "kept")
    assert disputed("recall", "old").out == "Detrend first.\n"
    disputed("undo")
    disputed("memory", "resolve", "old", "--text", "Both.")
    assert disputed("recall", "climate/drift").out == "Both.\n"


def test_settling_needs_a_choice(disputed):
    assert "is needed" in disputed("memory", "resolve", "climate/drift", code=2).err
    bad = disputed("memory", "resolve", "climate/drift", "--take", "7", code=1)
    assert "bd memory conflicts climate/drift" in bad.err
    assert disputed("memory", "resolve", "climate/drift", "--take", "other").out == (
        "✓ settled climate/drift\n"
    )


# History.


def test_history_tells_every_text_and_restore_brings_one_back(held):
    held.repo.commit({}, "Remember drift")
    held("memory", "set", "climate/drift", "Second.")
    held("memory", "set", "climate/drift", "Third.")
    held.repo.commit({}, "Learn more")
    held("memory", "mv", "climate/drift", "weather/drift")
    told = held("memory", "history", "climate/drift", "--json").json
    assert [one["content"] for one in told] == ["Third.", "Second.", "Detrend first."]
    text = held("memory", "history", "weather/drift").out
    assert text.startswith("weather/drift: 3 texts, the newest first\n")
    assert "not committed: memory set climate/drift Second." in text
    held("memory", "restore", "weather/drift", "--rev", told[1]["hash"])
    assert held("recall", "weather/drift").out == "Second.\n"
    held("memory", "restore", "weather/drift", "--rev", "1")
    assert held("recall", "climate/drift").out == "Detrend first.\n"
    held("memory", "forget", "weather/drift")
    held("memory", "restore", "weather/drift", "--rev", told[0]["hash"])
    assert held("recall", "weather/drift").out == "Third.\n"


def test_a_text_that_only_commits_know_is_found(held):
    held.repo.commit({}, "Remember drift")
    (held.beads / "memory.jsonl").write_text("")
    held.repo.commit({}, "Lose it")
    for path in (held.beads / ".local").glob("ops.jsonl"):
        path.unlink()
    told = held("memory", "history", "climate/drift", "--json").json
    assert [(one["content"], one["why"]) for one in told] == [("Detrend first.", "Remember drift")]
    assert told[0]["commit"]
    held("memory", "restore", "climate/drift", "--rev", "1")
    assert held("recall", "climate/drift").out == "Detrend first.\n"


def test_terminal_escapes_in_a_memory_do_nothing(bd):
    (bd.beads / "memory.jsonl").write_text(
        json.dumps({"key": "evil", "content": "a\u001b[2Jb", "title": "\u001b]0;x\u0007t"}) + "\n"
    )
    for words in (["get", "evil"], ["list"], ["show", "evil"], ["conflicts"], ["stats"]):
        assert "\x1b" not in bd("memory", *words).out
    assert "\x1b" not in bd("memories").out + bd("recall", "evil").out


def test_a_damaged_file_is_read_and_told(held):
    with (held.beads / "memory.jsonl").open("a") as file:
        file.write('{"key":"cut\n')
    said = held("memory", "list")
    assert "memory.jsonl:4: not JSON" in said.err
    held("memory", "set", "climate/drift", "still writable")
    assert '{"key":"cut\n' in (held.beads / "memory.jsonl").read_text()


def test_conflict_markers_are_shown_through_and_refuse_writes(held):
    one, two = '{"key":"a","content":"ours"}', '{"key":"a","content":"theirs"}'
    text = f"<<<<<<< HEAD\n{one}\n=======\n{two}\n>>>>>>> side\n"
    (held.beads / "memory.jsonl").write_text(text)
    assert held("recall", "a").out in {"ours\n", "theirs\n"}
    refused = held("memory", "set", "b", "x", code=1)
    assert "memory.jsonl holds conflict markers" in refused.err
    assert (held.beads / "memory.jsonl").read_text() == text
    held("resolve", ".beads/memory.jsonl")
    held("memory", "set", "b", "x")


# Issues and memories.


def test_closing_an_issue_remembers_and_judges_in_one_write(held):
    said = held("close", "t-a", "--remember", "Detrend before the fit", "--used", "climate/drift",
                "--blame", "auth/jwt,climate/ml/noise")  # fmt: skip
    assert said.out.splitlines() == [
        "✓ Closed t-a: Closed",
        "Remembered [detrend-before-the-fit]: Detrend before the fit",
    ]
    made = held("memory", "get", "detrend-before-the-fit", "--json").json
    assert made["source"]["issues"] == ["t-a"]
    listed = held("memory", "outcomes", "--json").json
    assert {(one["key"], one["verdict"], one["issue"]) for one in listed} == {
        ("climate/drift", "success", "t-a"), ("auth/jwt", "failure", "t-a"),
        ("climate/ml/noise", "failure", "t-a"),
    }  # fmt: skip
    held("undo")
    assert held.issue("t-a")["status"] == "open"
    assert held("memory", "outcomes", "--json").json == []
    assert held("recall", "detrend-before-the-fit", code=1)


def test_a_lesson_about_several_issues_names_all_of_them(held):
    held.write({"id": "t-a"}, {"id": "t-c"})
    said = held("close", "t-a", "t-none", "t-c", "--remember", "Both at once", "--key", "k",
                "--used", "climate/drift", "--json", code=1)  # fmt: skip
    assert [one["id"] for one in said.json] == ["t-a", "t-c"]
    assert held("memory", "get", "k", "--json").json["source"]["issues"] == ["t-a", "t-c"]
    assert len(held("memory", "outcomes", "climate/drift", "--json").json) == 2


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--used", "none"], 'No memory with key "none"'),
        (["--remember", " "], "the text to remember is empty; nothing was written"),
        (["--remember", "", "--key", "k"], "the text to remember is empty; nothing was written"),
        (["--key", "k"], "--key needs --remember"),
        (["--used", "auth/jwt", "--blame", "auth/jwt"], "cannot be in both"),
    ],
)
def test_a_lesson_that_cannot_be_learned_closes_nothing(held, words, why):
    before = held.file.read_bytes()
    assert why in held("close", "t-a", *words, code=1).err
    assert held.file.read_bytes() == before
    assert not (held.beads / "outcomes.jsonl").exists()


def test_show_lists_the_memories_of_an_issue(held):
    assert "MEMORIES\n  climate/drift: Drift\n" in held("show", "t-a").out
    assert held("show", "t-a", "--json").json[0]["memories"] == ["climate/drift"]
    assert "memories" not in held("show", "t-b", "--json").json[0]
    held.write({"id": "t-a"}, {"id": "t-b", "metadata": {"memories": ["auth/jwt", "gone"]}})
    assert held("show", "t-b", "--json").json[0]["memories"] == ["auth/jwt"]
    assert keys_of(held("memory", "list", "--issue", "t-b", "--json")) == ["auth/jwt"]


# What users of claude-flow type.


def test_its_way_to_search_is_no_tag_but_where_a_memory_has_it(held):
    words = ["memory", "search", "-q", "detrend", "-n", "climate", "-l", "5", "-t", "hybrid"]
    told = held(*words)
    assert "[climate/drift]" in told.out
    assert told.err == "Note: -t hybrid does nothing here: no memory has that tag\n"
    assert [one["key"] for one in held(*words, "--json").json] == ["climate/drift"]
    assert held("memory", "search", "detrend", "--tag", "none", "--json").json == []
    held("memory", "set", "climate/mix", "Detrend by halves", "--tag", "hybrid")
    assert [one["key"] for one in held(*words, "--json").json] == ["climate/mix"]


def test_claude_flow_words_work(bd):
    said = bd("memory", "store", "api-limit", "100 a minute", "--namespace", "climate")
    assert said.out == (
        "✅ Stored successfully\n📝 Key: climate/api-limit\n📦 Namespace: climate\n"
        "💾 Size: 12 bytes\n"
    )
    assert bd("memory", "retrieve", "api-limit", "--ns", "climate").out == "100 a minute\n"
    assert bd("memory", "retrieve", "--key", "climate/api-limit").out == "100 a minute\n"
    bd("memory", "store", "-k", "plain", "-v", "a value", "--ttl", "3600", "--tags", "x,y")
    one = bd("memory", "get", "plain", "--json").json
    assert (one["content"], one["tags"]) == ("a value", ["x", "y"])
    assert one["expires_at"].startswith("2027-01-15T09")
    other = bd("memory", "store", "--key", "k", "--value", "v", "--rb", "--namespace=default")
    assert "📦 Namespace: default" in other.out
    assert "--rb does nothing here" in other.err
    assert bd("memory", "usage", "--json").json["total"] == 3
    assert bd("memory", "delete", "api-limit", "-n", "climate").out.startswith(
        "Forgot [climate/api-limit]"
    )
    assert bd("memory", "store", "j", "from", "words", "--json").json["content"] == "from words"


def test_clearing_a_namespace_asks_first(held):
    assert held("memory", "clear", "--namespace", "climate").out == (
        "Would forget 2 memories of climate (--force does it)\n  climate/drift\n"
        "  climate/ml/noise\n"
    )
    held("memory", "clear", "--namespace", "climate", "--force")
    assert keys_of(held("memory", "list", "--json")) == ["auth/jwt"]
    held("undo")
    assert len(held("memory", "list", "--json").json) == 3


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["store", "k"], "a key and a text are needed"),
        (["store"], "a key and a text are needed"),
        (["retrieve"], "a key is needed"),
        (["retrieve", "none"], "No memory"),
        (["delete"], "a key is needed"),
        (["delete", "none"], "No memory"),
        (["clear"], "which namespace?"),
        (["clear", "-n", "default", "--force"], "which namespace?"),
    ],
)
def test_claude_flow_words_that_say_too_little(held, words, why):
    assert why in held("memory", *words, code=1).err


# Around it.


def test_the_first_memory_of_a_workspace_of_beads_says_what_git_lacks(bd):
    said = bd("remember", "one")
    assert (
        said.err == "Note: git will merge memory.jsonl as plain text until bd init tells it how\n"
    )
    assert bd("remember", "two").err == ""
    bd("init")
    (bd.beads / "memory.jsonl").write_text("")
    assert bd("remember", "one").err == ""


def test_what_undo_would_do_to_a_memory_is_told(held):
    held("memory", "set", "auth/jwt", "new")
    said = held("undo", "--dry-run").out
    assert "auth/jwt: restored" in said
    assert "has changed since" not in said
    held("memory", "set", "auth/jwt", "newer")
    number = held("op", "log", "--json").json[1]["number"]
    assert "auth/jwt has changed since" in held("undo", str(number), "--dry-run").out


def test_check_and_doctor_name_lines_of_memories_that_cannot_be_read(held):
    assert held("check", "--json").json["ok"]
    with (held.beads / "memory.jsonl").open("a") as file:
        file.write('{"key":"cut\n{"key":"auth/jwt","content":"again"}\n')
    found = held("check", "--json", code=1).json["findings"]
    assert ("Lines of memory.jsonl", [1, 4]) in [(one["name"], one["lines"]) for one in found]
    assert held("check", ".beads/memory.jsonl", code=1).out.startswith("✗ Lines of memory.jsonl")
    assert "auth/jwt stands again on line 5" in held("doctor", code=1).out
