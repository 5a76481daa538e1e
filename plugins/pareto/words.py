"""Numbers and names in sentences."""

from __future__ import annotations

from typing import Sequence


def number(value: float) -> str:
    """A value to six digits, without the zeros behind them."""
    return f"{value:,}" if isinstance(value, int) and abs(value) < 10**9 else f"{value:.6g}"


def counted(count: int, one: str) -> str:
    """A count and what it counts."""
    return f"{count:,} {one if count == 1 else one + 's'}"


def listed(names: Sequence[str]) -> str:
    """Names in a list."""
    return ", ".join(f"`{name}`" for name in names)


def shortened(text: str, most: int) -> str:
    """Text of at most this many letters."""
    return text if len(text) <= most else text[: most - 1] + "…"
