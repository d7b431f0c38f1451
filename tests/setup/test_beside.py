"""`bd setup beside`: `beads.db` is left to Beads or br, and what they would refuse is named."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.compat.test_beads_settings import database
from tests.support.scratch import bd, line, lines, workspace
from tracker.cache import refresh

LINE = b"cache: local\n"


@pytest.fixture
def work(repo):
    """A workspace of ours with its cache, committed."""
    bd(repo.path, "init", "--prefix", "t")
    (repo.path / ".beads/issues.jsonl").write_bytes(lines("t-1", "t-2"))
    bd(repo.path, "list")
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--message", "init")
    assert (repo.path / ".beads/beads.db").exists()
    return repo.path


def names(folder):
    return {path.name for path in (folder / ".beads").iterdir()}


def test_the_cache_moves_and_comes_back(work):
    config = (work / ".beads/config.yaml").read_bytes()
    listed = bd(work, "list", "--json").out
    said = bd(work, "setup", "beside").out
    assert said.splitlines() == [
        "✓ The cache is .beads/.local/cache.db",
        "  Wrote the line cache: local in .beads/config.yaml",
        "  Removed .beads/beads.db, which was that cache",
        "Commit it, so that other clones have it: git add .beads/config.yaml",
    ]
    assert (work / ".beads/config.yaml").read_bytes() == config + LINE
    assert "beads.db" not in names(work)
    assert bd(work, "list", "--json").out == listed
    bd(work, "update", "t-1", "--title", "Other")
    assert bd(work, "where", "--json").json["database_path"].endswith("/.beads/.local/cache.db")
    assert "beads.db" not in names(work)
    assert bd(work, "setup", "beside").out.startswith("✓ nothing to do")
    bd(work, "setup", "beside", "--remove")
    assert (work / ".beads/config.yaml").read_bytes() == config
    assert bd(work, "show", "t-1", "--json").json[0]["title"] == "Other"
    assert refresh.is_ours(str(work / ".beads/beads.db"))
    assert not (work / ".beads/.local/cache.db").exists()
    assert bd(work, "setup", "beside", "--remove").out.startswith("✓ nothing to do")


@pytest.mark.parametrize("text", ["cache: local", "cache:  'local'  # for br", 'cache: "local"'])
def test_a_line_of_config_is_enough(work, text):
    path = work / ".beads/config.yaml"
    path.write_text(f"{path.read_text()}{text}\n")
    assert "t-2" in bd(work, "list").out
    assert "beads.db" not in names(work)
    assert (work / ".beads/.local/cache.db").exists()
    bd(work, "setup", "beside", "--check")


def test_config_set_does_the_same_and_knows_no_other_value(work):
    bd(work, "config", "set", "cache", "elsewhere", code=1)
    bd(work, "list")
    assert "beads.db" in names(work)
    bd(work, "config", "set", "cache", "local")
    bd(work, "list")
    assert "beads.db" not in names(work)


def test_other_clones_get_it_with_git(work, tmp_path):
    other = tmp_path / "other"
    subprocess.run(["git", "clone", "--quiet", str(work), str(other)], check=True)
    bd(other, "list")
    assert "beads.db" in names(other)
    bd(work, "setup", "beside")
    subprocess.run(["git", "commit", "--quiet", "--all", "--message", "x"], cwd=work, check=True)
    subprocess.run(["git", "pull", "--quiet"], cwd=other, check=True)
    assert "t-1" in bd(other, "list").out
    assert "beads.db" not in names(other)


def test_a_database_of_beads_stays(work):
    (work / ".beads/beads.db").unlink()
    path = database(work / ".beads", issue_prefix="t")
    before = path.read_bytes()
    bd(work, "setup", "beside")
    bd(work, "setup", "beside", "--check")
    bd(work, "setup", "beside", "--remove")
    bd(work, "list")
    assert path.read_bytes() == before


def test_uninstall_takes_the_line_back(repo):
    workspace(repo.path, lines("t-1"), config__yaml=b"# ours\nissue-prefix: t\n")
    bd(repo.path, "setup", "beside")
    assert (repo.path / ".beads/config.yaml").read_bytes().endswith(LINE)
    bd(repo.path, "uninstall")
    assert (repo.path / ".beads/config.yaml").read_bytes() == b"# ours\nissue-prefix: t\n"
    assert not (repo.path / ".beads/.local").exists()


def test_a_config_file_that_was_made_for_it_goes_again(repo):
    workspace(repo.path, lines("t-1"))
    bd(repo.path, "setup", "beside")
    assert (repo.path / ".beads/config.yaml").read_bytes() == LINE
    bd(repo.path, "setup", "beside", "--remove")
    assert not (repo.path / ".beads/config.yaml").exists()


def test_dry_run_and_read_only_write_nothing(work):
    before = {path: path.read_bytes() for path in (work / ".beads").iterdir() if path.is_file()}
    said = bd(work, "setup", "beside", "--dry-run").out
    assert "Would write the line cache: local" in said
    assert "Would remove .beads/beads.db" in said
    assert bd(work, "setup", "beside", "--dry-run", "--json").json["dry_run"] is True
    bd(work, "--readonly", "setup", "beside", code=1)
    bd(work, "setup", "beside", "--check", "--remove", code=2)
    for path, data in before.items():
        assert path.read_bytes() == data


def test_check_names_what_others_would_refuse(work):
    assert "bd setup beside" in bd(work, "setup", "beside", "--check", code=1).out
    bd(work, "setup", "beside")
    assert bd(work, "setup", "beside", "--check").out == "✓ beads.db is left to Beads and br\n"
    with (work / ".beads/issues.jsonl").open("a") as log:
        log.write(line("t-3").replace('"task"', '"spike"') + "\n")
        log.write(line("T-4") + "\n")
    found = bd(work, "setup", "beside", "--check", code=1)
    assert "✗ t-3: Beads would refuse the whole file: it does not know the type spike" in found.out
    assert "✗ T-4: br would refuse the whole file" in found.out
    told = bd(work, "setup", "beside", "--check", "--json", code=1).json
    assert [(one["id"], one["program"]) for one in told["refused"]] == [
        ("t-3", "Beads"),
        ("T-4", "br"),
    ]
    bd(work, "config", "set", "types.custom", "spike")
    bd(work, "rename", "T-4", "t-4")
    bd(work, "setup", "beside", "--check")


def check_of(folder, name="Beads and br"):
    report = bd(folder, "doctor", "--json", code=None).json
    return next((one for one in report["checks"] if one["name"] == name), None)


def test_doctor_speaks_of_it_where_another_program_has_been(work):
    assert check_of(work) is None
    (work / ".beads/.local_version").write_text("0.49.6\n")  # Beads leaves it, although it fails
    found = check_of(work)
    assert (found["status"], found["fix"]) == ("warning", "bd setup beside")
    bd(work, "setup", "beside")
    assert check_of(work)["status"] == "ok"
    with (work / ".beads/issues.jsonl").open("a") as log:
        log.write(line("T-4") + "\n")
    assert check_of(work)["fix"] == "bd setup beside --check"


# Other ids, which the databases of others do not know.


def test_rename_tells_what_to_do_about_another_database(work):
    assert bd(work, "rename", "t-1", "t-one").err == ""
    shutil.move(work / ".beads/beads.db", work / "ours.db")
    path = database(work / ".beads", issue_prefix="t")
    said = bd(work, "rename", "t-2", "t-two")
    assert "mv .beads/beads.db* .beads/.local/" in said.err
    told = bd(work, "rename", "t-two", "t-2", "--json").json
    assert "mv .beads/beads.db* .beads/.local/" in told["note"]
    assert "mv" in bd(work, "rename-prefix", "u").err
    assert path.exists()


def test_doctor_tells_renamed_issues_from_missing_ones(work):
    import sqlite3

    (work / ".beads/beads.db").unlink()
    path = database(work / ".beads", issue_prefix="t")
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO issues VALUES ('t-1', 'x', 'open', 0)")
    db.close()
    assert check_of(work, "Database of Beads")["status"] == "ok"
    bd(work, "rename", "t-1", "t-one")
    found = check_of(work, "Database of Beads")
    assert "other ids" in found["message"]
    assert found["fix"].startswith("mv ")
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO issues VALUES ('t-lost', 'x', 'open', 0)")
    db.close()
    assert check_of(work, "Database of Beads")["fix"] == "bd migrate"
