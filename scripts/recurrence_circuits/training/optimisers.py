"""The optimisers that `training.optimiser` names, from kept libraries."""

from torch.optim import AdamW, Optimizer

from recurrence_circuits.config.training import TrainingSettings
from recurrence_circuits.training.flat import FlatWeights


def make_optimiser(settings: TrainingSettings, weights: FlatWeights) -> Optimizer:
    """The optimiser of the settings, for these weights.

    adamw  AdamW (Loshchilov & Hutter, arXiv:1711.05101) for all
    soap   AdamW in the eigenbasis of Shampoo's preconditioner for matrices, plain AdamW for the rest (Vyas et al.,
           arXiv:2409.11321)
    muon   momentum, orthogonalised by Newton-Schulz steps, for the blocks' matrices (Jordan et al., 2024; scaled to
           the size of AdamW's updates as in Liu et al., arXiv:2502.16982), AdamW for the rest
    """
    return {"adamw": _adamw, "soap": _soap, "muon": _muon}[settings.optimiser](settings, weights)


# pytorch_optimizer is imported where it is used: it takes a second, which the default need not wait for.


def _adamw(settings: TrainingSettings, weights: FlatWeights) -> Optimizer:
    return AdamW([weights.vector], **_shared(settings), betas=(settings.beta1, settings.beta2), fused=True)


def _soap(settings: TrainingSettings, weights: FlatWeights) -> Optimizer:
    from pytorch_optimizer import SOAP

    return SOAP(
        [*weights.matrices, *weights.ends, weights.biases],
        **_shared(settings),
        betas=(settings.beta1, settings.beta2),
        precondition_frequency=settings.precondition_every,
    )


def _muon(settings: TrainingSettings, weights: FlatWeights) -> Optimizer:
    from pytorch_optimizer import Muon

    groups = [
        {"params": weights.matrices, "use_muon": True, "momentum": settings.momentum},
        {"params": [*weights.ends, weights.biases], "use_muon": False, "betas": (settings.beta1, settings.beta2)},
    ]
    return Muon([group | _shared(settings) for group in groups], use_adjusted_lr=True)


def _shared(settings: TrainingSettings) -> dict:
    return {"lr": settings.learning_rate, "weight_decay": settings.weight_decay}
