"""Measure the parts that are asked for, one after another, and write the page of what is known after each.

A part is a module of this package, in a process of its own: those with peers run in the peers' environment. Each
writes its tables as it goes, so a benchmark that is killed keeps what it has.
"""

import argparse
import os
import subprocess
import sys

from tools.benchmarks import docs, page

WITH_PEERS = ("step", "trainings")
PARTS = (*WITH_PEERS, "growth", "device", "paper")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make benchmark", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=(*PARTS, "docs"), help="docs takes the results over into docs/")
    parser.add_argument("--peers", default=sys.executable, help="the Python of the environment with the peers")
    parser.add_argument(
        "--short", action="store_true", help="a few minutes each, to see that all runs: numbers to drop"
    )
    options = parser.parse_args(arguments)
    for part in options.parts:
        if part == "docs":
            docs.main()
            continue
        python = options.peers if part in WITH_PEERS else sys.executable
        # The workflow takes its threads from its rules; what is timed here takes one.
        environment = os.environ | (ONE_THREAD if part != "paper" else {})
        command = [python, "-m", f"tools.benchmarks.{part}", *(["--short"] if options.short else [])]
        print(f"benchmark: {part}", flush=True)
        failed = subprocess.run(command, env=environment).returncode
        print(f"benchmark: {page.write()} has what is known so far", flush=True)
        if failed:
            print(f"benchmark: expected the part {part} to succeed, found exit status {failed}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
