"""`bd config`: settings that travel with git, and a file whose other lines stay as they are."""

from __future__ import annotations

import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.scratch import bd, lines, tree, workspace
from tracker.log.config_file import changed, is_secret, parse, problems, valid

COMMENTED = b"""\
# Ours, please keep: it is \xc3\xbcber.
issue-prefix: a   # the team's

status.custom: "review,qa"
list:
  - one
  - two
nested:
  deep: 1
# types.custom: incident
"""


@pytest.fixture
def root(tmp_path):
    workspace(tmp_path, lines("a-1"), config__yaml=COMMENTED)
    return tmp_path


def text(root):
    return (root / ".beads/config.yaml").read_text()


def test_set_changes_one_line_and_get_reads_it(root):
    before = text(root).splitlines()
    said = bd(root, "config", "set", "status.custom", "review,testing")
    assert said.out == "Set status.custom = review,testing (in config.yaml)\n"
    after = text(root).splitlines()
    assert [line for line in after if line not in before] == ["status.custom: review,testing"]
    assert len(after) == len(before)
    assert bd(root, "config", "get", "status.custom").out == "review,testing\n"


def test_a_template_line_is_filled_in(root):
    bd(root, "config", "set", "types.custom", "ticket")
    assert text(root).endswith("\ntypes.custom: ticket\n")
    assert "# types.custom" not in text(root)
    bd(root, "config", "set", "another.key", "x: y #z")
    assert bd(root, "config", "get", "another.key").out == "x: y #z\n"


def test_the_mode_of_the_file_stays_and_nothing_is_left_behind(root):
    os.chmod(root / ".beads/config.yaml", 0o600)
    before = set(os.listdir(root / ".beads"))
    bd(root, "config", "set", "x", "y")
    assert (root / ".beads/config.yaml").stat().st_mode & 0o777 == 0o600
    assert set(os.listdir(root / ".beads")) - before <= {".jsonl.lock", ".local"}


def test_setting_what_is_set_changes_no_byte(root):
    bd(root, "config", "set", "x", "y")
    before = tree(root)
    bd(root, "config", "set", "x", "y")
    bd(root, "config", "unset", "not.there")
    assert tree(root) == before


def test_unset(root):
    before = text(root)
    bd(root, "config", "set", "x", "y")
    assert bd(root, "config", "unset", "x").out == "Unset x (in config.yaml)\n"
    assert text(root) == before
    assert bd(root, "config", "unset", "x").out == "x (not set)\n"
    assert bd(root, "config", "unset", "x", "--json").json == {"key": "x", "unset": False}


def test_what_is_not_set_is_no_error(root):
    assert bd(root, "config", "get", "nothing").out == "nothing (not set)\n"
    assert bd(root, "config", "get", "nothing", "--json").json == {"key": "nothing", "value": ""}
    assert bd(root, "config", "get", "nested.deep").out == "1\n"
    assert bd(root, "config", "get", "list").out == "one,two\n"


def test_both_spellings_are_one_key(root):
    assert bd(root, "config", "get", "issue_prefix").out == "a\n"
    bd(root, "config", "set", "issue_prefix", "b")
    assert bd(root, "config", "get", "issue-prefix", "--json").json["value"] == "b"
    assert text(root).count("prefix") == 1


def test_the_prefix_is_told_even_where_nobody_set_it(tmp_path):
    workspace(tmp_path, lines("shop-1"))
    assert bd(tmp_path, "config", "get", "issue_prefix", "--json").json == {
        "key": "issue_prefix",
        "value": "shop",
    }


def test_the_environment_comes_first(root):
    assert bd(root, "config", "get", "status.custom").out == "review,qa\n"
    env = {"BD_STATUS_CUSTOM": "mine", "BD_NO_PUSH": "true"}
    assert bd(root, "config", "get", "status.custom", env=env).out == "mine\n"
    assert bd(root, "config", "get", "no-push", env=env).out == "true\n"
    assert (
        "status.custom = mine  (from BD_STATUS_CUSTOM)" in bd(root, "config", "list", env=env).out
    )
    said = bd(root, "config", "set", "status.custom", "x", env=env)
    assert "BD_STATUS_CUSTOM in the environment overrides it" in said.err


def test_list(root):
    assert bd(root, "config", "list", "--json").json == {
        "issue-prefix": "a",
        "list": "one,two",
        "nested.deep": "1",
        "status.custom": "review,qa",
    }
    assert "  nested.deep = 1\n" in bd(root, "config", "list").out
    (root / ".beads/config.yaml").write_text("# nothing\n")
    assert bd(root, "config", "list").out == "No setting in config.yaml\n"


def test_a_file_is_made_where_there_is_none(tmp_path):
    workspace(tmp_path, b"")
    bd(tmp_path, "config", "set", "issue-prefix", "new-")
    assert text(tmp_path) == "issue-prefix: new\n"


