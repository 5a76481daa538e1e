"""An aggregator that finds the Pareto front of two or more metrics, and draws it.

It makes `front.csv` (the tasks that no other beats), `front.svg` (all tasks and the front) and `front.md` (what there is to say).
Compared are completed tasks with a finite number in each metric; the others are counted. Kept are the front, and two doubles a task
for the drawing.
"""

from __future__ import annotations

import math
from array import array
from typing import Any, Sequence

import picture
import report
from goals import Goal, goals
from hsm_sdk import Artifact, Column, Results, TaskState
from pareto import Front


class Plugin:
    """A front in the making."""

    def __init__(self, config: dict[str, Any], sweep: dict[str, Any]) -> None:
        self._goals = goals(config, sweep)
        self._front = Front()
        self._counts = report.Counts()
        self._params: Sequence[Column] = []
        self._points = (array("d"), array("d"))

    def add(self, results: Results) -> None:
        """Compares a batch with the front so far."""
        self._params = results.params.columns
        columns = [goal.column(results).numbers() for goal in self._goals]
        rows = self._comparable(results.states, columns)
        self._counts.tasks += len(results.tasks)
        tasks: Sequence[int] = results.tasks
        # Usually every task can be compared, and then the columns are used as they came.
        if len(rows) < len(tasks):
            tasks = [tasks[row] for row in rows]
            columns = [[column[row] for row in rows] for column in columns]
        for points, column in zip(self._points, columns):
            points.extend(column)

        def content(place: int) -> report.Content:
            params = tuple(raw_cell(column, rows[place]) for column in self._params)
            return report.Content(tuple(column[place] for column in columns), params)

        self._front.add(tasks, [goal.costs(column) for goal, column in zip(self._goals, columns)], content)

    def finish(self) -> list[Artifact]:
        """The front as a table, a drawing and a text."""
        members = self._front.members
        table = report.table(self._goals, self._params, members)
        note = picture.note(len(members), self._counts.compared, self._counts.left_out, self._goals)
        scene = picture.Scene(self._goals, self._points, members, note)
        return [
            Artifact.table("front.csv", table),
            Artifact.svg("front.svg", picture.draw(scene)),
            Artifact.markdown("front.md", report.markdown(self._goals, self._counts, table)),
        ]

    def _comparable(self, states: Sequence[TaskState], columns: Sequence[Sequence[Any]]) -> Sequence[int]:
        """The rows that can be compared; the others are counted. Decided a column at a time, which is several times faster in
        Python than a row at a time."""
        completed = TaskState.COMPLETED
        if states.count(completed) == len(states) and all(map(all_finite, columns)):
            return range(len(states))
        rows = []
        for row, state in enumerate(states):
            values = [column[row] for column in columns]
            if state is not completed:
                self._counts.not_completed += 1
            elif None in values:
                self._counts.without_metric += 1
            elif not all(map(math.isfinite, values)):
                self._counts.not_finite += 1
            else:
                rows.append(row)
        return rows


def all_finite(values: Sequence[Any]) -> bool:
    """Whether all are finite numbers. A sum is finite only if they are; one that overflowed is looked at again."""
    try:
        return math.isfinite(sum(values)) or all(map(math.isfinite, values))
    except TypeError:
        return False


def raw_cell(column: Column, row: int) -> Any:
    """A cell as it came, not decoded; ``None`` for no value."""
    return None if column.value(row) is None else column.cells[row]
