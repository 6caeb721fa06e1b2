"""The baselines: predictors of the next term that a trained model is compared with.

A predictor takes a context, `sequence position dimension`, float64, and returns its prediction of the next term at
every position, same shape. It is causal: the prediction at n uses x_0 … x_n only. D_n is x_n − x_{n−1}.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from recurrence_circuits.tasks.base import Task

Predictor = Callable[[Tensor], Tensor]

# The baselines that infer no parameter of the law. A model that learns in context has to beat them.
SIMPLE = ("zero", "context_mean", "copy_last", "copy_previous", "linear_extrapolation")

# Added to the residual variance that `ridge` assumes, in units of x², so that it is not 0 without noise.
RIDGE_VARIANCE = 1e-6


def baselines(task: Task, noise: float) -> dict[str, Predictor]:
    """Every baseline that means something for the task, by name, in the order of tables and figures.

    All tasks have the simple ones and `bayes`. `least_squares` fits what the law has: a map from each term to the next,
    or the coefficients of a polynomial. `ridge` is for the first of these, `three_term` for scalars of it; for the
    second, `bayes` is the ridge regression with the prior's own variances.

    noise is the standard deviation of the observation noise in the context. `bayes` is NaN where the optimal
    prediction is not known; all others have a number at every position. Raises ValueError if noise is negative or not
    finite. The predictors raise ValueError if the context is not float64, not of the task's dimension, or not finite.
    """
    if not 0 <= noise < float("inf"):
        raise ValueError(f"noise: expected a finite number ≥ 0, found {noise}")
    predictors = {
        "zero": torch.zeros_like,
        "context_mean": context_mean,
        "copy_last": torch.clone,
        "copy_previous": copy_previous,
        "linear_extrapolation": linear_extrapolation,
    }
    if task.prior_variances is not None:
        if task.dimension == 1:
            predictors["three_term"] = three_term
        predictors["least_squares"] = least_squares
        predictors["ridge"] = lambda context: ridge(context, noise, *task.prior_variances)
    elif task.basis(1) is not None:
        predictors["least_squares"] = lambda context: least_squares_on(task.basis(context.shape[1] + 1), context)
    predictors["bayes"] = lambda context: task.bayes(context, noise)
    return {name: _checked(predict, task.dimension) for name, predict in predictors.items()}


def _checked(predict: Predictor, dimension: int) -> Predictor:
    """The predictor with a check of its context."""

    def checked(context: Tensor) -> Tensor:
        if context.ndim != 3 or context.shape[2] != dimension or context.dtype != torch.float64:
            raise ValueError(
                f"context: expected float64 of shape sequences × positions × {dimension}, "
                f"found {context.dtype} of shape {tuple(context.shape)}"
            )
        if not context.isfinite().all():
            raise ValueError("context: expected finite numbers, found NaN or infinity")
        return predict(context)

    return checked


def context_mean(context: Tensor) -> Tensor:
    """The mean of x_0 … x_n."""
    count = torch.arange(1, context.shape[1] + 1, dtype=context.dtype)
    return context.cumsum(dim=1) / count[:, None]


def copy_previous(context: Tensor) -> Tensor:
    """x_{n−1}; at n = 0, where there is none, x_0."""
    return torch.cat([context[:, :1], context[:, :-1]], dim=1)


def linear_extrapolation(context: Tensor) -> Tensor:
    """x_n + D_n = 2 x_n − x_{n−1}; at n = 0, where there is no difference, x_0."""
    return 2 * context - copy_previous(context)


def three_term(context: Tensor) -> Tensor:
    """x_n + a D_n with a = D_n / D_{n−1}, from the last three terms of scalars.

    This is the closed form x_n + D_n² / D_{n−1}, exact for `affine`. At n < 2, and where D_{n−1} = 0, a is taken as 0,
    its prior mean: copy x_n. With noise, D_{n−1} can be near 0 where D_n is not: the error then has no finite mean, and
    single sequences dominate its average.
    """
    difference = context.diff(dim=1)  # sequence position−1 dimension: D_1, D_2, …
    before, last = difference[:, :-1], difference[:, 1:]
    prediction = context.clone()
    prediction[:, 2:] += torch.where(before == 0, 0.0, last / before) * last
    return prediction


def least_squares(context: Tensor) -> Tensor:
    """W x_n + w, with the least-squares fit of x_{k+1} on (x_k, 1) over the pairs k < n.

    Where the pairs do not fix the fit, (W, w) has the least norm among the best: 0 at n = 0, where there is no pair.
    """
    prediction = torch.zeros_like(context)
    features = _with_one(context)
    for n in range(1, context.shape[1]):
        fit = torch.linalg.lstsq(features[:, :n], context[:, 1 : n + 1], driver="gelsd").solution
        prediction[:, n] = torch.einsum("si,sij->sj", features[:, n], fit)
    return prediction


def least_squares_on(basis: Tensor, context: Tensor) -> Tensor:
    """The least-squares fit of x_0 … x_n on a basis, `position+1 function`, continued to n + 1.

    Where the terms do not fix the coefficients, these have the least norm among the best.
    """
    prediction = torch.empty_like(context)
    for n in range(context.shape[1]):
        gains = basis[n + 1] @ torch.linalg.pinv(basis[: n + 1])  # position
        prediction[:, n] = torch.einsum("k,skd->sd", gains, context[:, : n + 1])
    return prediction


def ridge(context: Tensor, noise: float, A_variance: float, b_variance: float) -> Tensor:
    """W x_n + w, with the posterior mean of Bayesian linear regression of x_{k+1} on (x_k, 1); 0 at n = 0.

    The prior is Gaussian with the task's variances, A_variance per entry of W and b_variance per entry of w. Residuals
    are taken as independent, with the variance that noise gives a coordinate, noise² (1 + E‖row of W‖²), plus
    RIDGE_VARIANCE. The penalty is the residual variance over the prior variance.
    """
    dimension = context.shape[2]
    residual_variance = (1 + dimension * A_variance) * noise**2 + RIDGE_VARIANCE
    prior_variance = torch.tensor([A_variance] * dimension + [b_variance], dtype=context.dtype)
    features = _with_one(context)
    before, after = features[:, :-1], context[:, 1:]  # pair k: x_k with a one, and x_{k+1}
    gram = torch.einsum("ski,skj->skij", before, before).cumsum(dim=1)  # over the pairs 0 … k
    moment = torch.einsum("ski,skj->skij", before, after).cumsum(dim=1)
    fit = torch.linalg.solve(gram + torch.diag(residual_variance / prior_variance), moment)
    prediction = torch.zeros_like(context)
    prediction[:, 1:] = torch.einsum("ski,skij->skj", features[:, 1:], fit)
    return prediction


def _with_one(context: Tensor) -> Tensor:
    """The terms with a constant 1 appended, `sequence position dimension+1`."""
    return torch.cat([context, torch.ones_like(context[..., :1])], dim=-1)
