"""What is asked of every command: `--json` is one document, and what goes wrong is told in one.

Nothing has to be added here for a new command: its examples are run, and lines that must fail are
made of its own arguments.
"""

from __future__ import annotations

import json
import os

import click
import pytest

from tests.docs.test_pages import words_of
from tests.house.test_house import every_command
from tests.support.repository import _IDENTITY, Bd, Repository
from tracker.cli.command import Group

EVERY = dict(every_command())
COMMANDS = {name: found for name, found in EVERY.items() if not isinstance(found, Group)}
WORDS = {word for name in EVERY for word in name.split()}
IDS = ("bd-a1b2c", "bd-d3e4f", "bd-7f001", "bd-3k001")
KEYS = (
    "climate/drift", "climate/noise", "climate/old", "climate/leaked", "climate/api-limit", "drift",
    "old/one", "auth-jwt", "auth/jwt", "swarm/log", "a", "b", "kv/release",
)  # fmt: skip
STAMP = "2026-01-01T00:00:00Z"
FILES = {
    ".beads/memory.jsonl": "".join(
        json.dumps({"key": key, "kind": "fact", "content": key, "created_at": STAMP,
                    "updated_at": STAMP}) + "\n" for key in sorted(KEYS)
    ),
    ".beads/outcomes.jsonl": json.dumps({"id": "3f2a9c0112ab34cd", "key": "climate/drift",
                                         "verdict": "success", "at": STAMP}) + "\n",
    ".beads/interactions.jsonl": '{"id":"int-1a2b3c4d","kind":"tool_call"}\n',
    "issues.jsonl": Bd.line("bd-new") + "\n",
    "edges.txt": "bd-a1b2c bd-d3e4f\n",
    "changes.txt": "close bd-a1b2c done\n",
    "memory/memory-store.json": json.dumps(
        {"default": [{"key": "k", "value": "v", "namespace": "default", "timestamp": 1}]}
    ),
    "short.md": "s\n",
    "found.md": "f\n",
    **dict.fromkeys(("BASE", "OURS", "THEIRS", "LEFT", "RIGHT"), Bd.line("bd-x") + "\n"),
}  # fmt: skip
FIRST = {
    "dep remove": "dep add bd-a1b2c bd-d3e4f",
    "dep rm": "dep add bd-a1b2c bd-d3e4f",
    "dep unrelate": "dep relate bd-a1b2c bd-d3e4f",
    "unrelate": "dep relate bd-a1b2c bd-d3e4f",
    "restore": "delete bd-a1b2c --force",
    "undo": "q something",
    "op show": "q something",
}
"""What has to be done before an example can succeed."""
STDIN = {"hooks claude": "{}"}
"""What a command reads, where any text will not do."""
NEVER = {
    "edit": "it needs a terminal",
    "admin reset": "it refuses",
    "reset": "it refuses",
    "repair": "it refuses",
    "memory resolve": "no merge kept anything",
    "merges": "there is no merge",
}
"""Commands whose examples cannot succeed here."""
STREAMS = {"__complete": "words for a shell", "export": "lines of JSON"}
"""What prints another thing than one document, for programs that want that."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A repository in which examples find what they name."""
    root = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (*_IDENTITY.items(), ("GIT_CONFIG_GLOBAL", os.devnull)):
            patch.setenv(name, value)
        bd = Bd(Repository(root / "repo"), root / "home")
        (bd.beads / "config.yaml").write_text("issue-prefix: bd\n")
        bd.write(*map(Bd.line, IDS))
        bd.repo.commit({}, "start")
    return bd


def reset(bd):
    (bd.beads / "config.yaml").write_text("issue-prefix: bd\n")
    bd.write(*map(Bd.line, IDS))
    for name, text in FILES.items():
        (bd.path / name).parent.mkdir(exist_ok=True)
        (bd.path / name).write_text(text)


def one_document(text):
    """The value of a text that is one JSON document and nothing else."""
    value, end = json.JSONDecoder().raw_decode(text)
    assert text[end:].strip() == "", text[end:][:200]
    return value


def failure(answer):
    """The one document that tells what went wrong, wherever it stands."""
    found = one_document(answer.out + answer.err)
    assert isinstance(found, dict), answer
    return found


def tried(name):
    """The examples of a command that are for itself, put into its own name if they have another."""
    lines = [line[1:] for text in COMMANDS[name].examples for line in words_of(text) if line]
    own = [line for line in lines if line[: len(name.split())] == name.split()]
    if own:
        return own
    rest = [next(at for at, word in enumerate([*line, "-"]) if word not in WORDS) for line in lines]
    return [[*name.split(), *line[at:]] for line, at in zip(lines, rest, strict=True)]


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in STREAMS])
def test_examples_answer_in_json(place, name):
    codes = []
    for words in tried(name):
        reset(place)
        if name in FIRST:
            place(*FIRST[name].split())
        answer = place.run("--json", *words, stdin=STDIN.get(name, "text\n"))
        codes.append(answer.code)
        assert answer.code in {0, 1, 2}, answer
        if answer.code == 0:
            assert answer.err == "", answer
            one_document(answer.out)
        else:
            failure(answer)
        if 0 in codes:
            break
    assert 0 in codes or name in NEVER, (name, tried(name))


def arguments(command):
    """The names of its arguments, and whether each must be there."""
    found = [param for param in command.params if isinstance(param, click.Argument)]
    return [(param.name or "", param.required) for param in found]


ISSUES = {"id", "ids", "old", "one", "on", "other"}
"""What arguments are called that name issues."""


@pytest.mark.parametrize("name", [name for name, found in COMMANDS.items() if not found.tail])
def test_a_flag_that_is_not_there_is_wrong_usage(place, name):
    answer = place.run("--json", *name.split(), "--no-such-flag")
    assert (answer.code, answer.out) == (2, "")
    assert failure(answer)["code"] == "usage"


@pytest.mark.parametrize(
    "name",
    [name for name, one in COMMANDS.items() if arguments(one) and arguments(one)[0][0] in ISSUES],
)
def test_an_issue_that_is_not_there_is_named(place, name):
    reset(place)
    before = place.file.read_bytes()
    takes = [one for at, one in enumerate(arguments(COMMANDS[name])) if at == 0 or one[1]]
    words = ["bd-nope" if argument in ISSUES else "x=1" for argument, _ in takes]
    answer = place.run("--json", *name.split(), *words, stdin="text\n")
    assert answer.code in {1, 2}, answer
    found = failure(answer)
    assert found["error"], answer
    if answer.code == 1:
        assert found["code"], answer
    assert place.file.read_bytes() == before
