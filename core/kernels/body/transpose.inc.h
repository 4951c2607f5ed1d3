/* Squares of LANES x LANES elements, in registers. */

#define ISA_LANES (ISA_VECTOR_BYTES / ADV_REAL_BYTES)

/* The elements of the lower, or upper, halves of a and b in turn. */
#if ISA_LANES == 16
#define LOWER_IN_TURN(a, b)                                                                        \
    __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define UPPER_IN_TURN(a, b)                                                                        \
    __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif ISA_LANES == 8
#define LOWER_IN_TURN(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define UPPER_IN_TURN(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#elif ISA_LANES == 4
#define LOWER_IN_TURN(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define UPPER_IN_TURN(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#else
#define LOWER_IN_TURN(a, b) __builtin_shufflevector(a, b, 0, 2)
#define UPPER_IN_TURN(a, b) __builtin_shufflevector(a, b, 1, 3)
#endif

/* An element's place in the square has as many bits for its row as for its column. Each round turns
 * them all by one to the left; when they are half way round, row and column have changed places. */
INLINE void transpose(vector square[LANES])
{
    UNROLL
    for (size_t round = 1; round < LANES; round *= 2) {
        vector turned[LANES];
        UNROLL
        for (size_t i = 0; i < LANES / 2; i++) {
            turned[2 * i] = LOWER_IN_TURN(square[i], square[i + LANES / 2]);
            turned[2 * i + 1] = UPPER_IN_TURN(square[i], square[i + LANES / 2]);
        }
        memcpy(square, turned, sizeof turned);
    }
}
