"""Estimates and measurements of images."""
