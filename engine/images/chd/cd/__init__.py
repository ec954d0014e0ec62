"""CDs in a CHD: tracks, frames, and what is written."""
