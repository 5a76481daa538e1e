"""Replaying fixtures: a right answer passes, and every wrong one is told with its place."""

import json
import tempfile
import unittest
from pathlib import Path

from hsm_sdk import (
    Artifact, Column, Command, Failure, Kind, Points, Refused, Settings, Table, Ticket, Traits, tasks_folder, testing,
)


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


class Reader:
    """An aggregator that says what the first task wrote."""

    def __init__(self, config, sweep):
        pass

    def finish(self):
        log = tasks_folder() / "task_1/log.txt"
        return [Artifact.markdown("log.md", log.read_text() if log.exists() else "nothing\n")]


class Batch:
    """A scheduler that hands in, and knows nothing else."""

    def __init__(self, site):
        pass

    def describe(self, so_far):
        return Traits("#B", "N")

    def submit(self, request, so_far):
        if not so_far:
            return Command("sub", [request.script])
        return Ticket(so_far[0].text().strip(), request.elements) if so_far[0].succeeded() else Refused(so_far[0].failure())


GENERATOR = ({"config": {"count": 3}, "axes": [], "seed": 7, "batch_rows": 2}, {"columns": [{"name": "n", "integers": [7, 8, 9]}]})
BATCHES = [{
    "tasks": [1, 2], "states": ["completed", "failed"],
    "metrics": [{"name": "x", "numbers": [1e-9, None]}, {"name": "y", "numbers": ["nan", "inf"]}],
}]
ARTIFACTS = [{"name": "echo.csv", "media_type": "text/csv"}, {"name": "echo.md", "media_type": "text/markdown"}]
AGGREGATOR = ({"config": {}, "sweep": {}, "batches": BATCHES}, {"artifacts": ARTIFACTS})
FILES = {"echo.csv": "task,state,x,y\n1,completed,1e-9,nan\n2,failed,,inf\n", "echo.md": "2\n"}


def replay(plugin, given, expected, files=None, tasks=None):
    """Replays one case that is written for it."""
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "case"
        (case / "expected").mkdir(parents=True)
        (case / "input.json").write_text(json.dumps(given))
        (case / "expected.json").write_text(json.dumps(expected))
        for name, content in (files or {}).items():
            (case / "expected" / name).write_text(content)
        for name, content in (tasks or {}).items():
            (case / "tasks" / name).parent.mkdir(parents=True)
            (case / "tasks" / name).write_text(content)
        testing.replay(plugin, folder)


def submission(*exchanges, **more):
    """A case that hands in three elements."""
    return {"call": "submit", "request": {"script": "/s", "elements": 3}, "exchanges": list(exchanges), **more}


RECORDED = {"command": {"program": "sub", "args": ["/s"]}, "exit_code": 0, "stdout": "7\n"}
ACCEPTED = {"answer": {"accepted": {"job": "7", "elements": 3}}}


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

    def test_an_aggregator_finds_the_tasks_of_the_case(self):
        given, expected = {"batches": []}, {"artifacts": [{"name": "log.md", "media_type": "text/markdown"}]}
        replay(Reader, given, expected, {"log.md": "it wrote\n"}, {"task_1/log.txt": "it wrote\n"})
        replay(Reader, given, expected, {"log.md": "nothing\n"})
        self.assertEqual(str(tasks_folder()), "/tasks", "only while a case is replayed")

    def test_schedulers_are_held_to_every_command(self):
        replay(Batch, submission(RECORDED), ACCEPTED)
        failed = {**RECORDED, "exit_code": 2, "stderr": list(b"\n no\xff queue\n")}
        message = "`sub` ended with exit code 2: no\N{REPLACEMENT CHARACTER} queue"
        refused = {"blame": "transient", "code": "command-failed", "message": message}
        replay(Batch, submission(failed), {"answer": {"refused": refused}})
        unknown = {"unknown": "this batch system cannot be asked about `t`"}
        replay(Batch, {"call": "recover", "token": "t"}, {"answer": unknown})
        for release, deed in [(False, "hold jobs"), (True, "let held jobs go")]:
            failure = {"blame": "internal", "code": "not-supported", "message": f"this scheduler cannot {deed}"}
            replay(Batch, {"call": "hold", "release": release}, {"failure": failure})
        other = {**RECORDED, "command": {"program": "sub", "args": ["/t"]}}
        for given, expected, message in [
            (submission(RECORDED), {"answer": {"accepted": {"job": "7", "elements": 4}}}, "accepted.elements: expected 4, found 3"),
            (submission(other), ACCEPTED, "exchange 0: expected the command .*/t.*, found .*/s"),
            (submission(RECORDED, RECORDED), ACCEPTED, "exchange 1: it answers where"),
            (submission(), ACCEPTED, "it asks for .*sub.* after 0 recorded exchanges"),
            (submission(*[RECORDED] * 9), ACCEPTED, "at most 8 exchanges"),
            ({"call": "sing"}, ACCEPTED, "`sing` is no question"),
        ]:
            with self.subTest(message):
                with self.assertRaisesRegex(AssertionError, message):
                    replay(Batch, given, expected)

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
