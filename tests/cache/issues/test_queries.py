"""What the cache answers is what the pure functions answer."""

from __future__ import annotations

import json
import re
import sqlite3
from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.strategies import NOW, PAST, TIMES, files, issues, logs
from tests.support.workspaces import (
    TIME,
    beads_of,
    changed,
    in_memory,
    issue,
    lines_of,
    moment,
    opened,
    put,
    sample,
)
from tracker.cache.database import MANY, safe
from tracker.errors import Invalid
from tracker.issues.filters import READY_SORTS, SORTS, Filter, Span, matches, order, ready_order
from tracker.issues.graph import EpicFamily, Graph, Rules, cycles, is_hidden, waiting_edges
from tracker.log.issue_codec import decode
from tracker.log.issue_log import Log
from tracker.model.issue import PARENT, STATUSES
from tracker.model.timestamps import instant

SHARE = settings(max_examples=settings().max_examples)
"""For laws that look at whole logs, which are slow to draw."""
AT = moment(NOW)
STRANGE = moment(NOW, "review")
CONFIG = b"status.closed: review\n"


def spans():
    bounds = st.sampled_from([0, 0, NOW - 1, NOW, NOW + 1, instant(PAST), *map(instant, TIMES[:3])])
    return st.builds(Span, bounds, bounds)


def some(values, size=2):
    return st.lists(st.sampled_from(values), max_size=size, unique=True).map(tuple)


NEEDLES = ("", "", "A", "é", "Z", "wants", "\\", '"', "É", "one\ntwo", "ß", "u003c", "-")
FIELDS = {
    "statuses": some([*STATUSES, "review"]),
    "hide_closed": st.booleans(),
    "hide_tombstones": st.booleans(),
    "hide_templates": st.booleans(),
    "hide_gates": st.booleans(),
    "priorities": some(range(5)),
    "priority_min": st.sampled_from([None, 0, 1, 3]),
    "priority_max": st.sampled_from([None, 0, 2, 4]),
    "types": some(["task", "epic", "gate"]),
    "exclude_types": some(["task", "bug"]),
    "assignee": st.sampled_from([None, "", "ann"]),
    "no_assignee": st.booleans(),
    "labels": some(["a", "b c"], 1),
    "any_labels": some(["a", "b c", "z"]),
    "exclude_labels": some(["a", "z"]),
    "label_pattern": st.sampled_from(["", "", "a", "b*", "?", "[!a]*"]),
    "label_regex": st.sampled_from(["", "", "^a", " "]),
    "no_labels": st.booleans(),
    "ids": st.none() | some(["bd-a", "bd-0", "my-proj-a", "bd-missing"], 3),
    "title": some([needle for needle in NEEDLES if needle], 1),
    "description": st.sampled_from(NEEDLES),
    "notes": st.sampled_from(NEEDLES),
    "text": st.sampled_from(NEEDLES),
    "spec": st.sampled_from(["", "", "s"]),
    "created": spans(),
    "updated": spans(),
    "closed": spans(),
    "due": spans(),
    "defer": spans(),
    "overdue": st.booleans(),
    "deferred": st.booleans(),
    "empty_description": st.booleans(),
    "pinned": st.sampled_from([None, True, False]),
    "parent": st.sampled_from(["", "", "bd-a", "bd-0"]),
    "no_parent": st.booleans(),
    "under": st.none() | some(["bd-a", "bd-0", "bd-b"]).map(frozenset),
    "mol_type": st.sampled_from(["", "", "swarm"]),
    "wisp_type": st.sampled_from(["", "", "ping"]),
    "external_ref": st.sampled_from(["", "", "gh-1"]),
    "metadata": some([("a", "1"), ("a", "x"), ("b", "null"), ("b", "1.10"), ("é", "[1]")], 1),
}


def filters():
    """A filter that asks two or three things, so that some issues pass."""
    names = st.lists(st.sampled_from(sorted(FIELDS)), max_size=3, unique=True)
    return names.flatmap(
        lambda chosen: st.fixed_dictionaries({name: FIELDS[name] for name in chosen}),
    ).map(lambda fields: Filter(**fields))


