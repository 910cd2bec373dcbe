"""All parts as one page: ``python -m thresher.recipe.parts_page > docs/parts.md``."""

import inspect
import re
import sys
import typing
from typing import Any

from thresher import registry
from thresher.recipe.kinds import kind, plain
from thresher.registry import Part, Registry

_HEAD = """\
# Parts

Written by `make docs` from the registries; change it there.

A recipe names parts: `loss: focal`, or with settings `loss: {name: focal, gamma: 1.5}`. What a setting means
stands in the docstring of the part's class. `thresher parts` lists the parts in a terminal, and
`thresher parts losses 'focal*'` a few of them with their settings. [recipes.md](recipes.md) says which key of
a recipe takes which family.
"""
SUMMARIES = {
    "augment": "How a photo is changed at random while training: operations, chains of them, named policies.",
    "averaging": "Which average of the weights along the way is kept.",
    "ensemble": "How the scores of several models become one.",
    "folds": "How photos are dealt to folds.",
    "heads": "What makes logits of features.",
    "labels": "How photos are ranked by how likely their given label is wrong.",
    "losses": "What training makes small.",
    "mixing": "How photos of a batch are mixed, and their labels with them.",
    "optim": "How the weights move.",
    "pooling": "How a feature map becomes one vector.",
    "repair": "What is done about labels that a finder doubts.",
    "sampling": "Which training photos an epoch sees, and how often.",
    "schedules": "How the learning rate changes over a stage.",
    "tiles": "How the features of a photo's tiles become one vector.",
    "views": "How a photo is shown to a finished model; its answers are combined, by `weight`.",
}
"""What each family is for."""
_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")


def parts_page() -> str:
    """The page, Markdown: per family name, one line, settings and source of every part."""
    return "\n".join([_HEAD, *(_family(registry.family(name)) for name in registry.FAMILIES)])


def settings(members: Registry[Any], name: str) -> list[str]:
    """What a recipe may set of a part: `` `gamma` number, ≥ 0, default `2.0` `` for each setting."""
    constructor = typing.cast(Any, members.get(name).load()).__init__
    hints = typing.get_type_hints(constructor, include_extras=True)
    return [_setting(one, hints.get(one.name)) for one in members.parameters(name).values()]


def _setting(parameter: inspect.Parameter, hint: Any) -> str:
    words = [f"`{parameter.name}`" if hint is None else f"`{parameter.name}` {kind(hint)}"]
    if parameter.default is parameter.empty:
        words.append("required")
    else:
        words.append(f"default `{plain(parameter.default)}`")
    return ", ".join(words)


def _family(members: Registry[Any]) -> str:
    rows = [_row(members, part) for part in members.list()]
    head = "| part | what it does | settings | source |\n| --- | --- | --- | --- |\n"
    return f"## `{members.family}`\n\n{SUMMARIES[members.family]}\n\n{head}" + "\n".join(rows) + "\n"


def _row(members: Registry[Any], part: Part) -> str:
    source = _ARXIV.sub(r"[arXiv:\1](https://arxiv.org/abs/\1)", part.paper)
    cells = [f"`{part.name}`", part.description, "<br>".join(settings(members, part.name)), source]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.stdout.write(parts_page())
