"""Columns and tables."""

import math
import unittest

from hsm_sdk import Column, Kind, Points, Table


class Columns(unittest.TestCase):
    def test_the_narrowest_kind_holds_every_value(self):
        cases = [
            ([True, None], Kind.BOOLEANS, [True, False]),
            ([1, None, -(2**63)], Kind.INTEGERS, [1, 0, -(2**63)]),
            ([2**63], Kind.JSON, ["9223372036854775808"]),
            ([1.5, None], Kind.NUMBERS, [1.5, 0.0]),
            ([1, 0.5], Kind.NUMBERS, [1.0, 0.5]),
            ([2**53 + 1, 0.5], Kind.JSON, ["9007199254740993", "0.5"]),
            ([True, 1], Kind.JSON, ["true", "1"]),
            (["a", None], Kind.TEXTS, ["a", ""]),
            (["ä", 1, None], Kind.JSON, ['"ä"', "1", "null"]),
            ([{"b": [1], "a": math.inf}], Kind.JSON, ['{"a":"Infinity","b":[1]}']),
            ([None], Kind.JSON, ["null"]),
            ([], Kind.JSON, []),
        ]
        for values, kind, cells in cases:
            with self.subTest(values=values):
                column = Column.of("c", values)
                self.assertEqual((column.kind, column.cells), (kind, cells))
                self.assertEqual(column.absent, [row for row, value in enumerate(values) if value is None])
                self.assertEqual([column.value(row) for row in range(len(values))], column.values())

    def test_values_come_back(self):
        for values in ([1, None, 3], [0.1, math.inf], ["", None, "x"], [[1], None, {"a": None}], [False, True]):
            with self.subTest(values=values):
                self.assertEqual(Column.of("c", values).values(), values)

    def test_a_kind_can_be_wished(self):
        self.assertEqual(Column.of("c", [1, None], Kind.NUMBERS).cells, [1.0, 0.0])
        self.assertEqual(Column.of("c", [1], Kind.JSON).cells, ["1"])

    def test_numbers_among_others(self):
        column = Column.of("c", [1, "x", True, None, 2.5, "NaN", "-Infinity", 10**400, -(10**400)])
        numbers = column.numbers()
        self.assertEqual(numbers[:5], [1, None, None, None, 2.5])
        self.assertTrue(math.isnan(numbers[5]))
        self.assertEqual(numbers[6:], [-math.inf, math.inf, -math.inf])
        self.assertEqual(Column.of("c", ["a", "b"]).numbers(), [None, None])
        digits = Column("c", Kind.JSON, ["1" * 5_000], [])
        self.assertEqual(digits.numbers(), [math.inf])

    def test_rows_can_be_taken(self):
        taken = Column.of("c", [1, None, 3, 4]).take([3, 1, 0])
        self.assertEqual((taken.values(), taken.absent), ([4, None, 1], [1]))


class Tables(unittest.TestCase):
    def test_from_rows_and_back(self):
        rows = [{"a": 1}, {"b": "x", "a": 2}, {}]
        table = Table.from_rows(rows)
        self.assertEqual([column.name for column in table.columns], ["a", "b"])
        self.assertEqual(table.rows, 3)
        self.assertEqual([table.row(row) for row in range(3)], rows)
        self.assertIsNone(table.column("c"))

    def test_a_table_without_columns_may_have_rows(self):
        self.assertEqual(Table([], 5).rows, 5)
        self.assertEqual(Table.from_rows([{}, {}]).rows, 2)
        self.assertEqual(Table([]).rows, 0)


class PointsOneByOne(unittest.TestCase):
    def test_batches_are_alike(self):
        kinds = {"a": Kind.NUMBERS, "b": Kind.TEXTS}
        points = Points(kinds, ({"a": number} for number in range(5)))
        batches = [points.next(2) for _ in range(4)]
        self.assertEqual([batch.rows for batch in batches], [2, 2, 1, 0])
        for batch in batches:
            self.assertEqual([(column.name, column.kind) for column in batch.columns], list(kinds.items()))

    def test_a_name_without_a_kind_is_refused(self):
        with self.assertRaisesRegex(ValueError, "`z`, which is none of a"):
            Points({"a": Kind.NUMBERS}, [{"z": 1}]).next(1)


if __name__ == "__main__":
    unittest.main()
