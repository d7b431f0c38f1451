"""`bd create`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tracker.cli.command import Listed, command, ignored, pass_session
from tracker.cli.issues import as_json, described, fields_of, parent_id
from tracker.cli.plain import one_line
from tracker.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tracker.actions import New
    from tracker.cli.session import Session
    from tracker.log import Draft
    from tracker.model import Issue

WAYS = {"blocked-by": "blocks", "depends-on": "blocks"}
"""Clear spellings of `blocks:ID`, by which a new issue depends on ID as in Beads 0.49."""


@command(
    "create",
    examples=[
        'bd create "Fix the login" -t bug -p 1',
        'bd create "Write the docs" --parent bd-a1b2c --deps bd-d3e4f --labels docs,easy',
        'git log -1 --format=%B | bd create "From the last commit" --stdin --silent',
    ],
    writes=True,
)
@click.argument("words", nargs=-1, metavar="TITLE")
@described
@click.option("-l", "--labels", "--label", cls=Listed, help="Labels")
@click.option("--parent", default="", metavar="ID", help="Make it a child of ID")
@click.option("--inherit-labels/--no-inherit-labels", help="Take the labels of the parent too")
@click.option("--deps", cls=Listed, help="What it depends on: ID or TYPE:ID")
@click.option("--waits-for", default="", metavar="ID", help="Wait for the children of ID")
@click.option(
    "--waits-for-gate", default="all-children", metavar="GATE", help="all- or any-children"
)
@click.option("--id", "wanted", default="", metavar="ID", help="Use this id")
@click.option("--force", is_flag=True, help="Allow any prefix for --id")
@click.option("--ephemeral", is_flag=True, help="It is no work to be done: never ready")
@click.option("--mol-type", default="", hidden=True)
@click.option("--wisp-type", default="", hidden=True)
@click.option("--silent", is_flag=True, help="Print the id alone")
@click.option("--dry-run", is_flag=True, help="Show what would be created")
@click.option("-f", "--file", "plan", metavar="FILE.md", hidden=True)
@ignored("--validate")
@ignored(
    "--repo", "--rig", "--prefix", "--agent-rig", "--event-category", "--event-actor",
    "--event-target", "--event-payload", "--context", "--skills", value=True,
)  # fmt: skip
@pass_session
def create(session: Session, /, words: tuple[str, ...], **given: Any) -> None:
    """Create an issue."""
    if given["plan"]:
        raise Invalid(
            "create --file is not part of this version", hint='bd create "TITLE", for each issue'
        )
    new = _new(session, words, given)
    if given["dry_run"]:
        make, _ = _making(session, new)
        _preview(session, session.tracker.rehearse(make), new.id)
        return
    answer(session, created(session, new), silent=given["silent"])


def created(session: Session, new: New) -> Issue:
    """The issue that is described, written; where its prefix came from is said if need be."""
    make, origin = _making(session, new)
    issue = session.tracker.write(make)
    session.tracker.touch(issue.id)
    if origin and origin[-1][1] != "config":
        prefix, source = origin[-1]
        session.note(
            f"the prefix {prefix!r} comes from the {source}; "
            f"bd config set issue-prefix {prefix} settles it"
        )
    return issue


def _making(session: Session, new: New) -> tuple[Callable[[Draft], Issue], list[tuple[str, str]]]:
    """What creates the issue in a draft, and where that leaves the prefix and its source."""
    from tracker import actions

    workspace = session.tracker
    settings, who = workspace.settings(), workspace.creator()
    origin: list[tuple[str, str]] = []

    def make(draft: Draft) -> Issue:
        if not (new.id or new.parent):
            origin.append(actions.choose_prefix(draft, settings))
        return actions.create(draft, _resolved(draft, new, settings.prefix), settings, who)

    return make, origin


def _new(session: Session, words: tuple[str, ...], given: Mapping[str, Any]) -> New:
    """What the options describe; ids are resolved later, in the log that is written."""
    from tracker.actions import New

    if given["wanted"] and given["parent"]:
        raise Invalid("cannot specify both --id and --parent flags")
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
        raise Invalid("title required", hint='bd create "What is to be done"')
    if len(words) > 1:
        session.note(f"only the first word is the title: quote {' '.join(words)!r} to have it all")
    return words[0]


def _need(text: str) -> tuple[str, str]:
    """The type and the id of `ID` or `TYPE:ID`."""
    from tracker.links import EXTERNAL

    kind, colon, id = text.partition(":")
    if not colon or text.startswith(EXTERNAL):
        return "blocks", text
    return WAYS.get(kind, kind), id


def _resolved(draft: Draft, new: New, prefix: str) -> New:
    from tracker.ids import resolve
    from tracker.links import EXTERNAL

    needs = tuple(
        (kind, id if id.startswith(EXTERNAL) else resolve(id, draft, prefix))
        for kind, id in new.dependencies
    )
    parent = parent_id(new.parent, draft, prefix) if new.parent else ""
    return new._replace(parent=parent, dependencies=needs)


def answer(session: Session, issue: Issue, *, silent: bool = False) -> None:
    """The new issue as JSON or text; `silent` text is the id alone."""
    if session.json:
        session.write(_object(issue))
    elif silent:
        session.say(issue.id)
    else:
        session.say(f"✓ Created issue: {issue.id}")
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
