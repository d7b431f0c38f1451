"""Every call of `@herbcaudill/beads-sdk`, by its client of the command line and of the log."""

from __future__ import annotations

import json
from pathlib import Path

HERE = Path(__file__).parent


def test_every_call_gives_what_it_promises(work, packages, node):
    told = work.run(node, HERE / "sdk.mjs", packages, work.path)
    saw = json.loads(told.splitlines()[-1])
    assert saw["left"] == []  # no method that was not called
    written(saw, work)
    asked(saw)
    ended(saw)
    read(saw)


def ids(issues) -> list[str]:
    return [issue["id"] for issue in issues]


def written(saw, work) -> None:
    epic, cart, tax = saw["ids"].values()
    assert saw["addBlocker"]["status"] == "added"
    assert set(ids(saw["list"])) == {epic, cart, tax}
    assert ids(saw["filtered"]) == [cart]
    assert [(one["id"], one["blocked_by"]) for one in saw["blocked"]] == [(tax, [cart])]
    assert saw["blockedBelow"] == []
    assert [(one["id"], one.get("parent")) for one in saw["show"]] == [(cart, epic), (tax, None)]
    told = {one["id"]: one for one in saw["listWithParents"]}
    assert told[cart]["parent"] == epic
    assert (told[tax]["status"], told[tax]["blocked_by"]) == ("blocked", [cart])
    (changed,) = saw["update"]
    assert (changed["title"], changed["priority"], changed["labels"]) == ("Tax", 0, ["b"])
    assert (changed["status"], changed["assignee"]) == ("in_progress", "cy")
    comments = [(one["author"], one["text"]) for one in saw["getComments"]]
    assert comments == [("dora", "- first\n- second"), ("ann", "mine")]
    assert saw["none"] == saw["noLabels"] == []
    assert saw["getInfo"]["issue_count"] == 3
    assert saw["getInfo"]["database_path"] == str(work.beads / "beads.db")
    assert saw["getInfo"]["config"]["issue_prefix"] == "shop"
    assert saw["addLabel"] == {"issue_id": tax, "label": "new", "status": "added"}
    assert saw["getLabels"] == ["b", "new"]
    assert saw["removeLabel"]["status"] == "removed"
    assert {"label": "ui", "count": 1} in saw["listAllLabels"]


def asked(saw) -> None:
    epic, cart, tax = saw["ids"].values()
    assert ids(saw["search"]) == ids(saw["ready"]) == [cart]
    assert ids(saw["unassigned"]) == [epic]
    assert saw["count"] == {"count": 3}
    assert saw["counted"] == {"count": 1}
    groups = {by: found["groups"] for by, found in saw["counts"].items()}
    assert {"group": "in_progress", "count": 1} in groups["byStatus"]
    assert {"group": "P0", "count": 1} in groups["byPriority"]
    assert {"group": "epic", "count": 1} in groups["byType"]
    assert {"group": "(unassigned)", "count": 1} in groups["byAssignee"]
    assert {"group": "(no labels)", "count": 1} in groups["byLabel"]
    assert set(ids(saw["children"])) == {cart, tax}
    types = {one["id"]: one["dependency_type"] for one in saw["listDeps"]}
    assert types == {cart: "blocks", epic: "parent-child"}
    assert ids(saw["up"]) == [tax]


def ended(saw) -> None:
    epic = saw["ids"]["epic"]
    assert saw["removeBlocker"]["status"] == "removed"
    assert [one["status"] for one in saw["close"]] == ["closed", "closed"]
    assert "closed_at" not in saw["reopen"][0]
    (status,) = saw["epicStatus"]
    assert (status["epic"]["id"], status["total_children"]) == (epic, 2)
    assert (status["closed_children"], status["eligible_for_close"]) == (1, False)
    assert saw["eligible"] == []
    assert saw["wouldClose"]
    assert saw["epicCloseEligible"]
    for name in ("syncStatus", "syncDry", "sync"):
        assert isinstance(saw[name], dict), name
    assert "no issue found matching" in saw["unknown"]


def read(saw) -> None:
    """By the client of the log, which follows it."""
    log = saw["log"]
    assert log["connected"]
    assert set(log["list"]) == {"Cart total", "Tax", "Checkout"}
    assert log["show"] == "Tax"
    assert log["ready"] == log["blocked"] == []
    assert log["stats"]["summary"]["closed_issues"] == 3
    assert log["ping"]["version"] == log["health"]["version"] == "jsonl"
    assert log["changed"]
    assert log["later"] == ["Later"]
    assert saw["registry"] == []