@st.composite
def rich_logs(draw):
    """Issues whose every field that a filter can ask for is set now and then."""
    found = draw(logs())
    extra = {
        "description": st.sampled_from(["", *NEEDLES, "Wants\tmore"]),
        "notes": st.sampled_from(["", *NEEDLES]),
        "spec_id": st.sampled_from(["", "s-1", "t"]),
        "assignee": st.sampled_from(["", "ann", "bob"]),
        "closed_at": st.sampled_from(["", *TIMES]),
        "due_at": st.sampled_from(["", *TIMES, PAST]),
        "mol_type": st.sampled_from(["", "swarm"]),
        "wisp_type": st.sampled_from(["", "ping"]),
        "external_ref": st.sampled_from(["", "gh-1"]),
        "ephemeral": st.booleans(),
        "is_template": st.booleans(),
        "estimated_minutes": st.sampled_from([None, 0, 90]),
        "metadata": st.sampled_from(
            ["", '{"a":1}', '{"a":"x","b":null}', '{"b":1.10}', '{"é":[1]}', "[1]"]
        ),
    }
    changes = st.fixed_dictionaries({}, optional=extra)
    return [type(one)(**{**fields_of(one), **draw(changes)}) for one in found]


def fields_of(one):
    return {name: getattr(one, name) for name in type(one).__slots__}


def oracle(found, filter, key, at=AT, limit=0, *, back=False, only=lambda _: True):
    """The ids that a page holds, and how many there are in all."""
    accepted = sorted((i for i in found if only(i) and matches(i, filter, at)), key=key)
    accepted = accepted[::-1] if back else accepted
    return [i.id for i in accepted][: limit or None], len(accepted)


def ids_of(page):
    return [row.id for row in page.rows], page.total


@SHARE
@given(rich_logs(), filters(), st.sampled_from(["", *SORTS]), st.integers(0, 3), st.booleans())
def test_a_list_is_what_the_filter_accepts_in_its_order(found, filter, sort, limit, back):
    answers = in_memory(lines_of(found), AT)
    expected = oracle(found, filter, order(sort), AT, limit, back=back)
    assert ids_of(answers.listed(filter, sort, limit, back=back)) == expected
    keys = answers.keys(filter, sort, back=back)
    assert [id for _, id, *_ in keys] == oracle(found, filter, order(sort), back=back)[0]