def test_a_setting_takes_effect(root):
    assert "invalid status" in bd(root, "update", "a-1", "-s", "waiting", code=1).err
    bd(root, "config", "set", "status.custom", "waiting")
    bd(root, "update", "a-1", "-s", "waiting")


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("issue-prefix", "my-app", "my app"),
        ("issue_prefix", "my.app", ""),
        ("hierarchy.max-depth", "4", "many"),
        ("create.require-description", "true", "perhaps"),
        ("status.custom", "a, b", "a;b"),
        ("types.custom", "", "a,,b"),
        ("x", "anything: #at all", None),
        ("a..b", "x", None),
        ("x.y", "x", None),
    ],
)
def test_values_that_mean_nothing_are_refused(root, key, good, bad):
    bd(root, "config", "set", key, good)
    before = text(root)
    if bad is not None:
        assert bd(root, "config", "set", key, bad, code=1).err.startswith("Error: ")
        assert text(root) == before


@pytest.mark.parametrize("key", ["", "1a", "a b", "a:", "-x", "#a", "ä"])
def test_keys_that_are_none(root, key):
    bd(root, "config", "set", "key", "x")
    before = text(root)
    said = bd(root, "config", "set", "--", key, "x", code=1)
    assert "invalid configuration key" in said.err
    assert text(root) == before


def test_secrets_stay_out_of_a_committed_file(root):
    bd(root, "config", "set", "jira.url", "https://jira.example.com")
    before = text(root)
    said = bd(root, "config", "set", "jira.api_token", "hunter2", code=1)
    assert "BD_JIRA_API_TOKEN" in said.err
    assert "hunter2" not in said.all
    assert text(root) == before
    env = {"BD_JIRA_API_TOKEN": "hunter2"}
    assert bd(root, "config", "get", "jira.api_token", env=env).out == "hunter2\n"
    assert [
        key for key in ("a.password", "API-KEY", "x.secret", "tokens") if not is_secret(key)
    ] == []
    assert not is_secret("min_hash_length")


@pytest.mark.parametrize("key", ["list", "nested.deep", "nested"])
def test_what_only_an_editor_can_change_is_left_alone(root, key):
    bd(root, "config", "set", "issue-prefix", "b")
    before = text(root)
    said = bd(root, "config", "set", key, "x", code=1)
    assert "only an editor can change" in said.err
    assert "bd config validate" in said.err
    assert text(root) == before


def test_what_is_set_twice_is_not_unset(root):
    bd(root, "config", "set", "x", "1")
    bd(root, "config", "unset", "x")
    before = "x: 1\ny: 2\nx: 3\n"
    (root / ".beads/config.yaml").write_text(before)
    assert "only an editor can change" in bd(root, "config", "unset", "x", code=1).err
    assert text(root) == before


def test_a_file_that_is_no_yaml_is_left_alone(root):
    bd(root, "config", "set", "x", "1")
    path = root / ".beads/config.yaml"
    for broken in (b"a: [\n", b"- a\n", b"a: \xff\n"):
        path.write_bytes(broken)
        assert bd(root, "config", "set", "x", "2", code=1).err.startswith("Error: config.yaml")
        assert path.read_bytes() == broken
        assert bd(root, "config", "validate", code=1).out.startswith("✗ config.yaml cannot be read")


def test_validate(root):
    assert bd(root, "config", "validate").out == "✓ config.yaml is valid\n"
    assert bd(root, "config", "validate", "--json").json == {"valid": True, "issues": []}
    with open(root / ".beads/config.yaml", "a", encoding="utf-8") as file:
        file.write("hierarchy.max-depth: deep\n")
    said = bd(root, "config", "validate", "--json", code=1)
    assert said.json["valid"] is False
    assert said.json["issues"] == ["hierarchy.max-depth: 'deep' is no number"]


def test_read_only_mode(root):
    assert bd(root, "config", "get", "issue-prefix", "--readonly").out == "a\n"
    before = text(root)
    bd(root, "config", "set", "x", "y", "--readonly", code=1)
    bd(root, "config", "unset", "issue-prefix", "--readonly", code=1)
    assert text(root) == before


def test_a_link_is_not_replaced(root, tmp_path):
    bd(root, "config", "set", "x", "1")
    path = root / ".beads/config.yaml"
    path.rename(root / "real.yaml")
    path.symlink_to(root / "real.yaml")
    said = bd(root, "config", "set", "x", "2", code=1)
    assert "is a symbolic link" in said.err
    assert path.is_symlink()
    assert "x: 1" in (root / "real.yaml").read_text().replace('"', "")


def test_settings_that_are_made_at_once_are_all_kept(root):
    keys = [f"key{number}" for number in range(6)]
    threads = [threading.Thread(target=bd, args=(root, "config", "set", key, "x")) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(bd(root, "config", "list", "--json").json) >= set(keys)


def test_problems_of_a_file():
    assert problems(b"issue-prefix: a\nhierarchy.max-depth: 3\n") == []
    assert problems(b"issue-prefix: a b\n")[0].startswith("issue-prefix: invalid prefix")
    assert valid("driver.register", "TRUE") == "true"


VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)


@given(st.sampled_from(["x", "status.custom", "issue-prefix", "a.b"]), VALUES)
def test_any_text_comes_back_and_nothing_else_changes(key, value):
    after = changed(COMMENTED.decode(), key, value)
    before = parse(COMMENTED)
    assert parse(after.encode()) == {**before, key: value}
    kept = changed(after, key, None).splitlines()
    assert set(kept) <= set(COMMENTED.decode().splitlines())
