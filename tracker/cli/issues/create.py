"""`bd create`: create an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from tracker.cli.command import Listed, command, ignored, load, pass_session
from tracker.cli.issue_options import as_json, described, fields_of, parent_id
from tracker.errors import Invalid
from tracker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from tracker.cli.session import Session
    from tracker.issues.idempotent_create import CreateOutcome
    from tracker.log.issue_log import Draft
    from tracker.log.snapshot import Drafts
    from tracker.model.issue import Issue, New


WAYS = {"blocked-by": "blocks", "depends-on": "blocks"}
"""Clear spellings of `blocks:ID`, by which a new issue depends on ID as in Beads 0.49."""

_SECTIONS = {
    "Basics": (
        "title", "description", "issue_type", "priority", "assignee", "labels", "notes",
        "silent", "dry_run",
    ),
    "Planning": (
        "parent", "inherit_labels", "deps", "waits_for", "waits_for_gate", "estimated_minutes",
        "due", "defer", "design", "acceptance_criteria",
    ),
    "Files": ("description_file", "stdin", "design_file", "plan", "graph"),
}  # fmt: skip


@command(
    "create",
    examples=[
        'bd create "Fix the login" -t bug -p 1',
        'bd create "Write the docs" --parent bd-a1b2c --deps bd-d3e4f --labels docs,easy',
        'git log -1 --format=%B | bd create "From the last commit" --stdin --silent',
    ],
    writes=True,
    sections=_SECTIONS,
)
@click.argument("words", nargs=-1, metavar="TITLE")
@described
@click.option("-l", "--labels", "--label", cls=Listed, help="Labels")
@click.option("--parent", default="", metavar="ID", help="Create it as a child of ID")
@click.option("--inherit-labels/--no-inherit-labels", help="Add the labels of the parent")
@click.option("--deps", cls=Listed, help="Dependencies: ID or TYPE:ID")
@click.option("--waits-for", default="", metavar="ID", help="Wait for the children of ID")
@click.option(
    "--waits-for-gate", default="all-children", metavar="GATE", help="all-children or any-children"
)
@click.option("--id", "wanted", default="", metavar="ID", help="Use this id")
@click.option("--force", is_flag=True, help="Allow any prefix for --id")
@click.option(
    "--idempotency-key",
    "key",
    metavar="KEY",
    help="Create once: repeating KEY returns the existing issue",
)
@click.option("--upsert", is_flag=True, help="Update the issue if --external-ref or --id exists")
@click.option("--ephemeral", is_flag=True, help="Never list this issue as ready")
@click.option("--mol-type", default="", hidden=True)
@click.option("--wisp-type", default="", hidden=True)
@click.option("--silent", is_flag=True, help="Print only the id")
@click.option("--dry-run", is_flag=True, help="Show what would be created")
@click.option(
    "-f", "--file", "plan", metavar="FILE.md", help="Create an issue for each '## Title' of FILE.md"
)
@click.option(
    "--graph", metavar="FILE.json", help="Create issues and dependencies; '-' is standard input"
)
@ignored("--validate")
@ignored(
    "--repo", "--rig", "--prefix", "--agent-rig", "--event-category", "--event-actor",
    "--event-target", "--event-payload", "--context", "--skills", value=True,
)  # fmt: skip
@pass_session
def create(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Create an issue."""
    if given["plan"] is not None or given["graph"] is not None:
        load("transfer.plans:create")(session, words, given)
        return
    new = _new(session, words, given)
    way = CreateMode(given["key"], _given(given) if given["upsert"] else None)
    if given["dry_run"]:
        session.writes = False
        make, _ = _making(session, new, way)
        _preview(session, session.tracker.preview(make).issue, new.id)
        return
    answer(session, *_created(session, new, way), silent=given["silent"])


class CreateMode(NamedTuple):
    """How an issue is created: once for a `key`, or with what is `given` set where it is there."""

    key: str | None = None
    given: frozenset[str] | None = None


_PLAINLY = CreateMode()
_NAMES = {
    "due": "due_at", "defer": "defer_until", "description_file": "description",
    "stdin": "description", "design_file": "design",
}  # fmt: skip


def _given(given: Mapping[str, Any]) -> frozenset[str]:
    """The fields that the options name."""
    from tracker.issues.idempotent_create import SETTABLE

    found = (name for name, value in given.items() if value is not None and value is not False)
    return frozenset({"title", *(_NAMES.get(name, name) for name in found)}) & SETTABLE


def created(session: Session, new: New) -> Issue:
    """The issue that is described, written; where its prefix came from is said if need be."""
    return _created(session, new, _PLAINLY)[0]


def _created(session: Session, new: New, way: CreateMode) -> CreateOutcome:
    make, origin = _making(session, new, way)
    outcome = session.tracker.edit(make)
    issue = outcome.issue
    session.tracker.touch(issue.id)
    if origin and origin[-1][1] != "config":
        prefix, source = origin[-1]
        session.note(
            f"the prefix {prefix!r} comes from the {source}; "
            f"bd config set issue-prefix {prefix} settles it"
        )
    if way.key and outcome.what == "unchanged" and issue.title != new.title:
        session.note(f"{issue.id} already exists for this key, with another title")
    return outcome


