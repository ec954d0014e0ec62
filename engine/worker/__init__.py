"""The worker process: scheduler, jobs, heartbeat."""
