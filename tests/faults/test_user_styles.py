"""No file and no variable by which users set their own plots changes a figure, or keeps it from being drawn."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest

from projects import ROOT
from synthetic_tables import Synthetic
from tables import write_table

pytestmark = pytest.mark.slow

# As the rule's script does: nothing is imported before the script itself.
DRAW = """
import sys
from types import SimpleNamespace
sys.path.insert(0, sys.argv[1])
import draw_figure
columns = {"learning_curves": dict.fromkeys(["loss", "mse", "excess", "learning_rate"], "float64")
           | {"experiment": "str", "seed": "Int64", "step": "Int64"}}
class Files(dict):
    __getattr__ = dict.__getitem__
draw_figure.main(SimpleNamespace(
    log=["drawn.log"], input=Files(learning_curves="table.csv"),
    output=SimpleNamespace(pdf="drawn.pdf", png="drawn.png", csv="drawn.csv"),
    params=SimpleNamespace(figure="learning_curves", columns=columns),
))
"""
VARIABLES = ("MPLBACKEND", "MATPLOTLIBRC", "MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")
SETTINGS = "text.usetex: True\nsavefig.bbox: tight\naxes.titleweight: bold\nbackend: module://no_such_backend\n"


def drawn(folder: Path, **variables: str) -> list[bytes]:
    """The files of a figure drawn in a folder, which is the user's home too, under these variables."""
    write_table("learning_curves", Synthetic(1, 1, 2)["learning_curves"], str(folder / "table.csv"))
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES and not name.startswith("COV_")}
    done = subprocess.run(
        [sys.executable, "-c", DRAW, str(ROOT / "scripts")],
        cwd=folder, env=kept | {"HOME": str(folder)} | variables, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [(folder / f"drawn.{kind}").read_bytes() for kind in ("pdf", "png", "csv")]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> list[bytes]:
    return drawn(tmp_path_factory.mktemp("undisturbed"))


def test_the_backend_that_jupyter_names_in_its_terminals(undisturbed, tmp_path):
    assert drawn(tmp_path, MPLBACKEND="module://matplotlib_inline.backend_inline") == undisturbed


@pytest.mark.parametrize("place", [".", ".config/matplotlib", "named"])
def test_a_matplotlibrc_in_the_folder_in_the_home_or_where_a_variable_says(undisturbed, tmp_path, place):
    path = tmp_path / place / "matplotlibrc"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SETTINGS)
    assert drawn(tmp_path, **({"MATPLOTLIBRC": str(path)} if place == "named" else {})) == undisturbed


@pytest.mark.parametrize("name", ["matplotlibrc", ".config/matplotlib/stylelib/mine.mplstyle"])
def test_settings_and_styles_that_cannot_be_read(undisturbed, tmp_path, name):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_bytes(b"\xff\xfe")
    assert drawn(tmp_path) == undisturbed


def test_a_home_and_a_folder_of_matplotlibs_that_cannot_be_written(undisturbed, tmp_path):
    nowhere = tmp_path / "file"
    nowhere.touch()  # a folder below a file can be made by nobody, not even by root
    for name in ("HOME", "MPLCONFIGDIR", "XDG_CACHE_HOME"):
        assert drawn(tmp_path, **{name: str(nowhere / "below")}) == undisturbed


def test_a_font_of_the_same_name_that_the_list_of_fonts_has_first(undisturbed, tmp_path):
    drawn(tmp_path)
    (cache,) = (tmp_path / ".cache/matplotlib").glob("fontlist-*.json")
    fonts = json.loads(cache.read_text())
    sans = next(entry for entry in fonts["ttflist"] if entry["fname"].endswith("/DejaVuSans.ttf"))
    mine = shutil.copy(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSerif.ttf", tmp_path)
    fonts["ttflist"].insert(0, sans | {"fname": str(mine)})
    cache.write_text(json.dumps(fonts))
    assert drawn(tmp_path) == undisturbed
