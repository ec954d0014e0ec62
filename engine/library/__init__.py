"""Lists of titles in memory: filter, order, groups, families, states, names; and the scan that finds them."""
