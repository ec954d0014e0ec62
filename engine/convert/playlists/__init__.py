"""Text files that name an image: playlists and CUE sheets are brought up to date, checksum lists are named."""
