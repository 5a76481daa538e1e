"""The Pareto front: the points that no other point beats.

A point beats another if it is at least as good in every cost and better in one; costs are numbers of which less is better. Points
that are equal in all costs beat neither one another, so they stay or go together. Pure: no tables, no text, no configuration.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Sequence

PIVOTS = 3
"""How many members of the front a new point is held against first. Most points fall there, at the price of a comparison each."""


@dataclass(frozen=True)
class Member:
    """A point on the front."""

    costs: tuple[float, ...]
    task: int
    content: Any = field(compare=False)
    """Whatever is to be kept of it."""


class Front:
    """The front of all points so far."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        """Sorted by costs, then by task."""

    def add(self, tasks: Sequence[int], costs: Sequence[Sequence[float]], content: Callable[[int], Any]) -> None:
        """Takes more points: ``costs`` has a list for each cost, with an entry for each task. ``content(row)`` is asked only of
        the rows that no other row beats, and makes what to keep of them."""
        rows = self._promising(costs)
        candidates = sorted((tuple(cost[row] for cost in costs), tasks[row], row) for row in rows)
        fresh = unbeaten(candidates, lambda candidate: candidate[0])
        found = [Member(point, task, content(row)) for point, task, row in fresh]
        if self.members:
            everybody = sorted(self.members + found, key=lambda member: (member.costs, member.task))
            found = unbeaten(everybody, lambda member: member.costs)
        self.members = found

    def _promising(self, costs: Sequence[Sequence[float]]) -> Iterable[int]:
        """The rows that are not worse in every cost than one of a few members: cheap, and rids us of most."""
        count = len(costs[0])
        rows: Iterable[int] = range(count)
        for place in range(min(PIVOTS, len(self.members))):
            pivot = self.members[(2 * place + 1) * len(self.members) // (2 * PIVOTS)].costs
            if len(costs) == 2:
                (first, second), (a, b) = costs, pivot
                rows = [row for row in rows if first[row] <= a or second[row] <= b]
            else:
                pairs = list(zip(costs, pivot))
                rows = [row for row in rows if any(cost[row] <= bound for cost, bound in pairs)]
        return rows


def unbeaten(points: Sequence[Any], costs: Callable[[Any], tuple[float, ...]]) -> list[Any]:
    """Those of the points that no other beats. They have to come sorted by their costs: then none is beaten by a later one."""
    kept: list[Any] = []
    kept_costs: list[tuple[float, ...]] = []
    for point in points:
        cost = costs(point)
        if len(cost) == 2:
            # The last one kept has the least second cost so far.
            if kept and cost[1] >= kept_costs[-1][1] and cost != kept_costs[-1]:
                continue
        elif any(beats(other, cost) for other in kept_costs):
            continue
        kept.append(point)
        kept_costs.append(cost)
    return kept


def beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether ``one`` is at least as good in every cost, and better in one."""
    return one != other and all(a <= b for a, b in zip(one, other))