def _making(
    session: Session, new: New, way: CreateMode
) -> tuple[Callable[[Drafts], CreateOutcome], list[tuple[str, str]]]:
    """What creates the issue in a draft, and where that leaves the prefix and its source."""
    from tracker.issues import actions, idempotent_create

    workspace = session.tracker
    settings, who = workspace.settings(), workspace.creator()
    origin: list[tuple[str, str]] = []

    def make(drafts: Drafts) -> CreateOutcome:
        draft = drafts.issues
        if not (new.id or new.parent):
            origin.append(actions.choose_prefix(draft, settings))
        wanted = _resolved(draft, new, settings.prefix)
        if not wanted.id and way == _PLAINLY:  # nothing else could be there already
            return idempotent_create.CreateOutcome(actions.create(draft, wanted, settings, who), "")
        place = idempotent_create.RecordLookup(draft, drafts.before.archive)
        if way.key is not None:
            return idempotent_create.once(place, wanted, way.key, settings, who)
        if way.given is not None:
            return idempotent_create.upsert(place, wanted, way.given, settings, who)
        idempotent_create.forbid_archived(place.archive, place.archive.get_issue(wanted.id))
        return idempotent_create.CreateOutcome(actions.create(draft, wanted, settings, who), "")

    return make, origin


def _new(session: Session, words: tuple[str, ...], given: Mapping[str, Any]) -> New:
    """What the options describe; ids are resolved later, in the log that is written."""
    from tracker.model.issue import New

    if given["wanted"] and given["parent"]:
        raise Invalid("cannot specify both --id and --parent flags")
    if given["key"] is not None and given["upsert"]:
        raise Invalid("cannot specify both --idempotency-key and --upsert")
    title = _title(session, words, given["title"])
    found = fields_of(session, given)
    if "append_notes" in found:
        if "notes" in found:
            raise Invalid("cannot specify both --notes and --append-notes")
        found["notes"] = found.pop("append_notes")
    needs = [_need(text) for text in given["deps"] or ()]
    if given["waits_for"]:
        needs.append(("waits-for", given["waits_for"]))
    same = ("parent", "force", "ephemeral", "mol_type", "wisp_type", "inherit_labels")
    found |= {name: given[name] for name in same}
    found.setdefault("priority", 2)
    return New(
        title=title,
        labels=given["labels"] or (),
        dependencies=tuple(needs),
        gate=given["waits_for_gate"] if given["waits_for"] else "",
        id=given["wanted"],
        **found,
    )


def _title(session: Session, words: tuple[str, ...], named: str | None) -> str:
    """The title; a title that begins with a dash has to be named by its option."""
    if named is not None:
        if words and words[0] != named:
            raise Invalid("cannot specify different titles as both an argument and --title")
        return named
    if not words:
        raise Invalid("title required", hint='bd create "TITLE"')
    if len(words) > 1:
        session.note(f"only the first word became the title; quote it: {' '.join(words)!r}")
    return words[0]


def _need(text: str) -> tuple[str, str]:
    """The type and the id of `ID` or `TYPE:ID`."""
    from tracker.issues.relations import EXTERNAL

    kind, colon, id = text.partition(":")
    if not colon or text.startswith(EXTERNAL):
        return "blocks", text
    return WAYS.get(kind, kind), id


def _resolved(draft: Draft, new: New, prefix: str) -> New:
    from tracker.issues.lookup import resolve
    from tracker.issues.relations import EXTERNAL

    needs = tuple(
        (kind, id if id.startswith(EXTERNAL) else resolve(id, draft, prefix))
        for kind, id in new.dependencies
    )
    parent = parent_id(new.parent, draft, prefix) if new.parent else ""
    return new._replace(parent=parent, dependencies=needs)


def answer(session: Session, issue: Issue, what: str = "", *, silent: bool = False) -> None:
    """The issue as JSON or text; `silent` text is the id alone. `what` is of an `Outcome`.

    Who tries again is answered as the first time; JSON tells whether it was.
    """
    if session.json:
        text = _object(issue)
        if what:
            text = f'{text[:-3]},\n  "created": {str(what == "created").lower()}\n}}\n'
        session.write(text)
    elif silent:
        session.say(issue.id)
    else:
        session.say(f"✓ {'Updated' if what == 'updated' else 'Created'} issue: {issue.id}")
        session.say(f"  Title: {one_line(issue.title)}")
        session.say(f"  Priority: P{issue.priority}")
        session.say(f"  Status: {issue.status}")


def _object(issue: Issue) -> str:
    return as_json(issue, "labels").replace("\n  ", "\n") + "\n"


def _preview(session: Session, issue: Issue, id: str) -> None:
    """What would be created; an id that was not named will be another one."""
    if session.json:
        from dataclasses import replace

        session.write(_object(replace(issue, id=id)))
        return
    session.say("⚠ [DRY RUN] Would create issue:")
    rows = {
        "ID": id or "(will be generated)",
        "Title": one_line(issue.title),
        "Type": issue.issue_type,
        "Priority": f"P{issue.priority}",
        "Status": issue.status,
        "Assignee": one_line(issue.assignee),
        "Description": issue.description,
        "Labels": ", ".join(issue.labels),
        "Dependencies": ", ".join(f"{e.type}:{e.depends_on_id}" for e in issue.dependencies),
    }
    for name, value in rows.items():
        if value:
            session.say(f"  {name}: {value}")