@pytest.mark.parametrize("name", sorted(FIELDS))
@settings(max_examples=SHARE.max_examples // 2)
@given(data=st.data())
def test_each_field_of_a_filter_means_the_same_in_sql(name, data):
    found = data.draw(rich_logs())
    filter = Filter(**{"hide_tombstones": False, name: data.draw(FIELDS[name])})
    answers = in_memory(lines_of(found), AT)
    assert ids_of(answers.listed(filter, "id")) == oracle(found, filter, order("id"))


def test_the_generators_draw_every_field_of_a_filter():
    assert set(FIELDS) == set(Filter._fields)


@SHARE
@given(
    rich_logs(),
    filters(),
    st.sampled_from(["", *READY_SORTS]),
    st.integers(0, 3),
    st.sampled_from([(AT, b""), (STRANGE, CONFIG)]),
)
def test_ready_blocked_and_circles_are_those_of_the_graph(found, filter, sort, limit, world):
    at, config = world
    rules = Rules(at.now, at.closing)
    graph = Graph(EpicFamily(found), rules)
    answers = in_memory(lines_of(found), at, config)

    def shown(i):
        return filter.types or not is_hidden(i.issue_type, i.id)

    for deferred in (False, True):
        page = answers.ready(filter, sort, limit, deferred=deferred)
        expected = oracle(
            found, filter, ready_order(sort, at.now), at, limit,
            only=lambda i, deferred=deferred: shown(i) and graph.is_ready(i, deferred=deferred),
        )  # fmt: skip
        assert ids_of(page) == expected
    only_ready = oracle(
        found, filter, order("id"), at, only=lambda i: shown(i) and graph.is_ready(i)
    )
    assert ids_of(answers.listed(filter, "id", ready=True)) == only_ready
    assert ids_of(answers.blocked(filter)) == oracle(
        found, filter, order(""), at, only=graph.is_blocked
    )
    for one in found:
        expected = [] if rules.is_closed(one) else graph.blockage(one)
        row = answers.row(one.id)
        assert [tuple(reason) for reason in expected] == answers.reasons(row.n)
    assert answers.cycles() == cycles(waiting_edges(found, rules))


@SHARE
@given(rich_logs(), filters(), st.sampled_from(["status", "priority", "type", "assignee", "label"]))
def test_groups_count_what_the_filter_accepts(found, filter, by):
    answers = in_memory(lines_of(found), AT)
    counts: dict[object, int] = {}
    for one in found:
        if matches(one, filter, AT):
            name = {"type": "issue_type"}.get(by, by)
            values = (set(one.labels) or {""}) if by == "label" else {getattr(one, name)}
            for value in values:
                counts[value] = counts.get(value, 0) + 1
    assert answers.grouped(filter, by) == sorted(counts.items())


@given(logs())
def test_rows_edges_and_descendants(found):
    answers = in_memory(lines_of(found), AT)
    family = EpicFamily(found)
    assert answers.all_ids() == sorted(i.id for i in found)
    assert answers.row("bd-missing") is None
    for one in found:
        row = answers.row(one.id)
        assert decode(answers.line(row.n)) == one
        assert (row.title, row.status, row.priority, row.issue_type, row.labels, row.pinned) == (
            one.title, one.status, one.priority, one.issue_type, one.labels, one.pinned,
        )  # fmt: skip
        assert (row.assignee, row.estimated, row.parent) == ("", None, one.parent)
        mine = [(e.type, e.id, e.row and e.row.id) for e in answers.edges_of(row)]
        assert mine == [
            (e.type, e.depends_on_id, e.depends_on_id if family.get(e.depends_on_id) else None)
            for e in one.dependencies
        ]
        theirs = [(e.type, e.id) for e in answers.edges_to(row)]
        assert theirs == [
            (e.type, i.id)
            for i in sorted(found, key=lambda i: i.id)
            for e in i.dependencies
            if e.depends_on_id == one.id
        ]
        assert answers.descendants(one.id) == family.below(one.id)


def expected_object(one, found, raw):
    """What `list --json` says about an issue, from its line; numbers stay as they are spelled."""
    family = EpicFamily(found)
    plain = json.loads(raw, parse_float=str, parse_int=str)
    left_out = {"_type", "dependencies", "comments", "aliases"}
    counts = {"dependency_count", "dependent_count", "comment_count"}
    known = fields_of(one)
    own = {}
    for name, value in plain.items():
        if name in left_out | counts:
            continue
        if name not in known:
            own[name] = value
        elif name == "metadata" or name in dict(one.extra):
            if value not in (None, "", []):
                own[name] = value
        elif value not in (None, "", [], False):
            own[name] = value
    created = one.created_at or "1970-01-01T00:00:00Z"
    always = {
        "id": one.id, "title": one.title, "status": one.status, "priority": str(one.priority),
        "issue_type": one.issue_type, "created_at": created,
        "updated_at": one.updated_at or created,
    }  # fmt: skip
    own.update(always)
    edges = [expected_edge(one, e, family) for e in one.dependencies]
    if edges:
        own["dependencies"] = edges
    own["dependency_count"] = str(len(edges))
    own["dependent_count"] = str(
        sum(e.depends_on_id == one.id for i in found for e in i.dependencies)
    )
    own["comment_count"] = str(len(one.comments))
    return own


def expected_edge(one, e, family):
    kind = e.type or "blocks"
    told = {
        **{name: json.loads(raw, parse_float=str, parse_int=str) for name, raw in e.extra},
        "issue_id": one.id, "depends_on_id": e.depends_on_id, "type": kind, "dependency_type": kind,
    }  # fmt: skip
    told |= {name: getattr(e, name) for name in ("created_at", "created_by") if getattr(e, name)}
    target = family.get(e.depends_on_id)
    if target is None:
        told |= {
            "id": e.depends_on_id, "title": "(not in this log)", "status": "tombstone",
            "priority": "4", "issue_type": "task", "updated_at": "1970-01-01T00:00:00Z",
        }  # fmt: skip
    else:
        created = time_of(target.created_at) or "1970-01-01T00:00:00Z"
        told |= {
            "id": target.id, "title": safe(target.title), "status": safe(target.status),
            "priority": str(target.priority), "issue_type": safe(target.issue_type),
            "updated_at": time_of(target.updated_at) or created,
        }  # fmt: skip
    return told


def time_of(text):
    return text if instant(text) else ""


def dropped_empty(value):
    """Without what is absent by another spelling, in edges of which all keys are carried."""
    return {name: item for name, item in value.items() if item not in ("", None, [])}


def same_objects(data, answers):
    log = Log(data)
    found = [log[id] for id in log]
    page = answers.listed(Filter(hide_tombstones=False), "id")
    text = "[\n  " + ",\n  ".join(answers.objects(page.rows)) + "\n]"
    told = json.loads(text, parse_float=str, parse_int=str)
    assert [item["id"] for item in told] == sorted(log)
    for item in told:
        one = log[item["id"]]
        expected = expected_object(one, found, log.line(one.id))
        for edges in (item, expected):
            edges["dependencies"] = list(map(dropped_empty, edges.get("dependencies", [])))
        assert item == expected
    few = page.rows[:3]
    assert list(answers.objects(few)) == list(answers.objects(page.rows))[:3]
    keys = answers.keys(Filter(hide_tombstones=False), "id")
    long = b"[" + b"".join(answers.inside(keys)) + b"\n]"
    assert long.decode() == "[\n  " + ",\n  ".join(answers.whole(keys)) + "\n]" or not found
    return text


@given(st.lists(issues(), unique_by=lambda i: safe(i.id), max_size=4))
def test_json_of_any_record_says_what_the_record_says(found):
    data = lines_of(found)
    text = same_objects(data, in_memory(data, AT))
    assert text.isprintable() or "\n" in text


@given(files())
def test_json_of_what_other_programs_and_people_wrote(data):
    same_objects(data, in_memory(data, AT))


ODD_NUMBERS = (
    "123456789012345678901234567890", "-99999999999999999999", "1.10", "1e400", "-0.0", "0.1",
    "18446744073709551616", "9223372036854775808", "1E+2", "3.0000",
)  # fmt: skip


@pytest.mark.parametrize("number", ODD_NUMBERS)
@pytest.mark.parametrize(
    "where",
    ['"odd":{}', '"metadata":{{"deep":[{{"n":{}}}]}}', '"estimated_minutes":{}', '"odd":[1,{}]'],
)
def test_a_number_is_listed_as_it_stands(where, number):
    line = f'{{"id":"bd-a","title":"n","labels":["l"],{where.format(number)}}}'
    answers = in_memory(line.encode() + b"\n", AT)
    (text,) = answers.objects(answers.listed(Filter()).rows)
    found = json.loads(text, parse_int=str, parse_float=str)
    plain = json.loads(line, parse_int=str, parse_float=str)
    for name in plain:
        assert found[name] == plain[name]
    assert re.search(rf"[\s\[:]{re.escape(number)}[\s,\]}}]", text)


def test_numbers_of_edges_are_listed_as_they_stand():
    edge = '{"issue_id":"bd-a","depends_on_id":"bd-b","type":"blocks","weight":1.10}'
    line = f'{{"id":"bd-a","title":"n","dependencies":[{edge}]}}'
    answers = in_memory(line.encode(), AT)
    (text,) = answers.objects(answers.listed(Filter()).rows)
    assert (
        '        "weight": 1.10,\n        "dependency_type": "blocks",\n        "id": "bd-b"'
        in text
    )


def test_a_record_that_is_nested_deeply_is_listed():
    deep = "[" * 900 + "1" + "]" * 900
    answers = in_memory(f'{{"id":"bd-a","title":"n","x":{deep}}}\n'.encode(), AT)
    (text,) = answers.objects(answers.listed(Filter()).rows)
    assert deep[40:-40] in text
    assert len(text) < 10_000


def test_the_layout_is_that_of_an_indented_document():
    found = [issue("bd-a", ("bd-b", "blocks"), labels=("x",), metadata='{"k":[1,{}]}')]
    data = lines_of([*found, issue("bd-b", extra=(("price", "1.5"), ("none", "[ ]")))])
    answers = in_memory(data, AT)
    page = answers.listed(Filter(), "id")
    text = "[\n  " + ",\n  ".join(answers.objects(page.rows)) + "\n]"
    assert text == json.dumps(json.loads(text), indent=2)


def test_a_torn_character_in_the_log_or_in_a_question_breaks_nothing():
    line = b'{"id":"bd-a","title":"torn \\ud800 here","assignee":"\\udfff","labels":["\\udc80"]}\n'
    answers = in_memory(line + lines_of([issue("bd-b")]), AT)
    page = answers.listed(Filter(), "id")
    assert page.rows[0].title == "torn \\ud800 here"
    assert json.loads(next(answers.objects(page.rows)))["title"] == "torn \ud800 here"
    for filter in (
        Filter(title=("\ud800",)),
        Filter(assignee="\udfff"),
        Filter(labels=("\udc80",)),
    ):
        assert [row.id for row in answers.listed(filter).rows] == ["bd-a"]
    assert answers.row("bd-\udcff") is None
    assert answers.descendants("bd-\udcff") <= {"bd-\\udcff"}


def test_more_ids_than_sqlite_takes_as_values():
    found = [issue(f"bd-{n:04}") for n in range(MANY + 20)]
    answers = in_memory(lines_of(found), AT)
    every = tuple(i.id for i in found)
    assert answers.listed(Filter(ids=every)).total == len(found)
    assert answers.listed(Filter(under=frozenset(every[5:]))).total == len(found) - 5
    assert answers.listed(Filter(ids=every[:MANY])).total == MANY


def test_a_regular_expression_that_is_none_is_refused():
    answers = in_memory(lines_of(sample()), AT)
    assert answers.listed(Filter(label_regex="^x$")).total == 1
    with pytest.raises(Invalid, match="not a regular expression"):
        answers.listed(Filter(label_regex="("))


@pytest.mark.parametrize(
    "when", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "tomorrow", "2026"]
)
def test_a_time_far_away_or_none_at_all(when):
    data = lines_of([issue("bd-a", created_at=when, updated_at=when, due_at=when)])
    answers = in_memory(data, AT)
    (row,) = answers.listed(Filter()).rows
    assert isinstance(row.created_at, str)
    assert json.loads(next(answers.objects([row])))["created_at"] == when


