"""The format of Hugging Face transformers: GPT2Model on `inputs_embeds`, with input map and readout beside it.

GPT2Model always has LayerNorm, MLPs and a position embedding. MLPs and position embeddings that write zeros are the
same as none; without LayerNorm it cannot be.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import GPT2Config, GPT2Model

from recurrence_circuits.model.transformer import Transformer

NAME = "transformers"
MAPS = "maps.safetensors"  # W_E, W_readout, b_readout


def refusal(model: Transformer) -> str | None:
    """Why GPT2Model cannot be this model; None if it can."""
    norm = model.settings.norm
    return None if norm == "layer_norm" else f"norm: expected layer_norm, GPT2Model's only one, found {norm}"


def write(model: Transformer, folder: Path) -> None:
    """Write config.json, model.safetensors and MAPS into `folder`."""
    gpt2 = GPT2Model(_config(model)).eval()
    with torch.no_grad():
        for weight in gpt2.parameters():
            weight.zero_()  # stays so where our model has no such part, and in the table of tokens, which nothing reads
        if model.W_pos is not None:
            gpt2.wpe.weight.copy_(model.W_pos)
        for block, ours in zip(gpt2.h, model.blocks, strict=True):
            _copy_norm(block.ln_1, ours.attention_norm)
            _copy_attention(block.attn, ours.attention)
            if ours.mlp is not None:
                _copy_norm(block.ln_2, ours.mlp_norm)
                _copy_map(block.mlp.c_fc, ours.mlp.W_in, ours.mlp.b_in)
                _copy_map(block.mlp.c_proj, ours.mlp.W_out, ours.mlp.b_out)
        _copy_norm(gpt2.ln_f, model.final_norm)
    gpt2.save_pretrained(folder)
    maps = {"W_E": model.W_E, "W_readout": model.W_readout, "b_readout": model.b_readout}
    save_file({name: weight.detach().contiguous() for name, weight in maps.items()}, folder / MAPS)


@torch.no_grad()
def run(folder: Path, context: Tensor) -> tuple[Tensor, list[Tensor]]:
    """What is read from `folder` predicts on context, and each layer's attention, `batch head query key`.

    It computes in the context's precision.
    """
    # The other implementations of attention do not return it.
    gpt2 = GPT2Model.from_pretrained(folder, attn_implementation="eager", dtype=context.dtype)
    maps = {name: weight.to(context.dtype) for name, weight in load_file(folder / MAPS).items()}
    out = gpt2(inputs_embeds=context @ maps["W_E"], output_attentions=True)
    return out.last_hidden_state @ maps["W_readout"] + maps["b_readout"], list(out.attentions)


def _config(model: Transformer) -> GPT2Config:
    settings = model.settings
    return GPT2Config(
        n_layer=settings.n_layers, n_head=settings.n_heads, n_embd=settings.d_model,
        n_inner=1 if settings.attention_only else settings.d_mlp,  # 0 stands for 4 n_embd
        activation_function=settings.activation,  # "gelu" is the exact one; the default, gelu_new, is not ours
        layer_norm_epsilon=model.final_norm.eps, n_positions=model.context_length, vocab_size=1, use_cache=False,
        bos_token_id=None, eos_token_id=None, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
    )  # fmt: skip


def _copy_norm(theirs: nn.Module, ours: nn.Module) -> None:
    theirs.weight.copy_(ours.weight)
    theirs.bias.copy_(ours.bias)


def _copy_attention(theirs: nn.Module, ours: nn.Module) -> None:
    """Heads lie side by side: `d_model (query key value) (head d_head)` read, `(head d_head) d_model` written."""
    read = [W.transpose(0, 1).flatten(1) for W in (ours.W_Q, ours.W_K, ours.W_V)]
    biases = [b.flatten() for b in (ours.b_Q, ours.b_K, ours.b_V)]
    _copy_map(theirs.c_attn, torch.cat(read, dim=1), torch.cat(biases))
    _copy_map(theirs.c_proj, ours.W_O.flatten(0, 1), ours.b_O)


def _copy_map(theirs: nn.Module, W: Tensor, b: Tensor) -> None:
    theirs.weight.copy_(W)  # transformers' Conv1D multiplies rows, as we do
    theirs.bias.copy_(b)
