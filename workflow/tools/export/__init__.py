"""Trained models in the formats of other libraries: `make export`, in the peers' environment."""
