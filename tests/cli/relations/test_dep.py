"""`bd dep`, as somebody who types it meets it."""

from __future__ import annotations

import pytest


def edge(id, on, type="blocks"):
    return {
        "issue_id": id, "depends_on_id": on, "type": type,
        "created_at": "2026-01-01T00:00:00Z", "created_by": "Ann",
    }  # fmt: skip


def edges(bd, id):
    return [(e["type"], e["depends_on_id"]) for e in bd.issue(id).get("dependencies", [])]


@pytest.fixture
def three(bd):
    bd.write({"id": "t-1"}, {"id": "t-2"}, {"id": "t-3"})
    return bd


class TestAdd:
    @pytest.mark.parametrize(
        ("words", "kind"),
        [
            (["add", "t-2", "t-1"], "blocks"),
            (["add", "2", "1"], "blocks"),
            (["t-2", "t-1"], "blocks"),
            (["add", "t-2", "--depends-on", "t-1"], "blocks"),
            (["add", "t-2", "--blocked-by=t-1"], "blocks"),
            (["t-2", "--depends-on", "t-1", "--type", "blocks"], "blocks"),
            (["--depends-on", "t-1", "t-2"], "blocks"),
            (["add", "t-2", "t-1", "-t", "discovered-from"], "discovered-from"),
            (["add", "--type", "related", "--", "t-2", "t-1"], "related"),
            (["add", "t-2", "t-1", "--type=my-own-type"], "my-own-type"),
            (["add", "t-2", "t-1", "-t", "parent-child"], "parent-child"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else None,
    )
    def test_the_first_depends_on_the_other(self, three, words, kind):
        answer = three("dep", *words)
        assert (answer.out, answer.err) == (
            f"✓ Added dependency: t-2 depends on t-1 ({kind})\n", "",
        )  # fmt: skip
        assert edges(three, "t-2") == [(kind, "t-1")]
        assert edges(three, "t-1") == []
        [made] = three.issue("t-2")["dependencies"]
        assert (made["issue_id"], made["created_by"]) == ("t-2", "Ann Example")
        assert made["created_at"] == three.issue("t-2")["updated_at"]

    @pytest.mark.parametrize("words", [["t-1", "--blocks", "t-2"], ["add", "--blocks=t-2", "t-1"]])
    def test_the_other_way_round(self, three, words):
        assert three("dep", *words).out == "✓ Added dependency: t-1 blocks t-2\n"
        assert edges(three, "t-2") == [("blocks", "t-1")]

    def test_the_answer_as_json(self, three):
        answer = three("dep", "add", "t-2", "t-1", "--json")
        assert answer.json == {
            "depends_on_id": "t-1", "issue_id": "t-2", "status": "added", "type": "blocks",
        }  # fmt: skip
        assert list(answer.json) == sorted(answer.json)
        assert answer.err == ""

    def test_the_same_edge_twice_changes_nothing(self, three):
        three("dep", "add", "t-2", "t-1")
        before = three.file.read_bytes()
        assert three("dep", "add", "t-2", "t-1").code == 0
        assert three.file.read_bytes() == before
        three("dep", "add", "t-2", "t-1", "-t", "related")
        assert edges(three, "t-2") == [("blocks", "t-1"), ("related", "t-1")]

    def test_to_another_project(self, three):
        answer = three("dep", "add", "t-2", "external:other:thing")
        assert "t-2 depends on external:other:thing" in answer.out
        assert edges(three, "t-2") == [("blocks", "external:other:thing")]

    @pytest.mark.parametrize(
        ("words", "code", "message"),
        [
            (["add", "t-1", "t-2"], "cycle", "cannot add dependency: would create a cycle (t-1 → "),
            (["add", "t-1", "t-1"], "invalid", "cannot add dependency: t-1 cannot depend on"),
            (["add", "t-1", "nope"], "not-found", 'no issue found matching "nope"'),
            (["add", "nope", "t-1"], "not-found", 'no issue found matching "nope"'),
            (["add", "external:a:b", "t-1"], "not-found", 'no issue found matching "external:a:b"'),
            (["add", "t-3", "t-1", "-t", ""], "invalid", "dependency type is empty"),
            (["add", "t-3", "t-1", "-t", "x" * 51], "invalid", "dependency type must be 50"),
            (["t-3", "--blocks", ""], "not-found", 'no issue found matching ""'),
        ],
        ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
    )  # fmt: skip
    def test_what_cannot_be(self, three, words, code, message):
        three("dep", "add", "t-2", "t-1")
        before = three.file.read_bytes()
        answer = three("dep", *words, code=1)
        assert answer.err.startswith(f"Error: {message}"), answer.err
        answer = three("dep", *words, "--json", code=1)
        assert (answer.err, answer.json["code"]) == ("", code)
        assert answer.json["error"].startswith(message)
        assert three.file.read_bytes() == before

    def test_a_child_does_not_wait_for_its_parent(self, three):
        three("update", "t-2", "--parent", "t-1")
        answer = three("dep", "add", "t-2", "t-1", code=1)
        assert "already a child of t-1, so waiting for it would create a deadlock" in answer.err

    def test_only_blocking_types_make_a_cycle(self, three):
        three("dep", "relate", "t-1", "t-2")
        three("dep", "add", "t-1", "t-2")
        three("dep", "add", "t-2", "t-1", "-t", "discovered-from")
        assert "cycle" in three("dep", "add", "t-2", "t-1", code=1).err

    @pytest.mark.parametrize("words", [["add", "t-1"], ["t-1"], ["add", "t-1", "t-2", "t-3"]])
    def test_two_issues_are_needed(self, three, words):
        answer = three("dep", *words, code=2)
        assert "two issues are needed" in answer.err
        answer = three("dep", *words, "--json", code=2)
        assert (answer.out, answer.error["code"]) == ("", "usage")

    def test_a_bare_dep_explains_itself(self, three):
        assert "Usage: bd dep" in three("dep").out
        assert three("dep", "t-1", "t-2", "--no-cycle-check").code == 0


class TestRemove:
    def test_every_edge_between_two(self, three):
        three("dep", "add", "t-2", "t-1")
        three("dep", "add", "t-2", "t-1", "-t", "related")
        three("dep", "add", "t-2", "t-3")
        answer = three("dep", "remove", "t-2", "1")
        assert answer.out == "✓ Removed dependency: t-2 no longer depends on t-1\n"
        assert edges(three, "t-2") == [("blocks", "t-3")]
        answer = three("dep", "rm", "t-2", "t-3", "--json")
        assert answer.json == {"depends_on_id": "t-3", "issue_id": "t-2", "status": "removed"}
        assert "dependencies" not in three.issue("t-2")

    def test_one_type(self, three):
        three("dep", "add", "t-2", "t-1")
        three("dep", "add", "t-2", "t-1", "-t", "related")
        three("dep", "remove", "t-2", "t-1", "--type", "blocks")
        assert edges(three, "t-2") == [("related", "t-1")]

    def test_what_it_points_to_may_be_gone(self, bd):
        bd.write({"id": "t-2", "dependencies": [
            edge("t-2", "gone-1"), edge("t-2", "external:p:c"), edge("t-2", "2"),
        ]})  # fmt: skip
        bd("dep", "remove", "t-2", "gone-1")
        bd("dep", "remove", "t-2", "external:p:c")
        assert edges(bd, "t-2") == [("blocks", "2")]
        bd("dep", "remove", "t-2", "2")  # the very id comes before what it might be short for
        assert edges(bd, "t-2") == []

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["t-1", "t-2"], "dependency from t-1 to t-2 does not exist"),
            (["t-1", "gone-1"], "dependency from t-1 to gone-1 does not exist"),
            (["t-2", "t-1", "-t", "related"], "dependency from t-2 to t-1 does not exist"),
            (["nope", "t-1"], 'no issue found matching "nope"'),
        ],
    )
    def test_what_is_not_there(self, three, words, message):
        three("dep", "add", "t-2", "t-1")
        before = three.file.read_bytes()
        assert three("dep", "remove", *words, code=1).err.startswith(f"Error: {message}")
        answer = three("dep", "remove", *words, "--json", code=1)
        assert (answer.err, answer.json["error"][: len(message)]) == ("", message)
        assert three.file.read_bytes() == before


