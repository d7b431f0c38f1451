"""Turn an exception into a message and an exit code.

0 done, 1 not done (a TrackerError), 2 wrong usage, 3 a bug of ours, 130 interrupted. A reader that
closed our output early (`bd list | head`) is no failure. `BD_DEBUG=1` adds whole tracebacks.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import click

from tracker.cli.argv import UnknownOption, asks_for_json
from tracker.cli.command import InvalidChoice, UnknownCommand
from tracker.cli.session import OutputClosed, Several
from tracker.errors import SHOWN, NotATracker, NotFound, TrackerError
from tracker.log.paths import OUTCOMES_FILE
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracker.cli.session import Session


NOT_DONE, BUG, INTERRUPTED = 1, 3, 130

# The machine's state, not ours: the answer is the system's own message.
_CIRCUMSTANCES = frozenset(
    {
        errno.EACCES,
        errno.EDQUOT,
        errno.EEXIST,
        errno.EIO,
        errno.ELOOP,
        errno.EMFILE,
        errno.ENAMETOOLONG,
        errno.ENFILE,
        errno.ENOSPC,
        errno.EPERM,
        errno.EROFS,
    }
)


def report(session: Session, error: BaseException) -> int:
    """Say what went wrong; the exit code for it."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, OutputClosed | SystemExit | GeneratorExit):
        raise error
    session.code = _code(error)  # stands even if nobody can be told
    if isinstance(error, click.ClickException | NotATracker):
        session.errors_to = "stderr"  # as Beads, whatever the command does with its own errors
    deeds = _deeds(session)
    if isinstance(error, click.ClickException):
        _usage(session, error)
    elif isinstance(error, TrackerError):
        _not_done(session, error, deeds)
    elif isinstance(error, OSError) and session.code == NOT_DONE:
        _debug(session, error)
        where = f"{error.filename}: " if error.filename else ""
        _not_done(session, TrackerError(f"{where}{error.strerror}"), deeds)
    elif session.code == BUG:
        _bug(session, error, deeds)
    elif deeds:
        session.note(f"interrupted; before that: {deeds}")
    return session.code


def is_bug(error: BaseException) -> bool:
    """Whether nobody but us can do anything about it, unless the cache is damaged."""
    return isinstance(error, Exception) and _code(error) == BUG


def _not_done(session: Session, error: TrackerError, deeds: str) -> None:
    """Report an error, and what stands although it failed."""
    if deeds:
        error.message = f"{error.message} (before that: {deeds})"
    if isinstance(error, NotFound | Several):
        from tracker.cli.archive_hint import explain

        explain(session, error)
    session.fail(error)


def unanswered(session: Session) -> int:
    """Say what was done although the answer could not be written; the exit code for it."""
    done = _deeds(session) or ("" if session.code else "the command was carried out")
    session.code = session.code or NOT_DONE
    session.repeat_failure()
    if not done:
        return session.code
    what = f"{done}, but the answer could not be written: {session.unanswered}"
    hint = "do not repeat it; bd op log shows it" if session.written else ""
    if session.json:
        document = {"error": what, "code": "unanswered", **({"hint": hint} if hint else {})}
        session.complain({**document, **_by_deed(session)}, aside=True)
    else:
        session.fail(TrackerError(what, hint=hint))
    return session.code


def _deeds(session: Session) -> str:
    """What has been written, by the ids and keys of the records: `created t-1; changed t-2`."""
    parts = []
    for deed, names in _by_deed(session).items():
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        parts.append(f"{deed} {', '.join(names[:SHOWN])}{more}")
    return "; ".join(parts)


def _by_deed(session: Session) -> dict[str, list[str]]:
    """The ids and keys of the records that were created, changed and removed."""
    states: dict[str, dict[str, tuple[bool, bool]]] = {}
    for change in session.written:
        is_verdict = change.file.endswith(OUTCOMES_FILE)
        name = one_line(f"verdict {change.id}" if is_verdict else change.id)
        files = states.setdefault(name, {})
        before, _ = files.get(change.file, (change.old is not None, True))
        files[change.file] = (before, change.new is not None)
    found: dict[str, list[str]] = {"created": [], "changed": [], "removed": []}
    for name, files in states.items():
        was, now = map(any, zip(*files.values(), strict=True))
        found["changed" if was and now else "created" if now else "removed"].append(name)
    return {deed: names for deed, names in found.items() if names}


def _code(error: BaseException) -> int:
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        return error.exit_code
    circumstance = isinstance(error, OSError) and error.errno in _CIRCUMSTANCES
    return NOT_DONE if circumstance or isinstance(error, TrackerError) else BUG


def _usage(session: Session, error: click.ClickException) -> None:
    if asks_for_json(session.argv[1:]):
        session.flags.json = True
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    help = f"{ctx.command_path if ctx else session.program} --help"
    hint = error.hint if isinstance(error, UnknownOption | InvalidChoice) else ""
    near = error.near if isinstance(error, UnknownCommand) else []
    if session.json:
        advice = hint or (f"did you mean {', '.join(near)}?" if near else help)
        document = {"error": error.format_message(), "code": "usage", "hint": advice}
        session.complain(document)
        return
    lines = [f"Error: {error.format_message()}"]
    if isinstance(error, UnknownCommand):
        lines += ["", "Did you mean this?", *(f"\t{name}" for name in near), ""] if near else []
    else:
        lines += [f"Hint: {hint}"] if hint else []
        lines += [ctx.get_usage()] if ctx else []
    session.complain("\n".join([*lines, f"Run '{help}' for usage."]))


def _bug(session: Session, error: BaseException, deeds: str) -> None:
    import platform

    from tracker.version import __version__

    _debug(session, error)
    what = f"{type(error).__name__}: {one_line(str(error))}".removesuffix(": ")
    what += f" (before that: {deeds})" if deeds else ""
    trace = list(_frames(error))
    version = f"tracker {__version__}, Python {platform.python_version()}, {platform.system()}"
    if session.json:
        document = {"error": what, "code": "bug", "hint": "BD_DEBUG=1 prints the whole traceback"}
        session.complain({**document, "trace": trace, "version": version})
        return
    lines = [f"Error: {what}", *(f"  at {frame}" for frame in trace)]
    lines += [f"This is a bug in {version}.", "Hint: BD_DEBUG=1 prints the whole traceback"]
    session.complain("\n".join(lines))


def _frames(error: BaseException) -> Iterator[str]:
    """The last places that the program went through, innermost last; no path of this machine."""
    import traceback

    for frame in traceback.extract_tb(error.__traceback__)[-4:]:
        folders = frame.filename.replace("\\", "/").split("/")
        yield f"{'/'.join(folders[-3:])}:{frame.lineno} in {frame.name}"


def _debug(session: Session, error: BaseException) -> None:
    if session.env.get("BD_DEBUG") != "1":
        return
    import traceback

    session.complain("".join(traceback.format_exception(error)).rstrip())
