"""Suggest our words for those of other trackers."""

from __future__ import annotations

_SAID: dict[str, str] = {
    "create": "add open issue make insert task bug",
    "update ID --claim": "start begin claim take work pick grab",
    "close": "done finish complete end fix resolve-issue did",
    "delete": "rm remove del destroy drop",
    "list": "ls ll all issues board tasks",
    "ready": "next what now available",
    "show": "get cat describe info-issue print read",
    "update": "set change modify mod",
    "dep add": "block blocks depend depends depend-on needs wait",
    "search": "find grep lookup",
    "comments add": "say reply discuss",
    "graph": "tree plan roadmap gantt",
    "history": "log blame changes",
    "undo": "revert rollback oops back",
    "undo N": "redo",
    "remember": "learn store memorize save",
    "memories": "mems knowledge",
    "setup": "install agents configure",
    "sync": "push pull commit",
    "init": "setup-repo new-repo",
    "quickstart": "tutorial guide tour intro",
}
"""A command, and the words for it."""
_SAID_OF: dict[str, dict[str, str]] = {
    "memory": {
        "set": "add create new record write save update edit change",
        "ok": "good up works helped",
        "bad": "wrong down failed misled",
        "restore": "undo unforget revert",
        "history": "log versions",
    },
}
"""The same within a family of commands."""
_OPTIONS: dict[str, dict[str, str]] = {
    "undo": {"bd op log": "--list --log --history -l -n"},
    "list": {
        "bd list --status closed": "--closed --done",
        "bd list --status open": "--open",
        "bd blocked": "--blocked",
        "bd list --assignee NAME": "--mine --me",
    },
    "ready": {"bd ready --limit 0": "--all", "bd ready --assignee NAME": "--mine --me"},
    "update": {
        "bd comments add ID TEXT": "--comment",
        "bd dep add ID OTHER": "--deps --depends-on",
    },
    "close": {"bd comments add ID TEXT": "--comment --comments"},
    "show": {"bd show ID --json": "--all --full", "bd history ID": "--history --log"},
}
"""A command, what there is in place of some option, and the names of that option."""


def instead(option: str, command: str) -> str:
    """The command line for an option that a command does not have, where somebody expects it."""
    found = _OPTIONS.get(command, {}).items()
    return next((line for line, names in found if option in names.split()), "")


def meant(word: str, family: str = "") -> list[str]:
    """The commands (of a family, if it is named) that a word may mean, which is none of them."""
    said = _SAID_OF.get(family, {}) if family else _SAID
    return [command for command, words in said.items() if word.lower() in words.split()]
