"""`discpress serve`: the app in a browser."""
