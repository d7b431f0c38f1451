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

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TextIO

    import click

    from tracker.cli.session import Session

COMMANDS: dict[str, dict[str, str]] = {
    "Working with issues": {
        "create": "create:create",
        "q": "verbs:q",
        "show": "show:show",
        "update": "update:update",
        "close": "closing:close",
        "reopen": "endings:reopen",
        "delete": "endings:delete",
        "restore": "endings:restore",
        "defer": "deferring:defer",
        "undefer": "deferring:undefer",
        "note": "verbs:note",
        "assign": "verbs:assign",
        "priority": "verbs:priority",
        "tag": "marks:tag",
        "state": "states:state",
        "set-state": "states:set_state",
        "todo": "todo:todo",
        "label": "marks:label",
        "comments": "marks:comments",
        "comment": "marks:comment",
        "edit": "editing:edit",
        "rename": "renaming:rename",
    },
    "Finding work": {
        "ready": "queries:ready",
        "list": "queries:list_",
        "children": "queries:children",
        "blocked": "queries:blocked",
        "search": "finding:search",
        "query": "asking:query",
        "count": "finding:count",
        "stale": "finding:stale",
        "epic": "epics:epic",
        "duplicates": "twins:duplicates",
        "find-duplicates": "twins:find_duplicates",
        "lint": "linting:lint",
        "orphans": "orphans:orphans",
        "stats": "stats:stats",
        "graph": "graph:graph",
    },
    "Dependencies": {
        "dep": "deps:dep",
        "duplicate": "twins:duplicate",
        "supersede": "twins:supersede",
        "link": "deps:link",
    },
    "Memory": {
        "remember": "remembering:remember",
        "recall": "recalling:recall",
        "memories": "memofinding:memories",
        "forget": "keeping:forget",
        "memory": "memory:memory",
        "kv": "values:kv",
    },
    "Repository": {
        "init": "setup:init",
        "prime": "prime:prime",
        "config": "settings:config",
        "undo": "history:undo",
        "op": "history:op",
        "doctor": "doctor:doctor",
        "sync": "syncing:sync",
        "archive": "archiving:archive",
        "batch": "batch:batch",
        "export": "exporting:export",
        "import": "importing:import_",
        "migrate": "migrating:migrate",
        "check": "checking:check",
        "fmt": "checking:fmt",
        "rename-prefix": "renaming:rename_prefix",
        "resolve": "resolving:resolve",
        "conflicts": "conflicts:conflicts",
        "merges": "merges:merges",
        "history": "past:history",
        "diff": "diff:diff",
        "setup": "recipes:setup",
        "hooks": "hooking:hooks",
        "worktree": "worktrees:worktree",
        "audit": "auditing:audit",
        "admin": "admin:admin",
        "uninstall": "removing:uninstall",
    },
    "About": {
        "quickstart": "guides:quickstart",
        "onboard": "guides:onboard",
        "human": "people:human",
        "types": "kinds:types",
        "statuses": "kinds:statuses",
        "sql": "asking:sql",
        "info": "about:info",
        "where": "about:where",
        "version": "about:version",
        "completion": "completion:completion",
    },
    "": {
        "__complete": "completing:complete",
        "cleanup": "admin:cleanup",
        "compact": "admin:compact",
        "daemon": "quiet:daemon",
        "detect-pollution": "quiet:detect_pollution",
        "dolt": "quiet:dolt",
        "hook": "quiet:hook",
        "labels": "marks:labels",
        "context": "about:context",
        "ping": "about:ping",
        "repair": "quiet:repair",
        "merge": "merging:merge",
        "merge-driver": "merging:merge_driver",
        "relate": "deps:relate",
        "reset": "admin:reset",
        "repair-deps": "quiet:repair_deps",
        "unrelate": "deps:unrelate",
        "validate": "quiet:validate",
    },
}
"""Each command and where it is: section of `bd --help`, name, "module:function"."""

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
        from tracker.cli.process import here

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
            from tracker import __version__
            from tracker.cli.about import compat_version, line

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
        name=session.program,
        params=[option],
        help=(
            "Issues, dependencies and agent memory that live in your git repository.\n\n"
            "New here? bd quickstart is one page, bd human lists the dozen commands that people"
            " need."
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
            from tracker.cli.failure import unanswered

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
        from tracker.cli.failure import is_bug, report

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
