"""The figures: each module reads tables, never arrays or weights, and draws one figure.

Its docstring is the figure's caption. Its function `draw(<table>=…) -> (figure, drawn)` returns the figure and exactly
the numbers in it.
"""
