"""Games on the devices that play them: placed as the loader expects, copied one after the other, and proven."""
