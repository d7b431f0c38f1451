"""Duplicates: what is found, what is closed, and what the commands say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support import strategies as strategies
from tracker.issues import duplicates
from tracker.issues.editing import Who
from tracker.log.issue_codec import encode
from tracker.log.issue_log import Draft, Log
from tracker.model.ids import renamed, words
from tracker.model.issue import Issue
from tracker.model.status import CLOSING
from tracker.model.validation import Settings

SET, WHO = Settings(prefix="t"), Who("ann", strategies.NOW, nonce=1)


def edge(id, on, type="blocks"):
    return {"issue_id": id, "depends_on_id": on, "type": type}


class TestMentions:
    def test_an_id_is_matched_whole(self):
        text = "See t-1, t-1.2 and (t-1). Not t-12, t-1-x, xt-1, nor t-1_a; but t-1: yes, t-1's."
        assert renamed(text, {"t-1": "u-9"}) == (
            "See u-9, t-1.2 and (u-9). Not t-12, t-1-x, xt-1, nor t-1_a; but u-9: yes, u-9's."
        )
        assert list(words("t-1, t-1.2. https://x/t-3?y plain")) == ["t-1", "t-1.2", "t-3"]

    @given(st.text(), st.dictionaries(st.text(), st.text(), max_size=3))
    def test_what_names_nothing_is_left_alone(self, text, names):
        assert renamed(text, {}) == text
        if not set(words(text)) & names.keys():
            there = {name: new for name, new in names.items() if "-" in name}
            assert renamed(text, there) == text


class TestGroups:
    def test_what_is_the_same_in_every_text_and_status(self):
        same = {"title": "T", "description": "d", "design": "x", "acceptance_criteria": "a"}
        issues = [
            Issue(id="t-1", **same), Issue(id="t-2", **same), Issue(id="t-3", **same, notes="n"),
            Issue(id="t-4", **{**same, "description": ""}),
            Issue(id="t-5", **same, status="hooked"), Issue(id="t-6", **same, status="closed"),
            Issue(id="t-7", **same, status="tombstone"),
        ]  # fmt: skip
        (group,) = duplicates.groups(issues, CLOSING)
        assert [issue.id for issue in group.issues] == ["t-1", "t-2", "t-3"]

    def test_the_one_with_the_most_ties_stays(self):
        log = Log(
            b"".join(
                encode(issue) + b"\n"
                for issue in (
                    Issue(id="t-1", title="T"), Issue(id="t-2", title="T"),
                    Issue(id="t-3", title="see", notes="t-2 and t-2", description="not t-22"),
                )
            )
        )  # fmt: skip
        (group,) = duplicates.groups(log.values(), CLOSING)
        assert [issue.id for issue in group.issues] == ["t-2", "t-1"]
        assert group.ties == {"t-1": (0, 0, 0), "t-2": (1, 0, 0)}

    @given(strategies.logs(max_size=6))
    def test_merging_leaves_no_group_and_touches_nothing_else(self, issues):
        draft = Draft(Log(b"".join(encode(one) + b"\n" for one in issues)))
        found = duplicates.merge(draft, SET, WHO)
        sources = {issue.id for group in found for issue in group.issues[1:]}
        assert draft.changes.keys() == sources
        left = [one for id in draft.all_ids() if (one := draft.get_issue(id))]
        assert not duplicates.groups(left, CLOSING)


class TestSimilar:
    def test_pairs_from_the_most_similar(self):
        issues = [
            Issue(id="t-1", title="Fix the login page"),
            Issue(id="t-2", title="login page: fix the"),
            Issue(id="t-3", title="Fix the login pages"),
            Issue(id="t-4", title="Write the manual of the printer"),
        ]
        found = duplicates.similar(issues, 0.5)
        assert [(pair.one.id, pair.other.id) for pair in found] == [
            ("t-1", "t-2"), ("t-1", "t-3"), ("t-2", "t-3"),
        ]  # fmt: skip
        assert found[0].similarity == 1
        assert found[1].similarity < 1

    def test_descriptions_tell_apart_what_titles_do_not(self):
        issues = [
            Issue(id="t-1", title="Fix the tests", description="They fail on Windows since May"),
            Issue(id="t-2", title="Fix the tests", description="Coverage is not what we promised"),
        ]
        (pair,) = duplicates.similar(issues, 0.0)
        assert 0.4 < pair.similarity < 0.9
        assert not duplicates.similar(issues, 0.9)

    @given(strategies.logs(max_size=5), st.floats(0, 1))
    def test_a_higher_threshold_gives_a_part_of_a_lower_one(self, issues, threshold):
        every = duplicates.similar(issues, 0)
        assert duplicates.similar(issues, threshold) == [
            pair for pair in every if pair.similarity >= threshold
        ] or any(abs(pair.similarity - threshold) < 1e-3 for pair in every)


class TestDuplicate:
    def test_it_is_closed_and_tied(self, bd):
        bd.write({"id": "t-1"}, {"id": "t-2", "dependencies": [edge("t-2", "t-1")]})
        answer = bd("duplicate", "2", "--of", "t-1")
        assert answer.out == "✓ Marked t-2 as duplicate of t-1 (closed)\n"
        record = bd.issue("t-2")
        assert (record["status"], record["close_reason"]) == ("closed", "Duplicate of t-1")
        assert [(e["depends_on_id"], e["type"]) for e in record["dependencies"]] == [
            ("t-1", "blocks"), ("t-1", "duplicates"),
        ]  # fmt: skip
        before = bd.file.read_bytes()
        assert bd("duplicate", "t-2", "--of", "t-1", "--json").json == {
            "duplicate": "t-2", "canonical": "t-1", "status": "closed",
        }  # fmt: skip
        assert bd.file.read_bytes() == before

    def test_who_waited_for_it_is_named(self, bd):
        bd.write({"id": "t-1"}, {"id": "t-2"}, {"id": "t-3", "dependencies": [edge("t-3", "t-2")]})
        answer = bd("duplicate", "t-2", "--of", "t-1")
        assert answer.err == "Note: t-3 depends on t-2; to move it: bd dep add t-3 t-1\n"

    def test_what_goes_wrong(self, bd):
        bd.write({"id": "t-1"}, {"id": "t-2"}, {"id": "t-3", "status": "tombstone"})
        bd("duplicate", "t-2", "--of", "t-1")
        before = bd.file.read_bytes()
        answer = bd("duplicate", "t-1", "--of", "t-2", "--json", code=1)
        assert answer.error["hint"] == "bd dep remove t-2 t-1 --type duplicates"
        assert "cannot replace itself" in bd("duplicate", "t-1", "--of", "1", code=1).err
        assert "is deleted" in bd("duplicate", "t-1", "--of", "t-3", code=1).err
        assert "no issue found" in bd("duplicate", "t-1", "--of", "nope", code=1).err
        assert "Missing option '--of'" in bd("duplicate", "t-1", code=2).err
        assert bd.file.read_bytes() == before


class TestSupersede:
    def test_the_new_one_has_the_edge(self, bd):
        bd.write({"id": "t-1"}, {"id": "t-2"})
        answer = bd("supersede", "t-1", "--with", "2")
        assert answer.out == "✓ Marked t-1 as superseded by t-2 (closed)\n"
        assert bd.issue("t-1")["close_reason"] == "Superseded by t-2"
        assert [(e["depends_on_id"], e["type"]) for e in bd.issue("t-2")["dependencies"]] == [
            ("t-1", "supersedes"),
        ]  # fmt: skip
        assert bd("supersede", "t-1", "--with", "t-2", "--json").json == {
            "superseded": "t-1", "replacement": "t-2", "status": "closed",
        }  # fmt: skip

    def test_what_goes_wrong(self, bd):
        bd.write({"id": "t-1"}, {"id": "t-2", "status": "tombstone"})
        before = bd.file.read_bytes()
        assert "is deleted" in bd("supersede", "t-1", "--with", "t-2", code=1).err
        answer = bd("supersede", "t-1", "--with", "nope", "--json", code=1)
        assert (answer.out, answer.error["code"]) == ("", "not-found")
        assert bd.file.read_bytes() == before


class TestDuplicates:
    def twins(self, bd):
        bd.write(
            {"id": "t-1", "title": "A"}, {"id": "t-2", "title": "A", "notes": "n"},
            {"id": "t-3", "title": "B"}, {"id": "t-4", "dependencies": [edge("t-4", "t-2")]},
        )  # fmt: skip

    def test_the_answer(self, bd):
        self.twins(bd)
        before = bd.file.read_bytes()
        assert bd("duplicates").out == (
            "1 group(s) of issues that say the same:\n\nA\n  → t-2 (1 tie(s)) stays\n"
            "    t-1 (0 tie(s)) is the same\n\n"
            "bd duplicates --auto-merge closes 1 of them as duplicates\n"
        )
        answer = bd("duplicates", "--auto-merge", "--dry-run")
        assert answer.out.endswith("Would close 1 issue(s); nothing was changed\n")
        assert bd.file.read_bytes() == before

    def test_as_json(self, bd):
        self.twins(bd)
        (group,) = bd("duplicates", "--json").json["groups"]
        assert group["suggested_target"] == "t-2"
        assert group["suggested_sources"] == ["t-1"]
        assert group["suggested_action"] == "bd duplicate t-1 --of t-2"
        assert group["issues"][0] == {
            "id": "t-2", "title": "A", "status": "open", "priority": 2, "references": 0,
            "dependents": 1, "dependencies": 0, "weight": 1, "is_merge_target": True,
        }  # fmt: skip
        assert bd("duplicates", "--auto-merge", "--json").json["merged"] == ["t-1"]
        assert bd("duplicates", "--json").json == {"duplicate_groups": 0, "groups": []}

    def test_merging(self, bd):
        self.twins(bd)
        answer = bd("duplicates", "--auto-merge")
        assert answer.out.endswith("✓ Merged 1 group(s): 1 issue(s) closed\n")
        assert bd.issue("t-1")["close_reason"] == "Duplicate of t-2"
        assert bd.issue("t-2")["status"] == "open"
        assert bd("duplicates").out == "✓ No duplicates found\n"

    def test_what_goes_wrong(self, bd):
        self.twins(bd)
        before = bd.file.read_bytes()
        answer = bd("duplicates", "--auto-merge", "--readonly", "--json", code=1)
        assert (answer.out, answer.error["code"]) == ("", "refused")
        assert bd("duplicates", "--readonly", "--json").json["duplicate_groups"] == 1
        assert bd.file.read_bytes() == before


class TestFindDuplicates:
    def test_the_answer(self, bd):
        bd.write(
            {"id": "t-1", "title": "Fix the login page"}, {"id": "t-2", "title": "Manual"},
            {"id": "t-3", "title": "the login page: fix"},
            {"id": "t-4", "title": "Fix the login page", "status": "closed"},
        )  # fmt: skip
        assert bd("find-duplicates").out == (
            "1 pair(s) of similar issues:\n\n"
            "100%  t-1: Fix the login page\n      t-3: the login page: fix\n\n"
            "bd duplicate ID --of OTHER closes one of two\n"
        )
        assert bd("find-dups", "--threshold", "0.9", "--json").json == {
            "count": 1, "method": "mechanical", "threshold": 0.9, "pairs": [{
                "issue_a_id": "t-1", "issue_b_id": "t-3", "issue_a_title": "Fix the login page",
                "issue_b_title": "the login page: fix", "similarity": 1.0, "method": "mechanical",
            }],
        }  # fmt: skip
        assert bd("find-duplicates", "--all", "--json").json["count"] == 3
        assert bd("find-duplicates", "--all", "-n", "1").out.startswith("1 of 3 pair(s)")
        assert bd("find-duplicates", "--status", "closed").out.startswith("✓ No pairs")

    def test_what_goes_wrong(self, bd):
        answer = bd("find-duplicates", "--method", "ai", "--json", code=1)
        assert (answer.out, answer.error["code"]) == ("", "invalid")
        assert "invalid status" in bd("find-duplicates", "-s", "bogus", code=1).err
        assert bd("find-duplicates", "--threshold", "2", "--json", code=2).error["code"] == "usage"
