"""The plugins in the README do what the README says."""

import re
import unittest
from pathlib import Path

from hsm_sdk import (
    Column, Exchange, Job, JobState, Kind, Results, Sighting, Site, Submission, Table, TaskState, Ticket, Verdict,
)

README = (Path(__file__).parents[1] / "README.md").read_text()


def plugin_of(title):
    """The `Plugin` of the code below a title."""
    code = re.search(rf"## {title}\n\n```python\n(.*?)```", README, re.DOTALL).group(1)
    names = {}
    exec(compile(code, f"README.md, {title}", "exec"), names)
    return names["Plugin"]


class TheReadme(unittest.TestCase):
    def test_the_aggregator(self):
        plugin = plugin_of("An aggregator")({"metric": "loss"}, {})
        metrics = Table([Column.of("loss", [1.0, 3.0, None, 2.0])])
        states = [TaskState.COMPLETED] * 3 + [TaskState.FAILED]
        plugin.add(Results([1, 2, 3, 4], states, Table([], 4), metrics, Table([], 4)))
        [artifact] = plugin.finish()
        self.assertEqual(artifact.body, b"The best is task 2.\n")

    def test_the_generator(self):
        plugin = plugin_of("A generator")
        searches = [plugin({"count": 5}, [], seed) for seed in (7, 7, 8)]
        points = [search.next(10) for search in searches]
        self.assertEqual([search.size() for search in searches], [5, 5, 5])
        self.assertEqual(points[0], points[1])
        self.assertNotEqual(points[0], points[2])
        self.assertEqual((points[0].rows, points[0].columns[0].kind), (5, Kind.NUMBERS))
        self.assertEqual(searches[0].next(10).rows, 0)

    def test_the_scheduler(self):
        site, request = Site(user="ada"), Submission(script="/jobs/t/script", elements=3)
        jobs = [Job("7", "t", 3), Job("8", "u", 1)]
        asked = plugin_of("A scheduler")(site)
        self.assertEqual(asked.describe([]).first_element, 1)
        self.assertEqual(asked.directives(request), ["#BATCH -n 3"])
        for ask, command, said, answer in [
            (lambda so_far: asked.submit(request, so_far), "hand-in", b"7\n", Ticket("7", 3)),
            (lambda so_far: asked.observe(jobs, so_far), "look", b"7 70\n", [Sighting("7", JobState.RUNNING)]),
            (lambda so_far: asked.cancel(jobs, so_far), "stop", b"", [Verdict("7", True), Verdict("8", True)]),
        ]:
            self.assertEqual(ask([]).program, command)
            self.assertEqual(ask([Exchange(ask([]), exit_code=0, stdout=said)]), answer)


if __name__ == "__main__":
    unittest.main()
