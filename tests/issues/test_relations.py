"""Dependencies, labels and comments: what each action does, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tracker.errors import Cycle, Invalid, NotFound, Refused
from tracker.issues import actions
from tracker.issues.editing import Who
from tracker.log.issue_codec import encode
from tracker.log.issue_log import Draft, Log
from tracker.model.issue import Comment, Dependency, Issue, Labels
from tracker.model.timestamps import instant, stamp

NOW = instant("2026-03-01T12:00:00Z")
OLD = "2026-01-01T00:00:00Z"
WHO = Who("ann", NOW, nonce=2**64 - 1)


def issue(id, *targets, **values):
    """An issue with edges, each given as a target or as (type, target)."""
    pairs = [("blocks", to) if isinstance(to, str) else to for to in targets]
    edges = tuple(Dependency(issue_id=id, depends_on_id=to, type=type) for type, to in pairs)
    return Issue(**{"id": id, "title": id, "updated_at": OLD, "dependencies": edges} | values)


def draft_of(*issues):
    return Draft(Log(b"".join(encode(one) + b"\n" for one in issues)))


def keys(issue):
    return [edge.key for edge in issue.dependencies]


def link(draft, id, on, type="blocks"):
    return actions.link(draft, id, on, type, WHO)


# Dependencies


def test_a_link_is_an_edge_in_the_record_of_who_depends():
    draft = draft_of(issue("t-a", "t-c"), issue("t-b"), issue("t-c"))
    new = link(draft, "t-a", "t-b")
    assert new.dependencies[1] == Dependency(
        issue_id="t-a", depends_on_id="t-b", created_at=stamp(NOW), created_by="ann"
    )
    assert new.updated_at == stamp(NOW)
    assert list(draft.written()) == ["t-a"]
    assert link(draft, "t-a", "t-b") == new
    assert keys(link(draft, "t-a", "t-b", "my own kind"))[2] == ("t-b", "my own kind")


def test_only_what_exists_or_lies_outside_can_be_depended_on():
    draft = draft_of(issue("t-a"), issue("t-b"), issue("t-dead", status="tombstone"))
    assert keys(link(draft, "t-a", "external:project:thing")) == [
        ("external:project:thing", "blocks")
    ]
    with pytest.raises(NotFound, match="t-nope"):
        link(draft, "t-nope", "t-b")
    with pytest.raises(NotFound, match="t-nope"):
        link(draft, "t-a", "t-nope")
    with pytest.raises(NotFound, match="external:project:thing"):
        link(draft, "t-a", "external:project:thing", "parent-child")
    with pytest.raises(Invalid, match="t-dead is deleted"):
        link(draft, "t-a", "t-dead")
    with pytest.raises(Invalid, match="t-dead is deleted"):
        link(draft, "t-dead", "t-a")


def test_the_type_is_a_short_name():
    draft = draft_of(issue("t-a"), issue("t-b"))
    assert link(draft, "t-a", "t-b", "x" * 50)
    for type, message in (
        ("", "dependency type is empty"),
        ("x" * 51, "dependency type must be 50 characters or less"),
        ("a\nb", "dependency type holds a control character"),
    ):
        with pytest.raises(Invalid, match=message):
            link(draft, "t-a", "t-b", type)


@pytest.mark.parametrize("type", ["blocks", "related"])
def test_nothing_depends_on_itself(type):
    draft = draft_of(issue("t-a"), issue("t-b"))
    assert link(draft, "t-a", "t-b", type)
    with pytest.raises(Invalid, match="t-a cannot depend on itself"):
        link(draft, "t-a", "t-a", type)


@pytest.mark.parametrize("type", ["blocks", "conditional-blocks", "waits-for", "parent-child"])
def test_a_circle_of_blocking_edges_is_refused_and_shown(type):
    draft = draft_of(issue("t-a", ("parent-child", "t-b")), issue("t-b", "t-c"), issue("t-c"))
    assert link(draft, "t-c", "t-a", "related")
    before = dict(draft.changes)
    with pytest.raises(Cycle, match=r"would create a cycle \(t-c → t-a → t-b → t-c\)") as caught:
        link(draft, "t-c", "t-a", type)
    assert caught.value.path == ("t-c", "t-a", "t-b", "t-c")
    assert draft.changes == before


def test_a_circle_through_closed_work_is_one_through_deleted_work_is_none():
    def ring(status):
        return draft_of(issue("t-a", "t-b"), issue("t-b", "t-c", status=status), issue("t-c"))

    assert link(ring("tombstone"), "t-c", "t-a")
    with pytest.raises(Cycle):
        link(ring("closed"), "t-c", "t-a")


def test_relations_poison_nothing():
    draft = draft_of(issue("t-a", ("relates-to", "t-b")), issue("t-b", ("relates-to", "t-a")))
    assert keys(link(draft, "t-a", "t-b"))[1] == ("t-b", "blocks")


def test_a_child_does_not_wait_for_its_own_parent():
    draft = draft_of(issue("t-a", ("parent-child", "t-p")), issue("t-b", "t-p"), issue("t-p"))
    assert link(draft, "t-a", "t-p", "related")
    with pytest.raises(Invalid, match=r"t-a is already a child of t-p, .* deadlock"):
        link(draft, "t-a", "t-p")
    with pytest.raises(Invalid, match=r"cannot make t-p the parent of t-b, .* deadlock"):
        link(draft, "t-b", "t-p", "parent-child")


def test_who_waits_for_children_is_waited_for_by_none_of_them():
    waiting = issue("t-w", ("waits-for", "t-p"))
    kid = issue("t-p.1", ("parent-child", "t-p"))
    draft = draft_of(waiting, kid, issue("t-p"), issue("t-x", "t-w"))
    assert link(draft, "t-x", "t-p.1")
    with pytest.raises(Cycle, match=r"t-p.1 → t-w → t-p.1"):
        link(draft, "t-p.1", "t-w")
    with pytest.raises(Cycle, match=r"t-x → t-w → t-x"):
        link(draft, "t-x", "t-p", "parent-child")
    draft = draft_of(issue("t-w"), issue("t-p.1", "t-w", ("parent-child", "t-p")), issue("t-p"))
    with pytest.raises(Cycle, match=r"t-w → t-p.1 → t-w"):
        link(draft, "t-w", "t-p", "waits-for")


def test_who_is_deleted_waits_for_nobody():
    waiting = issue("t-w", ("waits-for", "t-p"), status="tombstone")
    draft = draft_of(waiting, issue("t-x", "t-w"), issue("t-p"))
    assert link(draft, "t-x", "t-p", "parent-child").parent == "t-p"


def test_what_the_old_parent_waits_for_stays_behind():
    draft = draft_of(
        issue("t-x", ("parent-child", "t-old")),
        issue("t-old", "t-w"),
        issue("t-w", ("waits-for", "t-new")),
        issue("t-new"),
    )
    changes = actions.Changes(parent="t-new")
    assert actions.update(draft, "t-x", changes, actions.Settings(), WHO).parent == "t-new"


def test_an_issue_has_one_parent():
    draft = draft_of(issue("t-a"), issue("t-p"), issue("t-q"))
    first = link(draft, "t-a", "t-p", "parent-child")
    assert first.parent == "t-p"
    assert link(draft, "t-a", "t-p", "parent-child") == first
    with pytest.raises(Invalid, match="t-a already has the parent t-p") as caught:
        link(draft, "t-a", "t-q", "parent-child")
    assert caught.value.hint == "bd update t-a --parent t-q"


def test_unlinking_removes_one_type_or_all():
    edges = ("t-b", ("related", "t-b"), "t-c", ("blocks", "t-gone"))
    draft = draft_of(issue("t-a", *edges), issue("t-b"), issue("t-c"))
    gone = actions.unlink(draft, "t-a", "t-b", "related", WHO)
    assert [edge.key for edge in gone] == [("t-b", "related")]
    assert keys(draft.get_issue("t-a")) == [
        ("t-b", "blocks"), ("t-c", "blocks"), ("t-gone", "blocks"),
    ]  # fmt: skip
    with pytest.raises(Invalid, match="dependency from t-a to t-b does not exist"):
        actions.unlink(draft, "t-a", "t-b", "related", WHO)
    assert len(actions.unlink(draft, "t-a", "t-gone", None, WHO)) == 1
    both = draft_of(issue("t-a", *edges), issue("t-b"), issue("t-c"))
    assert len(actions.unlink(both, "t-a", "t-b", None, WHO)) == 2
    assert instant(both.get_issue("t-a").updated_at) == NOW
    with pytest.raises(NotFound, match="t-nope"):
        actions.unlink(both, "t-nope", "t-b", None, WHO)


def test_related_issues_point_at_each_other():
    draft = draft_of(issue("t-a", "t-b"), issue("t-b"))
    one, other = actions.relate(draft, "t-a", "t-b", WHO)
    assert keys(one) == [("t-b", "blocks"), ("t-b", "relates-to")]
    assert keys(other) == [("t-a", "relates-to")]
    assert actions.relate(draft, "t-b", "t-a", WHO) == (other, one)
    assert len(actions.unrelate(draft, "t-b", "t-a", WHO)) == 2
    assert keys(draft.get_issue("t-a")) == [("t-b", "blocks")]
    with pytest.raises(Invalid, match="dependency from t-a to t-b does not exist"):
        actions.unrelate(draft, "t-a", "t-b", WHO)


def test_half_a_relation_can_be_removed():
    half = issue("t-b", ("relates-to", "t-a"))
    draft = draft_of(issue("t-a"), half, issue("t-dead", ("relates-to", "t-a"), status="tombstone"))
    assert len(actions.unrelate(draft, "t-a", "t-b", WHO)) == 1
    assert list(draft.written()) == ["t-b"]
    with pytest.raises(Invalid, match="does not exist"):
        actions.unrelate(draft, "t-a", "t-dead", WHO)


def test_a_relation_is_made_on_both_sides_or_on_none():
    twice = encode(issue("t-b")) + b"\n"
    draft = Draft(Log(encode(issue("t-a")) + b"\n" + encode(issue("t-c")) + b"\n" + twice * 2))
    assert actions.relate(draft, "t-a", "t-c", WHO)
    before = dict(draft.changes)
    with pytest.raises(Refused, match="t-b stands more than once"):
        actions.relate(draft, "t-a", "t-b", WHO)
    with pytest.raises(NotFound, match="t-nope"):
        actions.relate(draft, "t-a", "t-nope", WHO)
    assert draft.changes == before


# Labels


def label(draft, **labels):
    return actions.label(draft, "t-a", Labels(**labels), WHO).labels


def test_labels_are_sorted_and_unique():
    draft = draft_of(issue("t-a", labels=("m",)))
    assert label(draft, add=(" z ", "a", "z"), remove=("m",)) == ("a", "z")
    assert instant(draft.get_issue("t-a").updated_at) == NOW
    assert label(draft, set=("q", "a")) == ("a", "q")
    assert label(draft, set=(), add=("x",)) == ("x",)


def test_labels_that_make_no_difference_leave_the_record_alone():
    old = issue("t-a", labels=("b", "a", "b", " odd "))
    draft = draft_of(old)
    assert label(draft, add=("a", " odd "), remove=("never",)) == old.labels
    assert label(draft, set=("a", "b", " odd ")) == old.labels
    assert not draft.changes
    assert label(draft, remove=(" odd ",)) == ("a", "b")


@pytest.mark.parametrize("bad", ["", "  ", "a\tb", "a\nb", "a\0", "\udcff", "x" * 501])
def test_a_label_is_a_word_on_one_line(bad):
    draft = draft_of(issue("t-a"))
    assert label(draft, add=("dim:value with spaces é",))
    with pytest.raises(Invalid, match=r"^label "):
        label(draft, add=(bad,))
    with pytest.raises(Invalid, match=r"^label "):
        label(draft, set=(bad,))


def test_an_odd_label_can_be_removed():
    assert label(draft_of(issue("t-a", labels=("a\nb", "c"))), remove=("a\nb",)) == ("c",)


# Comments


def test_a_comment_is_added_behind_the_others():
    first = Comment(id="0198-uuid", issue_id="t-a", author="bob", text="first", created_at=OLD)
    draft = draft_of(issue("t-a", comments=(first,)))
    remark = actions.comment(draft, "t-a", "two\nlines", WHO)
    assert remark == Comment(
        id=remark.id, issue_id="t-a", author="ann", text="two\nlines", created_at=stamp(NOW)
    )
    assert draft.get_issue("t-a").comments == (first, remark)
    assert draft.get_issue("t-a").updated_at == stamp(NOW)
    assert actions.comment(draft, "t-a", "x", WHO, "carl").author == "carl"


def test_the_ids_of_comments_are_numbers_that_every_reader_can_hold():
    draft = draft_of(issue("t-a"), issue("t-b"))
    made = [actions.comment(draft, id, "x", WHO).id for id in ("t-a", "t-a", "t-b", "t-a")]
    assert len(set(made)) == 4
    assert all(0 < id < 2**53 for id in made)
    other = actions.comment(draft_of(issue("t-a")), "t-a", "x", WHO._replace(nonce=1)).id
    assert other not in made


def test_a_comment_says_something():
    draft = draft_of(issue("t-a"))
    assert actions.comment(draft, "t-a", "x" * 1_000_000, WHO)
    before = dict(draft.changes)
    for text, message in (
        (" \n", "comment text cannot be empty"),
        ("a\0", "comment holds a NUL character"),
        ("\udcff", "comment is not valid UTF-8"),
        ("x" * 1_000_001, "comment must be 1000000 characters or less"),
    ):
        with pytest.raises(Invalid, match=message):
            actions.comment(draft, "t-a", text, WHO)
    with pytest.raises(Invalid, match="author holds a NUL"):
        actions.comment(draft, "t-a", "x", WHO, "\0")
    with pytest.raises(NotFound, match="t-nope"):
        actions.comment(draft, "t-nope", "x", WHO)
    assert draft.changes == before


def test_every_link_label_and_comment_moves_updated_at():
    old = issue("t-a", "t-b", updated_at="2030-01-01T00:00:00Z")
    for act in (
        lambda draft: link(draft, "t-a", "t-b", "related"),
        lambda draft: actions.unlink(draft, "t-a", "t-b", None, WHO),
        lambda draft: label(draft, add=("x",)),
        lambda draft: actions.comment(draft, "t-a", "x", WHO),
    ):
        draft = draft_of(old, issue("t-b"))
        act(draft)
        new = draft.get_issue("t-a")
        assert new.updated_at == "2030-01-01T00:00:00.000001Z"
        same = replace(
            new,
            updated_at=old.updated_at,
            dependencies=old.dependencies,
            labels=(),
            comments=(),
        )
        assert same == old
