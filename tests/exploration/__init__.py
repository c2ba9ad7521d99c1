"""The explorer is held to known answers: exact counts, published counts, a brute-force search, known bugs."""
