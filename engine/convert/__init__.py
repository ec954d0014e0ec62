"""Conversions: plan, pipeline, part file, verification, trash."""
