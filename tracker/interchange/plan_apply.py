"""Turn the items of a plan into issues and dependencies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tracker.errors import Cycle, Invalid, TrackerError
from tracker.interchange.plan_match import FIELD, match, remembered, successors
from tracker.interchange.plan_parse import HEADING
from tracker.issues import actions
from tracker.json_text import quote
from tracker.model import ids, validation
from tracker.model.issue import BLOCKS, PARENT, TITLE_LIMIT, TYPE_ALIASES, TYPES
from tracker.model.status import CLOSED, TOMBSTONE
from tracker.model.timestamps import instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from tracker.interchange.plan_match import KnownIssues, Match, PlanPosition
    from tracker.interchange.plan_parse import PlanItem
    from tracker.issues.editing import Who
    from tracker.log.issue_log import Draft
    from tracker.model.issue import Issue
    from tracker.model.validation import Settings


_LONGEST = 2 * TITLE_LIMIT  # characters of a name: a title, and what may stand behind it
_ENDS = re.compile(r"(?:\W|\b(?:is|are|be|complete[d]?|done|finished|ready)\b)+\Z", re.IGNORECASE)
_AND = re.compile(r"\s+(?:and|&)\s+")
_WORDS = re.compile(r"\b(?:depends on|blocked by|waits for)\s+(.+)\Z", re.IGNORECASE)


def named(
    text: str, item: PlanItem, items: Sequence[PlanItem]
) -> Iterator[tuple[str, PlanItem | None]]:
    """The items that a text names for an item; None for a name that no item has.

    A title may hold an `and`: what stands on either side of one is looked for where nothing is
    called the whole.
    """
    rest = [text]
    while rest:
        text = rest[0]
        whole = next(_named(text, item, items), None) if len(text) <= _LONGEST else None
        first, *rest = [text] if whole is not None else _AND.split(text, maxsplit=1)
        if rest:
            whole = next(_named(first, item, items), None)
        yield first.strip(" `"), whole


def overlooked(item: PlanItem, items: Sequence[PlanItem]) -> str:
    """What reads like a dependency within a title, and names an item; else nothing."""
    match = _WORDS.search(item.title)
    if match is None or next(_named(match[1], item, items), None) is None:
        return ""
    return match[0]


def _named(text: str, item: PlanItem, items: Sequence[PlanItem]) -> Iterator[PlanItem]:
    """The items that a text may name, the likeliest first and of those the nearest.

    By number or whole title anywhere; by how a title begins only beside it or beside what it
    stands below, since elsewhere the same words mean something else.
    """
    wanted = _ENDS.sub("", text).casefold()
    exact = {text.strip(" .").casefold(), wanted} - {""}
    number = wanted.removeprefix("#").removeprefix("task ").removeprefix("item ")
    way = _way(item, items)
    beside = [one for group in reversed(_groups(way, items)) for one in group]
    near = [*beside, *(one for top in (way[:-1] or items)[::-1] for one in top.walk())]
    near += [one for top in items for one in top.walk()]
    yield from (o for o in near if o is not item and o.number.casefold() in {number, wanted} - {""})
    for one in near:
        if one is not item and (_plain(one) in exact or one.title.casefold() in exact):
            yield one
    begins = re.compile(rf"\W*{re.escape(wanted)}\b")
    yield from (one for one in beside if one is not item and wanted and begins.match(_plain(one)))


def _groups(way: Sequence[PlanItem], items: Sequence[PlanItem]) -> list[Sequence[PlanItem]]:
    """What stands beside each item of a way, from the top."""
    return [items, *(one.children for one in way[:-1])]


def _plain(item: PlanItem) -> str:
    """A title without the number and the id in front of it."""
    title = item.title.casefold()
    if item.number and title.startswith(item.number.casefold()):
        title = title[len(item.number) :].lstrip(" .):-")
    return re.sub(r"\A[a-z][\w.]*-\w+:\s+", "", title)


def _way(item: PlanItem, items: Sequence[PlanItem]) -> list[PlanItem]:
    """The items from the top down to this one."""
    for one in items:
        if one is item:
            return [one]
        below = _way(item, one.children)
        if below:
            return [one, *below]
    return []


CREATED, UPDATED, UNCHANGED, SKIPPED = "created", "updated", "unchanged", "skipped"
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z")
_MICROSECOND = 1000


class PlanRow(NamedTuple):
    """What became of one item: its issue ("" if it has none), and which fields changed."""

    item: PlanItem
    id: str
    what: str
    changed: tuple[str, ...] = ()
    depth: int = 0


class Result(NamedTuple):
    """What became of a plan; `absent` are open issues whose items are gone from it.

    `successors` tell by their ids which new row may be the same work.
    """

    rows: tuple[PlanRow, ...]
    absent: tuple[Issue, ...]
    remarks: tuple[str, ...]
    successors: Mapping[str, PlanRow]

    def counts(self) -> dict[str, int]:
        """How many items there are of each kind."""
        kinds = (CREATED, UPDATED, UNCHANGED, SKIPPED)
        return {kind: sum(row.what == kind for row in self.rows) for kind in kinds}


def bring(
    draft: Draft,
    plan: tuple[Sequence[PlanItem], Sequence[KnownIssues]],
    file: str,
    settings: Settings,
    who: Who,
) -> Result:
    """Make the issues of a log follow the items of a file; `plan` holds these, and what is known.

    Raises Invalid with the line.
    """
    settings = settings._replace(require_description=False)
    return _Bringing(draft, file, settings, who).all(*plan)


class _Bringing:
    def __init__(self, draft: Draft, file: str, settings: Settings, who: Who) -> None:
        self.draft = draft
        self.file = file
        self.settings = settings
        self._who = who
        self.found: Match
        self.ids: dict[int, str] = {}
        self.rows: list[PlanRow] = []
        self.remarks: list[str] = []

    @property
    def who(self) -> Who:
        """Each change comes a microsecond after the one before: the order of the plan."""
        self._who = self._who._replace(now=self._who.now + _MICROSECOND, nonce=self._who.nonce + 16)
        return self._who

    def all(self, items: Sequence[PlanItem], before: Sequence[KnownIssues]) -> Result:
        self.found = match(items, before)
        for item in items:
            self._detach(item, None)
        for item in items:
            self._item(item, "", None, 0)
        for item in (one for top in items for one in top.walk()):
            self._needs(item, items)
        ends = {*self.settings.closing, TOMBSTONE}
        self.found.absent[:] = [o for o in self.found.absent if o.issue.status not in ends]
        new = {id(row.item): row for row in self.rows if row.what == CREATED}
        pairs = successors(self.found, [row.item for row in new.values()])
        same = {one.issue.id: new[id(item)] for one, item in pairs}
        absent = tuple(one.issue for one in self.found.absent)
        return Result(tuple(self.rows), absent, tuple(self.remarks), same)

    def _detach(self, item: PlanItem, above: PlanItem | None) -> None:
        """Take what moves out of its old place first: what was above it may go below it."""
        one = self.found.known.get(id(item))
        is_here = one is not None and not one.away and one.issue.status != TOMBSTONE
        if one is not None and is_here and self._moves(item, one):
            new = self.found.known.get(id(above))
            if one.issue.parent not in {"", new.issue.id if new is not None else ""}:
                self._update(one.issue.id, {"parent": ""})
        for child in item.children:
            self._detach(child, item)

    def _moves(self, item: PlanItem, one: KnownIssues) -> bool:
        return self.found.places[id(item)].path != one.place.path

    def _item(self, item: PlanItem, parent: str, priority: int | None, depth: int) -> None:
        """One item and all below it; without a priority it has that of what it stands below."""
        mine = item.priority if item.priority is not None else priority
        one = self.found.known.get(id(item))
        try:
            if one is None:
                row = PlanRow(item, self._created(item, parent, mine), CREATED)
            elif one.issue.status == TOMBSTONE:
                self._skip(item, depth)
                return
            elif one.away:
                row = PlanRow(item, one.issue.id, UNCHANGED)
            else:
                row = self._followed(item, one, parent)
        except TrackerError as error:
            error.message = f"{self.file}:{item.line}: {error.message}; nothing was imported"
            raise
        self.ids[id(item)] = row.id
        self.rows.append(row._replace(depth=depth))
        for child in item.children:
            self._item(child, row.id, mine, depth + 1)

    def _skip(self, item: PlanItem, depth: int) -> None:
        """Somebody deleted the issue of this item: neither it nor what is below it comes back."""
        self.rows.append(PlanRow(item, "", SKIPPED, depth=depth))
        for child in item.children:
            self._skip(child, depth + 1)

    # New items.

    def _created(self, item: PlanItem, parent: str, priority: int | None) -> str:
        place = self.found.places[id(item)]
        if parent and self.draft.get_issue(parent) is None:
            self.remarks.append(f"line {item.line}: {parent} is in the archive; no parent")
            parent = ""
        new = actions.New(
            title=item.title,
            description=item.text,
            issue_type=self._type(item),
            priority=2 if priority is None else priority,
            assignee=item.owner,
            estimated_minutes=item.minutes,
            labels=item.labels,
            due_at=f"{item.due}T00:00:00Z" if _is_day(item.due) else "",
            spec_id=self.file,
            metadata=f'{{"{FIELD}":{remembered(self.file, place, self._was(item))}}}',
            dependencies=((PARENT, parent),) if parent else (),
            id=self._id(place, parent),
            force=True,
        )
        issue = actions.create(self.draft, new, self.settings, self.who)
        state = self._state(item)
        if state == CLOSED:
            self._close(issue.id)
        elif state not in {"", "open"}:
            self._update(issue.id, {"status": state})
        return issue.id

    def _type(self, item: PlanItem) -> str:
        kind = TYPE_ALIASES.get(item.type, item.type)
        if kind in TYPES or kind in self.settings.types:
            return kind
        return "epic" if item.kind == HEADING else "task"

    def _id(self, place: PlanPosition, parent: str) -> str:
        """An id by place: clones that bring in the same plan make the same issues."""
        if parent:
            return ids.child(parent, self.draft.below(parent))
        prefix, _ = actions.choose_prefix(self.draft, self.settings)
        text = "\n".join((self.file, *place.path, place.title, str(place.nth)))
        count = self.draft.prefixes().get(prefix, 0)
        seed = ids.Seed("", text, FIELD, 0, 0)
        return ids.make(prefix, seed, count, lambda id: self.draft.get_issue(id) is not None)

    def _state(self, item: PlanItem) -> str:
        """The status that an item tells; a heading is not done before all below it is."""
        if item.kind == HEADING and item.state == CLOSED:
            done = all(one.state == CLOSED for one in item.walk() if one.kind != HEADING)
            return CLOSED if done else "open"
        return item.state

    def _was(self, item: PlanItem) -> dict[str, Any]:
        """What a later import compares the plan with, and not the issue, which people edit."""
        return {
            name: value
            for name, value in {
                "minutes": item.minutes,
                "owner": item.owner,
                "state": self._state(item),
                "text": _digest(item.text),
            }.items()
            if value not in ("", None)
        }

    # Known items.

    def _followed(self, item: PlanItem, one: KnownIssues, parent: str) -> PlanRow:
        place = self.found.places[id(item)]
        issue = self.draft.get_issue(one.issue.id) or one.issue
        was, now = one.was, self._was(item)
        changes: dict[str, Any] = {}
        if item.title != one.place.title:
            changes["title"] = item.title
        if was.get("text") != now.get("text"):
            changes["description"] = item.text
        if was.get("minutes") != now.get("minutes"):
            changes["estimated_minutes"] = item.minutes
        if was.get("owner") != now.get("owner") and (
            item.owner or issue.assignee == was.get("owner")
        ):
            changes["assignee"] = item.owner
        is_elsewhere = self._moves(item, one) and issue.parent != parent
        moved = is_elsewhere and self._adopted(item, issue.id, parent)
        changes |= self._moved_on(issue, was.get("state", ""), now.get("state", ""))
        names = tuple(name for name in changes if changes[name] != getattr(issue, name, None))
        names += ("parent",) if moved else ()
        if place != one.place or was != now:
            raw = remembered(self.file, place, now)
            changes["metadata"] = _with_member(issue.metadata, raw)
        if changes:
            self._update(issue.id, changes)
        if now.get("state") == CLOSED != was.get("state"):
            names += self._close(issue.id)
        return PlanRow(item, issue.id, UPDATED if names else UNCHANGED, names)

    def _adopted(self, item: PlanItem, id: str, parent: str) -> bool:
        """Put an issue below another, unless one of the two waits for the other."""
        try:
            self._update(id, {"parent": parent})
        except (Cycle, Invalid) as error:
            self.remarks.append(f"line {item.line}: {error.message}; it stays without a parent")
            return False
        return True

    def _moved_on(self, issue: Issue, was: str, now: str) -> dict[str, Any]:
        """A state that the plan came to, where nobody had brought the issue further."""
        if now in {was, "", "open", CLOSED} or issue.status not in {"open", was}:
            return {}
        return {"status": now}

    def _close(self, id: str) -> tuple[str, ...]:
        issue = self.draft.get_issue(id)
        if issue is None or issue.status in self.settings.closing:
            return ()
        closing = actions.Closing(f"done in {self.file}", force=True)
        actions.close(self.draft, id, closing, self.settings, self.who)
        return ("status",)

    def _update(self, id: str, changes: Mapping[str, Any]) -> None:
        wanted: actions.Changes = dict(changes)  # type: ignore[assignment]
        actions.update(self.draft, id, wanted, self.settings, self.who)

    # Dependencies.

    def _needs(self, item: PlanItem, items: Sequence[PlanItem]) -> None:
        own = self.ids.get(id(item), "")
        if not own:
            return
        for text in item.needs:
            for name, other in named(text, item, items):
                target = self.ids.get(id(other), "") if other is not None else name
                if other is None and self.draft.get_issue(name) is None:
                    said = f'"{name}" is no item of the plan and no issue: not waited for'
                    self.remarks.append(f"line {item.line}: {said}")
                elif target != own and all(map(self.draft.get_issue, filter(None, (own, target)))):
                    self._link(item, own, target)
        hint = overlooked(item, items)
        if hint:
            said = f'"{hint}" in the title is not read as a dependency; in brackets it is'
            self.remarks.append(f"line {item.line}: {said}")

    def _link(self, item: PlanItem, own: str, target: str) -> None:
        try:
            actions.link(self.draft, own, target, BLOCKS, self.who)
        except (Cycle, Invalid) as error:
            self.remarks.append(f"line {item.line}: {error.message}; it is left out")


def _is_day(text: str) -> bool:
    return bool(_DAY.match(text)) and instant(f"{text}T00:00:00Z") > 0


def _digest(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8] if text else ""


def _with_member(raw: str, plan: str) -> str:
    pairs = {**(validation.members_of(raw) or {}), FIELD: plan}
    return "{" + ",".join(f"{quote(name)}:{text}" for name, text in pairs.items()) + "}"