@pytest.mark.parametrize("number", [10**30, -(10**30), 2**63])
def test_a_number_beyond_what_sqlite_holds(number):
    line = f'{{"id":"bd-a","title":"n","priority":{number}}}\n'
    answers = in_memory(line.encode(), AT)
    assert answers.listed(Filter()).total == 1


# What other programs read.


@pytest.fixture
def database(tmp_path):
    """The file of a workspace that holds some of everything, opened as a stranger would."""
    beads = beads_of(tmp_path, lines_of(sample()))
    workspace = opened(beads)
    workspace.rewrite(
        changed("bd-b", metadata='{"k":1}', labels=("z",), external_ref="gh-9", notes="n")
    )
    assert workspace.answers.cache.kept
    workspace.refresh()
    with sqlite3.connect(f"file:{beads / 'beads.db'}?mode=ro", uri=True) as db:
        yield db
    db.close()


COLUMNS = {
    "issues": "id title description design acceptance_criteria notes status priority issue_type "
    "assignee sender ephemeral pinned is_template created_at created_by updated_at closed_at "
    "close_reason hook_bead role_bead agent_state last_activity role_type rig mol_type deleted_at "
    "external_ref",
    "dependencies": "issue_id depends_on_id type",
    "labels": "issue_id label",
    "comments": "id issue_id author text created_at",
    "events": "id issue_id event_type actor old_value new_value comment created_at",
    "blocked_issues_cache": "issue_id",
    "ready_issues": "id title status priority issue_type",
    "metadata": "key value",
}


