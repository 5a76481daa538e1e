"""The front itself, against the definition."""

import random
import unittest

from pareto import Front, beats


def front(points, batch=10):
    """The tasks on the front of points, which are numbered from 1 and added a few at a time."""
    found = Front()
    for start in range(0, len(points), batch):
        part = points[start : start + batch]
        tasks = list(range(start + 1, start + len(part) + 1))
        found.add(tasks, [list(cost) for cost in zip(*part)], lambda row: None)
    return [member.task for member in found.members]


def by_definition(points):
    """The same by comparing everybody with everybody."""
    unbeaten = [task for task, point in enumerate(points, 1) if not any(beats(other, point) for other in points)]
    return sorted(unbeaten, key=lambda task: (points[task - 1], task))


class TheFront(unittest.TestCase):
    def test_small_fronts(self):
        cases = [
            ([(1, 1)], [1]),
            ([(1, 2), (2, 1)], [1, 2]),
            ([(1, 2), (2, 1), (2, 2)], [1, 2]),
            # Better in one cost and equal in the other is better.
            ([(1, 2), (1, 1), (2, 1)], [2]),
            # Equal in all of them is not.
            ([(1, 1), (2, 2), (1, 1), (1, 1)], [1, 3, 4]),
            ([(0.0, 1), (-0.0, 1)], [1, 2]),
            ([(3, 1, 2), (1, 3, 2), (2, 2, 2), (3, 3, 3)], [2, 3, 1]),
        ]
        for points, expected in cases:
            with self.subTest(points=points):
                self.assertEqual(front(points), expected)

    def test_any_points_in_any_batches(self):
        chance = random.Random(7)
        for costs in (2, 3, 4):
            for round_number in range(60):
                count, values = chance.randrange(1, 60), chance.choice([3, 10, 1_000])
                points = [tuple(chance.randrange(values) for _ in range(costs)) for _ in range(count)]
                batch = chance.randrange(1, 70)
                with self.subTest(costs=costs, round=round_number, batch=batch):
                    self.assertEqual(front(points, batch), by_definition(points))

    def test_content_is_asked_of_few(self):
        chance = random.Random(1)
        found, asked = Front(), []
        for batch in range(10):
            costs = [[chance.random() for _ in range(1_000)] for _ in range(2)]
            found.add(range(1_000), costs, lambda row, batch=batch: asked.append((batch, row)))
        self.assertLess(len(asked), 200)


if __name__ == "__main__":
    unittest.main()
