"""Logs, progress and stop signals. They cannot change a number: standard library only, and not part of any digest."""