@pytest.mark.parametrize("view", COLUMNS)
def test_other_programs_find_their_columns(database, view):
    names = [row[1] for row in database.execute(f"PRAGMA table_info({view})")]
    assert set(COLUMNS[view].split()) <= set(names)
    assert len(names) == len(set(names))
    assert database.execute(f"SELECT {', '.join(COLUMNS[view].split())} FROM {view}").fetchall()


def test_what_beads_would_adopt_is_no_table(database):
    tables = {
        row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
    }
    assert "issue" in tables
    assert tables.isdisjoint(COLUMNS)
    assert database.execute("PRAGMA application_id").fetchone()[0] == 0x62647472
    assert database.execute("PRAGMA journal_mode").fetchone()[0] == "delete"


def test_what_the_views_say(database):
    ask = database.execute
    assert ask("SELECT title, notes, external_ref, metadata, deleted_at, closed_at, assignee "
               "FROM issues WHERE id = 'bd-b'").fetchall() == [
        ("Title of bd-b", "n", "gh-9", '{"k":1}', None, None, "")
    ]  # fmt: skip
    assert ask("SELECT count(*) FROM issues WHERE deleted_at IS NULL").fetchone()[0] == 15
    assert ask("SELECT label FROM labels ORDER BY 1").fetchall() == [("x",), ("y",), ("z",)]
    assert ("bd-b", "bd-a", "blocks") in ask(
        "SELECT issue_id, depends_on_id, type FROM dependencies"
    ).fetchall()
    assert ask("SELECT value FROM metadata WHERE key = 'bd_version'").fetchone() == ("0.49.6",)
    types = dict(ask("SELECT issue_id, group_concat(event_type) FROM events GROUP BY 1").fetchall())
    assert types["bd-f"] == "created,closed"
    assert len(set(ask("SELECT id FROM events").fetchall())) == ask(
        "SELECT count(*) FROM events"
    ).fetchone()[0]  # fmt: skip


