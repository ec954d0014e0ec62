"""Results for loaders of GameCube and Wii games: their names and folders, and files in parts for FAT32."""
