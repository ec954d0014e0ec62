"""The planner of many titles: for the app, `convert` and `queue add`."""
