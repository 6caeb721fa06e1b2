"""How predictors are named and marked, in every figure and in the report."""

import re
from dataclasses import dataclass

from recurrence_circuits.figures import colours

TERM = re.compile(r"\bx_(?:n\b|\{([^}]*)\})")  # x_n, or x_{n+1} with group 1 `n+1`, in any text of the project


@dataclass(frozen=True)
class Look:
    """A predictor's label (with terms as x_n or x_{n+1}) and its colour, marker and line style in matplotlib's words.

    Colours repeat, for there are more predictors than colours; no two predictors share colour and marker.
    """

    label: str
    colour: str
    marker: str
    line: str = "-"


PREDICTORS = {  # in the order of legends
    "zero": Look("zero", colours.GREY, "o"),
    "context_mean": Look("context mean", colours.GREEN, "s"),
    "copy_last": Look("copy x_n", colours.VERMILION, "v"),
    "copy_previous": Look("copy x_{n-1}", colours.ORANGE, "^"),
    "linear_extrapolation": Look("linear extrapolation", colours.SKY, "D"),
    # Hand-made transformers, and the best that any fixed linear map of the terms can do.
    "fixed": Look("copy x_n minus fixed shares", colours.PURPLE, "h"),
    "best_linear": Look("best linear by position", colours.ORANGE, "p", ":"),
    "positional": Look("copy x_n minus attention by position", colours.GREEN, "d"),
    "content_1": Look("copy x_n minus attention by likeness, once", colours.SKY, "<"),
    "content_2": Look("copy x_n minus attention by likeness, twice", colours.BLACK, ">"),
    "content_3": Look("copy x_n minus attention by likeness, 3 times", colours.GREY, "D"),
    # What solves the recurrence. Without noise these agree wherever the next term is determined.
    "bayes": Look("Bayes-optimal", colours.BLACK, "o", "--"),
    "ridge": Look("ridge regression", colours.PURPLE, "*", "--"),
    "least_squares": Look("least squares", colours.SKY, "P", "--"),
    "three_term": Look("three-term closed form", colours.GREEN, "X", "-."),
    "untrained": Look("untrained model", colours.UNTRAINED, "", ":"),
    "model": Look("trained model", colours.TRAINED, ""),
}


def look(predictor: str) -> Look:
    """The look of a predictor; one without an entry is named by its words."""
    return PREDICTORS.get(predictor, Look(words(predictor), colours.BLACK, "."))


def in_order(predictors) -> list[str]:
    """The predictors without repeats: those with an entry in the order of PREDICTORS, then the others by name."""
    found = set(predictors)
    return [name for name in PREDICTORS if name in found] + sorted(found - set(PREDICTORS))


def mathtext(text: str) -> str:
    """Text whose terms, such as x_n, are typeset by matplotlib."""
    return TERM.sub(r"$\g<0>$", text)


def words(name: str) -> str:
    """A name of the tables as words: `copy_last` becomes `copy last`."""
    return name.replace("_", " ")


def counted(n: int, thing: str) -> str:
    """1 seed, 2 seeds."""
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"
