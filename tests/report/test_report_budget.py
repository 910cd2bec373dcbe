"""The report of a budget: what each step took and brought."""

from types import SimpleNamespace

from thresher.report.page import _budget


def test_each_step_has_its_line():
    first = {"name": "lite0", "seconds": 53.2, "together": 0.921, "kept": True, "why": "the first"}
    second = {"name": "lite1", "seconds": 9.0, "together": None, "kept": False, "why": "the time was over"}
    facts = SimpleNamespace(metrics={"budget": {"steps": [first, second]}})
    assert _budget(facts) == [
        ("lite0", "53 s, accuracy with it 0.921, kept: the first"),
        ("lite1", "9.0 s, not kept: the time was over"),
    ]
    assert _budget(SimpleNamespace(metrics={})) == []
