"""Logs: on the terminal and in the file, tracebacks included."""

import pytest

from recurrence_circuits.runtime.logs import log_to
from recurrence_circuits.runtime.progress import progress, standing


def test_messages_reach_terminal_and_file(tmp_path, capsys):
    path = tmp_path / "deep" / "stage.log"
    with log_to(str(path)) as logger:
        logger.info("step %d", 7)
    assert "step 7" in path.read_text()
    assert "step 7" in capsys.readouterr().err


def test_an_exception_is_recorded_and_goes_on(tmp_path):
    path = tmp_path / "stage.log"
    with pytest.raises(ZeroDivisionError), log_to(str(path)):
        1 / 0  # noqa: B018
    assert "Traceback" in path.read_text()
    assert "ZeroDivisionError" in path.read_text()


def test_a_log_that_finds_no_room_hides_neither_messages_nor_the_failure(capsys):
    with pytest.raises(ZeroDivisionError), log_to("/dev/full") as logger:  # noqa: PT012
        logger.info("step %d", 7)
        logger.info("step %d", 8)
        1 / 0  # noqa: B018
    shown = capsys.readouterr().err
    assert "step 7" in shown
    assert "step 8" in shown
    problem = "/dev/full: expected to write the log, found: [Errno 28] No space left on device; it goes on here only"
    assert shown.count(problem) == 1
    assert "Logging error" not in shown


def test_a_log_that_cannot_be_opened_is_named(tmp_path):
    with pytest.raises(OSError, match=f"Is a directory: '{tmp_path}'"), log_to(str(tmp_path)):
        pass


def test_one_stage_does_not_write_into_the_log_of_the_last(tmp_path):
    first, second = tmp_path / "first.log", tmp_path / "second.log"
    with log_to(str(first)) as logger:
        logger.info("one")
    with log_to(str(second)) as logger:
        logger.info("two")
    assert "two" not in first.read_text()
    assert "one" not in second.read_text()


def test_progress_yields_every_item_and_tells_how_far_it_is(tmp_path):
    path = tmp_path / "stage.log"
    with log_to(str(path)):
        assert list(progress("abc", "letters read:")) == ["a", "b", "c"]
    lines = path.read_text().splitlines()
    assert [line.split("letters read: ")[1].split()[0] for line in lines] == ["1/3", "2/3", "3/3"]


def test_the_time_left_follows_from_the_rate_so_far():
    assert standing(20, 200, 10.0) == "20/200  2.0/s  1:30 left"
