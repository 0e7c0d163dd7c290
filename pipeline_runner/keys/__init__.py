"""Cache keys: values, code and files by content."""
