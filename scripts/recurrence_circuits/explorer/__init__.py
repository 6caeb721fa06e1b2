"""The explorer of an experiment: one HTML page that runs its models on what the reader sets."""
