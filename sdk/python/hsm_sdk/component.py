"""The wall of a component: between ``Plugin`` and the bindings that are generated for it.

Imported in a component only. Columns are handed through without a copy, which is what makes tables fast in Python.
"""

from __future__ import annotations

import json
import sys
import traceback
from functools import wraps
from typing import Any, Callable

from componentize_py_types import Err
from wit_world.imports import types

from .roles import Artifact, Blame, Failure, Results, TaskState
from .table import Column, Kind, Table

_CASES = {
    Kind.BOOLEANS: types.Cells_Booleans,
    Kind.INTEGERS: types.Cells_Integers,
    Kind.NUMBERS: types.Cells_Numbers,
    Kind.TEXTS: types.Cells_Texts,
    Kind.JSON: types.Cells_Json,
}
_KINDS = {case: kind for kind, case in _CASES.items()}
_STATES = {state.value: TaskState[state.name] for state in types.TaskState}


def aggregation(plugin: Any, exports: Any) -> type:
    """The class that a component of an aggregator exports as ``Aggregation``."""

    class Aggregation:
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        @classmethod
        @answers
        def open(cls, config: str, sweep_json: str) -> Any:
            return cls(plugin(json.loads(config), json.loads(sweep_json)))

        @answers
        def add(self, results: Any) -> None:
            self._open().add(_results(results))

        @answers
        def finish(self) -> list[Any]:
            inner, self._inner = self._open(), None
            return [_artifact(artifact, exports) for artifact in inner.finish()]

        def _open(self) -> Any:
            if self._inner is None:
                raise Failure(Blame.INTERNAL, "bad-call", "the aggregation has been finished already")
            return self._inner

    return Aggregation


def search(plugin: Any) -> type:
    """The class that a component of a generator exports as ``Search``."""

    class Search:
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        @classmethod
        @answers
        def open(cls, spec: Any) -> Any:
            axes = [_column_in(column) for column in spec.axes]
            return cls(plugin(json.loads(spec.config), axes, spec.seed))

        def size(self) -> Any:
            return self._inner.size()

        @answers
        def next(self, max_rows: int) -> Any:
            return _table_out(self._inner.next(max_rows))

    return Search


def answers(call: Callable[..., Any]) -> Callable[..., Any]:
    """Turns what a plugin raises into an answer. A component that lets an exception out is a trap, which names nothing."""

    @wraps(call)
    def answer(*arguments: Any) -> Any:
        try:
            return call(*arguments)
        except Failure as failure:
            raise Err(failure_out(failure)) from None
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            raise Err(failure_out(_fault(error))) from None

    return answer


def _fault(error: Exception) -> Failure:
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename.rsplit('/', 1)[-1]}, line {frames[-1].lineno})" if frames else ""
    hint = "`-v` shows the whole traceback; the author of the plugin has to mend it"
    return Failure(Blame.INTERNAL, "exception", f"{type(error).__name__}: {error}{where}", hint)


def failure_out(failure: Failure) -> Any:
    return types.Failure(types.Blame[failure.blame.name], failure.code, failure.message, failure.hint)


def _results(results: Any) -> Results:
    return Results(
        tasks=results.tasks,
        # `value` and the hash of an enum are calls into Python, a few hundred thousand of them; this is neither.
        states=[_STATES[state._value_] for state in results.states],
        params=_table_in(results.params),
        metrics=_table_in(results.metrics),
        facts=_table_in(results.facts),
    )


def _artifact(artifact: Artifact, exports: Any) -> Any:
    if isinstance(artifact.body, Table):
        body = exports.Body_Table(_table_out(artifact.body))
    else:
        body = exports.Body_Bytes(bytes(artifact.body))
    return exports.Artifact(artifact.name, artifact.media_type, body)


def _table_in(table: Any) -> Table:
    return Table([_column_in(column) for column in table.columns], table.rows)


def _column_in(column: Any) -> Column:
    return Column(column.name, _KINDS[type(column.cells)], column.cells.value, column.absent)


def _table_out(table: Table) -> Any:
    columns = [types.Column(column.name, _CASES[column.kind](column.cells), column.absent) for column in table.columns]
    return types.Table(table.rows, columns)
