"""Claims: one winner among agents, in one worktree and over all of a clone."""

from __future__ import annotations

import json

import pytest

from tracker.workspace.claims import Claim, Claims, _record
from tracker.workspace.discovery import find

MINUTE = 60 * 10**9


@pytest.fixture
def two(bd):
    bd.write({"id": "t-1"}, {"id": "t-2"})
    return bd


def claims_of(bd):
    """What stands in the file that the worktrees share, by id."""
    path = bd.path / ".git" / "tracker" / "claims.json"
    return {row[0]: Claim(*row) for row in json.loads(path.read_text())}


def claim(bd, id="t-1", *words, by="", **more):
    """Claim as a session."""
    return bd("update", id, "--claim", *words, **({"BD_SESSION": by} if by else {}), **more)


@pytest.fixture
def other(two):
    """Another worktree of the same clone, with the same log."""
    two.repo.git("add", ".")
    two.repo.git("commit", "--quiet", "--message", "issues")
    path = two.path.parent / "other"
    two.repo.git("worktree", "add", "--quiet", str(path))
    return path


# One worktree


def test_a_claim_sets_assignee_and_status(two):
    assert claim(two).out == "✓ Updated issue: t-1\n"
    record = two.issue("t-1")
    assert (record["assignee"], record["status"]) == ("Ann Example", "in_progress")
    answer = claim(two, "t-2", "--json", "--actor", "eve")
    assert [(i["assignee"], i["status"]) for i in answer.json] == [("eve", "in_progress")]


def test_the_loser_learns_who_has_it(two):
    claim(two, by="s1")
    before = two.file.read_bytes()
    for more in ({"by": "s2"}, {}, {"by": "s2", "BD_ACTOR": "eve"}, {"BD_ACTOR": "eve"}):
        answer = claim(two, code=1, **more)
        assert answer.out == ""
        assert answer.err.startswith("Error: t-1: issue already claimed by Ann Example\n")
        assert ("that is your name" in answer.err) == ("BD_ACTOR" not in more)
    answer = claim(two, "t-1", "--json", code=1)
    assert (answer.out, answer.error["code"]) == ("", "taken")
    assert two.file.read_bytes() == before


def test_without_a_session_nobody_can_tell_a_retry_from_a_rival(two):
    claim(two)
    assert "already claimed by Ann Example" in claim(two, code=1).err


def test_the_same_session_may_ask_again_and_nothing_changes(two):
    claim(two, by="s1")
    before = two.file.read_bytes()
    for _ in range(2):
        assert claim(two, by="s1").out == "✓ Updated issue: t-1\n"
    assert two.file.read_bytes() == before
    assert claim(two, CLAUDE_SESSION_ID="s1").code == 0
    assert claim(two, "t-1", "--session", "s1").code == 0


def test_what_is_planned_for_somebody_is_theirs(two):
    two("update", "t-1", "--assignee", "bob")
    assert "already claimed by bob" in claim(two, code=1).err
    assert claim(two, BD_ACTOR="bob").code == 0


def test_a_claim_and_other_changes_are_one_step(two):
    before = two.file.read_bytes()
    claim(two, "t-1", "-p", "0", "--append-notes", "on it")
    record = two.issue("t-1")
    assert (record["assignee"], record["priority"], record["notes"]) == ("Ann Example", 0, "on it")
    two("undo")
    assert two.file.read_bytes() == before
    answer = claim(two, "t-1", "--parent", "nope", code=1)
    assert "parent issue nope not found" in answer.err
    assert two.file.read_bytes() == before
    assert claim(two, BD_ACTOR="eve").code == 0  # what failed has left no claim


def test_several_at_once(two):
    claim(two, "t-1", BD_ACTOR="eve")
    answer = claim(two, "t-1", "t-2", "--json", code=1)
    assert [issue["id"] for issue in answer.json] == ["t-2"]
    assert answer.error["failed"][0]["code"] == "taken"


@pytest.mark.parametrize(
    "words",
    [["close", "t-1"], ["update", "t-1", "--assignee", ""], ["update", "t-1", "-s", "closed"],
     ["delete", "t-1", "--force"], ["update", "t-1", "--status", "open"], ["undo"]],
    ids=" ".join,
)  # fmt: skip
def test_what_releases_a_claim(two, words):
    claim(two, by="s1")
    assert "t-1" in claims_of(two)
    two(*words, BD_SESSION="s1")
    assert claims_of(two) == {}


