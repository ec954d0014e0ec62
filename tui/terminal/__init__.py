"""The terminal: capabilities, driver, themes."""
