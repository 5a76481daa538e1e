"""The mean of a metric for each value of a parameter.

Replace this with the question you have in mind. What stays: results come in batches, and what is kept of them should not grow with
the sweep.
"""

from __future__ import annotations

import math
from typing import Any

from hsm_sdk import Artifact, Column, Failure, Results, Settings, Table, TaskState


class Plugin:
    """An aggregation under way."""

    def __init__(self, config: dict[str, Any], sweep: dict[str, Any]) -> None:
        settings = Settings(config)
        self._metric = settings.text("metric")
        self._by = settings.text("by")
        settings.end()
        # Count and sum for each value, in the order in which the values first appear.
        self._sums: dict[str, tuple[int, float]] = {}

    def add(self, results: Results) -> None:
        """Adds a batch to the sums. Only completed tasks with a finite number count."""
        groups = column(results.params, self._by, "parameter").values()
        numbers = column(results.metrics, self._metric, "metric").numbers()
        for state, group, number in zip(results.states, groups, numbers):
            if state is TaskState.COMPLETED and number is not None and math.isfinite(number):
                name = "-" if group is None else str(group)
                count, total = self._sums.get(name, (0, 0.0))
                self._sums[name] = (count + 1, total + number)

    def finish(self) -> list[Artifact]:
        """The means as a table, and as text for the terminal."""
        rows = [{self._by: name, "tasks": count, "mean": total / count} for name, (count, total) in self._sums.items()]
        lines = [f"# Mean {self._metric} by `{self._by}`", "", f"| {self._by} | tasks | mean |", "|---|---:|---:|"]
        lines += [f"| {row[self._by]} | {row['tasks']} | {row['mean']:.6g} |" for row in rows]
        return [
            Artifact.table("means.csv", Table.from_rows(rows)),
            Artifact.markdown("means.md", "\n".join(lines) + "\n"),
        ]


def column(table: Table, name: str, what: str) -> Column:
    """A column by its name, or a failure that says which there are."""
    found = table.column(name)
    if found is None:
        names = ", ".join(f"`{column.name}`" for column in table.columns)
        raise Failure.config(f"there is no {what} `{name}`", f"there are {names}" if names else f"there is no {what} at all")
    return found
