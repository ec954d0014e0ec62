"""Images of GameCube and Wii discs in packed forms, decoded and written by nod-rs in processes of its own."""
