"""Other ids: what follows, what refuses, and what merges make of a rename on one branch."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support import strategies as strategies
from tracker.errors import Invalid, NotFound, TrackerError
from tracker.issues import actions, rename
from tracker.issues.editing import Who
from tracker.log.issue_codec import encode
from tracker.log.issue_log import Draft, Log
from tracker.merge.three_way import three_way
from tracker.model.issue import Changes, Dependency, Issue, Labels, New
from tracker.model.validation import Settings

SET, WHO = Settings(prefix="bd"), Who("ann", strategies.NOW, nonce=1)
BOB = WHO._replace(name="bob", now=strategies.NOW + 10**9, nonce=2)


def file_of(*issues):
    return b"".join(encode(one) + b"\n" for one in sorted(issues, key=lambda one: one.id))


def edge(id, on, type="blocks"):
    return {"issue_id": id, "depends_on_id": on, "type": type}


def done(data, *acts):
    """The file after some actions."""
    draft = Draft(Log(data))
    for act in acts:
        act(draft)
    left = {id: draft.get_issue(id) for id in draft.all_ids()}
    return file_of(*(issue for issue in left.values() if issue is not None))


def merged(base, one, two):
    """The merged log; swapping the branches changes nothing."""
    found = three_way(base, one, two)
    assert found == three_way(base, two, one)
    return Log(found.data), [(one.id, one.rule) for one in found.decisions]


def _within(bd, *words, code=0):
    return bd(*words, code=code).out


def _whole(bd, *words, code=0):
    """What a process of its own prints."""
    process = bd.start(*words)
    out, err = process.communicate()
    assert process.returncode == code, err
    return out


class TestRename:
    def test_everything_follows(self, bd):
        gate = {**edge("t-3", "t-1", "waits-for"), "metadata": '{"spawner_id":"t-1"}'}
        at = "2026-01-01T00:00:00Z"
        remark = {"id": 7, "issue_id": "t-1", "author": "Bob", "text": "t-1!", "created_at": at}
        bd.write(
            {"id": "t-1", "comments": [remark], "dependencies": [edge("t-1", "t-9")]},
            {"id": "t-1.1", "dependencies": [edge("t-1.1", "t-1", "parent-child")]},
            {"id": "t-2", "title": "After t-1", "notes": "not t-10, nor t-1.1; t-1."},
            {"id": "t-3", "dependencies": [gate]}, {"id": "t-4"},
        )  # fmt: skip
        other = bd.line("t-4")
        assert bd("rename", "1", "t-login").out == "Renamed t-1 -> t-login\n"
        record = bd.issue("t-login")
        assert record["aliases"] == ["t-1"]
        assert record["comments"][0] == {**remark, "issue_id": "t-login"}
        assert record["dependencies"] == [edge("t-login", "t-9")]
        assert bd.issue("t-1.1")["dependencies"][0]["depends_on_id"] == "t-login"
        assert bd.issue("t-2")["title"] == "After t-login"
        assert bd.issue("t-2")["notes"] == "not t-10, nor t-1.1; t-login."
        assert bd.issue("t-3")["dependencies"][0]["metadata"] == '{"spawner_id":"t-login"}'
        assert other in bd.file.read_text().splitlines()
        assert bd("show", "t-1", "--json").json[0]["id"] == "t-login"
        assert bd("undo").code == 0
        assert bd.issue("t-1")["comments"] == [remark]

    def test_memories_of_the_issue_follow(self, bd):
        bd.write({"id": "t-1"}, {"id": "t-2"})
        bd("remember", "what was learned", "--key", "k", "--issue", "t-1")
        bd("remember", "something else", "--key", "other", "--issue", "t-2")
        bd("rename", "t-1", "t-new")
        bd("rename-prefix", "shop")
        listed = bd("memory", "list", "--issue", "shop-new", "--json").json
        assert [memory["key"] for memory in listed] == ["k"]
        bd("undo")
        bd("undo")
        listed = bd("memory", "list", "--issue", "t-1", "--json").json
        assert [memory["key"] for memory in listed] == ["k"]

    def test_as_json_and_back(self, bd):
        bd.write({"id": "t-1"})
        assert bd("rename", "t-1", "t-a", "--json").json == {"old_id": "t-1", "new_id": "t-a"}
        bd("rename", "t-a", "t-1")
        assert bd.issue("t-1")["aliases"] == ["t-a"]

    def test_what_goes_wrong(self, bd):
        bd.write(
            {"id": "t-1"}, {"id": "t-2", "aliases": ["t-old"]}, {"id": "t-3", "status": "tombstone"}
        )
        before = bd.file.read_bytes()
        assert "t-2 already exists" in bd("rename", "t-1", "t-2", code=1).err
        assert "t-3 already exists" in bd("rename", "t-1", "t-3", code=1).err
        assert "is another name of t-2" in bd("rename", "t-1", "t-old", code=1).err
        assert "is already its id" in bd("rename", "t-1", "t-1", code=1).err
        assert "invalid id 'x'" in bd("rename", "t-1", "x", code=1).err
        assert "is deleted" in bd("rename", "t-3", "t-4", code=1).err
        assert bd("rename", "nope", "t-4", "--json", code=1).error["code"] == "not-found"
        assert bd.file.read_bytes() == before

    def test_what_a_merge_kept_is_not_settled_by_it(self):
        kept = '[{"field":"/notes","value":"bd-1","updated_at":"2026-01-01T00:00:00Z"}]'
        one = Issue(id="bd-1", title="t")
        two = Issue(id="bd-2", title="bd-1", notes="bd-1", extra=(("conflicts", kept),))
        log = Log(done(file_of(one, two), lambda d: rename.rename(d, "bd-1", "bd-x", WHO)))
        assert (log["bd-2"].title, log["bd-2"].notes) == ("bd-x", "bd-1")
        assert dict(log["bd-2"].extra)["conflicts"] == kept

    @given(strategies.logs(max_size=5), st.data())
    def test_a_rename_keeps_everything_but_the_name(self, issues, data):
        assume(issues)
        old = data.draw(st.sampled_from([issue.id for issue in issues]))
        draft = Draft(Log(file_of(*issues)))
        try:
            rename.rename(draft, old, "zz-new", WHO)
        except TrackerError:
            assert not draft.changes
            return
        assert draft.get_issue(old) is None
        assert draft.renamed(old) == "zz-new"
        back = dict.fromkeys(rename.TEXTS, "")
        for issue in issues:
            new = draft.get_issue("zz-new" if issue.id == old else issue.id)
            same = {"id": "", "dependencies": (), "aliases": (), "updated_at": "", **back}
            assert replace(new, **same) == replace(issue, **same)
            assert len(new.dependencies) == len(issue.dependencies)
            assert all(e.depends_on_id != old for e in new.dependencies)


class TestPrefix:
    def test_all_of_the_prefix_and_what_names_them(self, bd):
        bd.write(
            {"id": "t-1"}, {"id": "t-1.1", "dependencies": [edge("t-1.1", "t-1", "parent-child")]},
            {"id": "t-init-4", "description": "after t-1.1"}, {"id": "t-x", "status": "tombstone"},
            {"id": "u-1"},
        )  # fmt: skip
        answer = bd("rename-prefix", "shop-", "--dry-run")
        assert answer.out == (
            "Would rename 4 issues from prefix 't' to 'shop':\n  t-1 -> shop-1\n"
            "  t-1.1 -> shop-1.1\n  t-init-4 -> shop-init-4\n  t-x -> shop-x\n"
        )
        assert bd.issue("t-1")
        answer = bd("rename-prefix", "shop-")
        assert answer.out == "✓ Renamed 4 issues from prefix 't' to 'shop'\n"
        assert [i["id"] for i in bd.issues()] == [
            "shop-1", "shop-1.1", "shop-init-4", "shop-x", "u-1",
        ]  # fmt: skip
        assert bd.issue("shop-1.1")["dependencies"] == [edge("shop-1.1", "shop-1", "parent-child")]
        assert bd.issue("shop-init-4")["description"] == "after shop-1.1"
        assert bd("show", "t-init-4", "--json").json[0]["id"] == "shop-init-4"
        assert bd("q", "new").out.startswith("shop-")

    def test_of_every_other_prefix(self, bd):
        bd.write({"id": "a-1"}, {"id": "b-1"}, {"id": "t-2"}, {"id": "new-3"})
        names = bd("rename-prefix", "new", "--repair", "--dry-run", "--json").json
        assert names["renamed"] == {"a-1": "new-1", "b-1": "new-b-1", "t-2": "new-2"}
        answer = bd("rename-prefix", "new", "--repair", "--json").json
        assert answer == {"old_prefix": "t", "new_prefix": "new", "issues_count": 3}
        assert sorted(i["id"] for i in bd.issues()) == ["new-1", "new-2", "new-3", "new-b-1"]

    def test_prefixes_that_stand_apart(self):
        known = ["my-1", "my-proj-2", "my-3.1"]
        assert rename.prefixed(known, "my", "x", ["my-proj"]) == {"my-1": "x-1", "my-3.1": "x-3.1"}
        assert rename.prefixed(known, "my", "x")["my-proj-2"] == "x-proj-2"

    def test_what_goes_wrong(self, bd):
        bd.write({"id": "t-1"}, {"id": "u-2", "aliases": ["s-1"]})
        before = bd.file.read_bytes()
        assert "the prefix is already 't'" in bd("rename-prefix", "t", code=1).err
        assert "invalid prefix" in bd("rename-prefix", "a b", code=1).err
        answer = bd("rename-prefix", "s", "--json", code=1)
        assert (answer.out, answer.error["code"]) == ("", "invalid")
        assert bd.file.read_bytes() == before
        assert (bd.beads / "config.yaml").read_text() == "issue-prefix: t\n"

    @pytest.mark.parametrize("order", [1, -1])
    def test_undo_puts_every_line_back_into_its_place(self, bd, order):
        ids = [f"t-{number:03}" for number in range(60)][::order]
        lines = [bd.line(id) for id in ids]
        lines[7:7] = ["not json"]
        bd.write(*lines)
        before = bd.file.read_bytes()
        bd("rename-prefix", "shop")
        assert b'"id":"t-' not in bd.file.read_bytes()
        bd("undo")
        assert bd.file.read_bytes() == before

    @pytest.mark.parametrize(
        "config",
        [
            b"issue-prefix: t\n", b"# ours\nissue_prefix: t # short\nactor: ann", b"actor: ann",
            b"# issue-prefix: ''\r\n\r\nactor: ann\r\n", b"", b"actor: ann\n",
        ],
    )  # fmt: skip
    def test_undo_takes_all_of_it_back_byte_for_byte(self, bd, config):
        """The first by processes of their own, which read the setting anew."""
        run = _whole if config == b"issue-prefix: t\n" else _within
        bd.write({"id": "t-1"}, {"id": "t-2", "description": "after t-1"})
        path = bd.beads / "config.yaml"
        path.write_bytes(config)
        before = bd.file.read_bytes()
        run(bd, "rename-prefix", "shop")
        after = path.read_bytes()
        assert run(bd, "config", "get", "issue-prefix") == "shop\n"
        assert run(bd, "q", "another").startswith("shop-")
        run(bd, "undo")
        said = run(bd, "undo")
        assert "rename-prefix shop  (5 records)" in said
        assert "  issue-prefix: " in said
        assert (bd.file.read_bytes(), path.read_bytes()) == (before, config)
        run(bd, "undo", "1", code=1)
        run(bd, "undo", "4")
        assert path.read_bytes() == after

    def test_undo_leaves_other_settings_and_refuses_another_prefix(self, bd):
        bd.write({"id": "t-1"})
        path = bd.beads / "config.yaml"
        bd("rename-prefix", "shop")
        bd("config", "set", "status.custom", "review")
        bd("undo", "1")
        assert path.read_text() == "issue-prefix: t\nstatus.custom: review\n"
        bd("rename-prefix", "shop")
        bd("config", "set", "issue-prefix", "mine")
        renamed = bd.file.read_bytes()
        assert "issue-prefix has changed since" in bd("undo", "4", code=1).err
        assert (bd.file.read_bytes(), path.read_text().splitlines()[0]) == (
            renamed, "issue-prefix: mine",
        )  # fmt: skip

    def test_a_prefix_that_cannot_be_set_renames_nothing(self, bd, tmp_path):
        bd.write({"id": "t-1"})
        before = bd.file.read_bytes()
        path = bd.beads / "config.yaml"
        path.write_text("{issue-prefix: t}\n")
        assert "only an editor can change" in bd("rename-prefix", "shop", code=1).err
        path.rename(tmp_path / "elsewhere.yaml")
        path.symlink_to(tmp_path / "elsewhere.yaml")
        assert "symbolic link" in bd("rename-prefix", "shop", code=1).err
        assert bd.file.read_bytes() == before
        assert (tmp_path / "elsewhere.yaml").read_text() == "{issue-prefix: t}\n"

    def test_a_commit_of_it_is_no_mass_of_lost_records(self, bd):
        bd.write(*({"id": f"t-{number}"} for number in range(40)))
        bd.repo.commit({}, "start")
        bd("rename-prefix", "shop")
        bd.repo.git("add", "--all")
        assert bd("check", "--staged").code == 0


def update(id, who, **changes):
    return lambda d: actions.update(d, id, Changes(**changes), SET, who)


BASE = file_of(
    Issue(id="bd-1", title="One", created_at="2026-01-01T00:00:00Z", labels=("a",)),
    Issue(id="bd-2", title="Two", created_at="2026-01-02T00:00:00Z",
          dependencies=(Dependency(issue_id="bd-2", depends_on_id="bd-1"),)),
    Issue(id="bd-3", title="Three", created_at="2026-01-03T00:00:00Z"),
)  # fmt: skip


class TestMerge:
    def test_work_under_the_old_id_reaches_the_issue(self):
        ours = done(BASE, lambda d: rename.rename(d, "bd-1", "bd-login", WHO))
        theirs = done(
            BASE,
            update("bd-1", BOB, status="in_progress", labels=Labels(add=("b",))),
            lambda d: actions.comment(d, "bd-1", "found it", BOB),
            lambda d: actions.link(d, "bd-3", "bd-1", "blocks", BOB),
            update("bd-2", BOB, priority=0),
            lambda d: actions.create(d, New("Kid", parent="bd-1"), SET, BOB),
        )
        log, said = merged(BASE, ours, theirs)
        assert sorted(log) == ["bd-1.1", "bd-2", "bd-3", "bd-login"]
        login = log["bd-login"]
        assert (login.status, login.labels, login.aliases) == ("in_progress", ("a", "b"), ("bd-1",))
        assert [remark.text for remark in login.comments] == ["found it"]
        for id in ("bd-2", "bd-3", "bd-1.1"):
            assert [e.depends_on_id for e in log[id].dependencies] == ["bd-login"]
        assert log["bd-2"].priority == 0
        why = "one branch renamed it, the other edited it: it is bd-login now"
        assert ("bd-1", why) in said

    def test_a_prefix_that_changed(self):
        names = {"bd-1": "x-1", "bd-2": "x-2", "bd-3": "x-3"}
        ours = done(BASE, lambda d: rename.apply([d], names, WHO))
        theirs = done(BASE, update("bd-3", BOB, notes="n"), update("bd-2", BOB, title="Two!"))
        log, _ = merged(BASE, ours, theirs)
        assert sorted(log) == ["x-1", "x-2", "x-3"]
        assert (log["x-3"].notes, log["x-2"].title) == ("n", "Two!")
        assert [e.depends_on_id for e in log["x-2"].dependencies] == ["x-1"]

    def test_two_names_become_one(self):
        ours = done(BASE, lambda d: rename.rename(d, "bd-1", "bd-a", WHO))
        theirs = done(BASE, lambda d: rename.rename(d, "bd-1", "bd-b", BOB))
        log, _ = merged(BASE, ours, theirs)
        assert sorted(log) == ["bd-2", "bd-3", "bd-b"]
        assert log["bd-b"].aliases == ("bd-1", "bd-a")
        assert [e.depends_on_id for e in log["bd-2"].dependencies] == ["bd-b"]

    def test_the_same_name_on_both(self):
        ours = done(BASE, lambda d: rename.rename(d, "bd-1", "bd-a", WHO))
        both = done(BASE, lambda d: rename.rename(d, "bd-1", "bd-a", BOB), update(
            "bd-a", BOB, priority=0))  # fmt: skip
        log, _ = merged(BASE, ours, both)
        assert sorted(log) == ["bd-2", "bd-3", "bd-a"]
        assert log["bd-a"].priority == 0

    def test_against_a_deletion(self):
        ours = done(BASE, lambda d: rename.rename(d, "bd-1", "bd-a", WHO))
        log, said = merged(BASE, ours, done(BASE, lambda d: actions.delete(d, "bd-1", "", BOB)))
        assert log["bd-a"].status == "tombstone"
        log, said = merged(BASE, ours, done(BASE, lambda d: actions.purge(d, "bd-1")))
        assert log["bd-a"].title == "One"
        assert ("bd-a", "edited on one branch, deleted on the other: it stays") in said

    def test_a_stranger_under_the_old_id_stays_apart(self):
        ours = done(BASE, lambda d: rename.rename(d, "bd-1", "bd-a", WHO))
        other = Issue(id="bd-1", title="Other", created_at="2027-01-01T00:00:00Z")
        theirs = BASE.replace(BASE.splitlines(keepends=True)[0], encode(other) + b"\n")
        log, _ = merged(BASE, ours, theirs)
        assert {issue.title for issue in log.values()} == {"One", "Other", "Two", "Three"}

    def test_a_branch_that_never_hears_of_it_goes_on(self):
        """It merges into the other again and again, and works under the old id in between."""
        here = done(BASE, lambda d: rename.rename(d, "bd-1", "bd-a", WHO))
        there, before = BASE, BASE
        for number in range(3):
            who = BOB._replace(now=BOB.now + (number + 1) * 10**9, nonce=number + 9)
            there = done(there, lambda d, who=who: actions.comment(d, "bd-1", str(who.nonce), who))
            here = three_way(before, here, there).data
            before = there
        assert sorted(Log(here)) == ["bd-2", "bd-3", "bd-a"]
        assert [remark.text for remark in Log(here)["bd-a"].comments] == ["9", "10", "11"]

    @given(strategies.logs(max_size=5), st.data())
    def test_it_is_as_if_the_rename_had_come_last(self, issues, data):
        made = [replace(i, created_at=i.created_at or "2026-01-01T00:00:00Z") for i in issues]
        base = file_of(*made)
        ids = [issue.id for issue in made if issue.status != "tombstone"]
        assume(ids and not Log(base).problems)
        old = data.draw(st.sampled_from(ids))
        edits = data.draw(st.lists(st.tuples(st.sampled_from(ids), st.sampled_from([
            {"priority": 0}, {"status": "hooked"}, {"labels": Labels(add=("new",))},
            {"notes": "more"}, {"assignee": "bob"},
        ])), max_size=3))  # fmt: skip
        theirs = done(base, *(update(id, BOB, **change) for id, change in edits))
        try:
            ours = done(base, lambda d: rename.rename(d, old, "zz-new", WHO))
            last = Log(done(theirs, lambda d: rename.rename(d, old, "zz-new", BOB)))
        except (Invalid, NotFound):
            return
        log, _ = merged(base, ours, theirs)
        assert sorted(log) == sorted(last)
        for id in log:
            assert replace(log[id], updated_at="") == replace(last[id], updated_at="")


@pytest.mark.parametrize("reverse", [False, True])
def test_with_real_git(bd, reverse):
    bd("setup", "git")
    bd.write({"id": "t-1"}, {"id": "t-2", "dependencies": [edge("t-2", "t-1")]})
    (bd.beads / ".gitattributes").write_text("*.jsonl text eol=lf merge=tracker\n")
    bd.repo.commit({}, "start")
    bd.repo.git("checkout", "--quiet", "-b", "side")
    bd("update", "t-1", "--priority", "0")
    bd.repo.commit({}, "side")
    bd.repo.git("checkout", "--quiet", "main")
    bd("rename-prefix", "shop")
    bd.repo.commit({}, "main")
    if reverse:
        bd.repo.git("checkout", "--quiet", "side")
    bd.repo.git("merge", "--quiet", "--no-edit", "main" if reverse else "side")
    assert [issue["id"] for issue in bd.issues()] == ["shop-1", "shop-2"]
    assert bd.issue("shop-1")["priority"] == 0
    assert bd.issue("shop-2")["dependencies"][0]["depends_on_id"] == "shop-1"
