"""The command line: `bd` and `tracker`, the same program.

How a command is added:

1. Write a function in a module of this folder, with `@command` (or `@group`), click's own
   `@click.argument` and `@click.option`, and `@pass_session`; `tracker.cli.command` shows one.
   It is given at least one example, which ends its `--help`.
2. Add its row to `COMMANDS` below: the name, and "module:function". Another name of it goes into
   `ALIASES`. Rows of the section "" work but are not listed.

Only the module of the command that runs is imported, so a module may import at its top what all of
its commands need, and no more.

The function asks `session` (`tracker.cli.session`) for everything else:

- `session.tracker` the issues, `session.actor` who asks, `session.clock()`, `session.read("-")`;
- `session.json` whether `--json` was given; then `session.emit(value)` or
  `session.emit_raw(fragments)` once, else `session.say(text)`;
- `session.note` and `session.warn` for what goes to stderr;
- `session.each(ids, action)` for commands over several ids.

It raises a `tracker.errors.TrackerError` where something cannot be done (exit 1) and a
`click.UsageError` where the words make no sense (exit 2); it prints no error and never exits.

Types of options: `PRIORITY`, `DURATION`, `cls=Listed` for lists, and `@ignored("--old")` for flags
that are accepted and mean nothing. Global flags, `--flag=false`, `-d=text`, `--` need no care.

Tests and other callers use `main`, which starts no process and touches nothing of this one.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from tracker.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TextIO

    import click


COMMANDS: dict[str, dict[str, str]] = {
    "Working with issues": {
        "create": "issues.create:create",
        "q": "issues.q:q",
        "show": "queries.show:show",
        "update": "issues.update:update",
        "close": "issues.close:close",
        "reopen": "issues.reopen:reopen",
        "delete": "issues.delete:delete",
        "restore": "issues.restore:restore",
        "defer": "issues.defer:defer",
        "undefer": "issues.undefer:undefer",
        "note": "issues.note:note",
        "assign": "issues.assign:assign",
        "priority": "issues.priority:priority",
        "tag": "relations.tag:tag",
        "state": "relations.state:state",
        "set-state": "relations.set_state:set_state",
        "todo": "issues.todo:todo",
        "label": "relations.label:label",
        "comments": "relations.comments:comments",
        "comment": "relations.comment:comment",
        "edit": "issues.edit:edit",
        "rename": "issues.rename:rename",
    },
    "Finding work": {
        "ready": "queries.ready:ready",
        "list": "queries.list:list_",
        "children": "queries.children:children",
        "blocked": "queries.blocked:blocked",
        "search": "queries.search:search",
        "query": "queries.query:query",
        "count": "queries.count:count",
        "stale": "queries.stale:stale",
        "epic": "issues.epic:epic",
        "duplicates": "relations.duplicates:duplicates",
        "find-duplicates": "relations.find_duplicates:find_duplicates",
        "lint": "queries.lint:lint",
        "orphans": "queries.orphans:orphans",
        "stats": "queries.stats:stats",
        "graph": "queries.graph:graph",
    },
    "Dependencies": {
        "dep": "relations.dep:dep",
        "duplicate": "relations.duplicate:duplicate",
        "supersede": "relations.supersede:supersede",
        "link": "relations.link:link",
    },
    "Memory": {
        "remember": "memory.remember:remember",
        "recall": "memory.recall:recall",
        "memories": "memory.memories:memories",
        "forget": "memory.forget:forget",
        "memory": "memory:memory",
        "kv": "memory.kv:kv",
    },
    "Repository": {
        "init": "repository.init:init",
        "prime": "repository.prime:prime",
        "config": "repository.config:config",
        "undo": "history.undo:undo",
        "op": "history.op:op",
        "doctor": "repository.doctor:doctor",
        "sync": "repository.sync:sync",
        "archive": "repository.archive:archive",
        "batch": "issues.batch:batch",
        "export": "transfer.export:export",
        "import": "transfer.import_:import_",
        "migrate": "transfer.migrate:migrate",
        "check": "repository.check:check",
        "fmt": "repository.fmt:fmt",
        "rename-prefix": "issues.rename_prefix:rename_prefix",
        "resolve": "history.resolve:resolve",
        "conflicts": "history.conflicts:conflicts",
        "merges": "history.merges:merges",
        "history": "history.history:history",
        "diff": "history.diff:diff",
        "setup": "repository.setup:setup",
        "hooks": "hooks.hooks:hooks",
        "worktree": "repository.worktree:worktree",
        "audit": "repository.audit:audit",
        "admin": "repository.admin:admin",
        "uninstall": "repository.uninstall:uninstall",
    },
    "About": {
        "quickstart": "about.quickstart:quickstart",
        "onboard": "about.onboard:onboard",
        "human": "about.human:human",
        "types": "queries.types:types",
        "statuses": "queries.statuses:statuses",
        "sql": "queries.sql:sql",
        "info": "about.info:info",
        "where": "about.where:where",
        "version": "about.version:version",
        "completion": "about.completion:completion",
    },
    "": {
        "__complete": "about.completion:complete",
        "cleanup": "repository.admin:cleanup",
        "compact": "repository.admin:compact",
        "daemon": "compat.beads:daemon",
        "detect-pollution": "compat.beads:detect_pollution",
        "dolt": "compat.beads:dolt",
        "hook": "compat.beads:hook",
        "labels": "relations.label:labels",
        "context": "about.context:context",
        "ping": "about.context:ping",
        "repair": "compat.beads:repair",
        "merge": "repository.merge_driver:merge",
        "merge-driver": "repository.merge_driver:merge_driver",
        "relate": "relations.dep:relate",
        "reset": "repository.admin:reset",
        "repair-deps": "compat.beads:repair_deps",
        "unrelate": "relations.dep:unrelate",
        "validate": "compat.beads:validate",
    },
}
"""Each command and where it is: section of `bd help --all`, name, "module:function"."""

COMMON: dict[str, tuple[str, ...]] = {
    "Plan": ("create", "update", "dep", "graph"),
    "Work": ("ready", "list", "show", "close", "comment"),
    "Remember": ("remember", "recall", "memories"),
    "Share": ("init", "sync", "resolve", "undo"),
}
"""The commands that `bd --help` shows, by group; `bd help --all` shows every section above."""

ALIASES: dict[str, str] = {
    "daemons": "daemon",
    "find-dups": "find-duplicates",
    "resolve-conflicts": "resolve",
    "mem": "memory",
    "view": "show",
    "status": "stats",
    "new": "create",
}
"""Other names of commands."""


def run() -> int:
    """The console entry of `bd` and `tracker`: the exit code of this process's command line."""
    import gc

    # Nothing that a short process makes is worth collecting, neither now nor when it ends.
    gc.set_threshold(100_000)
    try:
        session = here()
        code = _answer(session)
        _settle()
    except KeyboardInterrupt:
        code = 130
    gc.freeze()
    return code


