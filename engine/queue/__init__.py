"""The queue: jobs that outlive the terminal in which they were requested, and the worker that runs them."""
