"""Everything that is wrong in a recipe, gathered with its places so that it is shown at once."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from thresher.errors import RecipeError


@dataclass(frozen=True, order=True)
class Place:
    """Where a key was written: a file and a line (1-based), or an override (line 0)."""

    source: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}" if self.line else self.source


@dataclass(frozen=True)
class Problem:
    """Something wrong in a recipe: where, in which key (dotted; empty for the whole file), and what."""

    place: Place
    key: str
    text: str

    def __str__(self) -> str:
        said = self.place.source.startswith("--set") and f" {self.key}=" in self.place.source
        key = "" if said or not self.key else f"{self.key}: "
        return f"{self.place}: {key}{self.text}"


@dataclass
class Problems:
    """Everything that is wrong, gathered so that it is shown at once."""

    found: list[Problem] = field(default_factory=list)

    def add(self, place: Place, key: str, text: str) -> None:
        """One more, unless it was said already."""
        problem = Problem(place, key, text)
        if problem not in self.found:
            self.found.append(problem)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.found)

    def stop(self) -> None:
        """Raises what was found, by file and line.

        Raises:
            RecipeError: when there is something.
        """
        if self.found:
            raise RecipeError("\n".join(map(str, sorted(self.found, key=lambda problem: problem.place))))
