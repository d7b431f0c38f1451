"""Parse a Markdown plan into items.

An item is `- [ ]` or `- [x]` in a list, a sign such as ⬜ in a list where some are open, an element
of a list below `**Tasks:**`, or a heading that has a status and an owner of its own. Items within
items are their children, and headings with items below them are what those belong to. Other text is
theirs, as it stands in the document, up to the first item.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tracker.interchange import plan_attributes as said
from tracker.interchange.markdown import blocks, plain, source
from tracker.model.issue import TITLE_LIMIT
from tracker.model.status import CLOSED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from markdown_it.tree import SyntaxTreeNode


HEADING, TASK = "heading", "task"
_BOXES = {" ": "open", "x": CLOSED, "X": CLOSED, "/": "in_progress", "~": "in_progress",
          ">": "deferred", "!": "blocked", "-": CLOSED}  # fmt: skip
_BOX = re.compile(r"\[([ xX/~>!-])\](?:\s+|\Z)")
_SIGNS = {
    "⬜": "open", "☐": "open", "🔲": "open", "⏳": "open", "📋": "open",
    "🔄": "in_progress", "🚧": "in_progress", "🔨": "in_progress",
    "✅": CLOSED, "☑": CLOSED, "✔": CLOSED, "❌": CLOSED,
}  # fmt: skip
_SIGN = re.compile(rf"({'|'.join(_SIGNS)})\ufe0f?\s+")
_NUMBER = re.compile(r"(\d+(?:\.\d+)*|[A-Z]{1,3}\d+(?:\.\d+)*)[.):]?\s+(?=\S)")
_ORDINAL = re.compile(
    r"((?:phase|layer|milestone|week|sprint|step|stage|part|task|epic|story|iteration|track)s?"
    r"\s+#?(?:\d+(?:\.\d+)*(?:-\d+)?|[A-Z]\b))",
    re.IGNORECASE,
)
_INTRODUCES = re.compile(
    r"(?:tasks?|sub-?tasks?|to-?dos?|action items?|work items?|next steps)\s*:?\Z", re.IGNORECASE
)
_TAIL = re.compile(
    r"\s+(?:@(?P<owner>[\w.-]+)|\[(?P<priority>[pP][0-4])\]"
    r"|\((?P<time>~?\d+(?:[.,]\d+)?\s*(?:h|hrs?|hours?|min|minutes?|d|days?))\))\Z"
)
_AGENT = re.compile(r"\s*\(([A-Za-z][\w.-]*)\)\Z")


class PlanItem:
    """Something to be done, or a heading above such things; `line` counts from 1.

    `kind` is HEADING or TASK; `number` is how the document numbers it, "" if it does not. `state`
    is a status, "" where none is said; `needs` are dependencies as they are written there.
    """

    def __init__(self, kind: str, title: str, line: int) -> None:
        self.kind = kind
        self.title, rest = _cut(" ".join(title.split()))
        self.number = _number(self.title)
        self.line = line
        self.state = ""
        self.minutes: int | None = None
        self.owner = ""
        self.priority: int | None = None
        self.type = ""
        self.labels: tuple[str, ...] = ()
        self.needs: list[str] = []
        self.due = ""
        self.texts: list[str] = [rest] if rest else []
        self.children: list[PlanItem] = []

    @property
    def text(self) -> str:
        """What the document says about it beside its title and attributes."""
        return "\n\n".join(self.texts).strip()

    def walk(self) -> Iterator[PlanItem]:
        """The item and all below it, in the order of the document."""
        yield self
        for child in self.children:
            yield from child.walk()


def read(text: str) -> list[PlanItem]:
    """The items of a document: headings that hold some, and tasks under no heading."""
    return _Reader(text).read()


def _cut(title: str) -> tuple[str, str]:
    """A title that is no longer than one may be, and the whole of it where it was."""
    if len(title) <= TITLE_LIMIT:
        return title, ""
    return title[: TITLE_LIMIT - 1].rstrip() + "…", title


def _number(title: str) -> str:
    match = _NUMBER.match(title)
    if match is not None:
        return match[1]
    ordinal = _ORDINAL.match(title)
    return " ".join(ordinal[1].lower().split()) if ordinal is not None else ""


class _Section(PlanItem):
    """A heading while its document is read: `level` 1 to 6, 0 for the document itself."""

    def __init__(self, title: str, line: int, level: int, mark: str) -> None:
        super().__init__(HEADING, title, line)
        self.level = level
        self.mark = mark
        self.kinds: set[str] = set()

    @property
    def is_task(self) -> bool:
        """Whether it has a state and something else that only work has."""
        work = {said.OWNER, said.ESTIMATE, said.PRIORITY, said.NEEDS}
        return said.STATUS in self.kinds and bool(self.number or work & self.kinds)


class _Reader:
    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.tree = blocks(text)
        self.agents: set[str] = set()
        self.introduced = False

    def read(self) -> list[PlanItem]:
        root = _Section("", 0, 0, "")
        path = [root]
        for node in self.tree:
            if node.type == "heading":
                level = int(node.tag[1:])
                while path[-1].level >= level:
                    path.pop()
                section = _Section(plain(node), self._line(node), level, node.markup)
                _take_waits(section)
                path[-1].children.append(section)
                path.append(section)
                self.introduced = _INTRODUCES.match(section.title) is not None
            else:
                self._block(path[-1], node)
        self._settle(root)
        self._assign(root)
        return root.children

    def _line(self, node: SyntaxTreeNode) -> int:
        return node.map[0] + 1 if node.map else 0

    def _block(self, section: _Section, node: SyntaxTreeNode) -> None:
        """Anything below a heading that is none itself."""
        if node.type in {"bullet_list", "ordered_list"}:
            items = self._items(node, every=self.introduced)
            if items:
                self._between(node, items)
            else:
                self._say(section, source(self.lines, node))
            section.children += items
        elif node.type == "paragraph":
            self._paragraph(section, source(self.lines, node))
            return
        elif node.type != "hr":
            self._say(section, source(self.lines, node))
        self.introduced = False

    def _between(self, node: SyntaxTreeNode, items: Sequence[PlanItem]) -> None:
        """Elements among tasks that are none belong to the task before them."""
        starts = {item.line: item for item in items}
        before: PlanItem | None = None
        for element in node.children:
            before = starts.get(self._line(element), before)
            if before is not None and self._line(element) not in starts:
                before.texts.append(source(self.lines, element))

    def _paragraph(self, section: _Section, text: str) -> None:
        """Lines of attributes, a word that introduces tasks, or text."""
        rows = []
        for row in text.split("\n"):
            found = said.attributes(row)
            self._attributes(section, found)
            section.kinds.update(one.kind for one in found)
            if not said.is_held(found):
                rows.append(row)
        self.introduced = bool(rows) and _INTRODUCES.match(rows[-1].strip(" *_")) is not None
        if self.introduced:
            rows.pop()
        self._say(section, "\n".join(rows))

    def _say(self, item: PlanItem, text: str) -> None:
        """Text of a heading is its own as long as no items came."""
        if text.strip() and not item.children:
            item.texts.append(text)

    # Items.

    def _items(self, node: SyntaxTreeNode, *, every: bool) -> list[PlanItem]:
        """The tasks of a list."""
        firsts = [_first(element) for element in node.children]
        signs = [_SIGNS[match[1]] for first in firsts if (match := _SIGN.match(first))]
        signed = any(state != CLOSED for state in signs)
        items: list[PlanItem] = []
        for element, first in zip(node.children, firsts, strict=True):
            box = _BOX.match(first) or (_SIGN.match(first) if signed else None)
            if box is not None or every:
                items.append(self._item(element, first, box))
        return items

    def _item(self, element: SyntaxTreeNode, first: str, box: re.Match[str] | None) -> PlanItem:
        title, *rest = (first[box.end() :] if box else first).split("\n")
        raw = self._raw_title(element)
        title, found, text = _without_attributes(title, raw)
        item = PlanItem(TASK, title, self._line(element))
        item.texts += [text] if text else []
        if box is not None:
            item.state = _BOXES.get(box[1]) or _SIGNS.get(box[1], "open")
        self._attributes(item, found)
        self._tail(item)
        for row in rest:
            self._row(item, row)
        for child in element.children[1:]:
            if child.type in {"bullet_list", "ordered_list"}:
                self._nested(item, child)
            elif child.type == "paragraph":
                for row in source(self.lines, child).split("\n"):
                    self._row(item, row)
            else:
                item.texts.append(source(self.lines, child))
        return item

    def _raw_title(self, element: SyntaxTreeNode) -> str:
        return self.lines[element.map[0]] if element.map else ""

    def _nested(self, item: PlanItem, node: SyntaxTreeNode) -> None:
        """A list within an item: tasks, attributes, or text."""
        items = self._items(node, every=False)
        item.children += items
        taken = {one.line for child in items for one in child.walk()}
        rest = []
        for element in node.children:
            text = source(self.lines, element)
            if self._line(element) in taken:
                continue
            found = said.attributes(text) if len(element.children) == 1 else []
            self._attributes(item, found)
            if not said.is_held(found):
                rest.append(text)
        if rest:
            item.texts.append("\n".join(rest))

    def _row(self, item: PlanItem, row: str) -> None:
        found = said.attributes(row)
        self._attributes(item, found)
        if row.strip() and not said.is_held(found):
            item.texts.append(row.strip())

    def _tail(self, item: PlanItem) -> None:
        """`@ann`, `(4h)`, `[P1]` and `(depends on: 1.1)` at the end of a title."""
        self._small_tail(item)
        if _take_waits(item):
            self._small_tail(item)

    def _small_tail(self, item: PlanItem) -> None:
        while (match := _TAIL.search(item.title)) is not None:
            item.title = item.title[: match.start()]
            if match["owner"]:
                item.owner = match["owner"]
            elif match["priority"]:
                item.priority = int(match["priority"][1])
            else:
                item.minutes = said.minutes(match["time"])

    def _attributes(self, item: PlanItem, found: Sequence[said.Attribute]) -> None:
        for kind, text in found:
            if kind in {said.OWNER, said.AGENTS}:
                self.agents.update(said.names(text))
            take = _TAKEN.get(kind)
            if take is not None:
                take(item, text)

    # What only the whole document tells.

    def _settle(self, section: PlanItem) -> bool:
        """Keep the headings that hold items; whether this one does."""
        kept: list[PlanItem] = []
        for child in section.children:
            if child.kind == TASK:
                kept.append(child)
            elif isinstance(child, _Section):
                if self._settle(child):
                    kept.append(child)
                elif not kept and isinstance(section, _Section) and section.level:
                    title = f"{child.mark} {child.title}"
                    section.texts.append("\n\n".join([title, *child.texts]))
        section.children = kept
        is_task = isinstance(section, _Section) and section.is_task
        if not kept and is_task:
            section.kind = TASK
        return bool(kept) or is_task

    def _assign(self, root: PlanItem) -> None:
        """`(ann)` at the end of a title is its owner where the document names an Ann elsewhere."""
        for item in root.walk():
            match = _AGENT.search(item.title) if item.kind == TASK else None
            if match is not None and match[1] in self.agents and not item.owner:
                item.owner = match[1]
                item.title = item.title[: match.start()]


def _take_waits(item: PlanItem) -> bool:
    """Dependencies behind a title; they stay as text too, as they may name nothing here."""
    item.title, text, names = said.waits(item.title)
    item.needs += names
    item.texts += [text] if text else []
    return bool(text)


def _take_estimate(item: PlanItem, text: str) -> None:
    if item.minutes is None:
        item.minutes = said.minutes(text)


def _take_owner(item: PlanItem, text: str) -> None:
    item.owner = said.name(text)


def _take_status(item: PlanItem, text: str) -> None:
    item.state = _further(item.state, said.status(text))


def _take_priority(item: PlanItem, text: str) -> None:
    item.priority = said.priority(text)


def _take_needs(item: PlanItem, text: str) -> None:
    item.needs += said.needs(text)


def _take_labels(item: PlanItem, text: str) -> None:
    item.labels += tuple(said.names(text))


def _take_type(item: PlanItem, text: str) -> None:
    item.type = text.strip().lower()


def _take_due(item: PlanItem, text: str) -> None:
    item.due = text.strip()


_TAKEN: dict[str, Callable[[PlanItem, str], None]] = {
    said.ESTIMATE: _take_estimate,
    said.OWNER: _take_owner,
    said.STATUS: _take_status,
    said.PRIORITY: _take_priority,
    said.NEEDS: _take_needs,
    said.LABELS: _take_labels,
    said.TYPE: _take_type,
    said.DUE: _take_due,
}


def _first(element: SyntaxTreeNode) -> str:
    """The text of the first paragraph of an element of a list."""
    head = element.children[0] if element.children else None
    return plain(head) if head is not None and head.type == "paragraph" else ""


def _without_attributes(title: str, raw: str) -> tuple[str, list[said.Attribute], str]:
    """A title without what stands behind it, which only the markup of the source shows.

    The attributes come with their text where fields do not hold all of it.
    """
    head, found = said.split(raw)
    if not found:
        return title, [], ""
    from tracker.interchange.markdown import inline

    text = "" if said.is_held(found) else raw[len(head) :].strip(" |–—-")  # noqa: RUF001
    start = _BOX.sub("", inline(re.sub(r"^\s*(?:[-*+]|\d+[.)])\s+", "", head)), count=1)
    return start, found, text


def _further(one: str, other: str) -> str:
    """The state that is nearer to the end; both a box and a word may tell one."""
    order = ["", "open", "deferred", "blocked", "in_progress", CLOSED]
    return max(one, other, key=order.index)
