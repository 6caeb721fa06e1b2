"""Archives of an experiment: complete and checked, put back where they were, refused when they are not what they say.

On a made-up experiment; tests/faults/test_archived_runs.py has the workflow's own.
"""

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import tarfile
import zipfile
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
import yaml

from forging import rewrite
from recurrence_circuits.config.check import expand_config
from recurrence_circuits.io.archives import RECORDS, ArchiveError, pack, unpack
from recurrence_circuits.io.commits import commit_of
from tools import verify
from tools.restore import changed_code, restore

SETTINGS = expand_config({"experiments": {"toy": {"task": "affine", "seeds": [0, 1]}}}, "test")["experiments"]["toy"]
OUTPUTS = [
    f"results/toy/{name}"
    for name in ("seed0/ablation.csv", "seed0/learning_curves.csv", "seed0/model.safetensors", "seed1/ablation.csv",
                 "seed1/paths.csv", "tables/claims.csv")
]  # fmt: skip
DATE = 1_700_000_000


def record_of(output: str) -> Path:
    return Path(RECORDS) / urlsafe_b64encode(output.encode()).decode()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A made-up experiment with Snakemake's records; the current folder is its project."""
    project = tmp_path / "project"
    for place, output in enumerate(OUTPUTS):
        write(project / output, f"content of {output}\n")
        os.utime(project / output, (DATE + place, DATE + place))
        write(project / record_of(output), json.dumps({"rule": "made", "incomplete": False}))
    write(project / "results/toy/logs/made.log", "said\n")
    monkeypatch.chdir(project)
    return project


@pytest.fixture
def archive(made, tmp_path):
    path = tmp_path / "toy.tar"
    assert pack(str(path), "toy", OUTPUTS, SETTINGS, {"measure_ablation": "0"}) == len(OUTPUTS) + 1
    return path


def add(archive: Path, name: str, kind: bytes = tarfile.REGTYPE, content: bytes = b"", link: str = "") -> None:
    member = tarfile.TarInfo(name)
    member.type, member.size, member.linkname = kind, len(content), link
    with tarfile.open(archive, "a") as tar:
        tar.addfile(member, io.BytesIO(content))


# ---- packing --------------------------------------------------------------------------------------------------------


def test_an_archive_holds_what_was_packed(archive, made, tmp_path):
    contents = unpack(archive, tmp_path / "scratch")
    assert contents.experiment == "toy"
    assert contents.settings == SETTINGS
    assert contents.provenance.code_digests == {"measure_ablation": "0"}
    assert {"python", "torch", "snakemake"} <= set(contents.provenance.versions)
    for output in OUTPUTS:
        assert (contents.folder / output).read_text() == f"content of {output}\n"
        assert (contents.folder / output).stat().st_mtime == (made / output).stat().st_mtime
    assert set(contents.checksums) == {*OUTPUTS, *(str(record_of(o)) for o in OUTPUTS), "results/toy/logs/made.log"}
    assert sorted(path.name for path in archive.parent.iterdir()) == ["project", "scratch", "toy.tar"]


@pytest.mark.parametrize("manifest", ["manifest-sha256.txt", "tagmanifest-sha256.txt"])
def test_the_checksums_are_those_of_sha256sum(archive, tmp_path, manifest):
    subprocess.run(["tar", "xf", archive], cwd=tmp_path, check=True)
    subprocess.run(["sha256sum", "--strict", "-c", manifest], cwd=tmp_path / "toy", check=True)
    (tmp_path / "toy/data" / OUTPUTS[0]).write_text("other")
    (tmp_path / "toy/config.yaml").write_text("other")
    done = subprocess.run(["sha256sum", "--strict", "-c", manifest], cwd=tmp_path / "toy", capture_output=True)
    assert done.returncode == 1


@pytest.mark.parametrize("record", [None, "", '{"rule": "made", "incomplete": true}'])
def test_an_output_without_a_whole_record_is_refused(made, tmp_path, record):
    path = record_of(OUTPUTS[2])
    path.unlink()
    if record is not None:
        path.write_text(record)
    with pytest.raises(ValueError, match=r"results/toy/seed0/model\.safetensors: expected"):
        pack(str(tmp_path / "toy.tar"), "toy", OUTPUTS, SETTINGS, {})
    assert not (tmp_path / "toy.tar").exists()


def test_outputs_that_a_module_moved_are_refused(made, tmp_path):
    moved = [f"sub/{output}" for output in OUTPUTS]
    with pytest.raises(ValueError, match=r"sub/results/toy/\S+: expected outputs in results/toy only"):
        pack(str(tmp_path / "toy.tar"), "toy", moved, SETTINGS, {})


