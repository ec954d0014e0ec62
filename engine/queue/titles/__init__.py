"""Titles as clients show them: settings, records and states."""