def main(
    argv: Sequence[str],
    env: Mapping[str, str],
    stdin: TextIO | None,
    stdout: TextIO | None,
    stderr: TextIO | None,
    cwd: str,
    *,
    clock: Callable[[], int] | None = None,
    nonce: Callable[[], int] | None = None,
) -> int:
    """Run one command line and return its exit code, without a process and without globals.

    `argv` begins with the program's name. `clock` gives nanoseconds and `nonce` 64 random bits.
    """
    import time

    from tracker.cli.session import Session

    return _answer(
        Session(
            argv,
            env,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=cwd,
            clock=clock or time.time_ns,
            nonce=nonce,
        )
    )


def program(session: Session) -> click.Command:
    """The whole program as a click command; `session` tells what it is called."""
    import click

    from tracker.cli.command import Root

    def version(ctx: click.Context, _option: click.Parameter, asked: bool) -> None:
        if asked:
            from tracker.version import __version__, compat_version, line

            own = session.program == "tracker"
            if session.json:
                number = __version__ if own else compat_version(session.env)
                session.emit({"version": number, "build": "tracker"})
            else:
                session.say(f"tracker {__version__}" if own else line(session.env))
            ctx.exit()

    option = click.Option(
        ["-V", "--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=version,
        help="Print the version",
    )
    return Root(
        COMMANDS,
        ALIASES,
        common=COMMON,
        name=session.program,
        params=[option],
        help=(
            "Track issues, dependencies and agent memory in your git repository.\n\n"
            "New here? Read the page that bd quickstart prints."
        ),
        examples=['bd create "Fix the login" -p 1', "bd ready --json", "bd show bd-a1b2"],
    )


def _answer(session: Session) -> int:
    from tracker.cli.session import OutputClosed
    from tracker.errors import TrackerError

    try:
        code = _attempt(session)
        if code is None:
            session = session.again()
            code = _attempt(session)
        session.release()
        session.flush()
        if session.unanswered:
            from tracker.cli.errors import unanswered

            return unanswered(session)
    except OutputClosed:
        return session.code
    except TrackerError as error:  # the answer could not be written
        session.fail(error)
        return 1
    finally:
        session.close()
    return session.code if code is None else code


def _attempt(session: Session) -> int | None:
    """The exit code; None where a damaged cache may be why it failed, and it can be tried again."""
    session.hold()
    try:
        root = program(session)
        with root.make_context(session.program, list(session.argv[1:]), obj=session) as ctx:
            root.invoke(ctx)
    except BaseException as error:  # noqa: BLE001  (the boundary: all becomes an exit code)
        from tracker.cli.errors import is_bug, report

        if is_bug(error) and session.may_try_again:
            return None
        return report(session, error)
    return session.code


def _settle() -> None:
    """Drop what the streams cannot get rid of: Python would fail loudly at its own last flush."""
    import os
    import sys

    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def here() -> Session:
    """The session of this process; its streams speak UTF-8 whatever the locale says."""
    for stream, errors in (
        (sys.stdin, "strict"),
        (sys.stdout, "backslashreplace"),
        (sys.stderr, "backslashreplace"),
    ):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)
    try:
        cwd = os.getcwd()
    except OSError:  # a folder that was removed under us; what needs no workspace still works
        cwd = os.environ.get("PWD") or "/"
    return Session(
        [_utf8(word) for word in sys.argv],
        os.environ,
        stdin=sys.stdin,
        stdout=sys.stdout,
        stderr=sys.stderr,
        cwd=cwd,
    )


def _utf8(word: str) -> str:
    """An argument as its sender wrote it, where the locale made Python read it otherwise."""
    try:
        return word if word.isascii() else os.fsencode(word).decode()
    except UnicodeError:
        return word
