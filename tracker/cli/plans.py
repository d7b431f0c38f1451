"""Files that become many issues in one write: graphs, documents of Beads, and plans."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

from tracker.cli.plain import one_line
from tracker.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tracker.cli.session import Session
    from tracker.interchange.markdown import Text
    from tracker.interchange.planning import Result
    from tracker.log import Draft
    from tracker.model import Issue
    from tracker.shelf import Drafts

T = TypeVar("T")

_WITH_A_FILE = {"plan", "graph", "key", "dry_run", "silent", "waits_for_gate"}
_MARKS = {"created": "+", "updated": "~", "unchanged": " ", "skipped": "-"}


def create(session: Session, words: tuple[str, ...], given: Mapping[str, Any]) -> None:
    """Create what `--file` or `--graph` names."""
    odd = [
        name
        for name, value in given.items()
        if name not in _WITH_A_FILE and value is not None and value is not False and value != ""
    ]
    both = given["plan"] is not None and given["graph"] is not None
    if words or odd or both:
        raise Invalid("--file and --graph stand alone: what they create is in the file")
    if given["graph"] is not None:
        _graph(session, given)
    elif given["key"] is not None:
        raise Invalid(
            "--idempotency-key does not go with --file", hint="bd import --format markdown"
        )
    else:
        _document(session, given)


def _graph(session: Session, given: Mapping[str, Any]) -> None:
    from tracker.interchange import graphs
    from tracker.once import Place

    graph = graphs.read(session.read(given["graph"]))
    workspace = session.tracker
    settings, who = workspace.settings(), workspace.creator()

    def make(drafts: Drafts) -> dict[str, Issue]:
        place = Place(drafts.issues, drafts.before.archive)
        return graphs.create(place, graph, settings, who, given["key"])

    dry = given["dry_run"]
    session.writes = not dry
    made = (workspace.preview if dry else workspace.edit)(make)
    if session.json:
        ids = {key: issue.id for key, issue in made.items()}
        session.emit({"ids": ids, **({"dry_run": True} if dry else {})})
    elif given["silent"]:
        session.write("".join(f"{issue.id}\n" for issue in made.values()))
    else:
        session.say(f"{'Would create' if dry else 'Created'} {len(made)} issues")
        for key, issue in made.items():
            shown = one_line(issue.title) if dry else issue.id
            session.say(f"  {one_line(key)} -> {shown}")


def _document(session: Session, given: Mapping[str, Any]) -> None:
    from tracker.cli.inputs import contents
    from tracker.cli.issues import as_json
    from tracker.interchange import forms, markdown

    name = given["plan"]
    if name != "-" and not name.lower().endswith((".md", ".markdown")):
        raise Invalid(f"{name} is no Markdown file", hint="bd create --graph takes JSON")
    fault = Invalid(
        f"no issue in {name}: each begins with a heading '## Title'",
        hint=f"bd import --format markdown {name} reads check lists and roadmaps",
    )
    found = _items(session, name, markdown.decoded(contents(session, name)), forms.read, fault)
    workspace = session.tracker
    settings, who = workspace.settings(), workspace.creator()

    def make(draft: Draft) -> list[Issue]:
        return forms.create(draft, found, settings, who)

    dry = given["dry_run"]
    session.writes = not dry
    issues = (workspace.rehearse if dry else workspace.write)(make)
    if session.json:
        session.emit_raw(map(as_json, issues))
    elif given["silent"]:
        session.write("".join(f"{issue.id}\n" for issue in issues))
    else:
        shown = os.path.basename(name) if name != "-" else "standard input"
        did = "⚠ [DRY RUN] Would create" if dry else "✓ Created"
        session.say(f"{did} {len(issues)} issues from {shown}:")
        for one in issues:
            id = "(new)" if dry else one.id
            session.say(f"  {id}: {one_line(one.title)} [P{one.priority}, {one.issue_type}]")


def _items(
    session: Session, name: str, text: Text, read: Callable[[str], list[T]], fault: Invalid
) -> list[T]:
    """What a document holds; raises the fault if that is nothing, tells what had to be guessed."""
    found = read(text.text)
    if not found:
        raise fault
    for remark in text.remarks:
        session.note(f"{name}: {remark}")
    return found


def bring(session: Session, name: str, data: bytes, given: Mapping[str, Any]) -> None:
    """What `bd import --format markdown` does with a plan."""
    from tracker.interchange import markdown, planned, planning, plans

    file = _name(session, name, given["known_as"])
    fault = Invalid(
        f"no item in {file}: check boxes, lists below **Tasks:**, headings with a status",
        hint=f"bd create --file {file} takes each '## Title' as an issue",
    )
    items = _items(
        session, file, markdown.decoded(data, mend=not given["as_is"]), plans.read, fault
    )
    workspace = session.tracker
    settings, who = workspace.settings(), workspace.creator()

    def make(drafts: Drafts) -> Result:
        before = planned.known(drafts.issues, file)
        before += planned.known(drafts.before.archive, file, away=True)
        return planning.bring(drafts.issues, (items, before), file, settings, who)

    dry = given["dry_run"]
    session.writes = not dry
    result = (workspace.preview if dry else workspace.edit)(make)
    _say(session, file, result, dry=dry)


def _name(session: Session, name: str, known_as: str | None) -> str:
    """What the file is called in the issues: its path in the work tree, whoever imports it."""
    if known_as:
        return known_as
    if name == "-":
        raise Invalid("a plan on standard input needs a name", hint="--as docs/PLAN.md")
    path = os.path.realpath(os.path.join(session.folder, name))
    root = os.path.realpath(session.place.top or session.place.root)
    inside = path.startswith(root + os.sep)
    shown = os.path.relpath(path, root) if inside else os.path.basename(path)
    return shown.replace(os.sep, "/")


def _say(session: Session, file: str, result: Result, *, dry: bool) -> None:
    counts = result.counts()
    if session.json:
        rows = [
            {"id": row.id, "title": row.item.title, "line": row.item.line, "action": row.what,
             "changed": list(row.changed)}
            for row in result.rows
        ]  # fmt: skip
        absent = [issue.id for issue in result.absent]
        more = {"absent": absent, "remarks": list(result.remarks), "issues": rows}
        session.emit({**counts, "file": file, "dry_run": dry, **more})
        return
    for remark in result.remarks:
        session.note(f"{file}, {remark}")
    if dry:
        for row in result.rows:
            what = f"  ({', '.join(row.changed)})" if row.changed else ""
            indent = "  " * row.depth
            session.say(f"{_MARKS[row.what]} {indent}{one_line(row.item.title)}{what}")
        session.say("\n+ new  ~ changed  - deleted here\n")
    did = "Dry run, nothing is written:" if dry else "✓"
    session.say(
        f"{did} {file}: {counts['created']} created, {counts['updated']} updated, "
        f"{counts['unchanged']} unchanged"
        + (f", {counts['skipped']} deleted here" if counts["skipped"] else "")
    )
    for issue in result.absent[:5]:
        session.say(f"  no longer in the plan: {issue.id} {one_line(issue.title)}")
    if len(result.absent) > 5:
        session.say(f"  and {len(result.absent) - 5} more are no longer in it")
    roots = [row.id for row in result.rows if not row.depth and row.id]
    if roots and not dry:
        session.say(f"  bd list --tree --parent {roots[0]} shows it")