class TestList:
    @pytest.fixture
    def some(self, bd):
        bd.write(
            {"id": "t-1", "title": "Base", "priority": 0},
            {"id": "t-2", "title": "Top", "dependencies": [
                edge("t-2", "t-1"), edge("t-2", "gone-1", "related"), edge("t-2", "t-9"),
                edge("t-2", "t-3", "discovered-from"),
            ]},
            {"id": "t-3", "title": "Side", "status": "closed", "assignee": "bob"},
            {"id": "t-9", "status": "tombstone"},
        )  # fmt: skip
        return bd

    def test_what_it_depends_on(self, some):
        assert some("dep", "list", "t-2").out == (
            "\n📋 t-2 depends on:\n\n"
            "  t-1: Base [P0] (open) via blocks\n"
            "  gone-1: (not in this log) via related\n"
            "  t-9: (deleted) via blocks\n"
            "  t-3: Side [P2] (closed) via discovered-from\n\n"
        )
        assert some("dep", "list", "t-1").out == "\nt-1 has no dependencies\n"
        assert some("dep", "list", "t-2", "-t", "blocks").out.count(" via ") == 2

    def test_what_depends_on_it(self, some):
        assert some("dep", "list", "1", "--direction", "up").out == (
            "\n📋 Issues that depend on t-1:\n\n  t-2: Top [P2] (open) via blocks\n\n"
        )
        assert some("dep", "list", "t-2", "--direction=up").out == "\nt-2 has no dependents\n"

    def test_as_json(self, some):
        answer = some("dep", "list", "t-2", "--json")
        assert answer.err == ""
        assert [(i["id"], i["dependency_type"]) for i in answer.json] == [
            ("t-1", "blocks"), ("t-3", "discovered-from"),
        ]  # fmt: skip
        assert answer.json[1] == {
            "id": "t-3", "title": "Side", "status": "closed", "priority": 2, "issue_type": "task",
            "assignee": "bob", "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z", "dependency_type": "discovered-from",
        }  # fmt: skip
        assert some("dep", "list", "t-1", "--json").json == []
        assert some("dep", "list", "t-1", "--json", "--direction", "up").json[0]["id"] == "t-2"

    def test_an_unknown_id(self, some):
        answer = some("dep", "list", "nope", "--json", code=1)
        assert (answer.err, answer.json["code"]) == ("", "not-found")


