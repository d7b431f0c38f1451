"""Install and remove git hooks.

A hook is a few lines of sh that leave unless a log is concerned, and hand over to `bd hooks run
--check NAME` otherwise. A hook that was there before is renamed and runs first; its bytes, mode and
time stay as they are. All changes are renames, so that one that fails can be taken back.
"""

from __future__ import annotations

import os
import re
import shlex
from contextlib import suppress
from typing import NamedTuple

from tracker import fileio
from tracker.errors import Refused, quoted

NAMES = ("pre-commit", "post-merge", "post-checkout")
VERSION = 1
BEFORE = ".before-tracker"
REFUSED = 9
"""The exit code that stops a commit. A program that is missing or broken leaves with another."""
RUNNING = "TRACKER_HOOK"
"""Set for whatever a hook of ours starts: hooks that this starts in turn do nothing."""

_MARK = re.compile(rb"#![^\n]*\n# tracker-hook (\d+) ([a-z-]+)\n")
_PYTHON = re.compile(rb"^python=(.*)$", re.MULTILINE)
_MADE = "# Its folder was made for it.\n"
_OF_BEADS = re.compile(rb"bd-shim|bd-hooks-version|\bbd (?:hooks? |sync )")
_SIZE = 65536  # bytes of a hook that are looked at

_HEAD = """\
#!/bin/sh
# tracker-hook {version} {name}
# {what}
# Written by `bd hooks install`, taken back by `bd hooks uninstall`; without the program, remove it,
# and give {name}{before} its old name if there is one.
{made}code=0
if [ -x "$0{before}" ]; then # the hook that was here before
    "$0{before}" "$@" || {failed}
fi
[ -z "${{{running}-}}" ] || exit $code
"""
_TAIL = """\
dir=${{GIT_DIR:-.git}}
[ -d "$dir" ] || dir=$(git rev-parse --git-dir) || exit $code
[ ! -d "$dir/rebase-merge" ] && [ ! -d "$dir/rebase-apply" ] || exit $code
unset GIT_LITERAL_PATHSPECS GIT_GLOB_PATHSPECS GIT_NOGLOB_PATHSPECS GIT_ICASE_PATHSPECS
git diff --cached --quiet --no-ext-diff {against}-- ':(top,glob)**/.beads/*.jsonl' 2>/dev/null
[ $? = 1 ] || exit $code # no log is concerned
python={python}
if [ -x "$python" ] && "$python" -P -c 'import tracker.cli' 2>/dev/null; then
    set -- "$python" -P -m tracker hooks run --check {name} "$@"
elif tracker --version 2>/dev/null | grep -q '^tracker [0-9]'; then
    set -- tracker hooks run --check {name} "$@"
elif bd --version 2>/dev/null | grep -q '(tracker)'; then
    set -- bd hooks run --check {name} "$@"
else
    echo "tracker: the program is gone, so the log was not checked (see $0)" >&2
    exit $code
fi
{running}=1 "$@" </dev/null
{end}
"""
_WHAT = {
    "pre-commit": "Checks the logs that are about to be committed.",
    "post-merge": "Says what only a merge can break.",
    "post-checkout": "Says what is wrong on this branch and was not on the one before.",
}
_ONLY = {  # when there is nothing to look at
    "pre-commit": "",
    "post-merge": "",
    "post-checkout": """\
[ "${3-}" = 1 ] && [ "$1" != "$2" ] || exit $code # files were checked out, not a branch
case $1 in *[!0]*) ;; *) exit $code ;; esac # a new clone or worktree
""",
}
_AGAINST = {"pre-commit": "", "post-merge": "ORIG_HEAD ", "post-checkout": '"$1" '}


