"""Evenly spaced values of one parameter.

Replace this with the search you have in mind. What stays: everything follows from the configuration, the axes and the seed, and
however the host cuts the points into batches, they are the same points.
"""

from __future__ import annotations

import math
from typing import Any, Iterator

from hsm_sdk import Column, Failure, Kind, Points, Settings, Table


class Plugin:
    """A search under way."""

    def __init__(self, config: dict[str, Any], axes: list[Column], seed: int) -> None:
        settings = Settings(config)
        self._parameter = settings.text("parameter")
        self._from = settings.number("from")
        self._to = settings.number("to")
        self._steps = settings.integer("steps", most=2**32)
        settings.end()
        if self._steps < 2:
            raise Failure.config(f"`steps` is {self._steps}", "a ladder has at least 2 steps")
        if not (math.isfinite(self._from) and math.isfinite(self._to)):
            raise Failure.config("`from` and `to` have to be finite")
        self._points = Points({self._parameter: Kind.NUMBERS}, self._all())

    def size(self) -> int:
        """The number of points in all."""
        return self._steps

    def next(self, max_rows: int) -> Table:
        """The next points; a table without rows when there are no more."""
        return self._points.next(max_rows)

    def _all(self) -> Iterator[dict[str, float]]:
        for step in range(self._steps):
            part = step / (self._steps - 1)
            yield {self._parameter: self._from * (1 - part) + self._to * part}
