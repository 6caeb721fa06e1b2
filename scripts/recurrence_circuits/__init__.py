"""The library: where all logic lives. Its packages import downwards only; see docs/architecture.md."""