def stub(name: str, python: str, *, made_folder: bool = False) -> bytes:
    """The text of a hook; `python` is the interpreter that is tried first."""
    blocks = name == "pre-commit"
    given = {
        "version": VERSION,
        "name": name,
        "what": _WHAT[name],
        "made": _MADE if made_folder else "",
        "before": BEFORE,
        "failed": "exit" if blocks else "code=$?",
        "running": RUNNING,
        "against": _AGAINST[name],
        "python": quoted(python),
        "end": f"[ $? != {REFUSED} ] || exit 1" if blocks else "exit $code",
    }
    return "".join((_HEAD.format(**given), _ONLY[name], _TAIL.format(**given))).encode()


class GitHook(NamedTuple):
    """One name in the folder of hooks: our hook, another's, or none (`text` is None).

    `version` is 0 where it is not ours. It `is_current` if it is as we would write it now, and
    `is_edited` if it is of this version and still says something else.
    """

    name: str
    path: str
    text: bytes | None = None
    version: int = 0
    is_current: bool = False
    is_edited: bool = False

    @property
    def before(self) -> str:
        """Where the hook is that ours runs first."""
        return self.path + BEFORE

    @property
    def is_chained(self) -> bool:
        """Whether there is one."""
        return os.path.lexists(self.before)

    @property
    def is_foreign(self) -> bool:
        """Whether it is somebody else's."""
        return self.text is not None and not self.version

    @property
    def is_of_beads(self) -> bool:
        """Whether it calls `bd` as the hooks of Beads do."""
        return self.is_foreign and bool(_OF_BEADS.search(self.text or b""))

    @property
    def is_outdated(self) -> bool:
        """Whether it is an older one of ours, or one that git or the interpreter would not run."""
        if not self.version:
            return False
        words = _PYTHON.search(self.text or b"")
        python = shlex.split(os.fsdecode(words[1])) if words else []
        runs = bool(python) and all(os.access(path, os.X_OK) for path in (self.path, *python))
        return self.version < VERSION or not runs

    @property
    def made_folder(self) -> bool:
        """Whether there was no folder of hooks before it."""
        return bool(self.version) and _MADE.encode() in (self.text or b"")


def found(folder: str, python: str) -> list[GitHook]:
    """The hooks in a folder, each of `NAMES`. Raises Refused where one is no file."""
    return [_hook(name, os.path.join(folder, name), python) for name in NAMES]


def _hook(name: str, path: str, python: str) -> GitHook:
    mode = _mode(path)
    if not mode:
        return GitHook(name, path)
    if os.path.isdir(path):
        raise Refused(
            f"{path} is a folder, where git expects a hook", hint=f"ls -ld {quoted(path)}"
        )
    text = _start_of(path)
    mark = None if os.path.islink(path) else _MARK.match(text)
    if mark is None or mark[2] != name.encode():
        return GitHook(name, path, text)
    version = int(mark[1])
    wanted = stub(name, python, made_folder=_MADE.encode() in text)
    is_current = version > VERSION or (text == wanted and os.access(path, os.X_OK))
    differs = _PYTHON.sub(b"", text) != _PYTHON.sub(b"", wanted)
    return GitHook(name, path, text, version, is_current, version == VERSION and differs)


def _mode(path: str) -> int:
    """What a path is; 0 where there is nothing. Raises Refused where that cannot be known."""
    try:
        return os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except OSError as error:
        raise Refused(f"{path} cannot be looked at: {error.strerror}") from error


def _start_of(path: str) -> bytes:
    try:
        return fileio.start_of(path, _SIZE, links=fileio.ANYWHERE)
    except FileNotFoundError:  # a link that leads nowhere
        return b""
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from error


class HookStep(NamedTuple):
    """A file gets another name. `old` may be the bytes of a new one, and no `new` takes it away."""

    old: str | bytes
    new: str = ""


class HookPlan(NamedTuple):
    """Steps in a folder, the hooks that they are about, and what is left alone with the reason."""

    folder: str
    steps: list[HookStep]
    names: list[str]
    left: list[tuple[str, str]]
    ends_folder: bool = False


