"""The plugin as hsm sees it, natively."""

import unittest

from hsm_sdk import Column, Failure, Results, Table, TaskState
from plugin import Plugin


def batch(first):
    """Two tasks."""
    return Results(
        tasks=[first, first + 1],
        states=[TaskState.COMPLETED, TaskState.COMPLETED],
        params=Table([Column.of("model", ["a", None])]),
        metrics=Table([Column.of("loss", [first, 1.0])]),
        facts=Table([], 2),
    )


def means(*batches, **config):
    """The table that comes of batches, by rows."""
    plugin = Plugin(config, {})
    for each in batches:
        plugin.add(each)
    table = plugin.finish()[0].body
    return [table.row(row) for row in range(table.rows)]


class Means(unittest.TestCase):
    def test_batches_add_up(self):
        expected = [{"model": "a", "tasks": 2, "mean": 2.0}, {"model": "-", "tasks": 2, "mean": 1.0}]
        self.assertEqual(means(batch(1), batch(3), metric="loss", by="model"), expected)

    def test_what_is_not_there_is_said(self):
        for config, message in [
            ({"metric": "loss", "by": "x"}, "there is no parameter `x`"),
            ({"metric": "x", "by": "model"}, "there is no metric `x`"),
            ({"metric": "loss"}, "`by` is missing"),
        ]:
            with self.assertRaisesRegex(Failure, message):
                means(batch(1), **config)


if __name__ == "__main__":
    unittest.main()
