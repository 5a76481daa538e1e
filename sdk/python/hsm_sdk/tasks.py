"""Where an aggregator finds what the tasks wrote. Natively that is wherever the test kit says."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

_folder = Path("/tasks")


def tasks_folder() -> Path:
    """The folder with the tasks' own folders, ``task_1``, ``task_2`` and so on, for an aggregator whose manifest has
    ``read-results = true``. It can only be read; a sweep of which no task has begun has none.

    In the sandbox this is ``/tasks``. While a fixture is replayed natively it is that fixture's folder ``tasks``, so that the
    same code reads both. The order in which a folder lists its files is nobody's promise: sort them."""
    return _folder


@contextmanager
def tasks_in(folder: Path) -> Iterator[None]:
    """Has ``tasks_folder`` say another folder for a while: for tests."""
    global _folder
    before, _folder = _folder, folder
    try:
        yield
    finally:
        _folder = before
