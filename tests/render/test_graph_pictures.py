"""`bd graph`: the critical path, where issues stand, and pictures that show any text harmlessly."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.repository import Bd
from tracker.cli.command import MINUTES
from tracker.render import lanes, scene
from tracker.render import svg as render_svg
from tracker.render.scene import PathTask
from tracker.text import spent

NAMES = "abcdefg"
SVG = "{http://www.w3.org/2000/svg}"


@st.composite
def plans(draw, *, circles=False):
    """Tasks that need each other; without circles only those before them."""
    tasks = {}
    for at, id in enumerate(NAMES):
        others = NAMES if circles else NAMES[:at]
        needs = draw(st.lists(st.sampled_from(others), max_size=3)) if others else []
        tasks[id] = PathTask(draw(st.none() | st.integers(0, 60)), needs)
    return tasks


def chains(tasks):
    """Every chain of tasks in which each needs the one before."""
    for count in range(1, len(tasks) + 1):
        for chain in itertools.permutations(tasks, count):
            if all(one in tasks[two].needs for one, two in itertools.pairwise(chain)):
                yield chain


@given(plans())
def test_no_chain_is_longer_than_the_critical_path(tasks):
    found = scene.critical_path(tasks)

    def length(chain):
        return sum(tasks[id].minutes or 0 for id in chain), len(chain)

    best = max(length(chain) for chain in chains(tasks))
    assert (found.minutes, len(found.ids)) == best
    assert all(one in tasks[two].needs for one, two in itertools.pairwise(found.ids))
    assert found.minutes == sum(tasks[id].minutes or 0 for id in found.ids)
    assert found.unestimated == sum(tasks[id].minutes is None for id in found.ids)


@given(plans())
def test_a_task_starts_when_the_last_of_its_needs_is_done(tasks):
    start = scene.critical_path(tasks).start
    for id, task in tasks.items():
        ends = [start[to] + (tasks[to].minutes or 0) for to in task.needs]
        assert start[id] == max(ends, default=0)


@given(plans(circles=True))
def test_circles_neither_end_it_nor_hide_anybody(tasks):
    order, kept = scene.order({id: task.needs for id, task in tasks.items()})
    assert sorted(order) == sorted(tasks)
    place = {id: at for at, id in enumerate(order)}
    assert all(place[to] < place[id] for id, needs in kept.items() for to in needs)
    assert set(scene.critical_path(tasks).start) == set(tasks)


def test_nothing_has_no_path():
    assert scene.critical_path({}) == scene.Path((), 0, 0, {})


@given(
    plans(circles=True),
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from([*NAMES, "x"])),
    st.booleans(),
)
def test_every_issue_that_has_no_members_has_a_cell_of_its_own(tasks, parents, apart):
    needs = {id: task.needs for id, task in tasks.items()}
    known = {id: parents.get(id, "") for id in ["x", *NAMES]}
    known = {id: "" if parent == id else parent for id, parent in known.items()}
    found = lanes.arrange(list(NAMES), known, needs, apart=apart)
    cells = list(found.places.values())
    assert len(set(cells)) == len(cells)
    around = set(known.values())
    assert set(NAMES) - around <= set(found.places)
    for place in cells:
        assert place.column < found.lanes[place.lane].columns
        assert place.row < found.lanes[place.lane].rows


@given(plans(), st.booleans())
def test_arrows_lead_to_the_right(tasks, apart):
    needs = {id: task.needs for id, task in tasks.items()}
    found = lanes.arrange(list(NAMES), dict.fromkeys(NAMES, ""), needs, apart=apart)
    for id, wanted in needs.items():
        for to in wanted:
            assert found.places[to].column < found.places[id].column


def test_a_lane_for_each_group_and_one_for_the_rest():
    parents = {"e": "", "f": "e", "a": "e", "b": "f", "c": "", "d": ""}
    found = lanes.arrange(["e", "f", "a", "b", "c", "d"], parents, {"d": ["c"]})
    assert [lane.id for lane in found.lanes] == ["e", "f", ""]
    assert "e" not in found.places
    assert found.places["c"].row == found.places["d"].row


@pytest.mark.parametrize(
    ("minutes", "text"), [(0, "0m"), (45, "45m"), (120, "2h"), (390, "6h30m"), (65, "1h5m")]
)
def test_times_of_work_are_written_as_they_are_typed(minutes, text):
    assert spent(minutes) == text
    assert MINUTES.convert(text, None, None) == minutes


@given(st.text(), st.integers(3, 40))
def test_cut_text_fits(text, room):
    assert render_svg.width(render_svg.cut(text, room)) <= room
    one, two = render_svg.wrapped(text, room)
    assert render_svg.width(one) <= room
    assert render_svg.width(two) <= room


@given(st.text())
def test_escaped_text_is_read_back_from_xml(text):
    found = ET.fromstring(f'<a b="{render_svg.escaped(text)}">{render_svg.escaped(text)}</a>')
    assert found.attrib["b"] == (found.text or "")


EVIL = "</title></script><script>document.title='pwned'</script> ]]> \" onload=x \x1b[31m \ufffe"


@pytest.fixture
def shop(bd):
    """An epic with three steps, one of them done, and a stranger that waits for the epic."""

    def edges(id, **kinds):
        return [
            {"issue_id": id, "depends_on_id": to, "type": kind.replace("_", "-")}
            for kind, targets in kinds.items()
            for to in targets
        ]

    bd.write(
        bd.line("t-e", title="Checkout", issue_type="epic"),
        bd.line("t-e.1", status="closed", closed_at="2026-02-01T00:00:00Z",
                dependencies=edges("t-e.1", parent_child=["t-e"])),
        bd.line("t-e.2", estimated_minutes=120, assignee="ann",
                dependencies=edges("t-e.2", parent_child=["t-e"], blocks=["t-e.1"])),
        bd.line("t-e.3", title=EVIL, estimated_minutes=30, description="</script>",
                dependencies=edges("t-e.3", parent_child=["t-e"], blocks=["t-e.2"])),
        bd.line("t-f", title="Ship", dependencies=edges("t-f", blocks=["t-e"])),
        bd.line("t-g", title="Alone", labels=["x"]),
    )  # fmt: skip
    return bd


def test_the_text_goes_step_by_step(shop):
    told = shop("graph").out
    assert told.splitlines()[1] == "📊 5 issues, 2 dependencies"
    assert "* ○ t-e.2 ● P2 [task] Title of t-e.2 (2h) @ann\n" in told
    assert "← t-e.2\n" in told
    assert "Critical path: 2h30m of work in 3 steps, 1 without an estimate" in told
    assert "  t-e.2 → t-e.3 → t-f\n" in told
    assert "\x1b" not in told
    assert shop("graph", "--compact").out.splitlines()[2:4] == ["1: t-e t-e.2 t-g", "2: t-e.3 t-f"]


def test_what_is_shown_depends_on_what_is_asked_for(shop):
    def shown(*words):
        return {issue["id"] for issue in shop("graph", "--json", *words).json["issues"]}

    assert shown() == {"t-e", "t-e.2", "t-e.3", "t-f", "t-g"}
    assert shown("--closed") == {"t-e", "t-e.1", "t-e.2", "t-e.3", "t-f", "t-g"}
    assert shown("t-e") == {"t-e", "t-e.1", "t-e.2", "t-e.3"}
    assert shown("t-e", "--open") == {"t-e", "t-e.2", "t-e.3"}
    assert shown("t-e.2") == {"t-e.1", "t-e.2", "t-e.3"}
    assert shown("t-f") == {"t-e", "t-f"}
    assert shown("t-e.3", "--depth", "1") == {"t-e.2", "t-e.3"}
    assert shown("t-g") == {"t-g"}


def test_the_document_tells_steps_and_the_critical_path(shop):
    told = shop("graph", "t-e.2", "--json").json
    assert told["root"] == "t-e.2"
    assert {"from": "t-e.2", "to": "t-e.3", "type": "blocks"} in told["edges"]
    assert told["critical_path"] == {"ids": ["t-e.2", "t-e.3"], "minutes": 150, "unestimated": 0}
    last = next(issue for issue in told["issues"] if issue["id"] == "t-e.3")
    assert (last["state"], last["step"], last["starts_after_minutes"]) == ("blocked", 2, 120)
    assert told["cycles"] == []


def test_a_group_is_work_of_its_own_where_none_of_its_members_has_an_estimate(bd):
    def below(id, on, **more):
        edge = {"issue_id": id, "depends_on_id": "t-e", "type": "parent-child"}
        waits = [{"issue_id": id, "depends_on_id": to, "type": "blocks"} for to in on]
        return bd.line(id, dependencies=[edge, *waits], **more)

    last = {"issue_id": "t-z", "depends_on_id": "t-e", "type": "blocks"}
    ends = bd.line("t-z", estimated_minutes=10, dependencies=[last])
    bd.write(bd.line("t-e", estimated_minutes=240), below("t-e.1", []), ends)
    told = bd("graph", "--json").json["critical_path"]
    assert told == {"ids": ["t-e.1", "t-e", "t-z"], "minutes": 250, "unestimated": 1}
    assert "step 2 · 0 of 1 done" in bd("graph", "--svg").out
    bd.write(bd.line("t-e", estimated_minutes=240), below("t-e.1", [], estimated_minutes=30), ends)
    told = bd("graph", "--json").json["critical_path"]
    assert told == {"ids": ["t-e.1", "t-z"], "minutes": 40, "unestimated": 0}


def test_a_circle_is_named_and_drawn(bd):
    for one, two in (("t-a", "t-b"), ("t-b", "t-a")):
        edge = {"issue_id": one, "depends_on_id": two, "type": "blocks"}
        line = bd.line(one, dependencies=[edge])
        bd.file.write_text(bd.file.read_text() + line + "\n")
    assert "2 issues wait for each other: t-a → t-b → t-a" in bd("graph").out
    assert bd("graph", "--json").json["cycles"] == [["t-a", "t-b"]]
    assert len(drawn(bd("graph", "--format", "svg").out, "link")) == 2


def test_an_empty_log_has_an_empty_picture(bd):
    assert bd("graph").out == "\n✨ No open issues\n\n"
    assert bd("graph", "--json").json["issues"] == []
    ET.fromstring(bd("graph", "--format", "svg").out)
    assert bd("graph", "--format", "dot").out.startswith("digraph")


def drawn(svg, kind):
    return [one for one in ET.fromstring(svg).iter()
            if kind in one.attrib.get("class", "").split()]  # fmt: skip


def test_the_picture_holds_every_issue_once_and_text_only_as_text(shop):
    svg = shop("graph", "--format", "svg").out
    cards = {one.attrib["data-id"]: one for one in drawn(svg, "card")}
    assert set(cards) == {"t-e.2", "t-e.3", "t-f", "t-g"}
    assert "critical" in cards["t-e.3"].attrib["class"]
    assert "critical" not in cards["t-g"].attrib["class"]
    tags = {one.tag for one in ET.fromstring(svg).iter()}
    names = {"svg", "title", "style", "rect", "text", "circle", "path", "g", "tspan"}
    assert tags == {SVG + name for name in names}
    words = [one.text for one in ET.fromstring(svg).iter(SVG + "text")]
    assert "waits for t-e" in words
    assert "0 of 2 done" in words
    assert not re.search(r"(?:href|src|url\()", re.sub("http://www.w3.org/2000/svg", "", svg))


def test_many_issues_stand_in_lanes_of_their_own(bd):
    rows = [bd.line("t-e", issue_type="epic")]
    for at in range(100):
        needs = [{"depends_on_id": f"t-{at - 1}", "type": "blocks"}] if at % 5 else []
        up = [{"depends_on_id": "t-e", "type": "parent-child"}] if at % 2 else []
        rows.append(bd.line(f"t-{at}", dependencies=[*needs, *up]))
    bd.write(*rows)
    svg = bd("graph", "--format", "svg").out
    assert len(drawn(svg, "card")) == 100
    corners = {(one.attrib["x"], one.attrib["y"]) for one in drawn(svg, "card")}
    assert len(corners) == 100
    words = [one.text for one in ET.fromstring(svg).iter(SVG + "text")]
    assert any(word and word.startswith("waits for t-") for word in words)
    size = ET.fromstring(svg).attrib
    assert 0.5 < int(size["width"]) / int(size["height"]) < 4


def test_the_page_lets_nothing_run_but_its_own_script(shop):
    import base64
    import hashlib

    text = shop("graph", "--format", "html").out
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])
    assert data["t-e.3"]["texts"] == {"Description": "</script>"}
    assert data["t-e.3"]["needs"] == ["t-e.2"]
    assert data["t-e.2"]["facts"]["Critical path"] == "step 1 of 3"
    assert not re.search(r'(?:src|href)="', text)


def test_diagrams_for_other_programs(shop):
    mermaid = shop("graph", "--format", "mermaid").out
    assert mermaid.startswith("flowchart LR\n")
    assert '["t-e: Checkout"]' in mermaid
    assert "<script" not in mermaid
    assert "linkStyle" in mermaid
    dot = shop("graph", "--format", "dot").out
    assert '"t-e.2" -> "t-e.3" [color="#d1242f"' in dot
    assert dot.count("{") == dot.count("}")
    if shutil.which("dot"):
        subprocess.run(["dot", "-Tsvg"], input=dot, capture_output=True, text=True, check=True)


def test_a_file_gets_its_form_from_its_name(shop):
    assert shop("graph", "-o", "x.html").out == "✓ x.html: 5 issues\n"
    assert (shop.path / "x.html").read_text().startswith("<!doctype html>")
    told = shop("graph", "--output", "x.svg", "--json").json
    assert told == {"file": "x.svg", "format": "svg", "issues": 5}
    shop("graph", "--output", "x.mmd")
    assert (shop.path / "x.mmd").read_text().startswith("flowchart")
    shop("graph", "--output", "x.txt", "--format", "svg")
    assert (shop.path / "x.txt").read_text().startswith("<svg")


def test_mistakes_are_told_and_nothing_is_written(shop):
    before = shop.file.read_bytes()
    assert shop("graph", "t-e").out
    assert "no issue found" in shop("graph", "t-none", code=1).err
    assert "cannot specify both" in shop("graph", "t-e", "--all", code=2).err
    assert "cannot specify both" in shop("graph", "--open", "--closed", code=2).err
    assert "where the issues are" in shop("graph", "-o", ".beads/issues.jsonl", code=1).err
    assert "read-only" in shop("--readonly", "graph", "-o", "x.svg", code=1).err
    assert "cannot write" in shop("graph", "-o", "no/such/x.svg", code=1).err
    assert shop.file.read_bytes() == before


@pytest.mark.deep
@pytest.mark.skipif(not shutil.which("chromium"), reason="there is no chromium to look with")
def test_a_browser_shows_the_chosen_issue_and_runs_nothing_of_the_log(shop: Bd):
    shop("graph", "-o", "x.html")
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu",
         "--disable-background-networking", "--dump-dom", f"file://{shop.path}/x.html#t-e.3"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    panel = done.stdout[done.stdout.index('<aside id="panel">') :]
    assert "&lt;/script&gt;&lt;script&gt;" in panel
    assert "<title>repo: everything open</title>" in done.stdout
