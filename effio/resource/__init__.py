"""What is acquired and released, shared and guarded: resources, pools, caches, circuit breakers."""
