"""What changes the fingerprint of a rule's code, and what does not."""

import os
import shutil
from pathlib import Path

import pytest

from lib.provenance import BY_NAME, OUTSIDE, caption_of, code_digest, params_read, reached_files, text_digest

FILES = {
    "train.py": '"""Train."""\nimport json\n\nfrom lib.model import run\n\n\ndef main(smk):\n    run(json)\n',
    "lib/__init__.py": '"""The library."""\n',
    "lib/model.py": '"""The model."""\nfrom lib import maths\n\ndef run(x):\n    """Run."""\n    return maths.add(x)\n',
    "lib/maths/__init__.py": "from lib.maths.sums import add\n",
    "lib/maths/sums.py": "def add(x):\n    return x + 1  # one more\n",
    "lib/unused.py": "VALUE = 1\n",
}
REACHED = ["lib/__init__.py", "lib/maths/__init__.py", "lib/maths/sums.py", "lib/model.py", "train.py"]


@pytest.fixture
def root(tmp_path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def digest(root: Path) -> str:
    return code_digest("train.py", root=root)


def edit(root: Path, name: str, old: str, new: str) -> None:
    text = (root / name).read_text()
    assert text.count(old) == 1
    (root / name).write_text(text.replace(old, new))


def test_digest_is_short_text(root):
    assert len(digest(root)) == 16
    int(digest(root), 16)


def test_files_that_are_reached(root):
    assert sorted(reached_files("train.py", root=root)) == REACHED


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("train.py", "run(json)", "run(json, 2)"),
        ("lib/model.py", "maths.add(x)", "maths.add(x) * 2"),
        ("lib/maths/sums.py", "x + 1", "x + 2"),
        ("lib/__init__.py", '"""The library."""', '"""The library."""\nVERSION = 1'),
        ("lib/maths/__init__.py", "import add", "import add as add"),
        ("train.py", "import json", "import yaml as json"),
        ("lib/maths/sums.py", "x + 1", "x + 1.0"),
        ("lib/maths/sums.py", "def add(x):\n", 'def add(x):\n    x = x\n    "text that is no docstring"\n'),
    ],
)
def test_edited_code_changes_the_digest(root, name, old, new):
    before = digest(root)
    edit(root, name, old, new)
    assert digest(root) != before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("train.py", '"""Train."""', '"""Train one\nmodel."""\n# with care'),
        ("lib/model.py", '"""Run."""', '"""Run it."""'),
        ("lib/model.py", '    """Run."""\n', ""),
        ("lib/maths/sums.py", "# one more", "# 1 more"),
        ("lib/maths/sums.py", "x + 1", "(\n        x   +   1\n    )"),
        ("lib/__init__.py", '"""The library."""', ""),
        ("lib/unused.py", "1", "2"),
    ],
)
def test_comments_docstrings_layout_and_unreached_files_do_not(root, name, old, new):
    before = digest(root)
    edit(root, name, old, new)
    assert digest(root) == before


def test_touched_and_copied_files_do_not(root, tmp_path_factory):
    before = digest(root)
    for path in root.rglob("*.py"):
        os.utime(path, (0, 0))
    assert digest(root) == before
    clone = tmp_path_factory.mktemp("elsewhere") / "clone"
    shutil.copytree(root, clone)
    assert digest(clone) == before


def test_an_edit_undone_restores_the_digest(root):
    before = digest(root)
    edit(root, "lib/maths/sums.py", "x + 1", "x + 2")
    edit(root, "lib/maths/sums.py", "x + 2", "x + 1")
    assert digest(root) == before


def test_a_renamed_module_changes_the_digest(root):
    before = digest(root)
    (root / "lib/maths/sums.py").rename(root / "lib/maths/sum.py")
    edit(root, "lib/maths/__init__.py", "lib.maths.sums", "lib.maths.sum")
    assert digest(root) != before


