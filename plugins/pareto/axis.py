"""An axis of the picture: where a value goes, and which values are written beside it.

All text comes from whole numbers, so that the same values give the same text everywhere.
"""

from __future__ import annotations

import math
from typing import Sequence

TICKS = 8
"""The most intervals an axis has; there may be a third as many, since steps are round numbers."""

LOGARITHMIC_RATIO = 1_000.0
"""Positive values that are this far apart are drawn by their logarithms: otherwise most of them would lie on one line."""

MARGIN = 0.05
"""How much of an axis is left free at both ends."""

SAME = 1e-12
"""Values closer together than this, relative to themselves, are drawn as one."""

TINY = 1e-290
LARGEST = 1.7e308


class Axis:
    """Maps values from ``low`` to ``high`` to places from ``start`` to ``end``, in pixels."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        self.is_logarithmic = low > 0 and high / low >= LOGARITHMIC_RATIO
        if self.is_logarithmic:
            low, high = math.log10(low), math.log10(high)
        self.low, self.high = widened(float(low), float(high))
        self.start, self.end = start, end
        # Halves, because the whole range may not be a double.
        self._scale = (end - start) / (self.high / 2 - self.low / 2)

    def place(self, value: float) -> float:
        """Where a value goes."""
        return self._at(math.log10(value) if self.is_logarithmic else value)

    def cells(self, values: Sequence[float], size: int) -> list[int]:
        """Which square of ``size`` pixels each value falls into, counted from the axis's lesser end."""
        if self.is_logarithmic:
            values = [math.log10(value) for value in values]
        low, scale = self.low / 2, abs(self._scale) / size
        return [int((value / 2 - low) * scale) for value in values]

    def ticks(self) -> list[tuple[float, str]]:
        """Where to draw a line, and what to write beside it."""
        if self.is_logarithmic:
            return self._powers()
        steps, exponent = nice_step(self.high / TICKS - self.low / TICKS)
        step = steps * 10.0**exponent
        multiples = range(math.ceil(self.low / step), math.floor(self.high / step) + 1)
        digits = [multiple * steps for multiple in multiples]
        return [(self.place(multiple * step), text) for multiple, text in zip(multiples, spelled(digits, exponent))]

    def _at(self, value: float) -> float:
        return self.start + (value / 2 - self.low / 2) * self._scale

    def _powers(self) -> list[tuple[float, str]]:
        first, last = math.ceil(self.low), math.floor(self.high)
        apart = max(1, math.ceil((last - first) / TICKS))
        return [(self._at(power), power_of_ten(power)) for power in range(first, last + 1, apart)]


def widened(low: float, high: float) -> tuple[float, float]:
    """The ends of an axis that has room for values from ``low`` to ``high``, and is never empty."""
    size = max(abs(low), abs(high))
    if high / 2 - low / 2 <= max(size * SAME, TINY):
        middle = low / 2 + high / 2
        room = abs(middle) * 0.1 if abs(middle) > TINY else 1.0
    else:
        room = (high / 2 - low / 2) * 2 * MARGIN if size < LARGEST / 4 else 0.0
    return max(low - room, -LARGEST), min(high + room, LARGEST)


def nice_step(rough: float) -> tuple[int, int]:
    """The step nearest above ``rough`` that is 1, 2 or 5 times a power of ten: the factor and the exponent."""
    exponent = math.floor(math.log10(rough))
    for factor in (1, 2, 5):
        if factor * 10.0**exponent >= rough * (1 - SAME):
            return factor, exponent
    return 1, exponent + 1


def spelled(numbers: Sequence[int], exponent: int) -> list[str]:
    """Each of ``numbers`` times ten to the ``exponent``, all in the same manner."""
    largest = max((abs(number) for number in numbers), default=0)
    magnitude = len(str(largest)) - 1 + exponent
    plain = -4 <= magnitude <= 5
    return [decimal(number, exponent) if plain or number == 0 else scientific(number, exponent) for number in numbers]


def decimal(number: int, exponent: int) -> str:
    """A number in plain digits, with commas between thousands."""
    if number == 0:
        return "0"
    if exponent >= 0:
        return f"{number * 10**exponent:,}"
    whole, fraction = divmod(abs(number), 10**-exponent)
    return f"{'-' if number < 0 else ''}{whole:,}.{fraction:0{-exponent}d}"


def scientific(number: int, exponent: int) -> str:
    """A number such as `2.5e-7`."""
    digits = str(abs(number))
    exponent += len(digits) - 1
    fraction = digits[1:].rstrip("0")
    return f"{'-' if number < 0 else ''}{digits[0]}{'.' if fraction else ''}{fraction}e{exponent}"


def power_of_ten(power: int) -> str:
    """Ten to a power, as people read it."""
    return decimal(1, power) if -4 <= power <= 5 else f"1e{power}"
