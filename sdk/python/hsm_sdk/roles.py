"""What a plugin gets, what it gives back, and how it says no."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Optional, Protocol, Union

from .table import Column, Table


class Generator(Protocol):
    """Makes the points of a sweep. Same arguments, same points: there is no clock, and every random number comes from ``seed``."""

    def __init__(self, config: dict[str, Any], axes: list[Column], seed: int) -> None:
        """``config`` is what the user wrote under ``generator.config``; ``axes`` are the lists of the sweep file, one column
        each, which may differ in length. Everything that can be wrong with them is said here, with a ``Failure``."""

    def size(self) -> Optional[int]:
        """The number of points in all, where that is known beforehand."""

    def next(self, max_rows: int) -> Table:
        """The next points, at most ``max_rows`` of them; a table without rows when there are no more. Names and kinds of the
        columns are the same in every table."""


class Aggregator(Protocol):
    """Says what the results of a sweep mean."""

    def __init__(self, config: dict[str, Any], sweep: dict[str, Any]) -> None:
        """``config`` is what the user wrote with ``--config``; ``sweep`` describes the sweep: ``sweep_id``, ``tasks``,
        ``params``, ``metrics``."""

    def add(self, results: Results) -> None:
        """Takes the next batch. What is kept of it should not grow with the sweep, where that can be helped."""

    def finish(self) -> list[Artifact]:
        """Hands over what came out. Called once, after the last batch."""


class TaskState(Enum):
    """What is known of a task."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    """It ended, and nobody saw how."""


@dataclass
class Results:
    """A batch of results: row ``i`` of every table is about ``tasks[i]``. Columns are alike in every batch."""

    tasks: list[int]
    states: list[TaskState]
    params: Table
    metrics: Table
    facts: Table
    """What else is known, where it is: ``exit_code``, ``seconds``, ``attempts``, ``reason``, ``source``."""


@dataclass
class Artifact:
    """A file for the user. The name is one plain file name."""

    name: str
    media_type: str
    body: Union[bytes, Table]

    @classmethod
    def table(cls, name: str, table: Table) -> Artifact:
        """A table, which hsm writes as CSV."""
        return cls(name, "text/csv", table)

    @classmethod
    def markdown(cls, name: str, text: str) -> Artifact:
        """Markdown, which is also shown on the terminal."""
        return cls(name, "text/markdown", text.encode())

    @classmethod
    def svg(cls, name: str, text: str) -> Artifact:
        """A drawing."""
        return cls(name, "image/svg+xml", text.encode())


class Blame(Enum):
    """Who has to act on a failure."""

    CONFIG = "config"
    """Whoever wrote the configuration."""
    INPUT = "input"
    """Whoever provided the data."""
    TRANSIENT = "transient"
    """Nobody: trying again may be enough."""
    INTERNAL = "internal"
    """Whoever wrote the plugin."""


class Failure(Exception):
    """Raise it to say why something cannot be done. Any other exception counts as a fault of the plugin."""

    def __init__(self, blame: Blame, code: str, message: str, hint: Optional[str] = None) -> None:
        """``code`` is a stable word for programs, such as ``bad-config``; ``message`` is one sentence without a full stop, and
        ``hint`` says what to do about it."""
        super().__init__(message)
        self.blame = blame
        self.code = code
        self.message = message
        self.hint = hint

    @classmethod
    def config(cls, message: str, hint: Optional[str] = None) -> Failure:
        """The configuration cannot be used."""
        return cls(Blame.CONFIG, "bad-config", message, hint)

    @classmethod
    def input(cls, message: str, hint: Optional[str] = None) -> Failure:
        """The data cannot be used."""
        return cls(Blame.INPUT, "bad-input", message, hint)
