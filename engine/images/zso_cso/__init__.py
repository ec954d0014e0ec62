"""ZSO and CSO: reader and writer."""
