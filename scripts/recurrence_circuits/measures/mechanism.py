"""How much of a model its account explains, and what each of the account's parts is needed for.

What is to be explained is the refinement, prediction − x_n, at the early determined positions, which alone ask for the
law to be worked out in context. Accounts are fitted on each half of the sequences and scored on the other. A share says
little by itself, as the best fixed weights on the terms, `linear`, explain most of it: what counts is how much less the
account leaves than they do, what is left without one of its parts, and whether it moves as the model does when it is
given another history of the same last two terms.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.measures.account import Lesion, affine_map, fit_account, lesioned
from recurrence_circuits.measures.bootstrap import Bootstrap, identity
from recurrence_circuits.measures.by_position import rows_by_position
from recurrence_circuits.measures.counterfactuals import measure_counterfactuals
from recurrence_circuits.measures.fresh_errors import N_EARLY
from recurrence_circuits.measures.pairs import Pairs
from recurrence_circuits.measures.shares import explained_share, weighted_squares
from recurrence_circuits.model.passes import predict
from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.tasks.errors import mean_square_seen, relative_error

N_PAIRS = 256  # at each position: the measures on them compare two models, on the same pairs
LINEAR, ACCOUNT = Lesion("linear", None, None), Lesion("account", None, None)  # `reduced`, where no part is taken away


@torch.no_grad()
def measure_mechanism(
    model: Transformer, sequences: Tensor, first_determined: int, bootstrap: Bootstrap, pairs: Sequence[Pairs]
) -> pd.DataFrame:
    """The shares that the account of a model explains, whole and with one part taken away at a time.

    sequences is `sequence position dimension`, one term longer than the context. Returns the columns of the `mechanism`
    table from `reduced` on: `linear`, `account`, or a lesion of it with its component and layer. measure is one of

    refinement      1 − mean (reduced − prediction)² / variance of (prediction − x_n), in units of each sequence's scale
    relative_error  of the reduced prediction against the next term
    change          of the account, by position: how much of the change of the model's prediction between the two
                    sequences of counterfactual pairs it explains; without an interval
    swaps           of the account, by position: how much it explains of the shares of that change that move with the
                    activations of single places (table `counterfactuals`); without an interval

    by position up to the last early one, the first two at mean over the early positions with an empty position.
    """
    early = first_determined + N_EARLY
    shown = sequences[:, : early + 1]
    context, scale = shown[:, :-1].double().numpy(), mean_square_seen(shown)
    whole = predict(model, sequences[:, :-1])[:, :early].double().numpy()
    shares, errors = [], []
    for part, prediction in reduced_predictions(model, sequences).items():
        prediction = prediction[:, :early]
        labels = {"reduced": part.lesion, "component": part.component, "layer": part.layer}
        rest = weighted_squares(prediction.double().numpy() - whole, whole - context, scale)
        shares.append((labels | {"measure": "refinement"}, rest))
        errors.append((labels | {"measure": "relative_error"}, relative_error(prediction, shown)))
    rows = [
        rows_by_position(values, first_determined, bootstrap, statistic)
        for values, statistic in ((shares, explained_share), (errors, identity))
    ]
    rows.append(_on_pairs(model, fit_account(model, sequences), pairs))
    return pd.concat(rows).dropna(subset=["value"])


def reduced_predictions(model: Transformer, sequences: Tensor) -> dict[Lesion, Tensor]:
    """By reduced model, its predictions of all sequences, `sequence position dimension`, each fitted on other ones.

    `linear` is the best affine map of the terms seen to the model's prediction, position by position.
    """
    halves, parts = torch.arange(len(sequences)).tensor_split(2), []
    for fit_on, use_on in (halves, halves[::-1]):
        fitted, context = sequences[fit_on], sequences[use_on, :-1]
        account = fit_account(model, fitted)
        found = {LINEAR: _linear(model, fitted, context), ACCOUNT: predict(account, context)}
        parts.append(found | dict(lesioned(account, fitted[:, :-1], context)))
    second, first = parts  # of the half that each was used on
    return {part: torch.cat([first[part], second[part]]) for part in first}


def _linear(model: Transformer, fitted: Tensor, context: Tensor) -> Tensor:
    """What the best affine map of the terms seen makes of the model's predictions on fitted, used on context."""
    prediction = predict(model, fitted[:, :-1])
    weights = torch.as_tensor(mean_square_seen(fitted)) ** -0.5
    columns = []
    for n in range(context.shape[1]):
        seen, used = (terms[:, : n + 1].flatten(1)[:, None] for terms in (fitted, context))
        map_ = affine_map(seen, prediction[:, n : n + 1], weights[:, n : n + 1])[0]
        columns.append(used @ map_[:-1] + map_[-1])
    return torch.cat(columns, dim=1)


def _on_pairs(model: Transformer, account: Transformer, pairs: Sequence[Pairs]) -> pd.DataFrame:
    """`change` and `swaps` for each position with pairs."""
    rows = []
    for each in pairs:
        of_model, of_account = (
            (predict(m, each.second) - predict(m, each.first))[:, -1].double().numpy() for m in (model, account)
        )
        rows.append((each.position, "change", _explained(of_account, of_model, each.weights[:, None])))
        own, reduced = (_swap_shares(m, each) for m in (model, account))
        rows.append((each.position, "swaps", _explained(reduced, own, np.ones_like(own))))
    found = pd.DataFrame(rows, columns=["position", "measure", "value"])
    return found.assign(reduced=ACCOUNT.lesion, position=found["position"].astype("Int64"))


def _swap_shares(model: Transformer, pairs: Pairs) -> np.ndarray:
    """The share of the prediction's change that moves with each place, but for those that move all of it, `place`."""
    frame = measure_counterfactuals(model, [(pairs, Bootstrap.without_resamples(len(pairs.first)))])
    shares = frame.loc[frame["measure"] == "share"]
    whole = (shares["component"] == "residual") & (shares["layer"] == model.settings.n_layers)
    return shares.loc[~whole, "value"].to_numpy()


def _explained(reduced: np.ndarray, of: np.ndarray, weights: np.ndarray) -> float:
    """1 − Σ (reduced − of)² / Σ of², with weights."""
    return float(1 - (weights * (reduced - of) ** 2).sum() / (weights * of**2).sum())
