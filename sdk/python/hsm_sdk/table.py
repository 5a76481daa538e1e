"""Tables: how values travel between hsm and a plugin.

A table is a list of equally long columns, and a column holds values of one kind. A row may have no value in a column; ``None``
stands for that wherever values are handed out one by one.
"""

from __future__ import annotations

import json
import math
import sys
from bisect import bisect_left
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence, Union

INTEGER_MIN = -(2**63)
INTEGER_MAX = 2**63 - 1
# Beyond this, a double no longer holds every whole number, so mixing the two kinds would change values.
EXACT_MAX = 2**53
LARGEST = sys.float_info.max
UNSPELLABLE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class Kind(Enum):
    """What all values of a column are."""

    BOOLEANS = "booleans"
    INTEGERS = "integers"
    """Whole numbers of 64 bits."""
    NUMBERS = "numbers"
    """Doubles; NaN and the infinities are among them."""
    TEXTS = "texts"
    JSON = "json"
    """Anything else: lists, maps, values of several kinds. Each cell is JSON text."""


FILLERS: dict[Kind, Any] = {
    Kind.BOOLEANS: False,
    Kind.INTEGERS: 0,
    Kind.NUMBERS: 0.0,
    Kind.TEXTS: "",
    Kind.JSON: "null",
}


@dataclass
class Column:
    """A named column."""

    name: str
    kind: Kind
    cells: list[Any]
    """One a row. Cells of absent rows are fillers without a meaning; ``values`` leaves them out."""
    absent: list[int] = field(default_factory=list)
    """The rows without a value, ascending."""

    @classmethod
    def of(cls, name: str, values: Iterable[Any], kind: Optional[Kind] = None) -> Column:
        """A column of values, ``None`` being no value. Without a ``kind``, it is the narrowest that fits all of them."""
        given = list(values)
        kind = kind or narrowest(given)
        filler = FILLERS[kind]
        absent = [row for row, value in enumerate(given) if value is None]
        if kind is Kind.JSON:
            cells = [filler if value is None else to_json(value) for value in given]
        elif kind is Kind.NUMBERS:
            cells = [filler if value is None else float(value) for value in given]
        elif absent:
            cells = [filler if value is None else value for value in given]
        else:
            cells = given
        return cls(name, kind, cells, absent)

    def values(self) -> list[Any]:
        """One value a row: ``None`` where there is none, JSON cells decoded."""
        if self.kind is Kind.JSON:
            absent = set(self.absent)
            return [None if row in absent else from_json(cell) for row, cell in enumerate(self.cells)]
        if not self.absent:
            return self.cells
        values = list(self.cells)
        for row in self.absent:
            values[row] = None
        return values

    def value(self, row: int) -> Any:
        """The value of one row, as in ``values``."""
        place = bisect_left(self.absent, row)
        if place < len(self.absent) and self.absent[place] == row:
            return None
        return from_json(self.cells[row]) if self.kind is Kind.JSON else self.cells[row]

    def is_numeric(self) -> bool:
        """Whether there may be numbers in it. Columns of JSON may have some, among others."""
        return self.kind in (Kind.INTEGERS, Kind.NUMBERS, Kind.JSON)

    def numbers(self) -> list[Union[float, int, None]]:
        """One number a row, and ``None`` where there is no value or one of another kind."""
        if self.kind in (Kind.INTEGERS, Kind.NUMBERS):
            return self.values()
        if self.kind is Kind.JSON:
            return [as_number(value) for value in self.values()]
        return [None] * len(self.cells)

    def take(self, rows: Sequence[int]) -> Column:
        """The same column with only these rows, in this order."""
        absent = set(self.absent)
        cells = [self.cells[row] for row in rows]
        return Column(self.name, self.kind, cells, [place for place, row in enumerate(rows) if row in absent])


@dataclass
class Table:
    """Equally long columns, in the order in which people want to see them."""

    columns: list[Column]
    rows: int = -1
    """The number of rows; what the columns say, unless it is given."""

    def __post_init__(self) -> None:
        if self.rows < 0:
            self.rows = len(self.columns[0].cells) if self.columns else 0

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]], kinds: Optional[Mapping[str, Kind]] = None) -> Table:
        """A table of maps, one a row. Columns come in the order in which their names first do; a name that a row lacks has no
        value there. ``kinds`` fixes the kinds, and with them the columns, for tables that have to be alike."""
        kinds = kinds or {}
        names = dict.fromkeys(kinds)
        for row in rows:
            names.update(dict.fromkeys(row))
        columns = [Column.of(name, [row.get(name) for row in rows], kinds.get(name)) for name in names]
        return cls(columns, len(rows))

    def column(self, name: str) -> Optional[Column]:
        """The column of this name."""
        return next((column for column in self.columns if column.name == name), None)

    def row(self, row: int) -> dict[str, Any]:
        """One row as a map, without the columns that have no value in it. Columns are faster where every row is read."""
        values = ((column.name, column.value(row)) for column in self.columns)
        return {name: value for name, value in values if value is not None}


class Points:
    """Points one by one, handed out in batches: what a generator needs whose points come from a loop.

    Every batch has the same columns: those of ``kinds``.
    """

    def __init__(self, kinds: Mapping[str, Kind], points: Iterable[Mapping[str, Any]]) -> None:
        self._kinds = dict(kinds)
        self._points: Iterator[Mapping[str, Any]] = iter(points)

    def next(self, max_rows: int) -> Table:
        """The next points, at most ``max_rows`` of them; a table without rows when there are no more."""
        rows = list(islice(self._points, max_rows))
        for row in rows:
            for name in row:
                if name not in self._kinds:
                    raise ValueError(f"a point has `{name}`, which is none of {', '.join(self._kinds)}")
        return Table.from_rows(rows, self._kinds)


def narrowest(values: Sequence[Any]) -> Kind:
    """The narrowest kind that holds all values that are not ``None`` unchanged; JSON where there is none."""
    types = {type(value) for value in values if value is not None}
    if types == {bool}:
        return Kind.BOOLEANS
    if types == {str}:
        return Kind.TEXTS
    if types == {int}:
        fits = all(INTEGER_MIN <= value <= INTEGER_MAX for value in values if value is not None)
        return Kind.INTEGERS if fits else Kind.JSON
    if types == {float}:
        return Kind.NUMBERS
    if types == {int, float}:
        exact = all(abs(value) <= EXACT_MAX for value in values if type(value) is int)
        return Kind.NUMBERS if exact else Kind.JSON
    return Kind.JSON


def is_number(value: Any) -> bool:
    """Whether a value is a number. In Python, ``True`` would be one."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def as_number(value: Any) -> Union[float, int, None]:
    """The number that a JSON value stands for, if it is one. Numbers that JSON cannot spell are texts there; whole numbers past
    the largest double count as infinite."""
    if isinstance(value, str):
        return UNSPELLABLE.get(value)
    if not is_number(value):
        return None
    if value != value or abs(value) <= LARGEST:
        return value
    return math.inf if value > 0 else -math.inf


def from_json(text: str) -> Any:
    """The value of JSON text. Whole numbers of thousands of digits, which Python refuses to read, come as doubles."""
    try:
        return json.loads(text)
    except ValueError:
        return json.loads(text, parse_int=float)


def to_json(value: Any) -> str:
    """Canonical JSON: sorted keys, no spaces, and NaN and the infinities as the texts that hsm spells them with."""
    return json.dumps(spelled(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def spelled(value: Any) -> Any:
    """The value with every number that JSON cannot spell as a text."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {str(key): spelled(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [spelled(inner) for inner in value]
    return value
