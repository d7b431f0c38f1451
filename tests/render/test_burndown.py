"""The course of what was open and done, and its picture."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from tracker.render import burndown as render_burndown
from tracker.render.burndown import DAY, burndown

NOW = 1000 * DAY
moments = st.integers(0, NOW)
lives = st.lists(st.tuples(moments, st.just(0) | moments), max_size=30)


@given(lives, st.just(0) | moments, st.integers(1, 50))
def test_the_course_ends_with_what_is_open_now(lives, start, count):
    points = burndown(lives, NOW, start, count).points
    assert points[-1].at == NOW
    assert points[-1].open == sum(not closed for _, closed in lives)
    assert points[-1].done == sum(bool(closed) for _, closed in lives)
    stamps = [point.at for point in points]
    assert stamps == sorted(set(stamps))
    assert len(points) <= count + 2
    made = [point.open + point.done for point in points]
    assert made == sorted(made)
    assert all(point.open >= 0 for point in points)


def test_what_goes_on_as_it_did_has_an_end():
    lives = [(DAY, 0)] * 14 + [(DAY, NOW - at * DAY) for at in range(28)]
    course = burndown(lives, NOW)
    assert round(course.rate, 6) == 1
    assert round((course.ends - NOW) / DAY) == 14
    told = render_burndown.svg(course, "x")
    assert "done on 1972-10-11 if it goes on like this" in told
    assert 'class="ahead"' in told


def test_what_grows_or_stands_still_has_none():
    assert burndown([(DAY, 0)], NOW).ends == 0
    grows = burndown([(DAY, 0), (NOW - DAY, 0)], NOW)
    assert grows.rate < 0
    assert "more is made than done" in render_burndown.svg(grows, "x")
    assert "no end in sight" in render_burndown.svg(burndown([(DAY, 0)], NOW), "x")
    assert "nothing is left" in render_burndown.svg(burndown([(DAY, 2 * DAY)], NOW), "x")


@given(lives, st.text(max_size=20))
def test_the_picture_is_legal_and_within_its_frame(lives, title):
    root = ET.fromstring(render_burndown.svg(burndown(lives, NOW), title))
    places = [
        pair.split(",")
        for line in root.iter("{http://www.w3.org/2000/svg}polyline")
        for pair in line.attrib["points"].split()
    ]
    assert places
    for x, y in places:
        assert render_burndown.LEFT <= float(x) <= render_burndown.WIDE - render_burndown.RIGHT
        assert render_burndown.TOP <= float(y) <= render_burndown.HIGH - render_burndown.BOTTOM


def test_stats_draws_it(bd):
    bd.write(
        bd.line("t-a"),
        bd.line("t-b", status="closed", closed_at="2026-06-01T00:00:00Z", assignee="ann"),
        bd.line("t-c", status="tombstone", deleted_at="2026-06-01T00:00:00Z"),
        bd.line("t-d", status="closed"),  # nobody knows when
    )
    assert "<svg" in bd("stats", "--svg").out
    told = bd("stats", "--svg", "--json").json
    assert told["burndown"][0] == {"at": "2026-01-01T00:00:00Z", "open": 2, "done": 1}
    assert told["burndown"][-1]["open"] == 1
    assert told["burndown"][-1]["done"] == 2
    late = bd("stats", "--svg", "--since", "2026-12-01", "--json").json["burndown"]
    assert late[0]["at"] == "2026-12-01T00:00:00Z"
    assert bd("stats", "-o", "burn.svg").out == "✓ burn.svg\n"
    assert (bd.path / "burn.svg").read_text().startswith("<svg")
    assert bd("stats", "--svg", "--json", "-o", "b.svg").json == {"file": "b.svg", "format": "svg"}
    mine = bd("--actor", "ann", "stats", "--assigned", "--svg", "--json").json["burndown"]
    assert mine[-1]["open"] == 0
    assert bd("stats", "--json").json["summary"]["total_issues"] == 3


def test_mistakes_are_told(bd):
    assert bd("stats", "--svg").out
    assert "invalid --since" in bd("stats", "--svg", "--since", "whenever", code=1).err
    assert "where the issues are" in bd("stats", "-o", ".beads/x.svg", code=1).err
