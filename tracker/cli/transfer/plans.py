"""`bd create --file` and `--graph`, and `bd import` of Markdown plans."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, TypeVar

from tracker.errors import Invalid
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from tracker.cli.session import Session
    from tracker.interchange.markdown import TextNode
    from tracker.interchange.plan_apply import PlanRow, Result
    from tracker.log.issue_log import Draft
    from tracker.log.snapshot import Drafts
    from tracker.model.issue import Issue


T = TypeVar("T")

_SHOWN = 10
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
    from tracker.interchange import beads_create
    from tracker.issues.idempotent_create import RecordLookup

    graph = beads_create.read_graph(session.read(given["graph"]))
    workspace = session.tracker
    settings, who = workspace.settings(), workspace.creator()

    def make(drafts: Drafts) -> dict[str, Issue]:
        place = RecordLookup(drafts.issues, drafts.before.archive)
        return beads_create.create_graph(place, graph, settings, who, given["key"])

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
    from tracker.cli.files import contents
    from tracker.cli.issue_options import as_json
    from tracker.interchange import beads_create, markdown

    name = given["plan"]
    if name != "-" and not name.lower().endswith((".md", ".markdown")):
        raise Invalid(f"{name} is no Markdown file", hint="bd create --graph takes JSON")
    fault = Invalid(
        f"no issue in {name}: each begins with a heading '## Title'",
        hint=f"bd import --format markdown {name} reads check lists and roadmaps",
    )
    found = _items(
        session, name, markdown.decoded(contents(session, name)), beads_create.read_forms, fault
    )
    workspace = session.tracker
    settings, who = workspace.settings(), workspace.creator()

    def make(draft: Draft) -> list[Issue]:
        return beads_create.create_forms(draft, found, settings, who)

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
    session: Session, name: str, text: TextNode, read: Callable[[str], list[T]], fault: Invalid
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
    from tracker.interchange import markdown, plan_apply, plan_match, plan_parse

    file = _name(session, name, given["known_as"])
    fault = Invalid(
        f"no item in {file}: check boxes, lists below **Tasks:**, headings with a status",
        hint=f"bd create --file {file} takes each '## Title' as an issue",
    )
    items = _items(
        session, file, markdown.decoded(data, mend=not given["as_is"]), plan_parse.read, fault
    )
    workspace = session.tracker
    settings, who = workspace.settings(), workspace.creator()

    def make(drafts: Drafts) -> Result:
        before = plan_match.known(drafts.issues, file)
        before += plan_match.known(drafts.before.archive, file, away=True)
        return plan_apply.bring(drafts.issues, (items, before), file, settings, who)

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
        same = {id: row.id for id, row in result.successors.items()}
        more = {"absent": absent, "successors": same, "remarks": list(result.remarks),
                "issues": rows}  # fmt: skip
        session.emit({**counts, "file": file, "dry_run": dry, **more})
        return
    for remark in result.remarks[:_SHOWN]:
        session.note(f"{file}, {remark}")
    if len(result.remarks) > _SHOWN:
        session.note(f"and {len(result.remarks) - _SHOWN} more remarks (--json lists all)")
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
    for issue in result.absent[:_SHOWN]:
        session.say(f"  no longer in the plan: {issue.id} {one_line(issue.title)}")
        if issue.id in result.successors:
            session.say(_succeeded(issue, result.successors[issue.id], dry=dry))
    if len(result.absent) > _SHOWN:
        session.say(f"  and {len(result.absent) - _SHOWN} more are no longer in it")
    roots = [row for row in result.rows if not row.depth and row.id]
    if roots and not dry:
        is_one = len(roots) == 1 and roots[0].item.children
        which = f"--parent {roots[0].id}" if is_one else f"--spec {shlex.quote(file)}"
        session.say(f"  bd list --tree {which} shows it")


def _succeeded(issue: Issue, row: PlanRow, *, dry: bool) -> str:
    """What to do where a new item may be one that is gone, under another title."""
    title = one_line(row.item.title)
    if dry:  # an import finds it by the title of the issue as well
        how = f"bd update {issue.id} --title {shlex.quote(title)}"
        return f"    is it the new {title}? Then before the import: {how}"
    return f"    is it the new {row.id} {title}? Then: bd supersede {issue.id} --with {row.id}"
