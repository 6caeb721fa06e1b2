"""What this project costs, beside its peers and its past: `make benchmark`."""
