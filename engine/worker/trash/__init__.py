"""Work of the worker on the trash."""
