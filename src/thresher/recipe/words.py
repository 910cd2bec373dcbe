"""Pydantic's errors in plain words."""

from typing import Any

from thresher.registry import nearest


def in_words(found: dict[str, Any]) -> str:
    """One of pydantic's errors (an entry of ``ValidationError.errors()``) as a person says it."""
    kind, message = found["type"], str(found["msg"])
    return str(WORDS[kind](found)) if kind in WORDS else message[0].lower() + message[1:]


def _shown(found: dict[str, Any]) -> str:
    value = found["input"]
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _choice(found: dict[str, Any]) -> str:
    # pydantic writes the choices as "'auto', 'fp32' or 'bf16'".
    words = [word.strip().strip("'") for word in found["ctx"]["expected"].replace(" or ", ", ").split(",")]
    return f"there is no {_shown(found)} here{nearest(str(found['input']), words)}"


def _kind(found: dict[str, Any]) -> str:
    words = [word.strip().strip("'") for word in found["ctx"]["expected_tags"].split(",")]
    return f"there is no kind of stage {found['ctx']['tag']!r}{nearest(found['ctx']['tag'], words)}"


def _bound(found: dict[str, Any]) -> str:
    signs = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    key, limit = next((key, value) for key, value in found["ctx"].items() if key in signs)
    return f"must be {signs[key]} {limit:g}, not {_shown(found)}"


def _must(what: str) -> Any:
    return lambda found: f"must be {what}; it is {_shown(found)}"


WORDS: dict[str, Any] = {
    "missing": lambda found: "is missing: the recipe must say it",
    "value_error": lambda found: found["msg"].removeprefix("Value error, "),
    "literal_error": _choice,
    "union_tag_invalid": _kind,
    "union_tag_not_found": lambda found: "is missing: write kind: linear, kind: train or kind: repair",
    "too_short": lambda found: f"needs at least {found['ctx']['min_length']} entry",
    "extra_forbidden": lambda found: "unknown key",
    **dict.fromkeys(("greater_than_equal", "greater_than", "less_than_equal", "less_than"), _bound),
    **dict.fromkeys(
        ("int_type", "int_parsing", "int_from_float", "int_parsing_size"), _must("a whole number")
    ),
    **dict.fromkeys(("float_type", "float_parsing"), _must("a number")),
    **dict.fromkeys(("bool_type", "bool_parsing"), _must("true or false")),
    "finite_number": _must("a finite number"),
    "string_type": lambda found: f"must be text; it is {_shown(found)}" + _quotes(found["input"]),
    **dict.fromkeys(("tuple_type", "list_type"), _must("a list")),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), _must("a mapping (key: value)")),
}


def _quotes(value: Any) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return f' (write "{value}" in quotes)' if number else ""
