"""Parts by name: listed without an import, checked by their constructor, wrong names answered."""

import subprocess
import sys
from typing import Annotated, Literal

import pytest
from pydantic import Field

from thresher.errors import RecipeError
from thresher.registry import FAMILIES, Part, Registry, family, nearest


class Oven:
    """A part with every kind of setting, and one that the program hands over."""

    def __init__(
        self,
        power: int,
        *,
        heat: Annotated[float, Field(gt=0, le=300)] = 180.0,
        minutes: int = 30,
        mode: Literal["top", "fan"] = "fan",
        cake: str,
        steam: bool = False,
    ):
        self.power, self.settings = power, (heat, minutes, mode, cake, steam)


class GasOven(Oven):
    """Inherits its settings."""


@pytest.fixture
def ovens():
    return Registry(
        "ovens",
        [
            Part("oven", f"{__name__}:Oven", "bakes", "Papin 1679"),
            Part("gas_oven", f"{__name__}:GasOven", "bakes with gas"),
            Part("ghost", "no.such.module:Ghost", "is never imported"),
        ],
    )


def refusal(call):
    with pytest.raises(RecipeError) as caught:
        call()
    return str(caught.value)


def test_settings_are_completed_in_the_order_of_the_signature(ovens):
    checked = ovens.check("oven", {"cake": "plum", "minutes": 45, "heat": 200})
    assert list(checked.items()) == [
        ("heat", 200.0),
        ("minutes", 45),
        ("mode", "fan"),
        ("cake", "plum"),
        ("steam", False),
    ]
    assert isinstance(checked["heat"], float)
    assert list(checked) == list(ovens.check("oven", dict(reversed(checked.items()))))
    assert ovens.check("oven", checked) == checked


def test_build_hands_over_what_the_program_gives(ovens):
    made = ovens.build("gas_oven", {"cake": "plum"}, 900)
    assert type(made) is GasOven
    assert made.power == 900
    assert made.settings == (180.0, 30, "fan", "plum", False)


def test_wrong_names_get_the_nearest(ovens):
    assert refusal(lambda: ovens.get("ofen")) == "no ovens part is named 'ofen'; did you mean 'oven'?"
    assert (
        refusal(lambda: ovens.get("xyz")) == "no ovens part is named 'xyz'; there are: gas_oven, ghost, oven"
    )
    unknown = refusal(lambda: ovens.check("oven", {"cake": "plum", "minuts": 3}))
    assert unknown == "ovens 'oven' has no setting 'minuts'; did you mean 'minutes'?"


def test_what_the_program_hands_over_is_closed_to_recipes(ovens):
    assert "has no setting 'power'" in refusal(lambda: ovens.check("oven", {"cake": "plum", "power": 1}))


def test_a_missing_setting_is_named(ovens):
    assert refusal(lambda: ovens.check("oven", {})) == "ovens 'oven' needs the setting 'cake'"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"heat": 0}, "heat = 0: Input should be greater than 0"),
        ({"heat": 301}, "heat = 301: Input should be less than or equal to 300"),
        ({"heat": float("nan")}, "heat = nan: "),
        ({"heat": "hot"}, "heat = 'hot': Input should be a valid number"),
        ({"minutes": 2.5}, "minutes = 2.5: Input should be a valid integer"),
        ({"mode": "bottom"}, "mode = 'bottom': Input should be 'top' or 'fan'"),
        ({"cake": 3}, "cake = 3: Input should be a valid string"),
        ({"steam": [1]}, "steam = [1]: Input should be a valid boolean"),
    ],
)
@pytest.mark.parametrize("name", ["oven", "gas_oven"])
def test_wrong_values_are_named(ovens, name, settings, words):
    assert f"ovens {name!r}: {words}" in refusal(lambda: ovens.check(name, {"cake": "plum"} | settings))


def test_a_name_is_taken_once(ovens):
    with pytest.raises(ValueError, match="'oven' is registered already"):
        ovens.add(Part("oven", "elsewhere:Oven", "another"))


def test_listing_imports_nothing(ovens):
    assert [part.name for part in ovens.list()] == ["gas_oven", "ghost", "oven"]
    assert [part.name for part in ovens.list("g*")] == ["gas_oven", "ghost"]
    assert ovens.list("nothing*") == []
    assert ovens.get("ghost").description == "is never imported"


def test_families_and_wrong_families():
    for name in FAMILIES:
        assert family(name).family == name
        assert family(name).list()
    assert refusal(lambda: family("loses")) == "no family of parts is named 'loses'; did you mean 'losses'?"


@pytest.mark.parametrize("name", FAMILIES)
def test_every_registered_part_can_be_loaded_and_explains_its_settings(name):
    for part in family(name).list():
        kind = part.load()
        assert part.description
        text = " ".join(f"{base.__doc__} {base.__init__.__doc__}" for base in kind.__mro__)
        for setting in family(name).parameters(part.name):
            assert f"{setting}:" in text, f"{part.where} does not say what {setting} is"


def test_listing_all_families_does_not_import_torch():
    code = (
        "import sys\nfrom thresher.registry import FAMILIES, family\n"
        "for name in ('augment', 'ensemble', 'folds', 'optim', 'schedules', 'views'): family(name).list()\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_nearest_lists_a_few_words_and_never_thousands():
    assert nearest("adanw", ["adamw", "sgd"]) == "; did you mean 'adamw'?"
    assert nearest("zzz", ["b", "a"]) == "; there are: a, b"
    assert nearest("zzz", [f"w{number}" for number in range(100)]) == ""
    assert nearest(17, ["x17"]).startswith("; did you mean")
