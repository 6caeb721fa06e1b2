"""Files are there whole or not at all."""

import errno
import os
import signal
import stat
import subprocess
import sys
import textwrap

import pytest

from recurrence_circuits.io.files import CANNOT, whole_file, write_text


def test_a_file_gets_its_name_when_it_is_whole(tmp_path):
    path = tmp_path / "new" / "table.csv"
    with whole_file(path) as part:
        part.write_text("half")
        assert not path.exists()
        part.write_text("whole")
    assert path.read_text() == "whole"
    assert os.listdir(path.parent) == ["table.csv"]


def write_half(path, error):
    with whole_file(path) as part:
        part.write_text("half")
        raise error


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), OSError("odd")])
def test_a_failure_leaves_the_older_file(tmp_path, error):
    path = tmp_path / "table.csv"
    path.write_text("older")
    with pytest.raises(type(error)):
        write_half(path, error)
    assert path.read_text() == "older"
    assert os.listdir(tmp_path) == ["table.csv"]


def test_a_kill_leaves_nothing_under_the_name_and_the_next_writer_clears_up(tmp_path):
    path = tmp_path / "table.csv"
    script = f"""
        import os
        from recurrence_circuits.io.files import whole_file
        with whole_file({str(path)!r}) as part:
            part.write_text("half")
            os.kill(os.getpid(), 9)
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], env=environment)
    assert killed.returncode == -signal.SIGKILL
    assert not path.exists()
    write_text(path, "whole")
    assert os.listdir(tmp_path) == ["table.csv"]


def test_what_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"expected to write a whole file, found: File exists: '.*file/table.csv'"):
        write_text(tmp_path / "file" / "table.csv", "text")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=r"found: Is a directory: '.*folder'"):
        write_text(tmp_path / "folder", "text")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


def answering(monkeypatch, number: int, folders: bool) -> None:
    """A file system that answers with an error where a folder, or a file, is to be brought to the disk."""
    fsync = os.fsync

    def answer(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode) == folders:
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", answer)


@pytest.mark.parametrize("number", sorted(CANNOT), ids=errno.errorcode.get)
def test_a_file_system_that_cannot_sync_a_folder_has_the_file(tmp_path, monkeypatch, number):
    answering(monkeypatch, number, folders=True)
    write_text(tmp_path / "table.csv", "whole")
    assert (tmp_path / "table.csv").read_text() == "whole"
    assert os.listdir(tmp_path) == ["table.csv"]


@pytest.mark.parametrize(("number", "folders"), [(errno.EIO, True), (errno.EIO, False), (errno.EINVAL, False)])
def test_a_disk_that_fails_is_reported(tmp_path, monkeypatch, number, folders):
    answering(monkeypatch, number, folders)
    with pytest.raises(OSError, match="expected to write a whole file, found: ") as raised:
        write_text(tmp_path / "table.csv", "whole")
    assert raised.value.errno == number


def test_a_folder_that_may_be_written_to_but_not_read_has_the_file(tmp_path, monkeypatch):
    open_ = os.open  # root may read any folder, so the answer is played

    def refuse(path, *arguments, **named):
        if path == tmp_path:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return open_(path, *arguments, **named)

    monkeypatch.setattr(os, "open", refuse)
    write_text(tmp_path / "table.csv", "whole")
    assert (tmp_path / "table.csv").read_text() == "whole"
