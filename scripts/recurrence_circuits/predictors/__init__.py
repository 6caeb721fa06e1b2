"""What models are compared with: baselines, optimal linear predictors, handcrafted transformers."""
