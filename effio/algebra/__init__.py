"""What a program can say: `IO` and its words; building them does nothing.

Whoever loads one word has nodes that do not change and that pickle.
"""

from effio.algebra import pickling as pickling
