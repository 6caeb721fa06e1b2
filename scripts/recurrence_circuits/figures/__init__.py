"""The figures: each module reads tables, never arrays or weights, and draws one figure.

Every module has one function, `draw(tables) -> (figure, drawn)`: the figure and exactly the numbers in it.
"""
