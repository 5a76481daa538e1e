"""The drawing: well-formed, deterministic, bounded, and drawable for every kind of value."""

import math
import random
import unittest
import xml.etree.ElementTree as ElementTree
from array import array

import axis
import picture
from axis import Axis
from goals import Goal
from pareto import Front
from report import Content

SVG = "{http://www.w3.org/2000/svg}"
A_MIN, B_MAX = Goal("a", False), Goal("b", True)


def drawn(points, goals=(A_MIN, B_MAX)):
    """The drawing of points, as text."""
    front, columns = Front(), [list(column) for column in zip(*points)] or [[], []]
    if points:
        costs = [goal.costs(column) for goal, column in zip(goals, columns)]
        front.add(range(1, len(points) + 1), costs, lambda row: Content(points[row], ()))
    note = picture.note(len(front.members), len(points), 0, goals)
    return picture.draw(picture.Scene(goals, [array("d", columns[0]), array("d", columns[1])], front.members, note))


def parsed(text):
    """The drawing as elements."""
    return ElementTree.fromstring(text.encode())


def numbers_of(text):
    """Every number in the attributes of what is drawn."""
    for element in parsed(text).iter():
        for name in ("d", "x", "y", "cx", "cy"):
            for word in element.get(name, "").replace("h0", " ").translate(str.maketrans("MHVZ", "    ")).split():
                yield float(word)


class Drawings(unittest.TestCase):
    def test_every_kind_of_value_is_inside_the_picture(self):
        chance = random.Random(3)
        cases = {
            "one": [(1.0, 2.0)],
            "equal": [(7.0, 0.0)] * 1_000,
            "zero": [(0.0, 0.0), (-0.0, 0.0)],
            "huge": [(-1.7e308, 1.7e308), (1.7e308, -1.7e308), (0.0, 0.0)],
            "largest": [(1.7976931348623157e308, 1.0), (-1.7976931348623157e308, 2.0)],
            "tiny": [(5e-324, 1e-310), (1e-323, 2e-310)],
            "close": [(1e6 + index * 1e-9, 1.0 + index * 2.3e-16) for index in range(9)],
            "decades": [(10.0**index, 10.0**-index) for index in range(-300, 300, 7)],
            "mixed signs": [(-1e-9, 1e9), (1e9, -1e-9)],
            "integers": [(2**62, -(2**62)), (2**62 - 1, 1)],
            "many": [(chance.gauss(0, 1), chance.gauss(0, 1)) for _ in range(10_000)],
        }
        for name, points in cases.items():
            with self.subTest(name):
                text = drawn(points)
                numbers = list(numbers_of(text))
                self.assertTrue(numbers)
                self.assertTrue(all(0 <= number <= picture.WIDTH for number in numbers), (min(numbers), max(numbers)))
                self.assertEqual(text, drawn(points))
                self.assertNotIn("nan", text)

    def test_the_line_goes_through_the_corners_that_are_reached(self):
        points = [(1.0, 1.0), (2.0, 3.0), (4.0, 4.0), (3.0, 2.0)]
        front = next(e for e in parsed(drawn(points)).iter(f"{SVG}path") if e.get("class") == "front").get("d")
        circles = [(e.get("cx"), e.get("cy")) for e in parsed(drawn(points)).iter(f"{SVG}circle")]
        self.assertEqual(len(circles), 3)
        (x1, y1), (x2, y2), (x3, y3) = circles
        right, bottom = picture.WIDTH - picture.RIGHT, picture.HEIGHT - picture.BOTTOM
        self.assertEqual(front, f"M{x1} {bottom}V{y1}H{x2}V{y2}H{x3}V{y3}H{right}")

    def test_three_goals_have_no_line(self):
        text = drawn([(1.0, 2.0, 3.0), (2.0, 1.0, 0.0)], (A_MIN, B_MAX, Goal("c", False)))
        self.assertNotIn('class="front"', text)
        self.assertIn("seen along two", text)

    def test_many_dots_stay_a_small_file(self):
        chance = random.Random(5)
        text = drawn([(chance.random(), chance.random()) for _ in range(100_000)])
        self.assertLess(len(text), 500_000)

    def test_no_points_are_said(self):
        self.assertIn("No task can be compared", drawn([]))

    def test_names_cannot_leave_their_place(self):
        goals = (Goal('<script>&"\x1b\x00\ud800', False), Goal("b" * 500, True))
        text = drawn([(1.0, 2.0)], goals)
        self.assertNotIn("<script>", text)
        self.assertNotIn("\x1b", text)
        names = [element.text for element in parsed(text).iter(f"{SVG}text") if element.get("class") == "name"]
        self.assertEqual(names[0], '<script>&"\ufffd\ufffd\ufffd')
        self.assertEqual(len(names[1]), 36)


class Axes(unittest.TestCase):
    def test_ticks(self):
        cases = [
            ([0, 1], "0 0.2 0.4 0.6 0.8 1.0"),
            ([0, 100], "0 20 40 60 80 100"),
            ([-3, 40_000], "0 10,000 20,000 30,000 40,000"),
            ([1e7, 2e7], "1e7 1.2e7 1.4e7 1.6e7 1.8e7 2e7"),
            ([-2e-7, 1e-7], "-2e-7 -1.5e-7 -1e-7 -5e-8 0 5e-8 1e-7"),
            ([1.0001, 1.0002], "1.00010 1.00012 1.00014 1.00016 1.00018 1.00020"),
            ([5, 5], "4.6 4.8 5.0 5.2 5.4"),
            ([0.01, 100], "0.01 0.1 1 10 100"),
            ([1e-8, 1e3], "1e-8 1e-6 0.0001 0.01 1 100"),
        ]
        for values, expected in cases:
            with self.subTest(values=values):
                self.assertEqual(" ".join(text for _, text in Axis(values, 0, 100).ticks()), expected)

    def test_places_keep_order_and_ends(self):
        for values in ([1.0, 2.0, 4.0], [1e-5, 1.0, 1e5], [-1e308, 0.0, 1e308]):
            forward, backward = Axis(values, 10, 110), Axis(values, 110, 10)
            places = [forward.place(value) for value in values]
            self.assertEqual(places, sorted(places))
            self.assertTrue(10 <= places[0] and places[-1] <= 110)
            for value in values:
                self.assertAlmostEqual(forward.place(value) + backward.place(value), 120)

    def test_numbers_read_back(self):
        for number, exponent in [(25, -7), (1, 0), (-12, 3), (100, -2), (7, -4)]:
            for text in (axis.decimal(number, exponent), axis.scientific(number, exponent)):
                self.assertTrue(math.isclose(float(text.replace(",", "")), number * 10.0**exponent), text)


if __name__ == "__main__":
    unittest.main()
