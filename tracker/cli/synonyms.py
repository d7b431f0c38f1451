"""What people type who come from elsewhere, and how it is said here."""

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


def meant(word: str, family: str = "") -> list[str]:
    """The commands (of a family, if it is named) that a word may mean, which is none of them."""
    said = _SAID_OF.get(family, {}) if family else _SAID
    return [command for command, words in said.items() if word.lower() in words.split()]
