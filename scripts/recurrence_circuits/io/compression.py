"""Archives that somebody compressed: they are told from others, not read."""

from pathlib import Path

# How files begin that somebody compressed, and what undoes it. An archive is not decompressed here: a small one could
# unpack to more than any disk holds.
PACKED = {
    b"\x1f\x8b": ("gzip", "gunzip"),
    b"BZh": ("bzip2", "bunzip2"),
    b"\xfd7zXZ\x00": ("xz", "unxz"),
    b"\x28\xb5\x2f\xfd": ("zstd", "unzstd"),
    b"PK\x03\x04": ("zip", "unzip"),
}


def require_uncompressed(archive: str | Path) -> None:
    """Raise ValueError if somebody compressed the archive, naming the command that undoes it; OSError without it."""
    with open(archive, "rb") as file:
        start = file.read(8)
    for magic, (kind, command) in PACKED.items():
        if start.startswith(magic):
            raise ValueError(
                f"expected a tar that is not compressed, as `snakemake archive` makes it, found {kind}: "
                f"unpack it with {command} first"
            )
