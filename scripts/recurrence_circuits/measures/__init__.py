"""The measures: one module for each, and what they share."""
