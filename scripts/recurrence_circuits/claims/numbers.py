"""Numbers as text."""

import pandas as pd


def number(value: float) -> str:
    """Three significant digits, with a true minus sign."""
    return f"{value:.3g}".replace("-", "−")


def spread(values: pd.Series) -> str:
    """The least and the greatest value, or the one value if all are written alike."""
    low, high = number(values.min()), number(values.max())
    return low if low == high else f"{low} to {high}"


def with_interval(row) -> str:
    """The `value` of a row of a table with its interval, `low` to `high`, where it has one."""
    return number(row.value) if pd.isna(row.low) else f"{number(row.value)} [{number(row.low)}, {number(row.high)}]"
