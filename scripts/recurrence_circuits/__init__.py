"""Train small transformers on recurrences in context and take them apart. All logic of the workflow lives here."""
