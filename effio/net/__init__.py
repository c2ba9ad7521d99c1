"""TCP for programs: addresses, name resolution, single connections, and happy eyeballs."""
