"""The config: every key once, with its type, range, default, unit and meaning; one file per section."""
