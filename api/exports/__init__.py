"""Copies of finished results elsewhere; :class:`.exporter.Exporter` makes them.

They stay where they are whatever becomes of the run: nothing here removes one.
"""
