"""The tasks, one file each and found by its name, and the sequences drawn from them."""
