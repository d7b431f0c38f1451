"""`bd create --graph` and `bd create --file`: many issues in one write, or none."""

from __future__ import annotations

import json

import pytest

GRAPH = {
    "nodes": [
        {"key": "tax", "title": "Tax", "parent_key": "epic", "priority": 0, "labels": ["b", "a"],
         "metadata": {"x": {"deep": [1]}}, "assignee": "ann", "description": "text"},
        {"key": "epic", "title": "Shop", "type": "epic"},
        {"key": "cart", "title": "Cart", "parent_id": "t-1", "metadata_refs": {"other": "tax"}},
    ],
    "edges": [
        {"from_key": "tax", "to_key": "cart"},
        {"from_key": "cart", "to_id": "t-2", "type": "related"},
        {"from_id": "t-2", "to_key": "epic", "type": "blocks"},
    ],
    "commit_message": "is ignored",
}  # fmt: skip


@pytest.fixture
def two(bd):
    bd.write(bd.line("t-1"), bd.line("t-2"))
    return bd


def put(bd, graph, name="g.json"):
    (bd.path / name).write_text(json.dumps(graph))
    return name


def test_a_graph(two):
    said = two("create", "--graph", put(two, GRAPH), "--json").json
    ids = said["ids"]
    assert list(ids) == ["epic", "tax", "cart"], "parents come first"
    assert ids["tax"] == f"{ids['epic']}.1"
    assert ids["cart"] == "t-1.1"
    tax, cart = two.issue(ids["tax"]), two.issue(ids["cart"])
    assert (tax["priority"], tax["labels"], tax["assignee"]) == (0, ["a", "b"], "ann")
    assert tax["metadata"] == {"x": {"deep": [1]}}
    assert tax["created_by"] == "Ann Example"
    assert cart["metadata"] == {"other": ids["tax"]}
    edges = {(i["id"], e["type"], e["depends_on_id"]) for i in two.issues()
             for e in i.get("dependencies", [])}  # fmt: skip
    assert edges == {
        (ids["tax"], "parent-child", ids["epic"]), (ids["tax"], "blocks", ids["cart"]),
        (ids["cart"], "parent-child", "t-1"), (ids["cart"], "related", "t-2"),
        ("t-2", "blocks", ids["epic"]),
    }  # fmt: skip
    assert len(two("op", "log", "--json").json) == 1
    two("undo")
    assert [issue["id"] for issue in two.issues()] == ["t-1", "t-2"]


def test_a_graph_as_text_and_from_standard_input(two):
    said = two("create", "--graph", "-", stdin=json.dumps(GRAPH))
    assert said.out.splitlines()[0] == "Created 3 issues"
    assert said.out.splitlines()[1].startswith("  epic -> t-")
    said = two("create", "--graph", "-", "--silent", stdin=json.dumps(GRAPH))
    assert len(said.out.splitlines()) == 3
    before = two.file.read_bytes()
    said = two("create", "--graph", "-", "--dry-run", stdin=json.dumps(GRAPH))
    assert said.out == "Would create 3 issues\n  epic -> Shop\n  tax -> Tax\n  cart -> Cart\n"
    said = two("create", "--graph", "-", "--dry-run", "--json", stdin=json.dumps(GRAPH))
    assert said.json["dry_run"] is True
    assert two.file.read_bytes() == before


def test_a_graph_with_a_key_is_created_once(two):
    name = put(two, GRAPH)
    first = two("create", "--graph", name, "--idempotency-key", "k", "--json").json
    before = two.file.read_bytes()
    assert two("create", "--graph", name, "--idempotency-key", "k", "--json").json == first
    assert two.file.read_bytes() == before
    two("create", "--graph", name)
    assert len(two.issues()) == 8


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"nodes": "x"}, 'has no "nodes"'),
        ({"nodes": [{"title": "x"}]}, 'node 1 has no "key"'),
        ({"nodes": [{"key": "a"}]}, "node 'a' has no title"),
        ({"nodes": [{"key": "a", "title": "A"}, {"key": "a", "title": "B"}]}, "two nodes have"),
        ({"nodes": [{"key": "a", "title": "A", "colour": 1}]}, "unknown field 'colour'"),
        ({"nodes": [{"key": "a", "title": 5}]}, "'title' is of another type"),
        ({"nodes": [{"key": "a", "title": "A", "labels": "x"}]}, "'labels' is of another type"),
        ({"nodes": [{"key": "a", "title": "A", "parent_key": "z"}]}, "no node has the key 'z'"),
        ({"nodes": [{"key": "a", "title": "A", "parent_key": "a"}]}, "its own parent"),
        ({"nodes": [{"key": "a", "title": "A", "priority": 9}]}, 'invalid priority "9"'),
        ({"nodes": [{"key": "a", "title": "A", "type": "zzz"}]}, "node 'a': invalid issue type"),
        ({"edges": [{"from_key": "tax"}]}, "edge 1 needs"),
        ({"edges": [{"from_key": "tax", "to_id": "t-9"}]}, "from 'tax' to 't-9': no issue found"),
        ({"edges": [{"from_key": "tax", "to_key": "cart"}, {"from_key": "cart", "to_key": "tax"}]},
         "from 'cart' to 'tax': cannot add dependency: would create a cycle"),
    ],
)  # fmt: skip
def test_an_error_names_the_node_and_nothing_is_written(two, change, why):
    before = two.file.read_bytes()
    said = two("create", "--graph", put(two, {**GRAPH, "edges": [], **change}), code=1)
    assert why in said.err
    assert two.file.read_bytes() == before
    two("create", "--graph", put(two, {"nodes": [{"key": "a", "title": "A", "priority": "P0"}]}))
    assert [issue["priority"] for issue in two.issues() if issue["title"] == "A"] == [0]


