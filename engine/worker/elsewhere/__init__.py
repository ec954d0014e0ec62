"""Jobs whose titles are packed on other machines; a queue without a cluster loads none of it but the lane."""
