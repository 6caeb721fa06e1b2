"""What stands behind the targets of `make`, each run as `python -m tools.<name>`."""
