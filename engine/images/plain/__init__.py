"""ISO: the sectors of a disc in order, without header and index."""
