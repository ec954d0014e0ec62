"""Questions over a screen: confirm, pick from a list, name a folder."""
