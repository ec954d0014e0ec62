"""The form of results for CDs: a sheet and the files of the tracks."""
