"""`bd update`: change the fields of issues."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from tracker.cli.command import DURATION, Listed, command, ignored, pass_session
from tracker.cli.issue_options import answer, described, edited, fields_of, parent_id
from tracker.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from tracker.cli.session import Session
    from tracker.issues.editing import Who
    from tracker.log.issue_log import Draft
    from tracker.log.snapshot import Drafts
    from tracker.model.issue import Changes, Issue, Labels
    from tracker.model.validation import Settings


if TYPE_CHECKING:
    Action = Callable[[Draft, str], Issue]

SECOND = 1_000_000_000


@command(
    "update",
    examples=[
        "bd update bd-a1b2c --status in_progress",
        "bd update bd-a1b2c --claim --lease 30m",
        'bd update bd-a1b2c bd-d3e4f --priority 0 --append-notes "found the cause"',
    ],
    json_errors="stdout",
    writes=True,
)
@click.argument("ids", nargs=-1, metavar="[ID...]")
@described
@click.option("-s", "--status", metavar="STATUS", help="Set the status")
@click.option("-r", "--reason", metavar="TEXT", help="Reason, if the status closes the issue")
@click.option("--parent", metavar="ID", help='Set the parent; "" for none')
@click.option("--add-label", cls=Listed, help="Add labels")
@click.option("--remove-label", cls=Listed, help="Remove labels")
@click.option("--set-labels", "--labels", cls=Listed, help="Replace all labels")
@click.option("--set-metadata", multiple=True, metavar="KEY=VALUE", help="Set one metadata key")
@click.option("--unset-metadata", multiple=True, metavar="KEY", help="Remove one metadata key")
@click.option(
    "--pinned/--no-pinned",
    "--pin/--unpin",
    default=None,
    help="Pin the issue (never ready), or unpin it",
)
@click.option(
    "--ephemeral/--persistent", default=None, help="Never list as ready, or list it again"
)
@click.option("--claim", is_flag=True, help="Claim it: assign to you, in progress, if unclaimed")
@click.option("--lease", type=DURATION, metavar="TIME", help="Let the claim expire after TIME")
@click.option("--session", "session_id", metavar="NAME", help="Record NAME as the session")
@ignored("--allow-empty-description")
@ignored("--await-id", value=True)
@pass_session
def update(session: Session, /, ids: tuple[str, ...], **given: Any) -> None:
    """Change the fields of issues.

    Without an ID, changes the issue you touched last.
    """
    session.errors_to = "stderr"  # as Beads: only what the flags hold is reported on stdout
    if given["lease"] is not None and not (given["claim"] and given["lease"] > 0):
        raise Invalid("--lease goes with --claim", hint="bd update ID --claim --lease 30m")
    changes = _changes(session, given)
    workspace = session.tracker
    if not changes and not given["claim"]:
        answer(session, session.each(ids, workspace.issue), lambda _: "No updates specified")
        if not (ids or session.json):
            session.say("No updates specified")
        return
    settings, who = workspace.settings(), workspace.who()
    if given["session_id"]:
        who = who._replace(session=given["session_id"])
    lease = round((given["lease"] or 0) * SECOND)
    remarks: list[str] = []
    same: set[str] = set()

    def after(drafts: Drafts, done: list[Issue]) -> None:
        from tracker.cli.issues.close import left_open

        remarks[:] = left_open(drafts.issues, done, settings.closing)

    also = after if changes.get("status") in settings.closing else None
    with workspace.claiming(who, lease) if given["claim"] else nullcontext() as take:
        action = _action(take, changes, settings, who)
        issues = edited(session, workspace.named(ids), action, also=also, unchanged=same)
    workspace.touch(issues[-1].id)
    answer(session, issues, lambda issue: f"✓ Updated issue: {issue.id}", same)
    for remark in remarks:
        session.note(remark)


def _action(take: Action | None, changes: Changes, settings: Settings, who: Who) -> Action:
    """What is to be done with each issue: claim it, if that is asked for, then change it."""
    from tracker.issues import actions

    def change(draft: Draft, id: str) -> Issue:
        wanted: Changes = {**changes}
        if wanted.get("parent"):
            wanted["parent"] = parent_id(wanted["parent"], draft, settings.prefix)
        return actions.update(draft, id, wanted, settings, who)

    if take is None:
        return change
    return lambda draft, id: change(draft, take(draft, id).id)


def _changes(session: Session, given: Mapping[str, Any]) -> Changes:
    """What the options set; those that were not given are left out."""
    found = fields_of(session, given)
    plain = ("title", "status", "reason", "parent", "pinned", "ephemeral")
    found |= {name: given[name] for name in plain if given[name] is not None}
    if given["set_metadata"]:
        found["set_metadata"] = dict(_pair(text) for text in given["set_metadata"])
    if given["unset_metadata"]:
        found["unset_metadata"] = given["unset_metadata"]
    labels = _labels(given)
    if labels is not None:
        found["labels"] = labels
    return found  # type: ignore[return-value]  # the options are named after its keys


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise Invalid(f'invalid --set-metadata "{text}": use KEY=VALUE')
    return key, value


def _labels(given: Mapping[str, Any]) -> Labels | None:
    from tracker.model.issue import Labels

    names = ("add_label", "remove_label", "set_labels")
    if all(given[name] is None for name in names):
        return None
    return Labels(given["add_label"] or (), given["remove_label"] or (), given["set_labels"])
