"""The plugin as hsm sees it, natively: what it makes, what it leaves out, and what it refuses."""

import math
import unittest
from pathlib import Path

from hsm_sdk import Artifact, Column, Failure, Kind, Results, Table, TaskState, testing
from plugin import Plugin

GOALS = {"accuracy": "max", "loss": "min"}


def results(first=1, **changes):
    """Six tasks: three on the front, one beaten, and two that cannot be compared."""
    columns = {
        "accuracy": Column.of("accuracy", [0.9, 0.8, 0.7, 0.6, None, math.nan]),
        "loss": Column.of("loss", [3, 2, 1, 2, 1, 1]),
        "note": Column.of("note", ["a"] * 6),
    }
    columns.update(changes)
    return Results(
        tasks=list(range(first, first + 6)),
        states=[TaskState.COMPLETED] * 6,
        params=Table([Column.of("lr", [0.1, None, 0.01, 0.1, 0.1, 0.1]), Column.of("layers", [[1], [2], None, 4, "x", 6])]),
        metrics=Table(list(columns.values()), 6),
        facts=Table([Column.of("seconds", [6.0, 5.0, 4.0, 3.0, 2.0, 1.0])]),
    )


def run(metrics=GOALS, *batches):
    """The artifacts by name."""
    plugin = Plugin({"metrics": metrics}, {"metrics": ["accuracy", "loss", "note"]})
    for batch in batches or [results()]:
        plugin.add(batch)
    return {artifact.name: artifact.body for artifact in plugin.finish()}


class Fixtures(unittest.TestCase):
    def test_fixtures(self):
        testing.replay(Plugin, Path(__file__).parents[1] / "fixtures")


class Artifacts(unittest.TestCase):
    def test_the_table(self):
        table = run()["front.csv"]
        self.assertEqual([column.name for column in table.columns], ["task", "lr", "layers", "accuracy", "loss"])
        self.assertEqual([column.values() for column in table.columns], [
            [1, 2, 3], [0.1, None, 0.01], [[1], [2], None], [0.9, 0.8, 0.7], [3, 2, 1],
        ])
        kinds = [Kind.INTEGERS, Kind.NUMBERS, Kind.JSON, Kind.NUMBERS, Kind.INTEGERS]
        self.assertEqual([column.kind for column in table.columns], kinds)

    def test_the_text(self):
        self.assertEqual(run()["front.md"].decode(), """\
# Pareto front of accuracy (max) and loss (min)

3 of 4 tasks are beaten by no other. Left out: 1 without a number in each metric; 1 with a value that is not finite.

| task | lr   | layers | accuracy | loss |
|-----:|------|--------|---------:|-----:|
|    1 | 0.1  | [1]    |      0.9 |    3 |
|    2 | -    | [2]    |      0.8 |    2 |
|    3 | 0.01 | -      |      0.7 |    1 |
""")

    def test_tasks_that_did_not_complete_are_counted(self):
        batch = results()
        batch.states = [TaskState.FAILED, *batch.states[1:5], TaskState.QUEUED]
        artifacts = run(GOALS, batch)
        self.assertEqual(artifacts["front.csv"].columns[0].values(), [2, 3])
        self.assertIn(b"2 not completed; 1 without a number in each metric.", artifacts["front.md"])

    def test_batches_do_not_matter(self):
        one = run(GOALS, results(), results(7))
        other = run(GOALS, results(7), results())
        self.assertEqual(one["front.csv"], other["front.csv"])
        self.assertEqual(one["front.md"], other["front.md"])
        self.assertEqual(one["front.csv"].columns[0].values(), [1, 7, 2, 8, 3, 9])

    def test_facts_can_be_compared(self):
        table = run({"accuracy": "max", "seconds": "min"})["front.csv"]
        self.assertEqual(table.columns[0].values(), [1, 2, 3, 4])

    def test_names_of_maps_are_joined_by_dots(self):
        batch = results(loss=Column.of("loss.test", [3, 2, 1, 2, 1, 1]))
        self.assertEqual(run({"accuracy": "max", "loss": {"test": "min"}}, batch)["front.csv"].rows, 3)

    def test_mixed_columns_have_numbers_too(self):
        mixed = Column.of("loss", [3, "NaN", 1, {"a": 1}, True, 10**400], Kind.JSON)
        accuracy = Column.of("accuracy", [0.5] * 6)
        artifacts = run(GOALS, results(loss=mixed, accuracy=accuracy))
        self.assertEqual(artifacts["front.csv"].columns[0].values(), [3])
        self.assertIn(b"2 without a number in each metric; 2 with a value that is not finite", artifacts["front.md"])

    def test_long_fronts_are_cut_on_the_terminal_only(self):
        count = 500
        metrics = Table([Column.of("accuracy", list(range(count))), Column.of("loss", list(range(count)))])
        empty = Table([], count)
        batch = Results(list(range(1, count + 1)), [TaskState.COMPLETED] * count, empty, metrics, empty)
        artifacts = run(GOALS, batch)
        self.assertEqual(artifacts["front.csv"].rows, count)
        text = artifacts["front.md"].decode()
        self.assertEqual(text.count("\n| "), 21)
        self.assertIn("20 of 500, evenly along the front; `front.csv` has all.", text)
        self.assertIn("|  500 |", text)
        self.assertIn("|    1 |", text)

    def test_names_that_meet_are_numbered(self):
        batch = results()
        batch.params.columns[0].name, batch.params.columns[1].name = "task", "loss"
        names = [column.name for column in run(GOALS, batch)["front.csv"].columns]
        self.assertEqual(names, ["task", "task (2)", "loss", "accuracy", "loss (2)"])

    def test_a_sweep_without_results(self):
        nothing = Table([], 0)
        metrics = Table([Column.of("accuracy", []), Column.of("loss", [])], 0)
        artifacts = run(GOALS, Results([], [], nothing, metrics, nothing))
        self.assertIn(b"No task can be compared.", artifacts["front.md"])
        self.assertEqual(artifacts["front.csv"].rows, 0)