def test_what_is_no_graph(two):
    assert "is no JSON" in two("create", "--graph", "-", stdin="{", code=1).err
    assert 'no "nodes"' in two("create", "--graph", "-", stdin="[]", code=1).err
    for words in (["A"], ["-p", "1"], ["--file", "x.md"], ["--parent", "t-1"]):
        said = two("create", "--graph", put(two, GRAPH), *words, code=1)
        assert "stand alone" in said.err


def test_five_hundred_nodes_are_one_write(bd):
    nodes = [{"key": "root", "title": "Root", "type": "epic"}]
    nodes += [{"key": f"n{n}", "title": f"Node {n}", "parent_key": "root"} for n in range(499)]
    edges = [{"from_key": f"n{n + 1}", "to_key": f"n{n}"} for n in range(498)]
    said = bd("create", "--graph", put(bd, {"nodes": nodes, "edges": edges}), "--json").json
    assert len(said["ids"]) == len(bd.issues()) == 500
    assert said["ids"]["n498"].endswith(".499")
    assert len(bd("op", "log", "--json").json) == 1
    assert len(bd("ready", "--json").json) == 2


# Documents.

DOCUMENT = """\
# Ignored

Neither is this an issue.

## Fix the `login`

It fails.
A second line.

### Priority
P0
### Type
bug
### Acceptance Criteria
- it works
### Steps to Reproduce
```
## no heading
```
### Labels
auth, web
ui

## Write **docs**
### Description
How to log in.
### Assignee
@ann
### Estimate
2 hours
### Deps
- related:t-1
- Fix the login
### Design
Short.
"""


def test_a_document(two):
    (two.path / "f.md").write_text(DOCUMENT)
    said = two("create", "--file", "f.md")
    login, docs = (one for one in two.issues() if one["id"] not in {"t-1", "t-2"})
    if login["title"] != "Fix the login":
        login, docs = docs, login
    assert said.out == (
        f"✓ Created 2 issues from f.md:\n  {login['id']}: Fix the login [P0, bug]\n"
        f"  {docs['id']}: Write docs [P2, task]\n"
    )
    assert login["description"] == (
        "It fails.\nA second line.\n\n### Steps to Reproduce\n```\n## no heading\n```"
    )
    assert (login["acceptance_criteria"], login["labels"]) == ("- it works", ["auth", "ui", "web"])
    assert (docs["description"], docs["design"]) == ("How to log in.", "Short.")
    assert (docs["assignee"], docs["estimated_minutes"]) == ("ann", 120)
    assert {(e["type"], e["depends_on_id"]) for e in docs["dependencies"]} == {
        ("related", "t-1"), ("blocks", login["id"]),
    }  # fmt: skip
    two("undo")
    assert len(two.issues()) == 2


def test_a_document_in_other_ways(two):
    assert len(two("create", "-f", "-", "--json", stdin=DOCUMENT).json) == 2
    assert len(two("create", "-f", "-", "--silent", stdin=DOCUMENT).out.splitlines()) == 2
    before = two.file.read_bytes()
    said = two("create", "-f", "-", "--dry-run", stdin=DOCUMENT)
    assert said.out.startswith("⚠ [DRY RUN] Would create 2 issues from standard input:\n")
    assert two.file.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("## A\n### Priority\nsoon\n", "line 1: 'A': invalid priority 'soon'"),
        ("## A\n\n## B\n### Type\nzzz\n", "line 3: 'B': invalid issue type"),
        ("## A\n### Deps\nt-9\n", "line 1: 'A': no issue found"),
        ("## A\n### Estimate\nlong\n", "invalid estimate 'long'"),
        ("# A\n", "no issue in -"),
        ("", "no issue in -"),
    ],
)
def test_a_document_that_cannot_be_is_not_written(two, text, why):
    before = two.file.read_bytes()
    assert why in two("create", "--file", "-", stdin=text, code=1).err
    assert two.file.read_bytes() == before


def test_what_is_no_document(two):
    (two.path / "f.txt").write_text(DOCUMENT)
    assert "no Markdown file" in two("create", "--file", "f.txt", code=1).err
    assert "cannot read no.md" in two("create", "--file", "no.md", code=1).err
    assert "stand alone" in two("create", "X", "--file", "f.md", code=1).err
    assert "does not go with" in two("create", "--file", "-", "--idempotency-key", "k", code=1).err
