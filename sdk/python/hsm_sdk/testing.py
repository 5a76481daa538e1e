"""Replays a plugin's fixtures natively, as `hsm plugin test` does with the component.

A case is a folder with `input.json` and `expected.json`; artifacts are beside them, in `expected/`, and what tasks wrote, for an
aggregator that reads it, in `tasks/`. Every case is run twice, since a
plugin has to give the same answer to the same question.

    class Fixtures(unittest.TestCase):
        def test_fixtures(self):
            testing.replay(Plugin, Path(__file__).parents[1] / "fixtures")
"""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any, Callable, Optional, Union

from .recordings import Said, compare_said, conversed
from .roles import Artifact, Failure, Results, TaskState
from .table import Column, Kind, Table, to_json
from .tasks import tasks_in

Answer = Union[Failure, Table, list[Artifact], Said]


def replay(plugin: Callable[..., Any], folder: Union[str, Path]) -> None:
    """Replays every case of a folder.

    Raises ``AssertionError``, naming case and place, where an answer is not the expected one, and where there is no case.
    """
    cases = sorted(path.parent for path in Path(folder).glob("*/input.json"))
    assert cases, f"there is no case in {folder}: a case is a folder with `input.json` and `expected.json`"
    for case in cases:
        first, second = run(plugin, case), run(plugin, case)
        assert told(first) == told(second), f"{case.name}: two runs gave two answers"
        compare(first, case)


def run(plugin: Callable[..., Any], case: Union[str, Path]) -> Answer:
    """What the plugin answers to a case: points, artifacts, what a scheduler says, or a failure."""
    given = json.loads((Path(case) / "input.json").read_text())
    try:
        if "call" in given:
            return conversed(plugin, given)
        with tasks_in(Path(case) / "tasks"):
            return aggregated(plugin, given) if "batches" in given else generated(plugin, given)
    except Failure as failure:
        return failure


def aggregated(plugin: Callable[..., Any], given: dict[str, Any]) -> list[Artifact]:
    """The artifacts that an aggregator makes of the case's batches."""
    aggregation = plugin(given.get("config", {}), given.get("sweep", {}))
    for batch in given["batches"]:
        tables = (table(batch.get(name, []), len(batch["tasks"])) for name in ("params", "metrics", "facts"))
        aggregation.add(Results(batch["tasks"], [TaskState(state) for state in batch["states"]], *tables))
    return aggregation.finish()


def generated(plugin: Callable[..., Any], given: dict[str, Any]) -> Table:
    """All points that a generator makes, asked for in batches as the case says."""
    axes = [column(axis) for axis in given.get("axes", [])]
    search = plugin(given.get("config", {}), axes, given.get("seed", 0))
    most = given.get("batch_rows", 1_000)
    size, points = search.size(), search.next(most)
    batch = points
    while batch.rows:
        assert batch.rows <= most, f"{batch.rows} points came where at most {most} were asked for"
        batch = search.next(most)
        if batch.rows:
            append(points, batch)
    assert size in (None, points.rows), f"{size} points were announced and {points.rows} came"
    return points


def append(points: Table, batch: Table) -> None:
    """Puts a batch behind the points so far; columns have to be alike."""
    alike = [(column.name, column.kind) for column in batch.columns] == [(c.name, c.kind) for c in points.columns]
    assert alike, "the columns changed from one batch of points to the next"
    for into, column in zip(points.columns, batch.columns):
        into.absent = into.absent + [row + points.rows for row in column.absent]
        into.cells = into.cells + column.cells
    points.rows += batch.rows


def table(columns: list[dict[str, Any]], rows: int) -> Table:
    """A table as fixtures write it."""
    return Table([column(written) for written in columns], rows)


def column(written: dict[str, Any]) -> Column:
    """A column as fixtures write it: the key says the kind, `null` is no value, and numbers JSON cannot spell are texts."""
    for kind in Kind:
        if kind.value in written:
            values = written[kind.value]
            if kind is Kind.NUMBERS:
                values = [None if value is None else float(value) for value in values]
            return Column.of(written["name"], values, kind)
    raise AssertionError(f"the column `{written.get('name')}` has none of {', '.join(kind.value for kind in Kind)}")


