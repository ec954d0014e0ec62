"""Content of the screens as text, without Textual."""
