"""The interface ``generator`` of a component, filled with the ``Plugin`` of ``plugin.py``."""

from hsm_sdk.component import search
from plugin import Plugin

Search = search(Plugin)
