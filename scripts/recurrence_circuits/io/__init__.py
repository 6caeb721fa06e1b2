"""Files: atomic writes, tables, tensors, records and archives."""
