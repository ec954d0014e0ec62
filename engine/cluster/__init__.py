"""A queue on several machines: certificates, scheduler, the machines that pack, and the owner's side."""
