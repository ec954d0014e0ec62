"""Who is let in to a cluster: certificates, invitations, and the versions and clocks of machines."""
