"""The work of jobs and background tasks: one record for each kind."""
