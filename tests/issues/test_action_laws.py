"""What holds for every action, whatever the log holds."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.support import strategies as strategies
from tracker.errors import Cycle, Invalid, NotFound, Taken, TrackerError
from tracker.issues import actions
from tracker.issues.editing import Who
from tracker.issues.graph import Rules, cycles, waiting_edges
from tracker.issues.lifecycle import Closing
from tracker.log.issue_codec import decode, encode
from tracker.log.issue_log import Draft, Log
from tracker.model.issue import BLOCKING, DEFAULTS, FIELDS, PARENT, Changes, Issue, Labels, New
from tracker.model.timestamps import instant
from tracker.model.validation import Settings

NOW = strategies.NOW
LATER = "2200-01-01T00:00:00Z"
SET = Settings(prefix="bd")
WHO = Who("ann", NOW, nonce=1)
CHANGES: tuple[Changes, ...] = (
    {"title": "New title"},
    {"description": "d", "priority": 0, "estimated_minutes": 0},
    {"status": "closed", "reason": "done"},
    {"status": "in_progress", "assignee": ""},
    {"labels": Labels(add=("x", "a"), remove=("b c",))},
    {"set_metadata": {"k": "1"}, "unset_metadata": ["zeta"]},
    {"due_at": "2026-01-01T00:00:00Z", "defer_until": "", "pinned": False},
    {"parent": ""},
    {"notes": ""},
)


def draft_of(issues):
    return Draft(Log(b"".join(encode(one) + b"\n" for one in issues)))


def acts_on(one, other):
    """Every action that changes what is there, by name, for two ids."""
    return {
        **{
            f"update {', '.join(changes)}": lambda d, c=changes: actions.update(d, one, c, SET, WHO)
            for changes in CHANGES
        },
        "parent": lambda d: actions.update(d, one, {"parent": other}, SET, WHO),
        "claim": lambda d: actions.claim(d, one, SET, WHO, renew=True),
        "close": lambda d: actions.close(d, one, Closing(force=True), SET, WHO),
        "reopen": lambda d: actions.reopen(d, one, "why", SET, WHO),
        "defer": lambda d: actions.defer(d, one, LATER, SET, WHO),
        "undefer": lambda d: actions.undefer(d, one, SET, WHO),
        "delete": lambda d: actions.delete(d, one, "why", WHO),
        "restore": lambda d: actions.restore(d, one, WHO),
        "link": lambda d: actions.link(d, one, other, "blocks", WHO),
        "relate": lambda d: actions.relate(d, one, other, WHO),
        "label": lambda d: actions.label(d, one, Labels(add=("new",)), WHO),
        "comment": lambda d: actions.comment(d, one, "hello", WHO),
        "comment once": lambda d: actions.comment_once(d, one, "hello", WHO),
    }


@st.composite
def worlds(draw):
    """A log of small issues or of one issue with anything in it, and two of its ids."""
    issues = draw(strategies.logs(max_size=5) | st.lists(strategies.issues(), max_size=1))
    ids = [issue.id for issue in issues] or ["bd-missing"]
    return issues, draw(st.sampled_from(ids)), draw(st.sampled_from([*ids, "bd-missing"]))


def done(act, before):
    """The draft after one action; None where it refused, which must leave no trace."""
    draft = Draft(before)
    try:
        act(draft)
    except TrackerError:
        assert not draft.changes
        return None
    return draft


@given(worlds())
def test_an_action_changes_its_own_records_once_and_carries_the_rest(world):
    issues, one, other = world
    before = draft_of(issues).before
    for name, act in acts_on(one, other).items():
        draft = done(act, before)
        if draft is None:
            continue
        assert draft.changes.keys() <= ({one, other} if name == "relate" else {one})
        for id, line in draft.written().items():
            old, new = before[id], draft.get_issue(id)
            assert decode(line) == new
            assert instant(new.updated_at) > instant(old.updated_at)
            assert new.created_at == old.created_at
            lost = {key for key, _ in set(old.extra) - set(new.extra)}
            assert lost <= {*FIELDS, "conflicts", "original_status"}
            assert {key for key, _ in set(new.extra) - set(old.extra)} <= {"original_status"}
        if name != "comment":
            after = dict(draft.changes)
            act(draft)
            assert draft.changes == after


@given(strategies.issues())
def test_what_is_not_set_is_as_it_was(issue):
    old = replace(issue, status="open", extra=tuple(p for p in issue.extra if p[0] != "status"))
    draft = draft_of([old])
    new = actions.update(draft, old.id, {"title": "New title", "priority": 3}, SET, WHO)
    gone = {"title", "priority", "updated_at", "conflicts"}
    extra = tuple(pair for pair in old.extra if pair[0] not in gone)
    kept = tuple(pair for pair in new.extra if pair[0] != "conflicts")
    assert kept == extra
    same = {"title": old.title, "priority": old.priority, "updated_at": old.updated_at}
    assert replace(new, **same, extra=()) == replace(old, extra=())


@given(strategies.issues())
def test_deleting_and_restoring_gives_the_same_record(issue):
    carried = {"status", "original_status", "deleted_at", "deleted_by", "delete_reason",
               "original_type", "updated_at"}  # fmt: skip
    extra = tuple(pair for pair in issue.extra if pair[0] not in carried)
    clean = {name: DEFAULTS[name] for name in carried if name in FIELDS and name != "status"}
    status = "open" if issue.status == "tombstone" else issue.status
    old = replace(issue, **clean, status=status, extra=extra)
    draft = draft_of([old])
    assert actions.delete(draft, old.id, "oops", WHO).status == "tombstone"
    back = actions.restore(draft, old.id, WHO)
    assert replace(back, updated_at="") == old


@given(st.permutations(["ann", "bob", "carl"]), st.sampled_from(["", "ann", "bob", "zoe"]))
def test_of_several_claims_one_wins(names, planned):
    draft = draft_of([Issue(id="bd-a", title="t", assignee=planned)])
    won = []
    for name in names:
        try:
            won.append(actions.claim(draft, "bd-a", SET, Who(name, NOW)).assignee)
        except Taken as error:
            assert error.holder == (won[0] if won else planned)  # noqa: PT017
    expected = [planned] if planned in names else [] if planned else names[:1]
    assert won == expected


def leads_to(edges, start, goal, seen=()):
    """The naive search: every way, one by one."""
    if start == goal:
        return True
    return any(
        leads_to(edges, to, goal, (*seen, start))
        for source, to, type in edges
        if source == start and type in BLOCKING and to not in seen
    )


NODES = [f"bd-{name}" for name in "abcde"]
KINDS = ["blocks", "blocks", "conditional-blocks", "related", PARENT]
WISHES = st.lists(st.tuples(*[st.sampled_from(NODES)] * 2, st.sampled_from(KINDS)), max_size=14)


def refusal(edges, source, to, type):
    """What a naive reading of the rules says about one more edge."""
    both = {kind for one, other, kind in edges if (one, other) == (source, to)}
    if type in both:
        return None
    if source == to or (type == PARENT and any(e[0] == source and e[2] == PARENT for e in edges)):
        return Invalid
    if type in BLOCKING and PARENT in {type, *both} and both & BLOCKING:
        return Invalid
    return Cycle if type in BLOCKING and leads_to(edges, to, source) else None


@given(WISHES)
def test_a_cycle_is_found_exactly_where_a_naive_search_finds_one(wishes):
    draft = draft_of([Issue(id=id, title=id) for id in NODES])
    edges = set()
    for source, to, type in wishes:
        expected = refusal(edges, source, to, type)
        try:
            actions.link(draft, source, to, type, WHO)
        except (Cycle, Invalid) as error:
            found = error
        else:
            found = None
            edges.add((source, to, type))
        assert expected is (found and found.__class__)
        if isinstance(found, Cycle):
            hops = list(pairwise(found.path))
            assert hops[0] == (source, to)
            assert found.path[0] == found.path[-1]
            assert set(hops[1:]) <= {(a, b) for a, b, kind in edges if kind in BLOCKING}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["link", "parent", "create"]),
            *[st.sampled_from(NODES)] * 2,
            st.sampled_from(["blocks", "waits-for", PARENT]),
        ),
        max_size=14,
    )
)
def test_no_action_makes_issues_wait_for_each_other(wishes):
    draft = draft_of([Issue(id=id, title=id) for id in NODES])
    for number, (act, one, other, type) in enumerate(wishes):
        who = WHO._replace(nonce=number)
        try:
            if act == "link":
                actions.link(draft, one, other, type, who)
            elif act == "parent":
                actions.update(draft, one, {"parent": other}, SET, who)
            else:
                needs = ((type, other), ("waits-for", NODES[number % len(NODES)]))
                actions.create(draft, New("new", parent=one, dependencies=needs), SET, who)
        except (Cycle, Invalid):
            continue
    issues = [draft.get_issue(id) for id in draft.all_ids()]
    assert cycles(waiting_edges(issues, Rules(NOW))) == []


@given(strategies.logs(), st.data())
def test_what_cannot_be_created_leaves_nothing_behind(issues, data):
    ids = [*(issue.id for issue in issues), "bd-missing", "external:p:c"]
    draft = draft_of(issues)
    new = New(
        data.draw(st.sampled_from(["t", ""])),
        parent=data.draw(st.sampled_from(["", *ids])),
        dependencies=tuple(
            (data.draw(st.sampled_from(KINDS)), data.draw(st.sampled_from(ids)))
            for _ in range(data.draw(st.integers(0, 2)))
        ),
        id=data.draw(st.sampled_from(["", "", "bd-chosen", *ids])),
    )
    try:
        made = actions.create(draft, new, SET, WHO)
    except (Invalid, NotFound, Cycle):
        assert not draft.changes
    else:
        assert list(draft.written()) == [made.id]
        assert decode(draft.written()[made.id]) == made
        assert all(draft.get_issue(on) or ":" in on for on, _ in (e.key for e in made.dependencies))