def test_times_are_declared_as_such_where_readers_scan_them(database):
    kinds = {row[1]: row[2] for row in database.execute("PRAGMA table_info(issues)")}
    for name in ("created_at", "updated_at", "closed_at", "deleted_at", "last_activity"):
        assert kinds[name] == "DATETIME"


def test_comments_are_a_view(tmp_path):
    line = b'{"id":"bd-a","title":"t","comments":[{"id":7,"author":"ann","text":"hi"}]}\n'
    beads = beads_of(tmp_path, line)
    assert opened(beads).answers.cache.kept
    with sqlite3.connect(beads / "beads.db") as db:
        assert db.execute("SELECT id, issue_id, author, text FROM comments").fetchall() == [
            (7, "bd-a", "ann", "hi")
        ]
        assert ("bd-a", "commented", "ann", "hi") in db.execute(
            "SELECT issue_id, event_type, actor, comment FROM events"
        ).fetchall()
    db.close()


@SHARE
@given(rich_logs(), st.sampled_from([(), ("review", "it's")]))
def test_the_view_of_what_is_ready_agrees_with_ready(found, more):
    answers = in_memory(
        lines_of(found), moment(0, *more), f'status.closed: "{",".join(more)}"\n'.encode()
    )
    row = answers.db.execute("SELECT CAST(strftime('%s', 'now') AS INTEGER)").fetchone()
    answers.at = moment(row[0] * 1_000_000_000, *more)
    ready = {row.id for row in answers.ready(Filter(hide_tombstones=False)).rows}
    assert {row[0] for row in answers.db.execute("SELECT id FROM ready_issues")} == ready
    blocked = {row[0] for row in answers.db.execute("SELECT issue_id FROM blocked_issues_cache")}
    assert blocked >= {row.id for row in answers.blocked(Filter()).rows}


def test_the_file_moves_with_every_change(tmp_path):
    beads = beads_of(tmp_path, lines_of(sample()))
    workspace = opened(beads)
    assert workspace.answers.row("bd-a").title == "Title of bd-a"
    before = (beads / "beads.db").stat().st_mtime_ns
    workspace.rewrite(put(issue("bd-z")))
    assert (beads / "beads.db").stat().st_mtime_ns > before


def test_globs_of_labels_are_those_of_the_query():
    assert fnmatchcase("b c", "b*")
    answers = in_memory(lines_of([issue("bd-a", labels=("b c",)), issue("bd-b")]), AT)
    assert [row.id for row in answers.listed(Filter(label_pattern="b*")).rows] == ["bd-a"]


def test_a_parent_is_the_first_edge_of_that_type():
    data = lines_of([issue("bd-a", ("bd-b", PARENT), ("bd-c", PARENT), created_at=TIME)])
    assert in_memory(data, AT).row("bd-a").parent == "bd-b"
