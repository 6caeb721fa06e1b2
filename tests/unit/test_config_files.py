"""Config files that are none: refused by name, in one piece, unrun."""

import pytest

from config_files import FILES
from recurrence_circuits.config.check import ConfigError, require_plain


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_no_plain_yaml_is_refused_by_name(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my.yaml"
    path.write_bytes(FILES[kind])
    with pytest.raises(ConfigError, match=r"my\.yaml: expected .* found"):
        require_plain(path)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("path", ["missing.yaml", "."])
def test_no_file_is_refused_by_name(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"expected a config file in YAML, found: .*(No such file|Is a directory)"):
        require_plain(path)
