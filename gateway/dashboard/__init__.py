"""The dashboard: what people see of all instances at once."""