def test_code_moved_between_files_changes_the_digest(root):
    """The same trees under other names are other code."""
    before = digest(root)
    a, b = root / "lib/model.py", root / "lib/maths/sums.py"
    texts = a.read_text(), b.read_text()
    a.write_text(texts[1])
    b.write_text(texts[0].replace("from lib import maths", "import lib.maths"))
    edit(root, "train.py", "import run", "import add")
    assert digest(root) != before


def test_scripts_of_the_same_code_differ(root):
    shutil.copy(root / "train.py", root / "other.py")
    assert code_digest("other.py", root=root) != digest(root)


@pytest.mark.parametrize(
    ("statement", "reached"),
    [
        ("import lib.unused", {"lib/unused.py"}),
        ("import lib.unused as other, os.path", {"lib/unused.py"}),
        ("from lib import unused", {"lib/unused.py"}),
        ("from lib import unused as u", {"lib/unused.py"}),
        ("from lib.unused import VALUE", {"lib/unused.py"}),
        ("def late():\n    from lib.unused import VALUE\n    return VALUE", {"lib/unused.py"}),
        ("if True:\n    import lib.unused", {"lib/unused.py"}),
        ("import lib", set()),
        ("import torch.nn, numpy", set()),
        ("from importlib.metadata import version", set()),
        ("from importlib import resources", set()),
        ("model.eval()", set()),
    ],
)
def test_every_form_of_import_is_followed(root, statement, reached):
    (root / "script.py").write_text(statement + "\n")
    local = {"lib/__init__.py"} if "lib" in statement.replace("importlib", "") else set()
    assert set(reached_files("script.py", root=root)) == {"script.py"} | local | reached


def test_modules_that_import_each_other_are_followed_once(root):
    edit(root, "lib/maths/sums.py", "def add", "import lib.model\n\n\ndef add")
    assert sorted(reached_files("train.py", root=root)) == REACHED


def test_a_package_hides_a_module_of_its_name(root):
    """As in Python."""
    (root / "lib/maths.py").write_text("HIDDEN = 1\n")
    assert sorted(reached_files("train.py", root=root)) == REACHED


def test_a_folder_without_init_hides_none(root):
    (root / "lib/maths.py").write_text("HIDDEN = 1\n")
    (root / "lib/maths/__init__.py").rename(root / "lib/maths/other.py")
    assert "lib/maths.py" in reached_files("train.py", root=root)


def test_a_folder_without_init_is_followed(root):
    (root / "plain").mkdir()
    (root / "plain/part.py").write_text("X = 1\n")
    (root / "script.py").write_text("from plain import part\n")
    assert set(reached_files("script.py", root=root)) == {"script.py", "plain/part.py"}


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("from . import model", "the relative import of ."),
        ("from .model import run", "the relative import of .model"),
        ("from lib.model import *", "the star import from lib.model"),
        ("import importlib", "importlib, which imports at run time"),
        ("import importlib.util", "importlib.util, which imports at run time"),
        ("from importlib import import_module", "importlib, which imports at run time"),
        ("import runpy", "runpy, which imports at run time"),
        ("loader.import_module('lib.model')", "import_module, which can import at run time"),
        ("x = __import__('lib.model')", "__import__, which can import at run time"),
        ("exec('import lib.model')", "exec, which can import at run time"),
        ("print(main.__doc__)", "a docstring that is read (docstrings do not count as code)"),
    ],
)
@pytest.mark.parametrize("name", ["train.py", "lib/maths/sums.py"])
def test_imports_that_cannot_be_followed_are_refused(root, name, statement, found):
    (root / name).write_text(f"X = 1\n{statement}\n")
    with pytest.raises(ValueError, match="expected imports that can be followed") as refusal:
        digest(root)
    assert str(refusal.value) == f"{root / name}, line 2: expected imports that can be followed, found {found}"


@pytest.mark.parametrize("statement", ["import lib.mdoel", "from lib.mdoel import run"])
def test_a_local_module_that_does_not_exist_is_refused(root, statement):
    (root / "train.py").write_text(f"\n{statement}\n")
    with pytest.raises(ValueError, match=r"train\.py, line 2: expected lib\.mdoel to be a module in .*, found none"):
        digest(root)