def installing(folder: str, python: str) -> HookPlan:
    """How our hooks get there. Raises Refused where somebody's work would be lost."""
    plan = HookPlan(folder, [], [], [])
    hooks = found(folder, python)
    made = not _mode(folder) or any(hook.made_folder for hook in hooks)
    for hook in hooks:
        if hook.is_current:
            continue
        _check(hook)
        if hook.text is not None:
            plan.steps.append(HookStep(hook.path, hook.before if hook.is_foreign else ""))
        plan.steps.append(HookStep(stub(hook.name, python, made_folder=made), hook.path))
        plan.names.append(hook.name)
    return plan


def _check(hook: GitHook) -> None:
    if hook.is_edited:
        raise Refused(
            f"{hook.path} was edited after it was installed; nothing was written",
            hint=f"move the lines that were added to {hook.before}, and remove {hook.path}",
        )
    if hook.is_foreign and hook.is_chained:
        raise Refused(
            f"{hook.path} has replaced our hook, and {hook.before} is there already;"
            " nothing was written",
            hint=f"make one hook of both in {hook.path}, and remove the other",
        )


def uninstalling(folder: str) -> HookPlan:
    """How they get out again, and each hook that was there before gets its name back."""
    hooks = found(folder, "") if _mode(folder) else []
    plan = HookPlan(folder, [], [], [], any(hook.made_folder for hook in hooks))
    for hook in hooks:
        if hook.is_edited:
            plan.left.append((hook.path, "it was edited after it was installed"))
        elif hook.is_foreign and hook.is_chained:
            plan.left.append((hook.before, f"another program has put its own in {hook.path}"))
        elif hook.version or (hook.text is None and hook.is_chained):
            plan.steps.extend([HookStep(hook.path)] * bool(hook.version))
            plan.steps.extend([HookStep(hook.before, hook.path)] * hook.is_chained)
            plan.names.append(hook.name)
    return plan


def apply(plan: HookPlan) -> None:
    """Do it all or nothing. Raises Refused where the folder cannot be written."""
    fileio.sweep(plan.folder)
    undo: list[tuple[str, str]] = []
    waste: list[str] = []
    is_new = bool(plan.steps) and not _mode(plan.folder)
    try:
        if is_new:
            os.mkdir(plan.folder)
        for step in plan.steps:
            _take(step, undo, waste)
    except OSError as error:
        left = [new for old, new in reversed(undo) if not _renamed(new, old)]
        _clean(plan.folder, waste, ends=is_new)
        stands = f"left as {', '.join(left)}" if left else "nothing was changed"
        raise Refused(
            f"cannot write into {plan.folder}: {error.strerror}; {stands}",
            hint=f"ls -ld {quoted(plan.folder)}",
        ) from error
    _clean(plan.folder, waste, ends=plan.ends_folder)


def _take(step: HookStep, undo: list[tuple[str, str]], waste: list[str]) -> None:
    """One step; `undo` gets the old and the new name, `waste` what has to go in the end."""
    if isinstance(step.old, bytes):
        old, new = fileio.beside(step.new), step.new
        waste.append(old)
        fileio.create(old, step.old, 0o777)
    else:
        old, new = step.old, step.new or fileio.beside(f"{step.old}.old")
        waste += [] if step.new else [new]
    os.rename(old, new)
    undo.append((old, new))


def _renamed(old: str, new: str) -> bool:
    try:
        os.rename(old, new)
    except OSError:
        return False
    return True


def _clean(folder: str, waste: list[str], *, ends: bool) -> None:
    for path in waste:
        with suppress(OSError):
            os.unlink(path)
    if ends:
        with suppress(OSError):  # not where somebody has put a hook there meanwhile
            os.rmdir(folder)


def told(plan: HookPlan) -> list[str]:
    """What an uninstallation does, one line for each hook."""
    back = {step.new for step in plan.steps}
    paths = [os.path.join(plan.folder, name) for name in plan.names]
    return [f"{path} {'put back' if path in back else 'removed'}" for path in paths]
