"""The files of a disc, as an entry inside its CHD keeps them: names, texts, and the places of all bytes."""
