"""`bd kv`, as somebody who types it meets it."""

from __future__ import annotations

from tracker.merge.three_way import three_way


class TestKv:
    def test_set_get_list_and_clear(self, bd):
        assert bd("kv", "set", "release", "1.4").out == "Set release = 1.4\n"
        assert bd("kv", "get", "release").out == "1.4\n"
        bd("kv", "set", "ci/last run", "a b\nc")
        assert bd("kv", "get", "ci/last run").out == "a b\nc\n"
        assert bd("kv").out == "ci/last run = a b c\nrelease = 1.4\n"
        bd("kv", "set", "release", "1.5")
        assert bd("kv", "get", "release").out == "1.5\n"
        assert bd("kv", "clear", "release").out == "Cleared release\n"
        assert bd("kv", "list", "--json").json == {"ci/last run": "a b\nc"}
        bd("kv", "set", "release", "2")
        assert bd("kv", "get", "release").out == "2\n"

    def test_as_json(self, bd):
        assert bd("kv", "set", "a", "1", "--json").json == {"key": "a", "value": "1"}
        assert bd("kv", "get", "a", "--json").json == {"key": "a", "value": "1", "found": True}
        assert bd("kv", "list", "--json").json == {"a": "1"}
        assert bd("kv", "clear", "a", "--json").json == {"key": "a", "deleted": True}
        assert bd("kv", "list", "--json").json == {}
        assert bd("kv").out == "No values are set: bd kv set NAME VALUE\n"

    def test_what_is_not_set(self, bd):
        for verb in ("get", "clear"):
            answer = bd("kv", verb, "zz", code=1)
            assert (answer.out, answer.err) == ("", "zz (not set)\n")
            answer = bd("kv", verb, "zz", "--json", code=1)
            assert answer.json == {"key": "zz", "value": "", "found": False}

    def test_a_fresh_clone_has_them_and_nobody_recalls_them(self, bd):
        bd("kv", "set", "release", "fourteen")
        bd.repo.commit({}, "values")
        clone = bd.path.parent / "clone"
        bd.repo.git("clone", "--quiet", str(bd.path), str(clone))
        assert bd("kv", "get", "release", cwd=clone).out == "fourteen\n"
        assert "fourteen" not in bd("memories", "fourteen", "--json").out
        assert "fourteen" not in bd("prime").out

    def test_two_branches_set_two_values(self, bd):
        path = bd.beads / "memory.jsonl"
        bd("kv", "set", "a", "0")
        base = path.read_bytes()
        bd("kv", "set", "a", "1")
        ours = path.read_bytes()
        path.write_bytes(base)
        bd("kv", "set", "b", "2")
        path.write_bytes(three_way(base, ours, path.read_bytes(), "memory.jsonl").data)
        assert bd("kv", "list", "--json").json == {"a": "1", "b": "2"}

    def test_what_goes_wrong(self, bd):
        bd("kv", "set", "a", "1")
        assert "the value is empty" in bd("kv", "set", "a", "", code=1).err
        assert "invalid key" in bd("kv", "set", "*", "x", code=1).err
        answer = bd("kv", "set", "a", "2", "--readonly", "--json", code=1)
        assert answer.error["code"] == "refused"
        answer = bd("kv", "gte", "a", code=2)
        assert 'unknown command "gte" for "bd kv"' in answer.err
        assert "\tget\n" in answer.err
        assert "Missing argument 'VALUE'" in bd("kv", "set", "a", code=2).err
        assert bd("kv", "get", "a").out == "1\n"
        bd("undo")
        assert bd("kv", "get", "a", code=1).err == "a (not set)\n"
