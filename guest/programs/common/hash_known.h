/* A text and its hash, for guests that hash. */
struct known_answer {
    const char *text;
    uint8_t digest[32];
};
