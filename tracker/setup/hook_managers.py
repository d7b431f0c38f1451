"""Find out who owns the git hooks: husky, lefthook, pre-commit or nobody.

Each has files of its own, which are tracked and which it copies or calls as it likes. A hook of
ours beside it would be overwritten, never be called, or keep its hooks from being called.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from tracker import fileio
from tracker.errors import Refused
from tracker.log.paths import FILES
from tracker.setup.git_hooks import NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.model.context import Place


_LEFTHOOK = ("lefthook.yml", "lefthook.yaml", "lefthook.toml", "lefthook.json")
_CALL = "tracker hooks run --check"
_STAGED = f"GIT_LITERAL_PATHSPECS=0 git diff --cached --quiet -- '{FILES}'"

_SH = {  # by hook: the lines of a shell script
    "pre-commit": f"""\
# The tracker's check of its log; without the program, or where no log is staged, nothing happens.
if command -v tracker >/dev/null && ! {_STAGED}; then
    {_CALL} pre-commit || exit 1
fi
""",
    "post-merge": f"""\
if command -v tracker >/dev/null; then {_CALL} post-merge "$@" || :; fi
""",
    "post-checkout": f"""\
if [ "$3" = 1 ] && command -v tracker >/dev/null; then
    {_CALL} post-checkout "$@" || :
fi
""",
}
_YAML = """\
pre-commit:
  commands:
    tracker:
      run: |
        if command -v tracker >/dev/null && ! {staged}; then
          {call} pre-commit
        fi
post-merge:
  commands:
    tracker:
      run: if command -v tracker >/dev/null; then {call} post-merge {{0}}; fi
post-checkout:
  commands:
    tracker:
      run: if command -v tracker >/dev/null; then {call} post-checkout {{0}}; fi
"""
_PRE_COMMIT = """\
  - repo: local
    hooks:
      - id: tracker
        name: tracker
        language: system
        entry: sh -c '! command -v tracker >/dev/null || {call} pre-commit'
        files: (^|/)\\.beads/[^/]*\\.jsonl$
        pass_filenames: false
        stages: [pre-commit]
      - id: tracker-after
        name: tracker
        language: system
        entry: >-
          sh -c '! command -v tracker >/dev/null || if [ -n "$PRE_COMMIT_CHECKOUT_TYPE" ];
          then {call} post-checkout "$PRE_COMMIT_FROM_REF"
          "$PRE_COMMIT_TO_REF" "$PRE_COMMIT_CHECKOUT_TYPE"; else {call} post-merge; fi'
        always_run: true
        verbose: true
        pass_filenames: false
        stages: [post-merge, post-checkout]
"""


class Snippet(NamedTuple):
    """What to add to a file; `note` says what else is to be done."""

    file: str
    text: str
    note: str = ""


class Manager(NamedTuple):
    """Who owns the hooks, and by what that was told; `called` are the hooks that call us there."""

    name: str
    sign: str
    snippets: tuple[Snippet, ...]
    called: frozenset[str]


def manager(top: str, hooks_path: str, folder: str) -> Manager | None:
    """Who owns the hooks of a work tree.

    `hooks_path` is git's `core.hooksPath`, "" where it is not set; `folder` is where hooks are
    otherwise.
    """
    elsewhere = os.path.join(top, hooks_path) if hooks_path else ""
    if elsewhere and os.path.realpath(elsewhere) == os.path.realpath(folder):
        elsewhere = ""
    if os.path.isdir(os.path.join(top, ".husky")):
        return _scripts("husky", ".husky", os.path.join(top, ".husky"))
    for name in _LEFTHOOK:
        for file in (name, f".{name}", f".config/{name}"):
            if os.path.isfile(os.path.join(top, file)):
                text = _YAML.format(call=_CALL, staged=_STAGED)
                note = "" if name.endswith((".yml", ".yaml")) else "The same in YAML:"
                return _one("lefthook", os.path.join(top, file), Snippet(file, text, note))
    if os.path.isfile(os.path.join(top, ".pre-commit-config.yaml")):
        file = ".pre-commit-config.yaml"
        note = "Then: pre-commit install -t pre-commit -t post-merge -t post-checkout"
        snippet = Snippet(file, _PRE_COMMIT.format(call=_CALL), note)
        return _one("pre-commit", os.path.join(top, file), snippet)
    if elsewhere:
        return _scripts(f"core.hooksPath = {hooks_path}", hooks_path, elsewhere)
    if os.path.islink(folder):
        target = os.path.realpath(folder)
        return _scripts(f"the folder that {folder} leads to", target, target)
    return None


def _scripts(name: str, shown: str, folder: str) -> Manager:
    """A folder with a script for each hook."""
    snippets = [Snippet(f"{shown}/{hook}", _SH[hook]) for hook in NAMES]
    if name != "husky":
        note = "A new file begins with the line #!/bin/sh, and is made executable (chmod +x)."
        snippets[-1] = snippets[-1]._replace(note=note)
    called = [hook for hook in NAMES if hook in _calls(os.path.join(folder, hook))]
    return Manager(name, shown, tuple(snippets), frozenset(called))


def _one(name: str, path: str, snippet: Snippet) -> Manager:
    """One file for all hooks."""
    return Manager(name, snippet.file, (snippet,), _calls(path))


def _calls(path: str) -> frozenset[str]:
    """The hooks that a file calls us for."""
    try:
        text = fileio.read(path, links=fileio.ANYWHERE).decode("utf-8", "replace")
    except OSError:
        return frozenset()
    pattern = rf"hooks run --check[ =]({'|'.join(NAMES)})\b"
    return frozenset(match[1] for match in re.finditer(pattern, text))


class HookSite(NamedTuple):
    """Where the hooks of a work tree are, and who owns them if it is another program."""

    top: str
    folder: str
    owner: Manager | None


def site_of(place: Place | None, env: Mapping[str, str], folder: str) -> HookSite:
    """The repository of the workspace, or around the folder where there is none any more."""
    from tracker.git.discovery import git_of
    from tracker.git.process import ask

    if place is not None:
        top, common = place.top, place.common_dir
    else:
        top, _, common = git_of(os.path.realpath(folder))
    if top is None or common is None:
        raise Refused("this is no work tree of git, so there are no git hooks", hint="git init")
    said = ask(top, env, "config", "--type=path", "--get", "core.hooksPath")
    if said is None:
        raise Refused("git cannot be asked where it looks for hooks", hint="git --version")
    folder = os.path.join(common, "hooks")
    return HookSite(top, folder, manager(top, said.text.removesuffix("\n"), folder))
