"""Code imported while the workflow is parsed, at every call of snakemake: no torch, no pandas."""