def compare(answer: Answer, case: Path) -> None:
    """Raises ``AssertionError`` unless an answer is what the case expects."""
    expected = json.loads((case / "expected.json").read_text())
    wanted = expected.get("failure")
    if isinstance(answer, Failure):
        assert wanted is not None, f"{case.name}: the plugin failed: {answer.message}"
        found = {"blame": answer.blame.value, "code": answer.code, "message": answer.message, "hint": answer.hint}
        found = {key: found.get(key) for key in wanted}
        assert found == wanted, f"{case.name}: failed otherwise: {found}"
    elif wanted is not None:
        raise AssertionError(f"{case.name}: the plugin was to fail with `{wanted.get('message')}`")
    elif isinstance(answer, Said):
        compare_said(answer, expected["answer"], case.name)
    elif isinstance(answer, Table):
        compare_points(answer, expected["columns"], case)
    else:
        compare_artifacts(answer, expected["artifacts"], case)


def compare_points(points: Table, expected: list[dict[str, Any]], case: Path) -> None:
    """Compares points column by column."""
    wanted = [column(written) for written in expected]
    names, wanted_names = [c.name for c in points.columns], [c.name for c in wanted]
    assert names == wanted_names, f"{case.name}: the columns are {names}, expected {wanted_names}"
    for found, column_wanted in zip(points.columns, wanted):
        where = f"{case.name}: column `{found.name}`"
        assert found.kind is column_wanted.kind, f"{where} holds {found.kind.value}, expected {column_wanted.kind.value}"
        pair = found.values(), column_wanted.values()
        assert len(pair[0]) == len(pair[1]), f"{where} has {len(pair[0])} rows, expected {len(pair[1])}"
        for row, (value, value_wanted) in enumerate(zip(*pair)):
            assert same(value, value_wanted), f"{where}, row {row} is {value!r}, expected {value_wanted!r}"


def compare_artifacts(artifacts: list[Artifact], expected: list[dict[str, Any]], case: Path) -> None:
    """Compares artifacts with the files in `expected/`."""
    names = [(artifact.name, artifact.media_type) for artifact in artifacts]
    wanted = [(artifact["name"], artifact["media_type"]) for artifact in expected]
    assert names == wanted, f"{case.name}: the artifacts are {names}, expected {wanted}"
    for artifact in artifacts:
        content = (case / "expected" / artifact.name).read_text()
        where = f"{case.name}: {artifact.name}"
        if isinstance(artifact.body, Table):
            compare_lines(rows_of(artifact.body), list(csv.reader(io.StringIO(content))), where)
        else:
            compare_lines(artifact.body.decode().split("\n"), content.split("\n"), where)


def compare_lines(found: list[Any], expected: list[Any], where: str) -> None:
    """Compares texts line by line."""
    for line, (one, other) in enumerate(zip(found, expected), 1):
        assert one == other, f"{where}, line {line} is\n  {one}\nexpected\n  {other}"
    assert len(found) == len(expected), f"{where} has {len(found)} lines, expected {len(expected)}"


def rows_of(written: Table) -> list[list[str]]:
    """A table as the rows of its CSV, a header first."""
    columns = [[csv_cell(value) for value in column.values()] for column in written.columns]
    return [[column.name for column in written.columns], *([cells[row] for cells in columns] for row in range(written.rows))]


def csv_cell(value: Any) -> str:
    """A value as hsm writes it into CSV."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, float):
        return shortest(value)
    return to_json(value)


def shortest(value: float) -> str:
    """A double in the fewest digits that read back as it: hsm has no plus and no zeros in an exponent."""
    text = repr(value)
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else text


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same; NaN is the same as NaN."""
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return type(one) is type(other) and one == other


def told(answer: Answer) -> str:
    """An answer as text, for comparing."""
    if isinstance(answer, Failure):
        return repr((answer.blame, answer.code, answer.message, answer.hint))
    return repr(answer)
