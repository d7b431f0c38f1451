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


def meant(word: str) -> list[str]:
    """The commands that a word may mean, which is none of them."""
    return [command for command, words in _SAID.items() if word.lower() in words.split()]
