"""Contents of config files that are none, or that would run code."""

TEMPLATE = "__use_yte__: true\n?__import__('pathlib').Path('pwned').touch():\n  experiments: {}\n"
FILES = {
    "broken": b"experiments: {a: {task: affine",
    "tabs": b"experiments:\n  a: {task: affine}\n\tb: 3\n",
    "not UTF-8": b"experiments: {a\xff: {task: affine}}",
    "empty": b"",
    "a list": b"- 1\n",
    "a zero byte": b"\0",
    "deep": b"[" * 100_000,
    "a date that is none": b"a: 2024-99-99\n",
    "many digits": b"a: " + b"9" * 5000,
    "an object": b"a: !!python/object/apply:os.system ['touch pwned']\n",
    "binary that is none": b"a: !!binary x\n",
    "a key that cannot be one": b"? [1, 2]\n: 3\n",
    "itself": b"a: &a [*b]\n",
    "two documents": b"a: 1\n---\nb: 2\n",
    "a template": TEMPLATE.encode(),
}
