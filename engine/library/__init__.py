"""The known library: scan, store, catalog, demo."""