class Refusals(unittest.TestCase):
    def test_configurations(self):
        cases = [
            ({}, "no metrics to compare were named", "--config metrics.accuracy=max --config metrics.loss=min"),
            ({"metrics": "accuracy"}, "`metrics` is `accuracy`, and it has to be a map", None),
            ({"metrics": {"accuracy": "max"}}, "at least 2 metrics, and there is 1", "name at least two"),
            ({"metrics": {"accuracy": "max", "loss": "small"}}, "the goal of `loss` is `small`", "`min` or `max`"),
            ({"metrics": {str(n): "max" for n in range(7)}}, "there are 7 metrics, and 6 is the most", None),
            ({"metric": {"a": "max"}, "metrics": GOALS}, "there is no setting `metric`", "did you mean `metrics`?"),
        ]
        for config, message, hint in cases:
            with self.subTest(config=config):
                with self.assertRaises(Failure) as raised:
                    Plugin(config, {"metrics": ["accuracy", "loss"]})
                self.assertIn(message, raised.exception.message)
                self.assertIn(hint or "", raised.exception.hint or "")

    def test_metrics_that_are_not_there(self):
        cases = [
            ("acuracy", "no task has a metric `acuracy`", "did you mean `accuracy`? there are `accuracy`, `loss`, `seconds`"),
            ("zebra", "no task has a metric `zebra`", "there are `accuracy`, `loss`, `seconds`"),
            ("note", "`note` is text, not a number", "there are `accuracy`"),
        ]
        for name, message, hint in cases:
            with self.subTest(name=name):
                with self.assertRaises(Failure) as raised:
                    run({"loss": "min", name: "max"})
                self.assertIn(message, raised.exception.message)
                self.assertIn(hint, raised.exception.hint)


if __name__ == "__main__":
    unittest.main()
