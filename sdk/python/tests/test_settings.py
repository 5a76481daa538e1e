"""Configurations, good and bad."""

import unittest

from hsm_sdk import Failure, Settings


class Reading(unittest.TestCase):
    def test_what_is_written_is_read(self):
        settings = Settings({"a": "x", "b": True, "c": 3, "d": 2, "e": {"k": 1}, "f": [1], "g": None})
        self.assertEqual(settings.text("a", choices=["x", "y"]), "x")
        self.assertIs(settings.boolean("b"), True)
        self.assertEqual(settings.integer("c", least=3, most=3), 3)
        self.assertEqual(repr(settings.number("d")), "2.0")
        self.assertEqual(settings.map("e"), {"k": 1})
        self.assertEqual(settings.list("f"), [1])
        self.assertEqual(settings.integer("g", default=7), 7)
        self.assertIsNone(settings.text("h", default=None))
        settings.end()

    def test_what_cannot_be_meant_is_refused(self):
        cases = [
            ({}, lambda s: s.text("a"), "`a` is missing", "`a=…`"),
            ({"a": 1}, lambda s: s.text("a"), "`a` is 1, and it has to be a text", ""),
            ({"a": "z"}, lambda s: s.text("a", choices=["x", "y"]), "`a` is `z`", "one of `x`, `y`"),
            ({"a": 1}, lambda s: s.boolean("a"), "true or false", ""),
            ({"a": True}, lambda s: s.integer("a"), "`a` is True, and it has to be a whole number", ""),
            ({"a": 1.5}, lambda s: s.integer("a"), "whole number", ""),
            ({"a": 0}, lambda s: s.integer("a", least=1, most=9), "`a` is 0, and it has to be at least 1 and at most 9", ""),
            ({"a": float("nan")}, lambda s: s.number("a", least=0), "at least 0", ""),
            ({"a": "1"}, lambda s: s.number("a"), "has to be a number", ""),
            ({"a": []}, lambda s: s.map("a"), "has to be a map", ""),
            ({"a": {}}, lambda s: s.list("a"), "has to be a list", ""),
            ({"a": "x" * 100}, lambda s: s.number("a"), "…", ""),
            ({"metrc": 1}, lambda s: (s.text("metric", default=""), s.end()), "no setting `metrc`", "did you mean `metric`?"),
            ({"z": 1}, lambda s: (s.text("metric", default=""), s.end()), "no setting `z`", "there are `metric`"),
            ({"z": 1}, lambda s: s.end(), "no setting `z`", "has no settings"),
        ]
        for config, read, message, hint in cases:
            with self.subTest(config=config):
                with self.assertRaises(Failure) as raised:
                    read(Settings(config))
                self.assertIn(message, raised.exception.message)
                self.assertIn(hint, raised.exception.hint or "")
                self.assertEqual((raised.exception.blame.value, raised.exception.code), ("config", "bad-config"))

    def test_a_list_is_no_configuration(self):
        with self.assertRaisesRegex(Failure, "not a map"):
            Settings([])


if __name__ == "__main__":
    unittest.main()