def test_a_released_issue_can_be_claimed_by_another(two):
    claim(two, by="s1")
    two("update", "t-1", "--assignee", "")
    claim(two, by="s2", BD_ACTOR="eve")
    assert two.issue("t-1")["assignee"] == "eve"
    two("update", "t-1", "--status", "open", BD_SESSION="s2")
    assert claim(two, by="s3", BD_ACTOR="eve").code == 0  # planned for the same name


@pytest.mark.parametrize("status", ["closed", "tombstone"])
def test_what_is_over_cannot_be_claimed(bd, status):
    bd.write({"id": "t-1", "status": status})
    answer = claim(bd, code=1)
    assert "bd reopen t-1" in answer.err or "bd restore t-1" in answer.err
    assert not (bd.path / ".git" / "tracker" / "claims.json").exists()


# Leases


def test_a_lease_that_is_over_can_be_taken_over(two):
    claim(two, "t-1", "--lease", "30m", by="s1")
    two.now += 29 * MINUTE
    assert "already claimed by Ann Example" in claim(two, by="s2", BD_ACTOR="eve", code=1).err
    two.now += 2 * MINUTE
    claim(two, "t-1", "--lease", "5m", by="s2", BD_ACTOR="eve")
    assert two.issue("t-1")["assignee"] == "eve"
    assert "already claimed by eve" in claim(two, by="s1", code=1).err
    assert claims_of(two)["t-1"].session == "s2"


def test_a_claim_without_a_lease_lasts(two):
    claim(two, by="s1")
    two.now += 1000 * 24 * 60 * MINUTE
    assert "already claimed" in claim(two, by="s2", code=1).err


@pytest.mark.parametrize(
    "words",
    [["update", "t-1", "--notes", "x"], ["create", "x"], ["comment", "t-2", "x"],
     ["label", "add", "t-2", "x"], ["dep", "add", "t-2", "t-1"], ["update", "t-1", "--claim"]],
    ids=" ".join,
)  # fmt: skip
def test_every_write_of_the_session_renews_its_leases(two, words):
    claim(two, "t-1", "--lease", "30m", by="s1")
    two.now += 20 * MINUTE
    two(*words, BD_SESSION="s1")
    two.now += 20 * MINUTE
    assert "already claimed" in claim(two, by="s2", code=1).err
    two.now += 11 * MINUTE
    assert claim(two, by="s2").code == 0


def test_writes_of_other_sessions_and_reads_renew_nothing(two):
    claim(two, "t-1", "--lease", "30m", by="s1")
    until = claims_of(two)["t-1"].until
    two("update", "t-1", "--notes", "x", BD_SESSION="s2")
    two("update", "t-1", "--notes", "y")
    two("show", "t-1", BD_SESSION="s1")
    assert claims_of(two)["t-1"].until == until


def test_asking_again_with_another_lease_sets_that(two):
    claim(two, "t-1", "--lease", "30m", by="s1")
    claim(two, "t-1", "--lease", "2h", by="s1")
    one = claims_of(two)["t-1"]
    assert one.until - one.at == 120 * MINUTE


def test_one_who_was_away_for_long_keeps_what_nobody_wanted(two):
    claim(two, "t-1", "--lease", "30m", by="s1")
    two.now += 60 * MINUTE
    two("update", "t-1", "--notes", "back", BD_SESSION="s1")
    assert "already claimed" in claim(two, by="s2", code=1).err


@pytest.mark.parametrize("lease", ["30s", "1h30m", "90", "2d"])
def test_how_a_lease_is_written(two, lease):
    claim(two, "t-1", "--lease", lease)
    assert claims_of(two)["t-1"].until > two.now
    assert claim(two, "t-2", "--lease", "soon", code=2).out == ""


# Worktrees


def test_a_claim_in_one_worktree_holds_in_all(two, other):
    claim(two)
    assert '"open"' in (other / ".beads" / "issues.jsonl").read_text()
    answer = claim(two, cwd=other, code=1)
    assert answer.err.startswith("Error: t-1: issue already claimed by Ann Example\n")
    assert f"in the worktree of {two.file}" in answer.err
    assert claim(two, "t-2", cwd=other).code == 0
    assert "already claimed" in claim(two, "t-2", code=1).err
    two("close", "t-1")
    assert claim(two, cwd=other).code == 0


def test_an_expired_lease_is_taken_over_from_another_worktree(two, other):
    claim(two, "t-1", "--lease", "1m", by="s1")
    two.now += 2 * MINUTE
    claim(two, cwd=other, by="s2", BD_ACTOR="eve")
    assert "already claimed by eve" in claim(two, by="s1", code=1).err