def test_a_missing_script_is_refused(root):
    with pytest.raises(ValueError, match=r"nope\.py: expected a readable file, found: No such file"):
        code_digest("nope.py", root=root)


def test_text_digest_is_of_the_content(tmp_path):
    file, copy = tmp_path / "caption.rst", tmp_path / "copy.rst"
    file.write_text("One.")
    copy.write_text("One.")
    os.utime(copy, (0, 0))
    assert text_digest(file) == text_digest(copy)
    copy.write_text("Two.")
    assert text_digest(file) != text_digest(copy)
    with pytest.raises(ValueError, match=r"nope\.rst: expected a readable file"):
        text_digest(tmp_path / "nope.rst")


def test_the_projects_scripts_have_digests_of_their_own():
    scripts = sorted(path.name for path in (Path(__file__).resolve().parents[2] / "scripts").glob("*.py"))
    assert scripts
    assert len({code_digest(script) for script in scripts}) == len(scripts)


# ---- what is outside, several files, and what is imported by name ----------------------------------------------------


def plant(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


@pytest.mark.parametrize("folder", OUTSIDE)
def test_folders_that_can_change_no_number_do_not_count(root, folder):
    module = f"{folder}words.py"
    plant(root, module, "from lib import unused\nSAID = 1\n")
    plant(root, "train.py", f"from {folder.rstrip('/').replace('/', '.')} import words\n")
    before = digest(root)
    assert set(reached_files("train.py", root=root)) == {"train.py"}  # nor what they import in turn
    edit(root, module, "SAID = 1", "SAID = 2")
    assert digest(root) == before


def test_the_digest_of_several_files_is_that_of_all_they_reach(root):
    plant(root, "tasks/affine.py", "TASK = 1\n")
    both = code_digest("train.py", "tasks/affine.py", root=root)
    assert both != digest(root)
    assert both == code_digest("tasks/affine.py", "train.py", root=root)
    assert sorted(reached_files("train.py", "tasks/affine.py", root=root)) == sorted([*REACHED, "tasks/affine.py"])
    edit(root, "tasks/affine.py", "TASK = 1", "TASK = 2")
    assert code_digest("train.py", "tasks/affine.py", root=root) != both
    edit(root, "lib/maths/sums.py", "x + 1", "x + 2")
    assert digest(root) != both


def test_the_one_module_that_imports_by_name_may_do_so(root):
    plant(root, f"lib/{BY_NAME}", "import importlib\n\n\ndef module(name):\n    return importlib.import_module(name)\n")
    plant(root, "train.py", "from lib.by_name import module\n")
    assert set(reached_files("train.py", root=root)) == {"train.py", "lib/__init__.py", f"lib/{BY_NAME}"}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("def main(smk):\n    return smk.params.run, smk.params['other']", {"run"}),
        ("def main(smk):\n    params = smk.params\n    return params.run", set()),
        (
            "from lib.inputs import take\n\n\ndef main(smk):\n    return take(smk), smk.params.noise",
            {"noise", "resamples"},
        ),
        ("def main(smk):\n    return smk.input.params, smk.output.run", set()),
    ],
)
def test_params_that_are_read(root, text, read):
    plant(root, "lib/inputs.py", "def take(smk):\n    return smk.params.resamples\n")
    plant(root, "train.py", text + "\n")
    assert params_read("train.py", root=root) == read


def test_a_caption_is_a_docstring_and_there_must_be_one(root):
    plant(root, "recurrence_circuits/figures/ablation.py", '"""Ablation.\n\nWhat is lost.\n"""\n\nX = 1\n')
    assert caption_of("ablation", root=root) == "Ablation.\n\nWhat is lost."
    plant(root, "recurrence_circuits/figures/ablation.py", "X = 1\n")
    with pytest.raises(ValueError, match=r"figures/ablation\.py: expected a docstring, the figure's caption"):
        caption_of("ablation", root=root)
    with pytest.raises(ValueError, match=r"figures/nope\.py: expected a readable file"):
        caption_of("nope", root=root)
