"""The state file: schema, rows, migrations."""