class TestTree:
    @pytest.fixture
    def diamond(self, bd):
        """t-4 on top of t-2 and t-3, which both stand on t-1; t-5 above."""
        bd.write(
            {"id": "t-1", "title": "Base", "priority": 0, "status": "in_progress"},
            {"id": "t-2", "title": "Left", "dependencies": [edge("t-2", "t-1")]},
            {"id": "t-3", "title": "Right", "dependencies": [
                edge("t-3", "t-1"), edge("t-3", "gone-1"), edge("t-3", "external:p:thing"),
                edge("t-3", "t-7"), edge("t-3", "t-1", "related"),
            ]},
            {"id": "t-4", "title": "Top", "dependencies": [edge("t-4", "t-2"), edge("t-4", "t-3")]},
            {"id": "t-5", "title": "Above", "dependencies": [edge("t-5", "t-4", "related")]},
            {"id": "t-7", "status": "tombstone", "dependencies": [edge("t-7", "t-1")]},
        )  # fmt: skip
        return bd

    def test_down(self, diamond):
        assert diamond("dep", "tree", "t-4").out == (
            "\n🌲 Dependency tree for t-4:\n\n"
            "t-4: Top [P2] (open)\n"
            "├── t-2: Left [P2] (open)\n"
            "│   └── t-1: Base [P0] (in_progress)\n"
            "└── t-3: Right [P2] (open)\n"
            "    ├── gone-1: (not in this log)\n"
            "    ├── ⏳ p:thing (external)\n"
            "    └── t-7: (deleted)\n\n"
        )

    def test_every_path(self, diamond):
        out = diamond("dep", "tree", "t-4", "--show-all-paths").out
        assert out.count("t-1: Base") == 2
        assert "    ├── t-1: Base [P0] (in_progress)\n    ├── gone-1" in out

    @pytest.mark.parametrize("words", [["--direction", "up"], ["--reverse"]])
    def test_up(self, diamond, words):
        assert diamond("dep", "tree", "t-1", *words).out == (
            "\n🌲 Dependent tree for t-1:\n\n"
            "t-1: Base [P0] (in_progress)\n"
            "├── t-2: Left [P2] (open)\n"
            "│   └── t-4: Top [P2] (open)\n"
            "│       └── t-5: Above [P2] (open)\n"
            "├── t-3: Right [P2] (open)\n"
            "└── t-7: (deleted)\n\n"
        )

    def test_both(self, diamond):
        assert diamond("dep", "tree", "t-2", "--direction", "both").out == (
            "\n🌲 Full dependency graph for t-2:\n\n"
            "t-2: Left [P2] (open)\n"
            "├── t-1: Base [P0] (in_progress)\n"
            "└── t-4: Top [P2] (open)\n"
            "    └── t-5: Above [P2] (open)\n\n"
        )

    @pytest.mark.parametrize("flag", ["-d", "--max-depth", "--depth"])
    def test_no_deeper_than(self, diamond, flag):
        assert diamond("dep", "tree", "t-4", flag, "1").out.endswith(
            "t-4: Top [P2] (open)\n├── t-2: Left [P2] (open) …\n└── t-3: Right [P2] (open) …\n\n"
        )
        assert "…" not in diamond("dep", "tree", "t-2", flag, "1").out
        assert diamond("dep", "tree", "t-4", flag, "0", code=2).out == ""

    def test_of_a_status_and_of_a_type(self, diamond):
        assert diamond("dep", "tree", "t-4", "--status", "in_progress").out.endswith(
            "t-4: Top [P2] (open)\n└── t-2: Left [P2] (open)\n"
            "    └── t-1: Base [P0] (in_progress)\n\n"
        )
        assert diamond("dep", "tree", "t-4", "--status", "closed").out.endswith(
            "t-4: Top [P2] (open)\n\n"
        )
        assert diamond("dep", "tree", "t-5", "-t", "blocks").out.endswith(
            "t-5: Above [P2] (open) [READY]\n\n"
        )

    def test_ready_means_ready(self, diamond):
        assert "[READY]" not in diamond("dep", "tree", "t-2").out
        diamond("close", "t-1")
        assert "t-2: Left [P2] (open) [READY]\n" in diamond("dep", "tree", "t-2").out
        assert "[READY]" not in diamond("dep", "tree", "t-1").out

    def test_as_json(self, diamond):
        answer = diamond("dep", "tree", "t-4", "--json", "--max-depth", "1")
        assert answer.err == ""
        assert [(n["id"], n["depth"], n["parent_id"], n["truncated"]) for n in answer.json] == [
            ("t-4", 0, "", False), ("t-2", 1, "t-4", True), ("t-3", 1, "t-4", True),
        ]  # fmt: skip
        assert answer.json[1] == {
            "id": "t-2", "title": "Left", "status": "open", "priority": 2, "issue_type": "task",
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
            "depth": 1, "parent_id": "t-4", "truncated": True,
        }  # fmt: skip
        gone = [n for n in diamond("dep", "tree", "t-3", "--json").json if n["id"] == "gone-1"]
        assert gone == [
            {"id": "gone-1", "missing": True, "depth": 1, "parent_id": "t-3", "truncated": False}
        ]

    def test_as_a_diagram(self, diamond):
        assert diamond("dep", "tree", "t-2", "--format", "mermaid", "--direction", "both").out == (
            "flowchart TD\n"
            '  n0["t-2: Left [P2] (open)"]\n'
            '  n1["t-1: Base [P0] (in_progress)"]\n'
            '  n2["t-4: Top [P2] (open)"]\n'
            '  n3["t-5: Above [P2] (open)"]\n'
            "  n0 --> n1\n  n2 --> n0\n  n3 --> n2\n"
        )

    def test_a_circle_ends(self, bd):
        bd.write(
            {"id": "t-1", "dependencies": [edge("t-1", "t-2")]},
            {"id": "t-2", "dependencies": [edge("t-2", "t-1"), edge("t-2", "t-2")]},
        )
        for words in ([], ["--show-all-paths"], ["--direction", "both"]):
            out = bd("dep", "tree", "t-1", *words).out
            assert out.count("t-2: Title") <= 2
            assert out.count("t-1: Title") == 1

    def test_a_long_chain_and_a_dense_graph_end(self, bd):
        bd.write(*(
            {"id": f"t-{n}", "dependencies": [edge(f"t-{n}", f"t-{n + 1}")]} for n in range(300)
        ))  # fmt: skip
        out = bd("dep", "tree", "t-0", "--depth", "1000").out
        assert out.count("\n") == 305
        assert max(map(len, out.splitlines())) < 250
        bd.write(*(
            {"id": f"t-{n}", "dependencies": [edge(f"t-{n}", f"t-{m}") for m in range(n)]}
            for n in range(20)
        ))  # fmt: skip
        answer = bd("dep", "tree", "t-19", "--show-all-paths")
        assert answer.out.count("\n") == 10_004
        assert "only the first 10000 nodes are shown" in answer.err
        assert bd("dep", "tree", "t-19").out.count("\n") == 24

    def test_an_unknown_id(self, diamond):
        answer = diamond("dep", "tree", "nope", "--json", code=1)
        assert (answer.err, answer.json["code"]) == ("", "not-found")