def test_the_claim_of_a_worktree_that_is_gone_counts_no_more(two, other):
    claim(two, cwd=other)
    claim(two, "t-2", cwd=other)
    assert "already claimed" in claim(two, code=1).err
    two.repo.git("worktree", "remove", "--force", str(other))
    assert claim(two).code == 0
    assert set(claims_of(two)) == {"t-1"}  # what nobody shows any more is not kept


def test_a_claim_that_its_own_log_no_longer_shows_counts_no_more(two, other):
    claim(two, cwd=other)
    two.repo.git("-C", str(other), "checkout", "--quiet", "--", ".beads/issues.jsonl")
    assert claim(two).code == 0


def test_a_log_that_cannot_be_read_keeps_its_claims(two, other, monkeypatch):
    claim(two, cwd=other)

    def closed(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("tracker.workspace.claims.read_log", closed)
    assert "already claimed" in claim(two, code=1).err


@pytest.mark.parametrize("form", ["file", "read-only"])
def test_where_git_s_folder_cannot_be_written_it_goes_on(two, other, form, monkeypatch):
    shared = two.path / ".git" / "tracker"
    if form == "file":
        shared.write_text("in the way")
    else:
        from tracker.locks import hold
        from tracker.workspace import claims

        def hold(path, timeout, real=hold):
            if str(two.path / ".git") in path:
                raise OSError(30, "Read-only file system", path)
            return real(path, timeout)

        monkeypatch.setattr(claims, "hold", hold)
    claim(two, "t-1", "--lease", "30m", by="s1")
    assert (two.beads / ".local" / "claims.json").exists()
    assert "already claimed by Ann Example" in claim(two, by="s2", code=1).err
    assert claim(two, by="s1").code == 0
    two.now += 31 * MINUTE
    assert claim(two, by="s2").code == 0
    two("close", "t-1")
    assert json.loads((two.beads / ".local" / "claims.json").read_text()) == []
    assert claim(two, cwd=other).code == 0  # which cannot know of claims elsewhere


def test_what_was_claimed_while_git_s_folder_was_closed_is_shared_later(two, other):
    shared = two.path / ".git" / "tracker"
    shared.write_text("in the way")
    claim(two)
    shared.unlink()
    claim(two, "t-2")
    assert set(claims_of(two)) == {"t-1", "t-2"}
    assert not (two.beads / ".local" / "claims.json").exists()
    assert "already claimed" in claim(two, cwd=other, code=1).err


def test_without_git_claims_stand_beside_the_log(two):
    import shutil

    shutil.rmtree(two.path / ".git")
    claim(two, by="s1", BD_ACTOR="ann")
    assert "already claimed by ann" in claim(two, by="s2", BD_ACTOR="ann", code=1).err


@pytest.mark.parametrize(
    "text", ["", "{", "[[]]", '[["t-1"]]', '[["t-1", 1, 2, 3, 4, 5]]', "[1]", '{"a": 1}', "\xff"]
)
def test_a_damaged_file_of_claims_is_no_obstacle(two, text):
    claim(two, "t-2")
    path = two.path / ".git" / "tracker" / "claims.json"
    path.write_text(text, encoding="latin-1")
    assert claim(two, by="s1").code == 0
    assert set(claims_of(two)) == {"t-1"}


def test_an_entry_for_what_is_no_log_is_not_read(two):
    claim(two, "t-2")
    path = two.path / ".git" / "tracker" / "claims.json"
    path.write_text(json.dumps([Claim("t-1", "eve", "", "/dev/zero", 1)]))
    assert claim(two).code == 0


def test_a_local_file_says_nothing_about_other_worktrees(two, other):
    log = other / ".beads" / "issues.jsonl"
    log.write_text(two.line("t-1", assignee="eve", status="in_progress") + "\n")
    (two.beads / ".local").mkdir()
    entry = json.dumps([Claim("t-1", "eve", "", str(log), 1)])
    (two.beads / ".local" / "claims.json").write_text(entry)
    assert claim(two).code == 0
    (two.path / ".git" / "tracker" / "claims.json").write_text(entry)
    two("update", "t-1", "--assignee", "", "--status", "open")
    assert "already claimed by eve" in claim(two, code=1).err


def test_undo_of_a_close_gives_no_claim_back(two):
    claim(two, by="s1")
    two("close", "t-1")
    two("undo")
    assert two.issue("t-1")["status"] == "in_progress"
    assert "already claimed by Ann Example" in claim(two, by="s2", code=1).err


# Looking for what can be taken over


def test_what_can_be_taken_over(two, other):
    def reclaimable(*words):
        return [issue["id"] for issue in two("ready", "--reclaim", "--json", *words).json]

    assert two("ready", "--reclaim").out == "\n✨ No expired leases\n\n"
    assert reclaimable() == []
    two("update", "t-2", "-p", "0")
    claim(two, "t-1", "--lease", "10m", by="s1")
    claim(two, "t-2", "--lease", "5m", by="s2", cwd=other)
    assert reclaimable() == []
    two.now += 6 * MINUTE
    assert reclaimable() == ["t-2"]
    two.now += 6 * MINUTE
    assert reclaimable() == ["t-2", "t-1"]
    assert reclaimable("-p", "2") == ["t-1"]
    assert reclaimable("-n", "1") == ["t-2"]
    [issue] = two("ready", "--reclaim", "--json", "-p", "2").json
    assert (issue["claimed_by"], issue["status"]) == ("Ann Example", "in_progress")
    assert issue["lease_until"] < "2027-01-15T08:15:00Z"
    out = two("ready", "--reclaim").out
    assert out.startswith("\n⏳ Expired leases (2 issues):\n\n1. [● P0] [task] t-2: Title")
    assert "\n   Assignee: Ann Example\n   Claimed by Ann Example, until 2027-01-15 08:1" in out
    assert out.endswith("\n\nbd update t-2 --claim claims it\n\n")
    assert two("ready", "--json").json[0]["id"] == "t-2"  # as this worktree's log says
    two("close", "t-1")
    assert reclaimable() == ["t-2"]


# The record in another worktree's log


def test_the_record_of_an_id_is_found_as_the_log_would_find_it(bd):
    edge = {"issue_id": "t-3", "depends_on_id": "t-1", "type": "blocks"}
    lines = [
        bd.line("t-1", title='about "t-2"'),
        bd.line("t-2", description='"t-1" and "t-3"'),
        bd.line("t-3", dependencies=[edge]),
        bd.line("t-1", title="again"),
    ]
    data = "\n".join(lines).encode()
    assert _record(data, "t-1").title == "again"
    assert _record(data, "t-2").title == "Title of t-2"
    assert _record(data, "t-3").dependencies[0].depends_on_id == "t-1"
    assert _record(data, "t-4") is None
    assert _record(data, "1") is None
    glued = (lines[1] + lines[0] + "\n").encode()
    assert _record(glued, "t-1").title == 'about "t-2"'


def test_claims_are_given_back_where_the_step_fails(two):
    place = find(str(two.path), two.env)
    claims = Claims(place, str(two.beads / ".local"))
    claim(two, "t-1", "--lease", "1m", by="s1")
    before = claims_of(two)
    two.now += 2 * MINUTE

    def fail():
        with claims.alone():
            claims._taken["t-1"] = before["t-1"]._replace(actor="eve")
            claims._save(claims._taken)
            assert claims_of(two) != before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert claims_of(two) == before


# Whole processes


def race(processes):
    """Exit codes and errors of processes that began at once."""
    return [(process.wait(60), process.communicate()[1]) for process in processes]


def assert_one_winner(results):
    assert sorted(code for code, _ in results) == [0] + [1] * (len(results) - 1), results
    losers = [error for code, error in results if code]
    assert all("issue already claimed by Ann Example" in error for error in losers), losers


def test_of_eight_processes_in_one_worktree_one_wins(two):
    assert_one_winner(race([two.start("update", "t-1", "--claim") for _ in range(8)]))
    assert two.issue("t-1")["assignee"] == "Ann Example"


def test_of_eight_sessions_of_one_name_one_wins(two):
    started = [two.start("update", "t-1", "--claim", BD_SESSION=f"s{n}") for n in range(8)]
    assert_one_winner(race(started))


def test_of_eight_worktrees_one_wins(two):
    two.repo.git("add", ".")
    two.repo.git("commit", "--quiet", "--message", "issues")
    folders = [two.path.parent / f"worktree-{n}" for n in range(8)]
    for folder in folders:
        two.repo.git("worktree", "add", "--quiet", str(folder))
    assert_one_winner(race([two.start("update", "t-1", "--claim", cwd=at) for at in folders]))
    logs = [(folder / ".beads" / "issues.jsonl").read_text() for folder in folders]
    assert sum('"in_progress"' in log for log in logs) == 1
