"""The report of a budget: what each step took and brought."""

from types import SimpleNamespace

from thresher.report.page import _budget
from thresher.report.summary import _steps


def test_each_step_has_its_line():
    first = {"name": "lite0", "seconds": 53.2, "together": 0.921, "kept": True, "why": "the first"}
    second = {"name": "lite1", "seconds": 9.0, "together": None, "kept": False, "why": "the time was over"}
    facts = SimpleNamespace(metrics={"budget": {"steps": [first, second]}})
    assert _budget(facts) == [
        ("lite0", "53 s, accuracy with it 0.921, kept: the first"),
        ("lite1", "9.0 s, not kept: the time was over"),
    ]
    assert _budget(SimpleNamespace(metrics={})) == []


def test_steps_that_were_chosen_by_the_score_are_told():
    def facts(*together):
        return SimpleNamespace(metrics={"budget": {"steps": [{"together": one} for one in together]}})

    said = _steps(facts(0.9, None, 0.92))
    assert said["mark"] == "warn"
    assert "Which of 2 steps stay" in said["text"]
    assert _steps(facts(0.9, None)) is None
    assert _steps(SimpleNamespace(metrics={})) is None
