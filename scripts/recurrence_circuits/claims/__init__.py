"""The claims: criteria, verdicts and all prose about them. Reads tables only."""
