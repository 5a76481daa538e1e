"""The module that the component is made from. What it exports is in the modules beside, one named as each interface."""
