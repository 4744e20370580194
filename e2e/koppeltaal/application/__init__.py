"""Applications of a Koppeltaal domain, built on public libraries, and what stands around them."""
