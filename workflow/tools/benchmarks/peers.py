"""The same model and step with the libraries that others use for it: runs in the peers' environment only.

Depth, heads, widths, LayerNorm and GELU are those of the run. A linear map takes the place of the token embedding, as
in Garg et al.'s code, and a linear readout that of the unembedding. The step is the one that a user writes: a fused
Adam at a constant rate, the gradient's norm clipped.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from transformer_lens import HookedTransformer, HookedTransformerConfig
from transformers import GPT2Config, GPT2Model

from recurrence_circuits.config.experiment import RunSettings


class Hooked(nn.Module):
    """HookedTransformer on real numbers: its own embedding and positions are left out by start_at_layer."""

    def __init__(self, run: RunSettings):
        super().__init__()
        settings = run.model
        self.W_E = nn.Linear(run.data.dimension, settings.d_model, bias=False)
        self.W_pos = nn.Parameter(torch.randn(run.data.context_length, settings.d_model) * 0.02)
        config = HookedTransformerConfig(
            n_layers=settings.n_layers, n_heads=settings.n_heads, d_model=settings.d_model,
            d_head=settings.d_model // settings.n_heads, d_mlp=settings.d_mlp, n_ctx=run.data.context_length,
            act_fn="gelu", normalization_type="LN", d_vocab=1, d_vocab_out=run.data.dimension, device="cpu",
            seed=run.seed,
        )  # fmt: skip
        self.transformer = HookedTransformer(config)

    def forward(self, x: Tensor) -> Tensor:
        return self.transformer(self.W_E(x) + self.W_pos, start_at_layer=0)


class GPT2(nn.Module):
    """Garg et al.'s model: GPT2Model on inputs_embeds, without dropout; its GELU is the library's, by tanh."""

    def __init__(self, run: RunSettings):
        super().__init__()
        settings = run.model
        config = GPT2Config(
            n_layer=settings.n_layers, n_head=settings.n_heads, n_embd=settings.d_model, n_inner=settings.d_mlp,
            n_positions=run.data.context_length, vocab_size=1, use_cache=False,
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
        )  # fmt: skip
        self.read_in = nn.Linear(run.data.dimension, settings.d_model)
        self.backbone = GPT2Model(config)
        self.readout = nn.Linear(settings.d_model, run.data.dimension)

    def forward(self, x: Tensor) -> Tensor:
        return self.readout(self.backbone(inputs_embeds=self.read_in(x)).last_hidden_state)


PEERS = {"HookedTransformer": Hooked, "GPT2Model": GPT2}


def new_peer(name: str, run: RunSettings) -> nn.Module:
    """A peer of the run's model, its weights drawn as the library does, from the run's seed."""
    torch.manual_seed(run.seed)
    return PEERS[name](run)


def stepping(model: nn.Module, run: RunSettings, learning_rate: float) -> Callable[[Tensor], float]:
    """A function that takes a step of Adam on a batch, `batch position dimension`, and returns its loss."""
    optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate, fused=True)

    def step(batch: Tensor) -> float:
        loss = (model(batch[:, :-1]) - batch[:, 1:]).square().mean()
        optimiser.zero_grad()
        loss.backward()
        clip_grad_norm_(model.parameters(), run.training.clip_norm)
        optimiser.step()
        return loss.item()

    return step


def ready(name: str, run: RunSettings, batch: Tensor) -> Callable[[], object]:
    """A function that takes the next step of a peer's training."""
    step = stepping(new_peer(name, run), run, learning_rate=1e-3)
    return lambda: step(batch)
