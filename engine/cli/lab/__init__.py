"""Commands that measure titles: seek, throughput."""
