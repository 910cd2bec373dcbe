"""What the page may send, checked word by word."""

import unicodedata
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from thresher.web.queue import Order, State

LONGEST = 64 * 1024
"""Bytes of one message at most."""


def plain(text: object) -> object:
    """Text that every file can hold: no half characters, no control characters but line ends and tabs."""
    if not isinstance(text, str):
        return text
    whole = text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
    return "".join(one for one in whole if one in "\n\t" or unicodedata.category(one) != "Cc").strip()


def one_line(text: object) -> object:
    """`plain` text without line ends."""
    text = plain(text)
    return " ".join(text.split()) if isinstance(text, str) else text


Id = Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{8,64}$")]
Who = Annotated[str, BeforeValidator(one_line), Field(min_length=1, max_length=80)]
Note = Annotated[str, BeforeValidator(plain), Field(max_length=2000)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Decide(_Message):
    """A decision; see `thresher.web.desk.Desk.decide`. ``run`` must be the key of this run."""

    run: str
    id: Id
    who: Who
    row: Annotated[int, Field(ge=0, strict=True)]
    action: Literal["keep", "relabel", "drop", "skip"]
    label: str | None = None
    note: Note = ""
    seconds: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] | None = None
    seen: Annotated[int, Field(ge=0)] = 0


class Undo(_Message):
    """An undo; see `thresher.web.desk.Desk.undo`."""

    run: str
    id: Id
    who: Who
    undoes: Id | None = None
    seen: Annotated[int, Field(ge=0)] = 0


class Ahead(_Message):
    """A question for the next photos; see `thresher.web.desk.Desk.ahead`."""

    page: Annotated[str, Field(max_length=64)]
    row: Annotated[int, Field(ge=-1)] = -1
    most: Annotated[int, Field(ge=1, le=50)] = 5
    back: bool = False
    state: State = "todo"
    least: Annotated[float, Field(ge=0, le=1)] = 0.0
    given: Annotated[int, Field(ge=0)] | None = None
    suggested: Annotated[int, Field(ge=0)] | None = None
    text: Annotated[str, Field(max_length=500)] = ""
    order: Order = "gain"


class News(_Message):
    """A question for what others decided; see `thresher.web.desk.Desk.news`."""

    page: Annotated[str, Field(max_length=64)]
    who: Who
    since: Annotated[int, Field(ge=0)] = 0
