"""Other servers and libraries that call `bd`: their tools and calls, for real."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.compat.clients.stdio import Server

ISSUE = "import json, sys; from beadsflow.infra.beads_cli import BeadsCli as Cli; "


def program(installed: Path, name: str) -> Path:
    """The folder of the commands of a Python program."""
    folder = installed / name
    if not (folder / ".ready").exists():
        pytest.skip(f"{name} is not installed: make test-clients")
    return folder / "bin"


def test_a_village_of_agents(installed, work):
    """beads-village 1.3.0: the tools that ask `bd`."""
    bin = program(installed, "iflow-mcp-lns2905-beads-village-1.3.0")
    village = Server([bin / "beads-village"], work, PWD=str(work.path))
    assert village("init", ws=str(work.path), role="fe", leader=True)["ok"] == 1
    first = village("add", title="Form", desc="- a\n- b", typ="bug", pri=1, tags=["fe"])["id"]
    second = village("add", title="Tax", deps=[f"blocks:{first}"], parent=first)["id"]
    assert work.issue(second)["dependencies"][0]["depends_on_id"] == first
    assert {one["id"] for one in village("ls", status="open")["items"]} == {first, second}
    assert [one["id"] for one in village("ls", status="ready")["items"]] == [first]
    assert village("show", id=first)[0]["title"] == "Form"
    assert village("assign", id=second, role="be")
    assert "be" in work.issue(second)["labels"]
    assert village("claim")["id"] == first
    assert work.issue(first)["status"] == "in_progress"
    assert village("done", id=first, msg="made")["ok"] == 1
    assert work.issue(first)["close_reason"] == "made"
    assert village("ls", status="closed")["items"][0]["id"] == first
    assert "error" not in village("cleanup", days=2)
    assert "error" not in village("sync")
    assert "error" not in village("status")
    village.close()


def test_a_loop_that_reads_issues_into_types(installed, work):
    """beadsflow 0.1.0."""
    python = program(installed, "beadsflow-0.1.0") / "python"
    epic = work.bd("create", "Epic", "-t", "epic", "--silent").strip()
    one = work.bd("create", "One", "--parent", epic, "--silent").strip()
    two = work.bd("create", "Two", "--deps", one, "--silent").strip()
    code = ISSUE + (
        "cli = Cli(sys.argv[1]); one, two, epic = sys.argv[2:]; cli.comment(one, '- done');"
        "issue = cli.get_issue(one);"
        "cli.close(one);"
        "print(json.dumps([[c.text for c in issue.comments], issue.dependents[0].title,"
        "issue.dependencies[0].id, cli.get_issue(two).dependencies[0].status.value,"
        "[d.id for d in cli.get_issue(epic).dependents]]))"
    )
    told = json.loads(work.run(python, "-c", code, work.beads, one, two, epic))
    assert told == [["- done"], "Two", epic, "closed", [one]]
    assert work.issue(one)["status"] == "closed"
