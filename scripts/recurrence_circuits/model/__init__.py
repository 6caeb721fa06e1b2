"""The transformer, its weights, and interventions on its forward pass."""
