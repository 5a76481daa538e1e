"""What users want: which metrics, and whether less or more of each is better."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from hsm_sdk import Column, Failure, Kind, Results, Settings
from words import listed

GOALS_MIN, GOALS_MAX = 2, 6
"""One metric has a best value and no front; in many, hardly any task beats another."""


@dataclass(frozen=True)
class Goal:
    """One metric to be good in."""

    metric: str
    is_max: bool

    def __str__(self) -> str:
        return f"{self.metric} ({'max' if self.is_max else 'min'})"

    def costs(self, values: Sequence[float]) -> Sequence[float]:
        """The values as numbers of which less is better."""
        return [-value for value in values] if self.is_max else values

    def column(self, results: Results) -> Column:
        """The column it is about: a metric, or else a fact such as `seconds`."""
        column = results.metrics.column(self.metric)
        if column is None:
            column = results.facts.column(self.metric)
        if column is None:
            raise unknown(self.metric, numeric(results))
        if not column.is_numeric():
            what = "text" if column.kind is Kind.TEXTS else "true or false"
            raise Failure.config(f"`{self.metric}` is {what}, not a number", there_are(numeric(results)))
        return column


def goals(config: Mapping[str, Any], sweep: Mapping[str, Any]) -> list[Goal]:
    """The goals of a configuration, in its order."""
    settings = Settings(config)
    written = settings.map("metrics", default=None)
    settings.end()
    if written is None:
        raise Failure.config("no metrics to compare were named", example(sweep.get("metrics", [])))
    found = [goal(name, value) for name, value in flattened(written)]
    if len(found) < GOALS_MIN:
        raise Failure.config(
            f"a front needs at least {GOALS_MIN} metrics, and there is {len(found)}", example(sweep.get("metrics", []))
        )
    if len(found) > GOALS_MAX:
        raise Failure.config(f"there are {len(found)} metrics, and {GOALS_MAX} is the most that can be compared")
    return found


def flattened(written: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Names and values, maps within maps joined by dots: `--config metrics.loss.test=min` makes such maps."""
    pairs: list[tuple[str, Any]] = []
    for name, value in written.items():
        if isinstance(value, Mapping):
            pairs += flattened(value, f"{before}{name}.")
        else:
            pairs.append((before + name, value))
    return pairs


def goal(name: str, value: Any) -> Goal:
    """One goal as it is written."""
    if value not in ("min", "max"):
        raise Failure.config(f"the goal of `{name}` is `{value}`", "a goal is `min` or `max`: which values are better")
    return Goal(name, value == "max")


def example(metrics: Sequence[str]) -> str:
    """How to name two metrics, of those there are if there are any."""
    names = [*metrics, *(name for name in ("accuracy", "seconds") if name not in metrics)]
    return f"name at least two: `--config metrics.{names[0]}=max --config metrics.{names[1]}=min`"


def numeric(results: Results) -> list[str]:
    """The metrics and facts that a goal may be about."""
    return [column.name for table in (results.metrics, results.facts) for column in table.columns if column.is_numeric()]


def unknown(metric: str, names: Sequence[str]) -> Failure:
    """There is no such metric; perhaps it is called otherwise."""
    near = difflib.get_close_matches(metric, names, 1)
    guess = f"did you mean `{near[0]}`? " if near else ""
    return Failure.config(f"no task has a metric `{metric}`", guess + there_are(names))


def there_are(names: Sequence[str]) -> str:
    """What can be compared."""
    return f"there are {listed(names)}" if names else "no task has a metric that is a number"
