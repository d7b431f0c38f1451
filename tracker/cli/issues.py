"""Commands that make and change issues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tracker.cli.command import DURATION, PRIORITY, Listed, command, ignored, pass_session
from tracker.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.actions import Changes, Labels, New
    from tracker.cli.session import Session
    from tracker.log import Draft
    from tracker.model import Issue

TEXTS = {
    "description": ("-d", "--description", "--body", "-m", "--message"),
    "design": ("--design",),
    "acceptance_criteria": ("--acceptance", "--acceptance-criteria"),
    "notes": ("--notes",),
}
FILES = {
    "description": ("--body-file", "--description-file"),
    "design": ("--design-file",),
}
EXTERNAL = "external:"
WAYS = {"blocked-by": "blocks", "depends-on": "blocks"}  # clear spellings of the direction


def texts(function: Any) -> Any:
    """The options for long texts, and for the files that hold them."""
    for name, names in reversed(TEXTS.items()):
        function = click.option(*names, name, help=f"Set the {name.replace('_', ' ')}")(function)
    for name, names in FILES.items():
        option = click.option(*names, f"{name}_file", metavar="FILE", help="'-' is stdin")
        function = option(function)
    return function


def written_texts(session: Session, given: Mapping[str, Any]) -> dict[str, str]:
    """The texts that a command brings: typed, from files, or from the standard input."""
    found: dict[str, str] = {}
    for name in TEXTS:
        typed, file = given.get(name), given.get(f"{name}_file")
        if typed is not None and file is not None:
            raise Invalid(f"cannot specify both --{name} and a file for it")
        if name == "description" and given.get("stdin"):
            file = "-"
        if file is not None:
            found[name] = session.read(file).rstrip("\n")
        elif typed == "-" and name == "description":
            found[name] = session.read("-").rstrip("\n")
        elif typed is not None:
            found[name] = typed
    return found


def moment(session: Session, flag: str, text: str | None) -> str | None:
    """A date as people say it, as the log holds it; "" clears, None is not given."""
    if not text:
        return text
    from tracker.cli.dates import when
    from tracker.model import stamp

    return stamp(when(text, session.clock(), flag))


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
@click.option("--title", help="The title, where it begins with a dash")
@texts
@click.option("--stdin", is_flag=True, help="Read the description from the standard input")
@click.option("--append-notes", metavar="TEXT", help="The same as --notes here")
@click.option("-p", "--priority", type=PRIORITY, default="2", help="0 (most urgent) to 4  [2]")
@click.option("-t", "--type", "issue_type", default="task", help="bug, feature, task, epic...  [task]")
@click.option("-a", "--assignee", default="", help="Who is to do it")
@click.option("-l", "--labels", "--label", cls=Listed, help="Labels")
@click.option("--parent", default="", metavar="ID", help="Make it a child of ID")
@click.option("--deps", cls=Listed, help="What it depends on: ID or TYPE:ID")
@click.option("--waits-for", default="", metavar="ID", help="Wait for the children of ID")
@click.option("--waits-for-gate", default="all-children", metavar="GATE", help="all- or any-children")
@click.option("--id", "wanted", default="", metavar="ID", help="Use this id")
@click.option("--force", is_flag=True, help="Allow any prefix for --id")
@click.option("-e", "--estimate", type=int, metavar="MINUTES", help="Estimated minutes")
@click.option("--due", metavar="WHEN", help="When it is due: +2d, friday, 2027-01-15")
@click.option("--defer", metavar="WHEN", help="Not ready before then")
@click.option("--external-ref", default="", metavar="REF", help="Its name elsewhere, such as gh-9")
@click.option("--spec-id", default="", metavar="SPEC", help="The document that specifies it")
@click.option("--metadata", default="", metavar="JSON", help="A JSON object, or @FILE")
@click.option("--mol-type", default="", hidden=True)
@click.option("--wisp-type", default="", hidden=True)
@click.option("--inherit-labels/--no-inherit-labels", help="Take the labels of the parent too")
@click.option("--silent", is_flag=True, help="Print the id alone")
@click.option("--dry-run", is_flag=True, help="Show what would be created")
@click.option("-f", "--file", "plan", metavar="FILE.md", help="Create every issue of a plan", hidden=True)
@ignored("--ephemeral", "--validate")
@ignored(
    "--repo", "--rig", "--prefix", "--agent-rig", "--event-category", "--event-actor",
    "--event-target", "--event-payload", "--context", "--skills", value=True,
)  # fmt: skip
@pass_session
def create(session: Session, words: tuple[str, ...], **given: Any) -> None:
    """Create an issue."""
    from tracker import actions

    if given["plan"]:
        raise Invalid(
            "create --file is not part of this version", hint="bd create TITLE, once for each issue"
        )
    if given["wanted"] and given["parent"]:
        raise Invalid("cannot specify both --id and --parent flags")
    new = _new(session, words, given)
    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()
    origin: list[tuple[str, str]] = []

    def make(draft: Draft) -> Issue:
        if not (new.id or new.parent):
            origin.append(actions.choose_prefix(draft, settings))
        return actions.create(draft, _resolved(draft, new, settings.prefix), settings, who)

    if given["dry_run"]:
        _preview(session, workspace.rehearse(make))
        return
    issue = workspace.write(make)
    workspace.touch(issue.id)
    if session.json:
        session.emit(told(issue))
    elif given["silent"]:
        session.say(issue.id)
    else:
        session.say(f"✓ Created issue: {issue.id}")
        session.say(f"  Title: {issue.title}")
        session.say(f"  Priority: P{issue.priority}")
        session.say(f"  Status: {issue.status}")
        if origin and origin[-1][1] != "config":
            prefix, source = origin[-1]
            session.note(
                f"the prefix {prefix!r} comes from the {source}; "
                f"bd config set issue-prefix {prefix} settles it"
            )


def _new(session: Session, words: tuple[str, ...], given: Mapping[str, Any]) -> New:
    """What the options describe; ids are resolved later, in the log that is written."""
    from tracker.actions import New

    title = given["title"] if given["title"] is not None else words[0] if words else None
    if title is None:
        raise Invalid("title required", hint='bd create "What is to be done"')
    found = written_texts(session, given)
    if given["append_notes"]:
        found["notes"] = "\n".join(filter(None, (found.get("notes"), given["append_notes"])))
    needs = [_need(text) for text in given["deps"] or ()]
    if given["waits_for"]:
        needs.append(("waits-for", given["waits_for"]))
    return New(
        title=title,
        **found,
        priority=given["priority"],
        issue_type=given["issue_type"],
        assignee=given["assignee"],
        labels=given["labels"] or (),
        parent=given["parent"],
        dependencies=tuple(needs),
        gate=given["waits_for_gate"] if given["waits_for"] else "",
        id=given["wanted"],
        force=given["force"],
        estimated_minutes=given["estimate"],
        due_at=moment(session, "--due", given["due"]) or "",
        defer_until=moment(session, "--defer", given["defer"]) or "",
        external_ref=given["external_ref"],
        spec_id=given["spec_id"],
        metadata=json_text(session, given["metadata"]),
        mol_type=given["mol_type"],
        wisp_type=given["wisp_type"],
        inherit_labels=given["inherit_labels"],
    )


def _need(text: str) -> tuple[str, str]:
    """The type and the id of `ID` or `TYPE:ID`; the new issue depends on it, as in 0.49."""
    kind, colon, id = text.partition(":")
    if not colon or text.startswith(EXTERNAL):
        return "blocks", text
    return WAYS.get(kind, kind), id


def _resolved(draft: Draft, new: New, prefix: str) -> New:
    from tracker.ids import resolve

    def full(id: str) -> str:
        return id if id.startswith(EXTERNAL) else resolve(id, draft, prefix)

    needs = tuple((kind, full(id)) for kind, id in new.dependencies)
    return new._replace(parent=full(new.parent) if new.parent else "", dependencies=needs)


def json_text(session: Session, text: str) -> str:
    """JSON as typed, or of a file named with @."""
    return session.read(text[1:]) if text.startswith("@") else text


def told(issue: Issue) -> dict[str, Any]:
    """An issue as the writing commands print it: without dependencies and comments."""
    import json

    from tracker.codec import encode

    found: dict[str, Any] = json.loads(encode(issue))
    for name in ("_type", "dependencies", "comments", "comment_count", "dependency_count",
                 "dependent_count"):  # fmt: skip
        found.pop(name, None)
    return found


def _preview(session: Session, issue: Issue) -> None:
    if session.json:
        session.emit(told(issue))
        return
    session.say("⚠ [DRY RUN] Would create issue:")
    rows = {
        "ID": "(will be generated)",
        "Title": issue.title,
        "Type": issue.issue_type,
        "Priority": f"P{issue.priority}",
        "Status": issue.status,
        "Assignee": issue.assignee,
        "Description": issue.description,
        "Labels": ", ".join(issue.labels),
        "Dependencies": ", ".join(f"{e.type}:{e.depends_on_id}" for e in issue.dependencies),
    }
    for name, value in rows.items():
        if value:
            session.say(f"  {name}: {value}")


@command(
    "update",
    examples=[
        "bd update bd-a1b2c --status in_progress",
        "bd update bd-a1b2c --claim --lease 30m",
        'bd update bd-a1b2c bd-d3e4f --priority 0 --append-notes "found the cause"',
    ],
    writes=True,
)
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option("--title", help="Set the title")
@texts
@click.option("--stdin", is_flag=True, help="Read the description from the standard input")
@click.option("--append-notes", metavar="TEXT", help="Add to the notes")
@click.option("-s", "--status", help="Set the status")
@click.option("-r", "--reason", help="Why, with a status that closes")
@click.option("-p", "--priority", type=PRIORITY, help="0 (most urgent) to 4")
@click.option("-t", "--type", "issue_type", help="Set the type")
@click.option("-a", "--assignee", help='Who is to do it; "" is nobody')
@click.option("-e", "--estimate", type=int, metavar="MINUTES", help="Estimated minutes")
@click.option("--due", metavar="WHEN", help='When it is due; "" clears')
@click.option("--defer", metavar="WHEN", help='Not ready before then; "" clears')
@click.option("--external-ref", metavar="REF", help="Its name elsewhere")
@click.option("--spec-id", metavar="SPEC", help="The document that specifies it")
@click.option("--parent", metavar="ID", help='Make it a child of ID; "" of nobody')
@click.option("--add-label", cls=Listed, help="Add labels")
@click.option("--remove-label", cls=Listed, help="Remove labels")
@click.option("--set-labels", "--labels", cls=Listed, help="Replace all labels")
@click.option("--metadata", metavar="JSON", help="Replace the metadata by JSON, or @FILE")
@click.option("--set-metadata", multiple=True, metavar="KEY=VALUE", help="Set one key of it")
@click.option("--unset-metadata", multiple=True, metavar="KEY", help="Remove one key of it")
@click.option("--pinned/--no-pinned", "--pin/--unpin", default=None, help="Pin it, out of ready")
@click.option("--claim", is_flag=True, help="Take it: assignee and in_progress, if nobody has it")
@click.option("--lease", type=DURATION, metavar="TIME", help="How long the claim lasts unrenewed")
@ignored("--ephemeral", "--persistent", "--allow-empty-description")
@ignored("--await-id", "--session", value=True)
@pass_session
def update(session: Session, ids: tuple[str, ...], **given: Any) -> None:
    """Change issues; without an id the one that was last touched."""
    from tracker import actions
    from tracker.ids import resolve

    if given["lease"] is not None and not given["claim"]:
        raise Invalid("--lease goes with --claim", hint="bd update ID --claim --lease 30m")
    changes = _changes(session, given)
    if not changes and not given["claim"]:
        session.say("No updates specified") if not session.json else session.emit([])
        return
    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()
    lease = round((given["lease"] or 0) * 1_000_000_000)

    def change(text: str) -> Issue:
        issue = workspace.claim(workspace.resolve(text), lease) if given["claim"] else None
        if not changes:
            assert issue is not None  # noqa: S101  (one of the two was asked for)
            return issue

        def edit(draft: Draft) -> Issue:
            id = resolve(text, draft, settings.prefix)
            wanted: Changes = {**changes}
            if wanted.get("parent"):
                wanted["parent"] = resolve(wanted["parent"], draft, settings.prefix)
            return actions.update(draft, id, wanted, settings, who)

        return workspace.write(edit)

    issues = session.each(workspace.named(ids), change)
    workspace.touch(issues[-1].id)
    if session.json:
        session.emit([told(issue) for issue in issues])
    else:
        for issue in issues:
            session.say(f"✓ Updated issue: {issue.id}")


def _changes(session: Session, given: Mapping[str, Any]) -> Changes:
    """What the options set; those that were not given are left out."""
    found: dict[str, Any] = dict(written_texts(session, given))
    plain = (
        "title", "append_notes", "status", "reason", "priority", "issue_type", "assignee",
        "external_ref", "spec_id", "parent", "pinned",
    )  # fmt: skip
    found |= {name: given[name] for name in plain if given[name] is not None}
    if given["estimate"] is not None:
        found["estimated_minutes"] = given["estimate"]
    for name, flag in (("due_at", "due"), ("defer_until", "defer")):
        when = moment(session, f"--{flag}", given[flag])
        if when is not None:
            found[name] = when
    if given["metadata"] is not None:
        found["metadata"] = json_text(session, given["metadata"])
    if given["set_metadata"]:
        found["set_metadata"] = dict(_pair(text) for text in given["set_metadata"])
    if given["unset_metadata"]:
        found["unset_metadata"] = given["unset_metadata"]
    labels = _labels(given)
    if labels is not None:
        found["labels"] = labels
    return found  # type: ignore[return-value]


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise Invalid(f'invalid --set-metadata "{text}" (expected KEY=VALUE)')
    return key, value


def _labels(given: Mapping[str, Any]) -> Labels | None:
    from tracker.actions import Labels

    names = ("add_label", "remove_label", "set_labels")
    if all(given[name] is None for name in names):
        return None
    return Labels(given["add_label"] or (), given["remove_label"] or (), given["set_labels"])
