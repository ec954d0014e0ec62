"""The queue: jobs that outlive the terminal they were asked for in, and the worker that does them."""
