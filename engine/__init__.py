"""The engine: formats, conversions, the library and the queue. Knows nothing of the screen."""

VERSION = "0.2.0"
