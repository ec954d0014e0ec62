"""The app: navigation, notifications, session."""
