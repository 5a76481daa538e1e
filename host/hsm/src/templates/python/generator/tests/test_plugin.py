"""The plugin as hsm sees it, natively."""

import unittest

from hsm_sdk import Failure
from plugin import Plugin


def points(batch_rows, **config):
    """All points, asked for a few at a time."""
    search, rows = Plugin(config, [], 0), []
    while (batch := search.next(batch_rows)).rows:
        rows += [batch.row(row) for row in range(batch.rows)]
    return rows


class Ladders(unittest.TestCase):
    def test_batches_do_not_matter(self):
        config = {"parameter": "lr", "from": 0, "to": 1, "steps": 5}
        self.assertEqual(points(2, **config), points(100, **config))
        self.assertEqual(points(2, **config)[1], {"lr": 0.25})

    def test_what_cannot_be_used_is_said(self):
        with self.assertRaisesRegex(Failure, "`steps` is 1"):
            points(10, parameter="lr", **{"from": 0, "to": 1, "steps": 1})


if __name__ == "__main__":
    unittest.main()
