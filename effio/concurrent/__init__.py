"""What fibers share: values, locks, limits, channels. Every operation is one atomic step, every queue is FIFO."""
