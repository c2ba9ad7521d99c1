"""Short programs that show what effio is for: `effio demo NAME` runs one."""
