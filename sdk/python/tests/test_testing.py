"""Replaying fixtures: a right answer passes, and every wrong one is told with its place."""

import json
import tempfile
import unittest
from pathlib import Path

from hsm_sdk import Artifact, Column, Failure, Kind, Points, Settings, Table, testing


class Counter:
    """A generator that counts."""

    def __init__(self, config, axes, seed):
        settings = Settings(config)
        self._count = settings.integer("count", least=0)
        settings.end()
        self._points = Points({"n": Kind.INTEGERS}, ({"n": seed + index} for index in range(self._count)))

    def size(self):
        return self._count

    def next(self, max_rows):
        return self._points.next(max_rows)


class Echo:
    """An aggregator that says what it was given."""

    def __init__(self, config, sweep):
        self._rows = []

    def add(self, results):
        for row, task in enumerate(results.tasks):
            self._rows.append({"task": task, "state": results.states[row].value, **results.metrics.row(row)})

    def finish(self):
        return [Artifact.table("echo.csv", Table.from_rows(self._rows)), Artifact.markdown("echo.md", f"{len(self._rows)}\n")]


GENERATOR = ({"config": {"count": 3}, "axes": [], "seed": 7, "batch_rows": 2}, {"columns": [{"name": "n", "integers": [7, 8, 9]}]})
BATCHES = [{
    "tasks": [1, 2], "states": ["completed", "failed"],
    "metrics": [{"name": "x", "numbers": [1e-9, None]}, {"name": "y", "numbers": ["nan", "inf"]}],
}]
ARTIFACTS = [{"name": "echo.csv", "media_type": "text/csv"}, {"name": "echo.md", "media_type": "text/markdown"}]
AGGREGATOR = ({"config": {}, "sweep": {}, "batches": BATCHES}, {"artifacts": ARTIFACTS})
FILES = {"echo.csv": "task,state,x,y\n1,completed,1e-9,nan\n2,failed,,inf\n", "echo.md": "2\n"}


def replay(plugin, given, expected, files=None):
    """Replays one case that is written for it."""
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "case"
        (case / "expected").mkdir(parents=True)
        (case / "input.json").write_text(json.dumps(given))
        (case / "expected.json").write_text(json.dumps(expected))
        for name, content in (files or {}).items():
            (case / "expected" / name).write_text(content)
        testing.replay(plugin, folder)


class Replaying(unittest.TestCase):
    def test_right_answers_pass(self):
        replay(Counter, *GENERATOR)
        replay(Echo, *AGGREGATOR, FILES)
        message = "`count` is -1, and it has to be at least 0"
        replay(Counter, {"config": {"count": -1}}, {"failure": {"blame": "config", "code": "bad-config", "message": message}})

    def test_wrong_answers_are_told(self):
        given = GENERATOR[0]
        cases = [
            (Counter, given, {"columns": [{"name": "n", "integers": [7, 8, 8]}]}, {}, "case: column `n`, row 2 is 9, expected 8"),
            (Counter, given, {"columns": [{"name": "n", "integers": [7, 8]}]}, {}, "has 3 rows, expected 2"),
            (Counter, given, {"columns": [{"name": "n", "numbers": [7, 8, 9]}]}, {}, "holds integers, expected numbers"),
            (Counter, given, {"columns": [{"name": "m", "integers": [7, 8, 9]}]}, {}, r"are \['n'\], expected \['m'\]"),
            (Counter, given, {"failure": {"message": "no"}}, {}, "was to fail with `no`"),
            (Counter, {"config": {}}, {"columns": []}, {}, "the plugin failed: `count` is missing"),
            (Counter, {"config": {}}, {"failure": {"message": "other"}}, {}, "failed otherwise"),
            (Echo, *AGGREGATOR, {**FILES, "echo.md": "3\n"}, "echo.md, line 1"),
            (Echo, *AGGREGATOR, {**FILES, "echo.csv": "task,state,x,y\n"}, "has 3 lines, expected 1"),
            (Echo, AGGREGATOR[0], {"artifacts": ARTIFACTS[:1]}, FILES, "the artifacts are"),
        ]
        for plugin, given, expected, files, message in cases:
            with self.subTest(message):
                with self.assertRaisesRegex(AssertionError, message):
                    replay(plugin, given, expected, files)

    def test_two_answers_to_one_question_are_told(self):
        class Forgetful(Counter):
            calls = 0

            def next(self, max_rows):
                Forgetful.calls += 1
                return Table([Column.of("n", [Forgetful.calls])] if Forgetful.calls % 4 else [])

            def size(self):
                return None

        with self.assertRaisesRegex(AssertionError, "two runs gave two answers"):
            replay(Forgetful, *GENERATOR)

    def test_a_folder_without_cases_is_no_success(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(AssertionError, "there is no case"):
                testing.replay(Counter, folder)

    def test_failures_know_who_must_act(self):
        failure = Failure.input("no", "do")
        self.assertEqual((failure.blame.value, failure.code, failure.message, failure.hint), ("input", "bad-input", "no", "do"))


if __name__ == "__main__":
    unittest.main()
