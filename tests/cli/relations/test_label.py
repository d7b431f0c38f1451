"""`bd label`, `bd comments` and `bd comment`, as somebody who types them meets them."""

from __future__ import annotations

import pytest

REMARK = {
    "id": 7, "issue_id": "t-1", "author": "Bob", "text": "one\ntwo",
    "created_at": "2026-11-20T10:22:33Z",
}  # fmt: skip


class TestLabelAdd:
    def test_the_answer(self, bd):
        bd.write({"id": "t-1"}, {"id": "t-2", "labels": ["a"]})
        answer = bd("label", "add", "t-1", "2", " urgent ")
        assert answer.out == "✓ Added label 'urgent' to t-1\n✓ Added label 'urgent' to t-2\n"
        assert bd.issue("t-1")["labels"] == ["urgent"]
        assert bd.issue("t-2")["labels"] == ["a", "urgent"]
        answer = bd("label", "add", "t-1", "x", "--json")
        assert answer.json == [{"issue_id": "t-1", "label": "x", "status": "added"}]
        assert answer.err == ""

    def test_a_label_that_begins_with_a_dash(self, bd):
        bd.write({"id": "t-1"})
        bd("label", "add", "t-1", "--", "-x")
        assert bd.issue("t-1")["labels"] == ["-x"]
        assert "-- -y" in bd("label", "add", "t-1", "-y", code=2).err

    def test_once_more_changes_nothing(self, bd):
        bd.write({"id": "t-1", "labels": ["x"]})
        before = bd.file.read_bytes()
        assert bd("label", "add", "t-1", "x").out == "✓ Added label 'x' to t-1\n"
        assert bd("label", "remove", "t-1", "y").out == "✓ Removed label 'y' from t-1\n"
        assert bd.file.read_bytes() == before

    def test_it_counts_as_an_edit(self, bd):
        bd.write({"id": "t-1"})
        bd("label", "add", "t-1", "x")
        assert bd.issue("t-1")["updated_at"] > "2027"

    def test_what_fails_is_reported_beside_what_was_done(self, bd):
        bd.write({"id": "t-1"})
        answer = bd("label", "add", "nope", "t-1", "x", "--json", code=1)
        assert [row["issue_id"] for row in answer.json] == ["t-1"]
        assert answer.error["failed"][0]["id"] == "nope"
        answer = bd("label", "add", "nope", "x", "--json", code=1)
        assert (answer.out, answer.error["code"]) == ("", "not-found")
        assert "an ID and a label are required" in bd("label", "add", "t-1", code=2).err
        assert "label is empty" in bd("label", "add", "t-1", " ", code=1).err
        assert bd("label", "add", code=2).out == ""


class TestLabelRemove:
    def test_the_answer(self, bd):
        bd.write({"id": "t-1", "labels": ["x", "y"]}, {"id": "t-2", "labels": ["x"]})
        answer = bd("label", "remove", "t-1", "t-2", "x")
        assert answer.out == "✓ Removed label 'x' from t-1\n✓ Removed label 'x' from t-2\n"
        assert bd.issue("t-1")["labels"] == ["y"]
        assert "labels" not in bd.issue("t-2")
        answer = bd("label", "remove", "t-1", "y", "--json")
        assert answer.json == [{"issue_id": "t-1", "label": "y", "status": "removed"}]
        answer = bd("label", "remove", "nope", "y", "--json", code=1)
        assert (answer.out, answer.error["code"]) == ("", "not-found")


class TestLabelList:
    def test_of_one_issue(self, bd):
        bd.write({"id": "t-1", "labels": ["x", "y z"]}, {"id": "t-2"})
        assert bd("label", "list", "t-1").out == "\n🏷 Labels for t-1:\n  - x\n  - y z\n\n"
        assert bd("label", "list", "2").out == "\nt-2 has no labels\n"
        assert bd("label", "list", "t-1", "--json").json == ["x", "y z"]
        assert bd("label", "list", "t-2", "--json").out == "[]\n"
        answer = bd("label", "list", "nope", "--json", code=1)
        assert (answer.err, answer.json["code"]) == ("", "not-found")

    def test_of_all_issues(self, bd):
        assert bd("label", "list-all").out == "\nNo labels found\n"
        assert bd("label", "list-all", "--json").json == []
        bd.write(
            {"id": "t-1", "labels": ["one", "three"]},
            {"id": "t-2", "labels": ["three"], "status": "closed"},
            {"id": "t-3", "labels": ["gone"], "status": "tombstone"},
        )
        assert bd("label", "list-all").out == (
            "\n🏷 All labels (2 unique):\n  one    (1 issues)\n  three  (2 issues)\n\n"
        )
        assert bd("label", "list-all", "--json").json == [
            {"label": "one", "count": 1}, {"label": "three", "count": 2},
        ]  # fmt: skip

    def test_a_bare_label_explains_itself(self, bd):
        assert "Usage: bd label" in bd("label").out


