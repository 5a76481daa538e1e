"""The interface ``scheduler`` of a component, filled with the ``Plugin`` of ``plugin.py``."""

from hsm_sdk.conversation import scheduler
from plugin import Plugin
from wit_world.exports import scheduler as exports

Scheduler = scheduler(Plugin, exports)
