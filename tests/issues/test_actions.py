"""Creating, editing and ending issues: what each action does, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tracker.errors import Blocked, Cycle, Invalid, NotFound, Refused, Taken
from tracker.issues import actions
from tracker.issues.editing import Who
from tracker.issues.lifecycle import Closing
from tracker.log.issue_codec import encode
from tracker.log.issue_log import Draft, Log
from tracker.model.issue import Changes, Dependency, Issue, Labels, New
from tracker.model.timestamps import instant, stamp
from tracker.model.validation import Settings

DAY = 86_400_000_000_000
NOW = instant("2026-03-01T12:00:00Z")
OLD = "2026-01-01T00:00:00.123456789Z"
WHO = Who("ann", NOW, owner="ann@example.com", session="s1", nonce=7)
SET = Settings(prefix="tst")


def issue(id="tst-a", **values):
    values = {
        "title": f"Title of {id}",
        "priority": 2,
        "created_at": OLD,
        "updated_at": OLD,
    } | values
    return Issue(id=id, **values)


def needs(id, *targets):
    """Edges of one issue, each given as a target or as (type, target)."""
    pairs = [("blocks", to) if isinstance(to, str) else to for to in targets]
    return tuple(Dependency(issue_id=id, depends_on_id=to, type=type) for type, to in pairs)


def draft_of(*issues):
    return Draft(Log(b"".join(encode(one) + b"\n" for one in issues)))


def update(draft, id="tst-a", settings=SET, who=WHO, **changes):
    return actions.update(draft, id, Changes(**changes), settings, who)


# Creating


def test_a_new_issue_holds_what_was_given_and_nothing_else():
    draft = draft_of()
    new = New("Fix login", description="It fails", priority=0, issue_type="feat",
              labels=("ui", "auth", "ui"), estimated_minutes=0, due_at="2026-04-01T02:00:00+02:00",
              metadata='{"a": 1.50}', mol_type="work")  # fmt: skip
    made = actions.create(draft, new, SET, WHO)
    assert made.id.startswith("tst-")
    assert len(made.id) == len("tst-") + 5
    assert made == Issue(
        id=made.id, title="Fix login", description="It fails", priority=0, issue_type="feature",
        labels=("auth", "ui"), estimated_minutes=0, due_at="2026-04-01T00:00:00Z",
        metadata='{"a":1.50}', mol_type="work", owner="ann@example.com", created_by="ann",
        created_at="2026-03-01T12:00:00Z", updated_at="2026-03-01T12:00:00Z",
    )  # fmt: skip
    assert draft.changes == {made.id: made}


def test_the_same_title_twice_gives_two_ids_even_with_the_same_random_bits():
    draft = draft_of()
    one = actions.create(draft, New("Same"), SET, WHO)
    two = actions.create(draft, New("Same"), SET, WHO)
    assert one.id != two.id


@pytest.mark.parametrize(
    ("ids", "settings", "expected"),
    [
        (["foo-1", "foo-2", "bar-1"], Settings(prefix="tst-"), ("tst", "config")),
        (["foo-1", "bar-1", "bar-2", "foo-1.1", "foo-1.2"], Settings(), ("bar", "issues")),
        (["foo-1", "bar-1"], Settings(), ("bar", "issues")),
        (["nohyphen"], Settings(folder="shop"), ("shop", "folder")),
        ([], Settings(folder="shop"), ("shop", "folder")),
    ],
)
def test_the_prefix_comes_from_the_configuration_else_the_log_else_the_folder(
    ids, settings, expected
):
    draft = draft_of(*(issue(id) for id in ids))
    assert actions.choose_prefix(draft, settings) == expected
    assert actions.create(draft, New("x"), settings, WHO).id.startswith(f"{expected[0]}-")


def test_a_configured_prefix_must_make_good_ids():
    assert actions.choose_prefix(draft_of(), Settings(prefix="my.app"))[0] == "my.app"
    with pytest.raises(Invalid, match="invalid prefix"):
        actions.create(draft_of(), New("x"), Settings(prefix="my app"), WHO)


def test_children_are_numbered_behind_the_highest_that_was_ever_known():
    draft = draft_of(
        issue("tst-a"),
        issue("tst-a.1", status="tombstone"),
        issue("tst-a.4.1"),
        issue("tst-a.x9"),
        issue(
            "tst-moved", aliases=("tst-a.6",), dependencies=needs("x", ("parent-child", "tst-a"))
        ),
        issue("tst-ab.9"),
    )
    made = actions.create(draft, New("child", parent="tst-a"), SET, WHO)
    assert made.id == "tst-a.7"
    assert made.parent == "tst-a"
    assert actions.create(draft, New("child", parent="tst-a"), SET, WHO).id == "tst-a.8"
    assert actions.create(draft, New("child", parent="tst-moved"), SET, WHO).id == "tst-moved.1"


def test_a_child_that_only_its_own_children_remember_keeps_its_number():
    draft = draft_of(issue("tst-a"), issue("tst-a.4.1"))
    assert actions.create(draft, New("child", parent="tst-a"), SET, WHO).id == "tst-a.5"


def test_children_go_as_deep_as_the_configuration_says():
    draft = draft_of(issue("tst-a"))
    id = "tst-a"
    for depth in (1, 2, 3):
        id = actions.create(draft, New(f"level {depth}", parent=id), SET, WHO).id
    assert id == "tst-a.1.1.1"
    with pytest.raises(
        Invalid, match=r"maximum hierarchy depth \(3\) exceeded for parent tst-a.1.1.1"
    ):
        actions.create(draft, New("level 4", parent=id), SET, WHO)
    assert actions.create(draft, New("level 4", parent=id), SET._replace(max_depth=4), WHO)


def test_a_dot_in_the_prefix_is_no_level_of_children():
    draft = draft_of(issue("my.app.io-a"))
    made = actions.create(draft, New("c", parent="my.app.io-a"), Settings(max_depth=1), WHO)
    assert made.id == "my.app.io-a.1"


def test_a_child_takes_the_labels_of_its_parent_when_asked_to():
    draft = draft_of(issue("tst-a", labels=("ui",)))
    new = New("c", parent="tst-a", labels=("new",))
    assert actions.create(draft, new, SET, WHO).labels == ("new",)
    assert actions.create(draft, new._replace(inherit_labels=True), SET, WHO).labels == (
        "new",
        "ui",
    )


def test_an_id_may_be_chosen():
    draft = draft_of(issue("tst-a"))
    assert actions.create(draft, New("x", id="tst-login"), SET, WHO).id == "tst-login"
    with pytest.raises(Invalid, match="issue tst-a already exists"):
        actions.create(draft, New("x", id="tst-a"), SET, WHO)
    with pytest.raises(Invalid, match="invalid id"):
        actions.create(draft, New("x", id="tst-a b"), SET, WHO)
    mismatch = r"prefix mismatch: database uses 'tst-' but ID 'foo-1' doesn't match \(use --force"
    with pytest.raises(Invalid, match=mismatch):
        actions.create(draft, New("x", id="foo-1"), SET, WHO)
    assert actions.create(draft, New("x", id="foo-1", force=True), SET, WHO).id == "foo-1"
    allowed = SET._replace(allowed_prefixes=("bar-",))
    assert actions.create(draft, New("x", id="bar-1"), allowed, WHO).id == "bar-1"


def test_where_no_prefix_is_configured_any_id_may_be_chosen():
    draft = draft_of(issue("novacron-init-4"))
    for id in ("novacron-38p", "foo-1"):
        assert actions.create(draft, New("x", id=id), Settings(folder="shop"), WHO).id == id
    configured = Settings(prefix="shop")
    with pytest.raises(Invalid, match="prefix mismatch: database uses 'shop-'"):
        actions.create(draft, New("x", id="bar-1"), configured, WHO)


def test_an_old_name_of_an_issue_is_not_given_to_another():
    draft = draft_of(issue("tst-a", aliases=("tst-old",)))
    assert actions.create(draft, New("x", id="tst-new"), SET, WHO)
    with pytest.raises(Invalid, match="tst-old is another name of tst-a"):
        actions.create(draft, New("x", id="tst-old"), SET, WHO)


def test_a_tombstone_becomes_a_new_issue_only_by_its_id():
    ahead = stamp(NOW + DAY)
    buried = issue("tst-a", status="tombstone", description="old", updated_at=ahead)
    draft = draft_of(buried)
    made = actions.create(draft, New("again", id="tst-a"), SET, WHO)
    assert (made.title, made.description, made.status) == ("again", "", "open")
    assert instant(made.updated_at) > instant(ahead)
    with pytest.raises(Invalid, match="tst-a already exists"):
        actions.create(draft, New("thrice", id="tst-a"), SET, WHO)


def test_dependencies_come_with_the_issue():
    draft = draft_of(issue("tst-a"), issue("tst-b"))
    pairs = (("blocks", "tst-b"), ("parent-child", "tst-a"), ("caused-by", "external:x:y"))
    made = actions.create(draft, New("x", dependencies=(*pairs, pairs[0])), SET, WHO)
    assert [edge.key for edge in made.dependencies] == [
        ("tst-a", "parent-child"), ("tst-b", "blocks"), ("external:x:y", "caused-by"),
    ]  # fmt: skip
    assert {(e.issue_id, e.created_by, e.created_at) for e in made.dependencies} == {
        (made.id, "ann", stamp(NOW))
    }
    assert "." not in made.id


def test_nothing_is_created_where_a_dependency_cannot_be():
    draft = draft_of(
        issue("tst-a"),
        issue("tst-b", dependencies=needs("tst-b", "tst-new")),
        issue("tst-dead", status="tombstone"),
        issue("tst-w", dependencies=needs("tst-w", ("waits-for", "tst-a"))),
    )

    def create(*pairs, **more):
        return actions.create(Draft(draft), New("x", dependencies=pairs, **more), SET, WHO)

    assert create(("blocks", "tst-a"), parent="tst-b").parent == "tst-b"
    with pytest.raises(NotFound, match="tst-nope"):
        create(("blocks", "tst-a"), ("blocks", "tst-nope"))
    with pytest.raises(NotFound, match="tst-nope"):
        create(parent="tst-nope")
    with pytest.raises(Invalid, match="tst-dead is deleted"):
        create(("blocks", "tst-dead"))
    with pytest.raises(Invalid, match="one parent, not 2: tst-a, tst-b"):
        create(("parent-child", "tst-b"), parent="tst-a")
    with pytest.raises(Invalid, match="deadlock"):
        create(("blocks", "tst-a"), parent="tst-a")
    with pytest.raises(Invalid, match="dependency type is empty"):
        create(("", "tst-a"))
    with pytest.raises(Invalid, match="itself"):
        create(("related", "tst-new"), id="tst-new")
    with pytest.raises(Cycle, match="tst-new → tst-b → tst-new"):
        create(("blocks", "tst-b"), id="tst-new")
    # tst-w waits for every child of tst-a, so a child of it cannot wait for tst-w.
    with pytest.raises(Cycle, match=r"tst-a.1 → tst-w → tst-a.1"):
        create(("blocks", "tst-w"), parent="tst-a")
    assert not draft.changes


def test_a_gate_says_which_children_are_waited_for():
    draft = draft_of(issue("tst-a"))
    new = New("x", dependencies=(("waits-for", "tst-a"),), gate="any-children")
    (edge,) = actions.create(draft, new, SET, WHO).dependencies
    assert edge.extra == (("metadata", r'"{\"gate\":\"any-children\"}"'),)
    with pytest.raises(
        Invalid, match='invalid --waits-for-gate "some": use all-children or any-children'
    ):
        actions.create(draft, new._replace(gate="some"), SET, WHO)


def test_a_description_may_be_asked_for():
    draft = draft_of()
    settings = SET._replace(require_description=True)
    assert actions.create(draft, New("x", description="d"), settings, WHO)
    with pytest.raises(Invalid, match="description is required"):
        actions.create(draft, New("x", description=" "), settings, WHO)


# What a field may hold, at creation and later


GOOD_AND_BAD = [
    ("title", "t" * 500, "t" * 501, r"title must be 500 characters or less \(got 501\)"),
    ("title", "é", " ", "validation failed: title is required"),
    ("title", "a\tb", "a\nb", "title must be a single line"),
    ("title", "\x1b[31mred", "a\0", "title holds a NUL character"),
    ("description", "lines\n", "a\0b", "description holds a NUL character"),
    ("notes", "😀", "\udcff", "notes is not valid UTF-8"),
    ("design", "d" * 1_000_000, "d" * 1_000_001, "design must be 1000000 characters or less"),
    ("assignee", "bob", "\ud800", "assignee is not valid UTF-8"),
    ("priority", 4, 5, 'invalid priority "5": use 0 to 4'),
    ("priority", 0, -1, 'invalid priority "-1"'),
    ("priority", 1, 2.5, 'invalid priority "2.5"'),
    ("estimated_minutes", 0, -1, "estimate must be a non-negative number of minutes"),
    ("estimated_minutes", 2**53 - 1, 2**53, "estimate must be"),
    ("issue_type", "epic", "Epic",
     'invalid issue type "Epic": use bug, feature, task, epic, chore or own$'),
    ("issue_type", "own", "", 'invalid issue type ""'),
    ("due_at", "2026-05-05T00:00:00Z", "soon", 'invalid due_at "soon": use a time'),
    ("defer_until", "2026-05-05T00:00:00Z", "0001-01-01T00:00:00Z", "invalid defer_until"),
    ("metadata", "[1]", "{", "invalid JSON in --metadata: must be valid JSON"),
    ("metadata", "1e400", '1,"value":1', "invalid JSON in --metadata"),
    ("metadata", "[" * 50 + "]" * 50, "[" * 99_999 + "x]" * 99_999, "invalid JSON in --metadata"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "good", "bad", "message"), GOOD_AND_BAD)
def test_a_field_is_checked_when_it_is_set(field, good, bad, message):
    settings = SET._replace(types=("own",))
    draft = draft_of(issue())
    made = actions.create(draft, New(**({"title": "x", field: good})), settings, WHO)
    assert getattr(made, field) == good
    assert getattr(update(draft, settings=settings, **{field: good}), field) == good
    before = dict(draft.changes)
    with pytest.raises(Invalid, match=message):
        actions.create(draft, New(**({"title": "x", field: bad})), settings, WHO)
    with pytest.raises(Invalid, match=message):
        update(draft, settings=settings, **{field: bad})
    assert draft.changes == before


@pytest.mark.parametrize("field", ["mol_type", "wisp_type"])
def test_words_of_orchestrators_are_checked(field):
    assert getattr(actions.create(draft_of(), New("x", **{field: "patrol"}), SET, WHO), field)
    with pytest.raises(Invalid, match=f'invalid {field.replace("_", "-")} "dance": use '):
        actions.create(draft_of(), New("x", **{field: "dance"}), SET, WHO)


def test_types_go_by_their_other_names_but_not_where_they_are_configured():
    assert update(draft_of(issue()), issue_type="adr").issue_type == "decision"
    own = SET._replace(types=("adr",))
    assert update(draft_of(issue()), settings=own, issue_type="adr").issue_type == "adr"


# Updating


def test_an_update_changes_what_it_names():
    draft = draft_of(issue(description="d"), issue("tst-b"))
    new = update(draft, title="New", estimated_minutes=5, pinned=True, external_ref="gh-9")
    old = draft.before.get_issue("tst-a")
    assert new == replace(old, title="New", estimated_minutes=5, pinned=True, external_ref="gh-9",
                          updated_at="2026-03-01T12:00:00Z")  # fmt: skip
    assert draft.written() == {"tst-a": encode(new)}


def test_an_empty_value_clears_a_field():
    full = issue(
        assignee="bob", due_at=OLD, defer_until=OLD, estimated_minutes=5, metadata='{"a":1}'
    )
    new = update(draft_of(full), assignee="", due_at="", defer_until="", estimated_minutes=None,
                 metadata="null")  # fmt: skip
    assert replace(new, updated_at=OLD) == issue()


def test_an_update_to_what_is_there_changes_nothing():
    old = issue(
        title="t" * 600, status="odd", issue_type="odd", priority=9, notes="n", assignee="a",
        labels=("b", "a"), metadata='{ "a":1}', due_at="2026-05-05T02:00:00+02:00",
        dependencies=needs("tst-a", ("parent-child", "tst-p")),
    )  # fmt: skip
    draft = draft_of(old)
    new = update(
        draft, title="t" * 600, status="odd", issue_type="odd", priority=9, append_notes="",
        assignee="a", labels=Labels(add=("a",), remove=("z",)), set_metadata={"a": "1"},
        unset_metadata=["z"], due_at="2026-05-05T00:00:00Z", parent="tst-p",
    )  # fmt: skip
    assert new == old
    assert not draft.changes
    assert update(draft, title="Shorter").priority == 9


def test_an_unknown_issue_is_not_updated():
    draft = draft_of(issue(), issue("tst-dead", status="tombstone"))
    assert update(draft, priority=1).priority == 1
    with pytest.raises(NotFound, match="tst-nope"):
        update(draft, "tst-nope", priority=1)
    with pytest.raises(Invalid, match="tst-dead is deleted") as caught:
        update(draft, "tst-dead", priority=1)
    assert caught.value.hint == "bd restore tst-dead"
    with pytest.raises(Invalid, match="unknown field: colour, id"):
        actions.update(draft, "tst-a", {"colour": "red", "id": "x"}, SET, WHO)


def test_notes_are_added_behind_the_old_ones():
    assert update(draft_of(issue()), append_notes="one").notes == "one"
    assert update(draft_of(issue(notes="one")), append_notes="two").notes == "one\ntwo"
    with pytest.raises(Invalid, match="cannot specify both --notes and --append-notes"):
        update(draft_of(issue()), notes="a", append_notes="b")
    with pytest.raises(Invalid, match="notes holds a NUL"):
        update(draft_of(issue()), append_notes="\0")
    with pytest.raises(Invalid, match=r"1000000 characters or less \(got 1000002\)"):
        update(draft_of(issue(notes="n" * 999_999)), append_notes="ab")


def test_old_notes_are_not_looked_at_again():
    assert update(draft_of(issue(notes="\ud800")), append_notes="x").notes == "\ud800\nx"


def test_updated_at_grows_even_where_a_clock_is_ahead():
    ahead = "2027-01-01T00:00:00.000000900Z"
    new = update(draft_of(issue(updated_at=ahead)), priority=1)
    assert new.updated_at == "2027-01-01T00:00:00.000001Z"
    last = "9999-12-31T23:59:59.999999Z"
    assert update(draft_of(issue(updated_at=last)), priority=1).updated_at == last


def test_a_status_that_closes_ends_the_issue_and_another_begins_it_again():
    draft = draft_of(issue())
    closed = update(draft, status="closed")
    assert (closed.closed_at, closed.close_reason) == (stamp(NOW), "")
    assert closed.closed_by_session == "s1"
    again = update(draft, status="in_progress")
    assert (again.status, again.closed_at, again.closed_by_session) == ("in_progress", "", "")
    assert update(draft, status="closed", reason="done").close_reason == "done"
    assert update(draft, reason="really done").close_reason == "really done"
    assert update(draft, status="open").close_reason == ""
    with pytest.raises(Invalid, match="a reason needs a status that closes"):
        update(draft, reason="why")


def test_further_statuses_that_close_come_from_the_configuration():
    settings = SET._replace(closing=frozenset({"closed", "tombstone", "wontfix"}))
    draft = draft_of(issue())
    assert update(draft, settings=settings, status="wontfix").closed_at == stamp(NOW)
    later = WHO._replace(now=NOW + DAY)
    closed = update(draft, settings=settings, who=later, status="closed")
    assert (closed.status, closed.closed_at) == ("closed", stamp(NOW))


def test_only_known_statuses_can_be_set():
    settings = SET._replace(statuses=("review",))
    assert update(draft_of(issue()), settings=settings, status="review").status == "review"
    with pytest.raises(Invalid, match='invalid status "review": use') as caught:
        update(draft_of(issue()), status="review")
    assert str(caught.value).endswith(
        "use open, in_progress, blocked, deferred, closed, pinned or hooked"
    )
    assert caught.value.hint is None
    tombstone = "cannot set status to tombstone directly; use 'bd delete' instead"
    with pytest.raises(Invalid, match=tombstone):
        update(draft_of(issue()), status="tombstone")


def test_keys_of_the_metadata_change_one_by_one():
    old = issue(
        metadata='{"n": 1.50, "deep": {"x": [1, 2]}, "gone": 1, "long": 12345678901234567890}'
    )
    new = update(
        draft_of(old), unset_metadata=["gone", "never"],
        set_metadata={"int": "7", "zip": "007", "yes": "true", "text": "a b", "quoted": '"q"',
                      "list": "[1, 2]", "none": "null", "nan": "NaN", "n": "2"},
    )  # fmt: skip
    assert new.metadata == (
        '{"n":2,"deep":{"x": [1, 2]},"long":12345678901234567890,"int":7,"zip":"007","yes":true,'
        r'"text":"a b","quoted":"\"q\"","list":[1,2],"none":null,"nan":"NaN"}'
    )
    assert update(draft_of(issue(metadata='{"a":1}')), unset_metadata=["a"]).metadata == ""
    both = update(draft_of(old), metadata='{"new":1}', set_metadata={"a": "1"})
    assert both.metadata == '{"new":1,"a":1}'
    with pytest.raises(Invalid, match="metadata is not a JSON object"):
        update(draft_of(issue(metadata="[1]")), set_metadata={"a": "1"})
    with pytest.raises(Invalid, match="metadata key is empty"):
        update(draft_of(old), set_metadata={" ": "1"})


def test_metadata_that_is_given_on_several_lines_stays_on_one():
    new = update(draft_of(issue()), metadata='{\n "a": "x\\n \\" y",\r\n "b": [1.0, 2]\n}\n')
    assert new.metadata == '{"a":"x\\n \\" y","b":[1.0,2]}'
    assert b"\n" not in encode(new)


def test_metadata_is_no_deeper_than_a_line_may_be():
    draft = draft_of(issue())
    deep = "[" * 199 + "12345678901234567890123" + "]" * 199
    line = encode(update(draft, metadata=deep))
    assert Log(line)["tst-a"].metadata == deep
    with pytest.raises(Invalid, match="metadata may be nested 199 levels deep"):
        update(draft, metadata=f"[{deep}]")
    with pytest.raises(Invalid, match="metadata may be nested 199 levels deep"):
        update(draft, metadata="{}", set_metadata={"a": deep})


def test_the_labels_can_be_set_with_everything_else():
    draft = draft_of(issue(labels=("c", "a")))
    assert update(draft, labels=Labels(add=("b",), remove=("a",))).labels == ("b", "c")
    assert update(draft, labels=Labels(set=("z", "c"))).labels == ("c", "z")
    assert update(draft, labels=Labels(set=())).labels == ()


def test_a_parent_is_set_changed_and_removed():
    draft = draft_of(
        issue("tst-a", dependencies=needs("tst-a", "tst-x", ("parent-child", "tst-p"))),
        *(issue(f"tst-{name}") for name in "xpq"),
        issue("tst-kid", dependencies=needs("tst-kid", ("parent-child", "tst-a"))),
    )
    moved = update(draft, parent="tst-q")
    assert [edge.key for edge in moved.dependencies] == [
        ("tst-x", "blocks"), ("tst-q", "parent-child"),
    ]  # fmt: skip
    assert update(draft, parent="").parent == ""
    with pytest.raises(NotFound, match="tst-nope"):
        update(draft, parent="tst-nope")
    with pytest.raises(Invalid, match="cannot depend on itself"):
        update(draft, parent="tst-a")
    with pytest.raises(Cycle, match=r"tst-a → tst-kid → tst-a"):
        update(draft, parent="tst-kid")
    with pytest.raises(Invalid, match=r"cannot make tst-x the parent of tst-a.*deadlock"):
        update(draft, parent="tst-x")


# Fields of another JSON type than ours


def line_of(**values):
    row = {"id": "tst-a", "title": "T", "status": "open", "priority": 2, "issue_type": "task"}
    return Draft(Log(json.dumps(row | values).encode() + b"\n"))


def test_a_value_of_another_type_gives_way_to_a_new_one():
    draft = line_of(assignee={"name": "bob"}, status=7, started_at="then")
    new = update(draft, assignee="", status="open")
    assert new.extra == (("started_at", '"then"'),)
    assert json.loads(draft.written()["tst-a"])["status"] == "open"
    draft = line_of(updated_at=1700000000)
    assert update(draft, priority=1).extra == ()
    assert json.loads(draft.written()["tst-a"])["updated_at"] == stamp(NOW)


def test_nothing_is_added_to_a_list_of_another_type():
    draft = line_of(labels="red", comments={}, dependencies=7, notes=[1], title=5)
    assert update(draft, title="T").title == "T"
    before = dict(draft.changes)
    with pytest.raises(Invalid, match="the labels of tst-a"):
        actions.label(draft, "tst-a", Labels(add=("x",)), WHO)
    with pytest.raises(Invalid, match="the comments of tst-a"):
        actions.comment(draft, "tst-a", "hi", WHO)
    with pytest.raises(Invalid, match="the dependencies of tst-a"):
        actions.link(draft, "tst-a", "external:x:y", "blocks", WHO)
    with pytest.raises(Invalid, match="the dependencies of tst-a"):
        update(draft, parent="")
    with pytest.raises(Invalid, match="the notes of tst-a"):
        update(draft, append_notes="more")
    assert draft.changes == before


def test_an_assignee_that_cannot_be_read_is_somebody():
    assert actions.claim(line_of(assignee=None), "tst-a", SET, WHO).assignee == "ann"
    with pytest.raises(Taken, match=r"already claimed by .*bob"):
        actions.claim(line_of(assignee={"name": "bob"}), "tst-a", SET, WHO)


# What a merge kept aside


def conflicts(*pointers):
    entries = [{"field": pointer, "value": "{[", "updated_at": OLD} for pointer in pointers]
    return (("conflicts", json.dumps(entries)), ("zeta", "1"))


def pointers_of(issue):
    return [entry["field"] for entry in json.loads(dict(issue.extra).get("conflicts", "[]"))]


def test_an_edit_settles_the_conflicts_of_its_fields_only():
    old = issue(extra=conflicts("/title", "/priority", "/notes"), notes="n")
    new = update(draft_of(old), title="New", priority=2)
    assert pointers_of(new) == ["/priority", "/notes"]
    assert '"value": "{["' in dict(new.extra)["conflicts"]
    assert update(draft_of(old), title="N", priority=1, notes="other").extra == (("zeta", "1"),)


def test_notes_that_grow_settle_nothing():
    new = update(draft_of(issue(extra=conflicts("/notes"), notes="n")), append_notes="more")
    assert pointers_of(new) == ["/notes"]


def test_keys_of_the_metadata_are_settled_one_by_one():
    old = issue(metadata='{"a/b":1,"c":2}', extra=conflicts("/metadata/a~1b/x", "/metadata/c"))
    assert pointers_of(update(draft_of(old), set_metadata={"a/b": "3"})) == ["/metadata/c"]
    assert pointers_of(update(draft_of(old), metadata="[]")) == []
    listed = issue(metadata="[1]", extra=conflicts("/metadata", "/title"))
    assert pointers_of(update(draft_of(listed), metadata="[2]")) == ["/title"]


@pytest.mark.parametrize("raw", ['"?"', "[1]", '[{"field":1}]', "[" * 1015 + "]" * 1015])
def test_conflicts_in_another_form_are_left_alone(raw):
    old = issue(extra=(("conflicts", raw),))
    assert update(draft_of(old), title="New").extra == old.extra


# Claiming


def test_a_claim_takes_what_nobody_has():
    draft = draft_of(issue(), issue("tst-b", status="closed"))
    claimed = actions.claim(draft, "tst-a", SET, WHO)
    assert (claimed.assignee, claimed.status) == ("ann", "in_progress")
    with pytest.raises(Taken, match="tst-a: issue already claimed by ann"):
        actions.claim(draft, "tst-a", SET, WHO)
    with pytest.raises(Taken, match="already claimed by ann") as caught:
        actions.claim(draft, "tst-a", SET, WHO._replace(name="bob"))
    assert caught.value.holder == "ann"
    with pytest.raises(Invalid, match="tst-b is closed"):
        actions.claim(draft, "tst-b", SET, WHO)
    with pytest.raises(Invalid, match="needs a name"):
        actions.claim(draft_of(issue()), "tst-a", SET, WHO._replace(name=""))


def test_a_claim_is_renewed_by_those_who_hold_it():
    draft = draft_of(issue())
    claimed = actions.claim(draft, "tst-a", SET, WHO, renew=True)
    assert claimed.assignee == "ann"
    later = WHO._replace(now=NOW + DAY)
    assert actions.claim(draft, "tst-a", SET, later, renew=True) == claimed
    with pytest.raises(Taken, match="ann"):
        actions.claim(draft, "tst-a", SET, later._replace(name="bob"), renew=True)


def test_a_claim_may_be_renewed_before_the_work_has_begun():
    draft = draft_of(issue(assignee="ann"))
    assert actions.claim(draft, "tst-a", SET, WHO, renew=True).status == "in_progress"


def test_work_that_is_planned_for_somebody_can_be_claimed_by_them_alone():
    draft = draft_of(issue(assignee="ann"))
    with pytest.raises(Taken, match="ann"):
        actions.claim(draft, "tst-a", SET, WHO._replace(name="bob"))
    assert actions.claim(draft, "tst-a", SET, WHO).status == "in_progress"
    with pytest.raises(Taken, match="ann"):
        actions.claim(draft_of(issue(assignee="ann", status="blocked")), "tst-a", SET, WHO)


# Closing and opening


def close(draft, id="tst-a", who=WHO, **closing):
    return actions.close(draft, id, Closing(**closing), SET, who)


def test_closing_says_when_why_and_in_which_session():
    draft = draft_of(issue())
    closed = close(draft)
    assert (closed.status, closed.closed_at, closed.close_reason, closed.closed_by_session) == (
        "closed", stamp(NOW), "Closed", "s1",
    )  # fmt: skip
    again = close(draft, reason="other", who=WHO._replace(now=NOW + DAY))
    assert again == closed
    assert close(draft_of(issue()), reason="done").close_reason == "done"
    assert close(draft_of(issue()), reason="").close_reason == "Closed"


@pytest.mark.parametrize(
    ("type", "status", "blocked"),
    [
        ("blocks", "open", True),
        ("blocks", "custom", True),
        ("blocks", "closed", False),
        ("blocks", "tombstone", False),
        ("blocks", "pinned", False),
        ("related", "open", False),
        ("parent-child", "open", False),
        ("conditional-blocks", "open", True),
        ("conditional-blocks", "closed", False),
    ],
)
def test_what_waits_for_open_work_is_closed_by_force_only(type, status, blocked):
    waiting = issue(dependencies=needs("tst-a", (type, "tst-b"), ("blocks", "tst-gone")))
    draft = draft_of(waiting, issue("tst-b", status=status))
    if not blocked:
        assert close(draft).status == "closed"
        return
    with pytest.raises(Blocked, match=r"cannot close tst-a: blocked by open issues \[tst-b\]"):
        close(draft)
    assert not draft.changes
    assert close(draft, force=True).status == "closed"


def test_who_waits_for_children_is_closed_after_them():
    kid = issue("tst-p.1", dependencies=needs("tst-p.1", ("parent-child", "tst-p")))
    waiting = issue(dependencies=needs("tst-a", ("waits-for", "tst-p")))
    draft = draft_of(waiting, issue("tst-p"), kid)
    with pytest.raises(Blocked, match=r"\[tst-p\]"):
        close(draft)
    close(draft, "tst-p.1")
    assert close(draft).status == "closed"


@pytest.mark.parametrize("values", [{"is_template": True}, {"status": "pinned"}])
def test_templates_and_what_is_pinned_are_closed_by_force_only(values):
    with pytest.raises(Refused, match=r"cannot close tst-a: it is .* \(use --force to override\)"):
        close(draft_of(issue(**values)))
    assert close(draft_of(issue(**values)), force=True).status == "closed"


def test_what_was_blocked_and_is_ready_now_is_named():
    kin = {"dependencies": needs("e.1", ("parent-child", "tst-e"))}
    draft = draft_of(
        issue("tst-a", dependencies=needs("a", ("parent-child", "tst-p"))),
        issue("tst-p"),
        issue("tst-b", dependencies=needs("b", "tst-a")),
        issue("tst-both", dependencies=needs("both", "tst-a", "tst-open")),
        issue("tst-later", dependencies=needs("later", "tst-a"), status="deferred"),
        issue("tst-e", dependencies=needs("e", "tst-a"), priority=1),
        issue("tst-e.1", priority=0, **kin),
        issue("tst-gate", dependencies=needs("gate", ("waits-for", "tst-p")), priority=4),
        issue("tst-rel", dependencies=needs("rel", ("related", "tst-a"))),
        issue("tst-open"),
    )
    close(draft)
    found = actions.newly_unblocked(draft.before, draft, "tst-a", SET, WHO)
    assert [one.id for one in found] == ["tst-e.1", "tst-e", "tst-b", "tst-gate"]
    assert actions.newly_unblocked(draft, draft, "tst-a", SET, WHO) == []


def test_reopening_clears_what_closing_set_and_keeps_the_reason_as_a_comment():
    draft = draft_of(issue(), issue("tst-dead", status="tombstone"))
    close(draft)
    again = actions.reopen(draft, "tst-a", "not done", SET, WHO._replace(now=NOW + DAY))
    assert (again.status, again.closed_at, again.close_reason, again.closed_by_session) == (
        "open", "", "", "",
    )  # fmt: skip
    assert [(c.author, c.text) for c in again.comments] == [("ann", "not done")]
    assert again.updated_at == stamp(NOW + DAY)
    assert actions.reopen(draft, "tst-a", "once more", SET, WHO) == again
    close(draft)
    assert actions.reopen(draft, "tst-a", "", SET, WHO).comments == again.comments
    with pytest.raises(Invalid, match="tst-dead is deleted") as caught:
        actions.reopen(draft, "tst-dead", "", SET, WHO)
    assert caught.value.hint == "bd restore tst-dead"


# Deleting and restoring


def test_a_deleted_issue_keeps_everything_and_says_who_and_why():
    full = issue(labels=("a",), issue_type="bug", dependencies=needs("tst-a", "tst-b"))
    draft = draft_of(full, issue("tst-b", dependencies=needs("tst-b", ("related", "tst-a"))))
    gone = actions.delete(draft, "tst-a", "", WHO)
    assert gone == replace(
        full, status="tombstone", deleted_at=stamp(NOW), deleted_by="ann", delete_reason="delete",
        original_type="bug", updated_at=stamp(NOW), extra=(("original_status", '"open"'),),
    )  # fmt: skip
    assert actions.delete(draft, "tst-a", "again", WHO) == gone
    assert list(draft.written()) == ["tst-a"]
    with pytest.raises(NotFound, match="tst-nope"):
        actions.delete(draft, "tst-nope", "", WHO)


def test_a_restored_issue_is_what_it_was():
    draft = draft_of(issue(status="review", extra=(("zeta", "1"),)))
    actions.delete(draft, "tst-a", "oops", WHO)
    back = actions.restore(draft, "tst-a", WHO)
    assert replace(back, updated_at=OLD) == draft.before.get_issue("tst-a")
    assert instant(back.updated_at) > NOW
    assert actions.restore(draft, "tst-a", WHO) == back
    with pytest.raises(NotFound, match="tst-nope"):
        actions.restore(draft, "tst-nope", WHO)


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({}, "open"),
        ({"closed_at": OLD}, "closed"),
        ({"extra": (("original_status", "7"),)}, "open"),
        ({"extra": (("original_status", '"tombstone"'),), "closed_at": OLD}, "closed"),
    ],
)
def test_a_tombstone_of_another_program_is_restored_by_its_closing_time(values, status):
    buried = issue(status="tombstone", deleted_at=OLD, original_type="bug", **values)
    back = actions.restore(draft_of(buried), "tst-a", WHO)
    assert (back.status, back.deleted_at, back.original_type, back.extra) == (status, "", "", ())


def test_a_purge_takes_the_record_away():
    draft = draft_of(issue(), issue("tst-b"))
    actions.purge(draft, "tst-a")
    assert draft.written() == {"tst-a": None}
    with pytest.raises(NotFound, match="tst-a"):
        actions.purge(draft, "tst-a")
