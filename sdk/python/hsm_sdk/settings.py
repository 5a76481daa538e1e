"""Reading a plugin's configuration: each key once, with its type and its range, and no key left over."""

from __future__ import annotations

import difflib
from typing import Any, Mapping, Optional, Sequence

from .roles import Failure
from .table import is_number

REQUIRED: Any = object()
"""The default of a key that has none."""


class Settings:
    """What the user wrote. Ask for each key, then call ``end``, which refuses the keys that nobody asked for."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        if not isinstance(config, Mapping):
            raise Failure.config("the configuration is not a map of keys and values")
        self._config = config
        self._asked: list[str] = []

    def text(self, key: str, default: Any = REQUIRED, choices: Optional[Sequence[str]] = None) -> Any:
        """A text; with ``choices``, one of them."""
        value = self._take(key, default)
        if value is default:
            return value
        if not isinstance(value, str):
            raise Failure.config(f"`{key}` is {shown(value)}, and it has to be a text")
        if choices is not None and value not in choices:
            raise Failure.config(f"`{key}` is {shown(value)}", f"it is one of {listed(choices)}")
        return value

    def boolean(self, key: str, default: Any = REQUIRED) -> Any:
        """True or false."""
        value = self._take(key, default)
        if value is not default and not isinstance(value, bool):
            raise Failure.config(f"`{key}` is {shown(value)}, and it has to be true or false")
        return value

    def integer(self, key: str, default: Any = REQUIRED, least: Optional[int] = None, most: Optional[int] = None) -> Any:
        """A whole number from ``least`` to ``most``."""
        value = self._take(key, default)
        if value is default:
            return value
        if not isinstance(value, int) or isinstance(value, bool):
            raise Failure.config(f"`{key}` is {shown(value)}, and it has to be a whole number")
        return within(key, value, least, most)

    def number(self, key: str, default: Any = REQUIRED, least: Optional[float] = None, most: Optional[float] = None) -> Any:
        """A number from ``least`` to ``most``, as a double."""
        value = self._take(key, default)
        if value is default:
            return value
        if not is_number(value):
            raise Failure.config(f"`{key}` is {shown(value)}, and it has to be a number")
        return within(key, float(value), least, most)

    def map(self, key: str, default: Any = REQUIRED) -> Any:
        """A map of names and values, in the order in which they were written."""
        value = self._take(key, default)
        if value is not default and not isinstance(value, Mapping):
            raise Failure.config(f"`{key}` is {shown(value)}, and it has to be a map of names and values")
        return value

    def list(self, key: str, default: Any = REQUIRED) -> Any:
        """A list of any values."""
        value = self._take(key, default)
        if value is not default and not isinstance(value, list):
            raise Failure.config(f"`{key}` is {shown(value)}, and it has to be a list")
        return value

    def end(self) -> None:
        """Refuses the keys that nobody asked for."""
        for key in self._config:
            if key not in self._asked:
                near = difflib.get_close_matches(str(key), self._asked, 1)
                hint = f"did you mean `{near[0]}`?" if near else self._known()
                raise Failure.config(f"there is no setting `{key}`", hint)

    def _take(self, key: str, default: Any) -> Any:
        self._asked.append(key)
        value = self._config.get(key)
        if value is not None:
            return value
        if default is REQUIRED:
            raise Failure.config(f"`{key}` is missing", f"give it a value: `{key}=…`")
        return default

    def _known(self) -> str:
        return f"there are {listed(self._asked)}" if self._asked else "this plugin has no settings"


def within(key: str, value: Any, least: Any, most: Any) -> Any:
    """The value, if it is in the range."""
    if (least is not None and not value >= least) or (most is not None and not value <= most):
        low = f"at least {least}" if least is not None else ""
        high = f"at most {most}" if most is not None else ""
        raise Failure.config(f"`{key}` is {value}, and it has to be {' and '.join(filter(None, (low, high)))}")
    return value


def shown(value: Any) -> str:
    """A value in a message, shortened."""
    text = f"`{value}`" if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def listed(names: Sequence[str]) -> str:
    """Names in a message."""
    return ", ".join(f"`{name}`" for name in names)