def repository(folder: Path) -> str:
    """Make a git repository of a folder's files; its commit."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--allow-empty", "-m", "a"]):
        subprocess.run([*git, *command], cwd=folder, check=True)
    return subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_the_commit_is_that_of_this_project_alone(tmp_path, monkeypatch):
    copy = tmp_path / "theirs" / "copy"
    write(copy / "code.py", "")
    theirs = repository(copy.parent).strip()
    assert commit_of(copy.parent) == theirs
    assert commit_of(copy) is None
    monkeypatch.setenv("GIT_DIR", str(copy.parent / ".git"))  # as in a hook of that repository
    assert commit_of(copy) is None
    monkeypatch.delenv("GIT_DIR")
    ours = repository(copy).strip()
    assert commit_of(copy) == ours
    write(copy / "code.py", "edited")
    assert commit_of(copy) == f"{ours}-dirty"
    subprocess.run(["git", "worktree", "add", "--quiet", tmp_path / "tree"], cwd=copy, check=True)
    assert commit_of(tmp_path / "tree") == ours


# ---- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "link"),
    [
        ("/toy/data/results/toy/x", tarfile.REGTYPE, ""),
        ("../x", tarfile.REGTYPE, ""),
        ("toy/data/results/toy/../../x", tarfile.REGTYPE, ""),
        ("toy/data/results/toy/./x", tarfile.REGTYPE, ""),
        ("toy/data/results/toy/\x1b[2Jx", tarfile.REGTYPE, ""),
        ("toy/data/results/other/x", tarfile.REGTYPE, ""),
        ("toy/data/workflow/Snakefile", tarfile.REGTYPE, ""),
        ("toy/data/.snakemake/scripts/x", tarfile.REGTYPE, ""),
        ("toy/fetch.txt", tarfile.REGTYPE, ""),
        ("other/bagit.txt", tarfile.REGTYPE, ""),
        ("toy/data/results/toy/x", tarfile.SYMTYPE, "/etc/passwd"),
        ("toy/data/results/toy/x", tarfile.LNKTYPE, "toy/bagit.txt"),
        ("toy/data/results/toy/x", tarfile.CHRTYPE, ""),
        ("toy/data/results/toy/x", tarfile.FIFOTYPE, ""),
        ("toy/data/results/toy/seed0/ablation.csv", tarfile.REGTYPE, ""),  # a second one of the name
    ],
)
def test_hostile_and_foreign_members_are_refused(archive, tmp_path, name, kind, link):
    add(archive, name, kind, b"", link)
    with pytest.raises(ArchiveError, match=r"(?i)toy\.tar: .*expected"):
        unpack(archive, tmp_path / "a/b/scratch")
    assert not (tmp_path / "a").exists()  # refused before anything was unpacked


def test_a_file_without_a_checksum_is_refused(archive, tmp_path):
    add(archive, "toy/data/results/toy/x")
    with pytest.raises(ArchiveError, match="Expected 13 files and 487 bytes but found 14"):
        unpack(archive, tmp_path / "scratch")


def test_a_sparse_file_is_refused(archive, tmp_path):
    """It would unpack to far more than it takes in the archive."""
    with (tmp_path / "bomb").open("wb") as file:
        file.truncate(10**9)
    subprocess.run(
        ["tar", "-rSf", archive, "--transform=s,bomb,toy/data/results/toy/x,", "bomb"], cwd=tmp_path, check=True
    )
    with pytest.raises(ArchiveError, match="expected plain files"):
        unpack(archive, tmp_path / "scratch")


def zipped(data: bytes) -> bytes:
    with zipfile.ZipFile(packed := io.BytesIO(), "w") as archive:
        archive.writestr("smoke.tar", data)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("compress", "kind", "command"),
    [
        (gzip.compress, "gzip", "gunzip"),
        (bz2.compress, "bzip2", "bunzip2"),
        (lzma.compress, "xz", "unxz"),
        (lambda data: bytes.fromhex("28b52ffd") + data, "zstd", "unzstd"),  # how such files begin (RFC 8878)
        (zipped, "zip", "unzip"),
    ],
)
def test_a_compressed_archive_is_refused_with_what_to_do(archive, tmp_path, compress, kind, command):
    packed = tmp_path / f"toy.tar.{kind}"
    packed.write_bytes(compress(archive.read_bytes()))
    with pytest.raises(
        ArchiveError, match=rf"expected a tar that is not compressed, .*, found {kind}: unpack it with {command} first"
    ):
        unpack(packed, tmp_path / "scratch")


@pytest.mark.parametrize("spoil", [lambda b: b"", lambda b: b[:3000], gzip.compress, lambda b: b"no tar" * 999])
def test_what_is_no_archive_is_refused(archive, tmp_path, spoil):
    archive.write_bytes(spoil(archive.read_bytes()))
    with pytest.raises(ArchiveError, match=r"toy\.tar: "):
        unpack(archive, tmp_path / "scratch")


@pytest.mark.parametrize("word", [b"content of results/toy/seed0/model", b"said", b"context_length", b'"commit"'])
def test_a_damaged_file_is_refused(archive, tmp_path, word):
    content = archive.read_bytes()
    assert content.count(word) == 1
    archive.write_bytes(content.replace(word, word.swapcase()))
    with pytest.raises(ArchiveError, match="validation failed"):
        unpack(archive, tmp_path / "scratch")


def change_config(bag: Path, change) -> None:
    config = yaml.safe_load((bag / "config.yaml").read_text())
    change(config["experiments"])
    (bag / "config.yaml").write_text(yaml.safe_dump(config))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda bag: (bag / "data" / record_of(OUTPUTS[0])).unlink(), "ablation.csv: .*an output without a record"),
        (lambda bag: (bag / "data" / OUTPUTS[2]).unlink(), "model.safetensors: .*a record without its output"),
        (lambda bag: (bag / "data" / record_of(OUTPUTS[0])).write_text("[]"), "expected a mapping in JSON"),
        (lambda bag: (bag / "config.yaml").unlink(), "found no config.yaml"),
        (lambda bag: (bag / "config.yaml").write_text("a: [b"), "config.yaml: expected a config file in YAML"),
        (lambda bag: (bag / "config.yaml").write_text("__use_yte__: true"), "expected plain YAML"),
        (lambda bag: change_config(bag, lambda e: e["toy"].update(task="affin")), "experiments.toy.task: expected"),
        (lambda bag: change_config(bag, lambda e: e.update(more=e["toy"])), "expected the experiment toy, found"),
        (lambda bag: (bag / "provenance.json").write_text("[]"), "provenance.json: expected a date"),
        (lambda bag: (bag / "provenance.json").write_text(
            '{"archived": "\\u001b[2J", "commit": null, "code_digests": {}}'), "expected a date, a commit"),
    ],
)  # fmt: skip
def test_forged_archives_are_refused_though_their_checksums_are_right(archive, tmp_path, change, problem):
    rewrite(archive, lambda bag: None)
    unpack(archive, tmp_path / "whole")
    rewrite(archive, change)
    with pytest.raises(ArchiveError, match=problem):
        unpack(archive, tmp_path / "scratch")


# ---- restoring ------------------------------------------------------------------------------------------------------


def test_restored_results_lie_where_they_were_made(archive, made, tmp_path):
    clone = tmp_path / "clone"
    stale = clone / ".snakemake/incomplete" / record_of(OUTPUTS[0]).name  # of a run that was killed
    write(stale, "{}")
    restore(archive, clone)
    for path in [*OUTPUTS, *map(record_of, OUTPUTS), "results/toy/logs/made.log"]:
        assert (clone / path).read_bytes() == (made / path).read_bytes()
    assert not stale.exists()
    assert sorted(path.name for path in (clone / "results").iterdir()) == ["_restored", "toy"]
    assert sorted(path.name for path in (clone / "results/_restored").rglob("*")) == [
        "config.yaml", "provenance.json", "toy",
    ]  # fmt: skip


def test_results_that_are_there_are_never_overwritten(archive, tmp_path):
    clone = tmp_path / "clone"
    write(clone / "results/toy/notes.txt", "mine")
    with pytest.raises(ArchiveError, match="expected no results of this experiment"):
        restore(archive, clone)
    assert [path.name for path in clone.rglob("*") if path.is_file()] == ["notes.txt"]


def test_changed_code_is_that_of_other_digests(archive, tmp_path):
    assert changed_code(unpack(archive, tmp_path / "scratch")) == ["measure_ablation"]


# ---- what verify picks ----------------------------------------------------------------------------------------------


def test_the_picks_are_measured_tables_of_every_seed(archive, tmp_path):
    contents = unpack(archive, tmp_path / "scratch")
    picks = [verify.pick(contents, 1, seed) for seed in range(20)]
    assert all(pick == verify.pick(contents, 1, seed) for seed, pick in enumerate(picks))
    assert {tuple(pick) for pick in picks} == {
        ("results/toy/seed0/ablation.csv", f"results/toy/seed1/{table}.csv", "results/toy/tables/claims.csv")
        for table in ("ablation", "paths")
    }
    assert verify.pick(contents, 99, 0) == [
        path for path in OUTPUTS if path.endswith(".csv") and "learning_curves" not in path
    ]
