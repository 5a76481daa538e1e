"""The interface ``aggregator`` of a component, filled with the ``Plugin`` of ``plugin.py``."""

from hsm_sdk.component import aggregation
from plugin import Plugin
from wit_world.exports import aggregator

Aggregation = aggregation(Plugin, aggregator)
