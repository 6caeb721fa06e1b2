"""Nothing that is read can run code, no text of a config reaches a shell: held in the source, with planted faults."""

import ast

import pytest

from parsed import parse, runs_text
from projects import ROOT

# Modules whose readers run what they read.
UNPICKLERS = {"pickle", "_pickle", "cPickle", "joblib", "dill", "cloudpickle", "shelve", "marshal"}
# Calls by the end of their dotted name; yaml.safe_load and json.load are other names.
CALLS = {
    "torch.load", "np.load", "numpy.load", "np.fromfile", "read_pickle", "to_pickle", "yaml.load", "yaml.full_load",
    "yaml.unsafe_load", "os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "shell",
}  # fmt: skip


def faults(text: str) -> list[str]:
    """What a Python file does that can run code from data, or hand text to a shell."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None)
            names = [f"{module}.{alias.name}" if module else alias.name for alias in node.names]
            found += [f"imports {name}" for name in names if name.split(".")[0] in UNPICKLERS]
            found += [f"imports {name}" for name in names if name in CALLS]
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            found += [f"calls {name}" for call in CALLS if name == call or name.endswith(f".{call}")]
            for keyword in node.keywords:
                value = ast.unparse(keyword.value)
                if keyword.arg in ("allow_pickle", "shell") and value != "False":
                    found.append(f"calls {name} with {keyword.arg}={value}")
                if keyword.arg == "weights_only":
                    found.append(f"calls {name}, which unpickles")
    return found


@pytest.mark.parametrize(
    "path", sorted([*ROOT.glob("scripts/**/*.py"), *ROOT.glob("workflow/**/*.py")]), ids=lambda path: path.stem
)
def test_no_module_runs_what_it_reads(path):
    assert faults(path.read_text(encoding="utf-8")) == []


def test_every_rule_is_a_script_and_none_has_a_shell(workflow):
    assert [name for name, rule in workflow.rules.items() if runs_text(rule)] == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "def f():\n    from joblib import load",
        "from torch import load",
        "import dill as d",
        "torch.load(path)",
        "x = torch.load(path, weights_only=True)",
        "np.load(path)",
        "np.lib.format.read_array(file, allow_pickle=True)",
        "np.savez(file, allow_pickle=allowed)",
        "pd.read_pickle(path)",
        "frame.to_pickle(path)",
        "yaml.load(text, Loader=yaml.Loader)",
        "yaml.unsafe_load(text)",
        "os.system('ls')",
        "subprocess.run('ls', shell=True)",
        "from os import system\nsubprocess.run(['ls'], shell=1)",
        "from snakemake.shell import shell\nshell('ls')",
    ],
)
def test_planted_faults_are_found(text):
    assert faults(text)


@pytest.mark.parametrize("text", ["yaml.safe_load(text)", "np.savez(f, allow_pickle=False)", "subprocess.run(['ls'])"])
def test_sound_code_has_no_faults(text):
    assert faults(text) == []


SNAKEFILE = """
rule sound:
    output: "a"
    script: "a.py"
rule shell:
    output: "b"
    shell: "ls {params.x}"
rule run:
    output: "c"
    run: open(output[0], "w")
rule names:
    input: "a"
"""


def test_planted_shells_are_found(tmp_path):
    path = tmp_path / "Snakefile"
    path.write_text(SNAKEFILE)
    planted = parse(tmp_path / "project", path)
    assert [name for name, rule in planted.rules.items() if runs_text(rule)] == ["shell", "run"]
