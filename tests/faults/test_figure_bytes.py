"""Every figure drawn twice from the same tables is the same file."""

import pytest

from drawing import drawn_by_script
from lib.registry import FIGURES
from recurrence_circuits.figures import style


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_drawn_again_has_the_same_bytes(name, tmp_path, monkeypatch):
    monkeypatch.setattr(style, "DPI", 50)  # quicker, and no less telling
    assert drawn_by_script(name, tmp_path / "a") == drawn_by_script(name, tmp_path / "b")