class TestComments:
    def test_of_an_issue(self, bd):
        bd.write({"id": "t-1", "comments": [REMARK]}, {"id": "t-2"})
        expected = "\nComments on t-1:\n\n[Bob] at 2026-11-20 10:22\n  one\n  two\n\n"
        for words in (["t-1"], ["list", "1"], ["t-1", "--local-time"]):
            assert bd("comments", *words).out == expected
        assert bd("comments", "t-2").out == "No comments on t-2\n"

    def test_as_json(self, bd):
        bd.write({"id": "t-1", "comments": [REMARK]}, {"id": "t-2"})
        answer = bd("comments", "t-1", "--json")
        assert answer.json == [REMARK]
        assert list(answer.json[0]) == ["id", "issue_id", "author", "text", "created_at"]
        assert bd("comments", "t-2", "--json").out == "[]\n"
        answer = bd("comments", "nope", "--json", code=1)
        assert (answer.err, answer.json["code"]) == ("", "not-found")

    @pytest.mark.parametrize(
        ("version", "id"), [("0.49.6", 7), ("1.0.5", "7"), ("1.1.0", "7"), ("", 7), ("odd", 7)]
    )
    def test_the_id_is_a_text_for_clients_of_a_later_beads(self, bd, version, id):
        bd.write({"id": "t-1", "comments": [REMARK]})
        env = {"BD_COMPAT_VERSION": version}
        assert bd("comments", "t-1", "--json", **env).json[0]["id"] == id
        made = bd("comments", "add", "t-1", "x", "--json", **env).json["id"]
        assert type(made) is type(id)
        assert type(bd.issue("t-1")["comments"][1]["id"]) is int
        shown = bd("show", "t-1", "--json", **env).json[0]["comments"]
        assert [type(one["id"]) for one in shown] == [type(id)] * 2

    def test_comments_of_others_keep_what_they_say(self, bd):
        odd = {"id": "c-uuid", "text": "no author", "created_at": "yesterday", "mood": 1}
        bd.write({"id": "t-1", "comments": [odd]})
        assert bd("comments", "t-1", "--json").json == [
            {"id": "c-uuid", "issue_id": "t-1", "author": "", "text": "no author",
             "created_at": "yesterday"}
        ]  # fmt: skip
        assert "[] at yesterday\n  no author\n" in bd("comments", "t-1").out
        bd("comments", "add", "t-1", "x")
        assert odd.items() <= bd.issue("t-1")["comments"][0].items()


class TestCommentsAdd:
    @pytest.mark.parametrize(
        "words",
        [
            ["comments", "add", "t-1", "found the cause"],
            ["comments", "add", "1", "found", "the", "cause"],
            ["comment", "t-1", "found the cause"],
            ["comments", "add", "t-1", "--", "found the cause"],
            ["comment", "t-1", "-f", "note.md"],
            ["comments", "add", "t-1", "--file", "note.md"],
            ["comments", "add", "t-1", "-f", "-"],
        ],
        ids=" ".join,
    )
    def test_the_answer(self, bd, words):
        bd.write({"id": "t-1"})
        (bd.path / "note.md").write_text("found the cause\n")
        answer = bd(*words, stdin="found the cause\n")
        assert (answer.out, answer.err) == ("Comment added to t-1\n", "")
        [comment] = bd.issue("t-1")["comments"]
        assert comment == {
            "id": comment["id"], "issue_id": "t-1", "author": "Ann Example",
            "text": "found the cause", "created_at": bd.issue("t-1")["updated_at"],
        }  # fmt: skip
        assert 0 < comment["id"] < 2**53

    def test_the_answer_as_json(self, bd):
        bd.write({"id": "t-1"})
        answer = bd("comments", "add", "t-1", "a\nb", "-a", "eve", "--json")
        assert answer.json == bd.issue("t-1")["comments"][0]
        assert (answer.json["author"], answer.json["text"]) == ("eve", "a\nb")
        assert bd("comment", "t-1", "x", "--author=eve", "--json").json["author"] == "eve"

    def test_the_same_remark_twice_is_two_remarks(self, bd):
        bd.write({"id": "t-1"})
        for _ in range(2):
            bd("comment", "t-1", "ping")
        one, two = bd.issue("t-1")["comments"]
        assert one["id"] != two["id"]
        assert one["text"] == two["text"]

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["t-1"], "comment text required"),
            (["t-1", ""], "comment text cannot be empty"),
            (["t-1", " \n"], "comment text cannot be empty"),
            (["t-1", "x", "-f", "note.md"], "cannot specify both a text and --file"),
            (["t-1", "-f", "gone.md"], "cannot read gone.md: No such file or directory"),
            (["nope", "x"], 'no issue found matching "nope"'),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else None,
    )
    @pytest.mark.parametrize("command", [["comments", "add"], ["comment"]], ids=" ".join)
    def test_what_cannot_be(self, bd, command, words, message):
        bd.write({"id": "t-1"})
        bd(*command, "t-1", "this works")
        before = bd.file.read_bytes()
        assert bd(*command, *words, code=1).err.startswith(f"Error: {message}")
        answer = bd(*command, *words, "--json", code=1)
        assert (answer.err, answer.json["error"][: len(message)]) == ("", message)
        assert bd.file.read_bytes() == before

    def test_a_bare_comments_explains_itself(self, bd):
        assert "Usage: bd comments" in bd("comments").out
        assert bd("comment", code=2).out == ""
