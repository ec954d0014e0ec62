"""Conversions: plan, pipeline, part file, proof, trash."""
