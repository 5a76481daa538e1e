"""The front as a table and as Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence

from goals import Goal
from hsm_sdk import Column, Table
from pareto import Member
from words import counted, number, shortened

ROWS_MAX = 20
"""A longer table is for a spreadsheet, not for a terminal."""

CELL_LETTERS_MAX = 40


@dataclass
class Counts:
    """How many tasks there were, and why some were not compared."""

    tasks: int = 0
    not_completed: int = 0
    without_metric: int = 0
    not_finite: int = 0

    @property
    def left_out(self) -> int:
        """How many were not compared."""
        return self.not_completed + self.without_metric + self.not_finite

    @property
    def compared(self) -> int:
        """How many were."""
        return self.tasks - self.left_out


@dataclass
class Content:
    """What is kept of a task on the front."""

    values: tuple[float, ...]
    """Of the metrics, in the order of the goals."""
    params: tuple[Any, ...]
    """Cells as they came; ``None`` for no value."""


def table(goals: Sequence[Goal], params: Sequence[Column], members: Sequence[Member]) -> Table:
    """A row a member: `task`, the parameters, the metrics. ``params`` says what the parameters are called, and their kinds."""
    names = UniqueNames()
    columns = [Column.of(names.unique("task"), [member.task for member in members])]
    for place, param in enumerate(params):
        column = raw_column(param, [member.content.params[place] for member in members])
        column.name = names.unique(param.name)
        columns.append(column)
    for place, goal in enumerate(goals):
        columns.append(Column.of(names.unique(goal.metric), [member.content.values[place] for member in members]))
    return Table(columns, len(members))


def raw_column(like: Column, cells: Sequence[Any]) -> Column:
    """A column of the same kind with these cells, which were taken out of columns like it."""
    filler = Column.of("", [None], like.kind).cells[0]
    absent = [row for row, cell in enumerate(cells) if cell is None]
    return Column(like.name, like.kind, [filler if cell is None else cell for cell in cells], absent)


def markdown(goals: Sequence[Goal], counts: Counts, front: Table) -> str:
    """What there is to say."""
    lines = [f"# Pareto front of {' and '.join(escaped(str(goal)) for goal in goals)}", "", summary(counts, front.rows), ""]
    if front.rows:
        rows = spread(front.rows)
        lines += grid(front, rows)
        if len(rows) < front.rows:
            lines += ["", f"{len(rows)} of {front.rows:,}, evenly along the front; `front.csv` has all."]
    return "\n".join(lines).rstrip("\n") + "\n"


def summary(counts: Counts, members: int) -> str:
    """How many were compared, and what became of the others."""
    reasons = [
        (counts.not_completed, "not completed"),
        (counts.without_metric, "without a number in each metric"),
        (counts.not_finite, "with a value that is not finite"),
    ]
    told = "; ".join(f"{count:,} {why}" for count, why in reasons if count)
    verb = "is" if members == 1 else "are"
    text = f"{members:,} of {counted(counts.compared, 'task')} {verb} beaten by no other."
    if counts.compared == 0:
        text = "No task can be compared."
    return f"{text} Left out: {told}." if told else text


def spread(count: int) -> list[int]:
    """Rows to show: all, or both ends and evenly many between."""
    if count <= ROWS_MAX:
        return list(range(count))
    return [index * (count - 1) // (ROWS_MAX - 1) for index in range(ROWS_MAX)]


def grid(front: Table, rows: Sequence[int]) -> list[str]:
    """A Markdown table whose columns also line up on a terminal."""
    lines = [""] * (len(rows) + 2)
    for column in front.columns:
        values = [column.value(row) for row in rows]
        is_number = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
        cells = [escaped(column.name), *(cell(value, column.name == "task") for value in values)]
        width = max(3, *map(len, cells))
        aligned = [text.rjust(width) if is_number else text.ljust(width) for text in cells]
        ruler = "-" * (width + 1) + ":" if is_number else "-" * (width + 2)
        for line, text in enumerate([aligned[0], None, *aligned[1:]]):
            lines[line] += f"|{ruler}" if text is None else f"| {text} "
    return [line + "|" for line in lines]


def cell(value: Any, is_task: bool) -> str:
    """One value for people. Task numbers are names, so they have no commas."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value) if is_task else number(value)
    return escaped(shortened(str(value), CELL_LETTERS_MAX))


def escaped(text: str) -> str:
    """Text inside a cell: nothing that ends the cell, the row or the table."""
    return " ".join(text.replace("\\", "\\\\").replace("|", "\\|").split())


class UniqueNames:
    """Names of columns, numbered where they meet."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def unique(self, name: str) -> str:
        """The name, or the first of `name (2)`, `name (3)`, … that is free."""
        found, count = name, 1
        while found in self._taken:
            count += 1
            found = f"{name} ({count})"
        self._taken.add(found)
        return found
