"""`bd admin`: clean up, compact or reset a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli.command import group, ignored, pass_session, silent
from tracker.errors import Refused
from tracker.text import one_line

if TYPE_CHECKING:
    from typing import Any

    from tracker.cli.session import Session
    from tracker.issues.archive import CompactionCandidate
    from tracker.log.issue_log import Draft


@group(
    "admin",
    examples=["bd admin compact --stats", "bd admin cleanup --older-than 90 --dry-run"],
)
def admin() -> None:
    """Shrink the log; git keeps the old records."""


@admin.command(
    "cleanup",
    examples=["bd admin cleanup --older-than 90 --dry-run", "bd admin cleanup --force"],
    writes=True,
)
@click.option(
    "--older-than", "days", default=0, type=click.IntRange(0), metavar="DAYS",
    help="Issues closed at least N days ago only  [0]",
)  # fmt: skip
@click.option("--ephemeral", is_flag=True, help="Ephemeral issues only")
@click.option("--cascade", is_flag=True, help="Delete their dependents too")
@click.option("--hard", is_flag=True, help="Remove the records from the log")
@click.option("--dry-run", is_flag=True, help="Show what would be deleted")
@click.option("-f", "--force", is_flag=True, help="Delete them; without this, only list them")
@pass_session
def cleanup(session: Session, /, **given: Any) -> None:
    """Delete closed issues; `bd archive` keeps them instead."""
    from tracker.cli.deletion import delete_issues, preview_deletion
    from tracker.issues.archive import DAY
    from tracker.issues.filters import Filter, Span

    workspace = session.tracker
    closing = sorted(workspace.settings().closing - {"tombstone"})
    before = session.clock() - given["days"] * DAY
    wanted = Filter(statuses=tuple(closing), pinned=False, closed=Span(before=max(before, 1)))
    rows = workspace.answers.listed(wanted, "id").rows
    if given["ephemeral"]:
        ids = {row.id for row in rows if workspace.issue(row.id).ephemeral}
        rows = [row for row in rows if row.id in ids]
    how = {"cascade": given["cascade"], "hard": given["hard"]}
    if not rows:
        empty: list[str] = []
        session.emit({"deleted": empty, "deleted_count": 0}) if session.json else session.say(
            "No closed issues to delete"
        )
    elif given["force"] and not given["dry_run"]:
        delete_issues(session, [row.id for row in rows], "admin cleanup", **how)
    else:
        preview_deletion(session, [row.id for row in rows], asked=True, **how)
        session.code = int(not given["dry_run"])


@admin.command(
    "compact",
    examples=[
        "bd admin compact --stats",
        "bd admin compact --analyze --json",
        "bd admin compact --apply --id bd-a1b2c --summary short.md",
        "bd admin compact --prune --older-than 90",
    ],
    writes=True,
)
@click.option(
    "--stats", "way", flag_value="stats", help="Count issues that could be compacted  [default]"
)
@click.option(
    "--analyze",
    "way",
    flag_value="analyze",
    help="List issues that could be compacted, with their texts",
)
@click.option("--apply", "way", flag_value="apply", help="Replace the texts by --summary")
@click.option("--prune", "way", flag_value="prune", help="Remove expired records of deleted issues")
@click.option(
    "--purge-tombstones",
    "way",
    flag_value="purge",
    help="Remove records of deleted issues of any age",
)
@click.option("--auto", "way", flag_value="auto", hidden=True)
@click.option("--id", metavar="ID", help="Compact or analyze this issue only")
@click.option("--summary", metavar="FILE", help="With --apply: summary file; '-' is stdin")
@click.option(
    "--tier",
    default=1,
    type=click.IntRange(1, 2),
    metavar="N",
    help="Closed for 30 or 90 days  [1]",
)
@click.option("--older-than", "days", type=click.IntRange(0), metavar="DAYS", help="[30]")
@click.option(
    "-n", "--limit", default=0, type=click.IntRange(0), metavar="N", help="Maximum number"
)
@click.option("--force", is_flag=True, help="With --apply: any issue, even open or closed recently")
@click.option("--dry-run", is_flag=True, help="Change nothing")
@ignored("--all")
@ignored("--batch-size", "--workers", value=True)
@pass_session
def compact(session: Session, /, way: str | None, **given: Any) -> None:
    """Replace texts of old closed issues by your summary."""
    ways = {"stats": _stats, "analyze": _analyze, "apply": _apply, "prune": _prune}
    if way == "auto":
        raise Refused(
            "admin compact --auto is not part of this tool: it asks no language model",
            hint="bd admin compact --analyze --json, then --apply --id ID --summary -",
        )
    if way == "purge":
        way, given = "prune", {**given, "days": 0}
    ways[way or "stats"](session, given)


def _candidates(session: Session, given: dict[str, Any]) -> list[CompactionCandidate]:
    from tracker.issues.archive import candidates
    from tracker.issues.duplicates import every

    workspace = session.tracker
    closing, now = workspace.settings().closing, session.clock()
    found = workspace.rehearse(lambda draft: candidates(every(draft), given["tier"], now, closing))
    if given["id"]:
        id = workspace.resolve(given["id"])
        found = [one for one in found if one.issue.id == id]
    return found


def _stats(session: Session, given: dict[str, Any]) -> None:
    found = _candidates(session, given)
    answer = {
        "tier": given["tier"],
        "candidates": len(found),
        "total_size_bytes": sum(one.size for one in found),
    }
    if session.json:
        session.emit(answer)
    else:
        days = {1: 30, 2: 90}[given["tier"]]
        session.say(f"Closed for {days} days and not short yet: {answer['candidates']} issues")
        session.say(f"Text in them: {answer['total_size_bytes']:,} bytes")


def _analyze(session: Session, given: dict[str, Any]) -> None:
    found = _candidates(session, given)
    shown = found[: given["limit"]] if given["limit"] else found
    if session.json:
        session.emit([_document(one, given["tier"]) for one in shown], total=len(found))
    elif not found:
        session.say("Nothing could be made short")
    else:
        for one in shown:
            title = one_line(one.issue.title)
            session.say(f"{one.issue.id}  {one.size:,} bytes, closed {one.days} days ago: {title}")
        if len(shown) < len(found):
            session.note(f"Showing {len(shown)} of {len(found)} issues (--limit 0 shows all)")


def _document(one: CompactionCandidate, tier: int) -> dict[str, Any]:
    issue = one.issue
    return {
        "id": issue.id,
        "title": issue.title,
        "description": issue.description,
        "design": issue.design,
        "notes": issue.notes,
        "acceptance_criteria": issue.acceptance_criteria,
        "size_bytes": one.size,
        "age_days": one.days,
        "tier": tier,
    }


def _apply(session: Session, given: dict[str, Any]) -> None:
    from tracker.issues import archive
    from tracker.issues.lookup import resolve

    if not given["id"] or given["summary"] is None:
        raise click.UsageError("--apply needs --id ID and --summary FILE ('-' is stdin)")
    summary = session.read(given["summary"])
    workspace = session.tracker
    settings, who = workspace.settings(), workspace.who()

    def change(draft: Draft) -> archive.Compacted:
        id = resolve(given["id"], draft, settings.prefix)
        issue = draft.get_issue(id)
        able = archive.candidates(
            [issue] if issue else [], given["tier"], who.now, settings.closing
        )
        if not able and not given["force"]:
            raise Refused(
                f"{id} is not closed for long enough, or short already (--force to override)",
                hint="bd admin compact --analyze",
            )
        return archive.compact(draft, id, summary, given["tier"], who)

    done = (workspace.rehearse if given["dry_run"] else workspace.write)(change)
    saved = done.before - done.after
    if session.json:
        session.emit(
            {
                "success": True,
                "compacted_id": done.issue.id,
                "original_size": done.before,
                "compacted_size": done.after,
                "saved_bytes": saved,
                "reduction_pct": round(100 * saved / done.before, 1),
                "tier": given["tier"],
                **({"dry_run": True} if given["dry_run"] else {}),
            }
        )
    else:
        did = "Would compact" if given["dry_run"] else "✓ Compacted"
        session.say(f"{did} {done.issue.id}: {done.before:,} → {done.after:,} bytes")


def _prune(session: Session, given: dict[str, Any]) -> None:
    from tracker.issues import actions
    from tracker.issues.archive import outdated
    from tracker.issues.duplicates import every

    days = 30 if given["days"] is None else given["days"]
    now = session.clock()
    workspace = session.tracker

    def change(draft: Draft) -> list[str]:
        found = outdated(every(draft), days, now)
        for id in found:
            actions.purge(draft, id)
        return found

    gone = (workspace.rehearse if given["dry_run"] else workspace.write)(change)
    if session.json:
        more = {"dry_run": True} if given["dry_run"] else {}
        session.emit({"pruned_count": len(gone), "pruned": gone, "older_than_days": days, **more})
    else:
        did = "Would take" if given["dry_run"] else "✓ Took"
        session.say(f"{did} {len(gone)} records of deleted issues out of the log")


@admin.command("reset", examples=["bd uninstall"])
@silent("--force", "--yes", "--hard")
def reset() -> None:
    """Explain how to remove the tracker; deletes nothing."""
    raise Refused(
        "admin reset is not part of this tool: it would delete the log",
        hint="bd uninstall, which keeps the issues; git rm -r .beads, which does not",
    )