class TestCycles:
    def test_there_are_none(self, three):
        three("dep", "add", "t-1", "t-2")
        three("dep", "relate", "t-1", "t-3")
        assert three("dep", "cycles").out == "\n✓ No dependency cycles detected\n\n"
        assert three("dep", "cycles", "--json").out == "[]\n"

    def test_each_from_its_smallest_id(self, bd):
        bd.write(
            {"id": "t-1", "title": "One", "dependencies": [edge("t-1", "t-2")]},
            {"id": "t-2", "title": "Two", "dependencies": [edge("t-2", "t-1")]},
            {"id": "t-3", "dependencies": [edge("t-3", "t-3")]},
        )
        assert bd("dep", "cycles").out == (
            "\n⚠ Found 2 dependency cycles:\n\n"
            "1. Cycle involving:\n   - t-1: One\n   - t-2: Two\n\n"
            "2. Cycle involving:\n   - t-3: Title of t-3\n\n"
        )
        ways = bd("dep", "cycles", "--json").json
        assert [[issue["id"] for issue in way] for way in ways] == [["t-1", "t-2"], ["t-3"]]
        assert ways[0][0]["title"] == "One"


class TestRelate:
    def test_both_get_an_edge_and_lose_it(self, three):
        before = three.file.read_bytes()
        assert three("dep", "relate", "1", "t-2").out == "✓ Linked t-1 ↔ t-2\n"
        assert edges(three, "t-1") == [("relates-to", "t-2")]
        assert edges(three, "t-2") == [("relates-to", "t-1")]
        assert three("dep", "relate", "t-1", "t-2", "--json").json == {
            "id1": "t-1", "id2": "t-2", "related": True,
        }  # fmt: skip
        three("undo")
        assert three.file.read_bytes() == before
        three("dep", "relate", "t-1", "t-2")
        assert three("dep", "unrelate", "t-2", "t-1").out == "✓ Unlinked t-2 ↔ t-1\n"
        assert edges(three, "t-1") == edges(three, "t-2") == []
        three("dep", "relate", "t-1", "t-2")
        assert three("dep", "unrelate", "t-1", "t-2", "--json").json == {
            "id1": "t-1", "id2": "t-2", "unrelated": True,
        }  # fmt: skip

    def test_what_is_not_there(self, three):
        three("dep", "relate", "t-1", "t-2")
        assert "does not exist" in three("dep", "unrelate", "t-1", "t-3", code=1).err
        answer = three("dep", "relate", "t-1", "nope", "--json", code=1)
        assert (answer.err, answer.json["code"]) == ("", "not-found")
