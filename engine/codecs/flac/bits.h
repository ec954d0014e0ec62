/* Writes numbers of any number of bits, the highest first. */

#include <stdint.h>
#include <string.h>

typedef struct {
    uint8_t *place;
    uint64_t waiting;
    int count; /* bits that wait, below 32 between two calls */
} Bits;

/* Add the lowest bits of a number, at most 32. */
static inline void bits_add(Bits *out, uint32_t number, int width) {
    out->waiting = out->waiting << width | (number & (uint32_t)(((uint64_t)1 << width) - 1));
    out->count += width;
    if (out->count >= 32) {
        out->count -= 32;
        uint32_t word = (uint32_t)(out->waiting >> out->count);
        uint8_t bytes[4] = {(uint8_t)(word >> 24), (uint8_t)(word >> 16), (uint8_t)(word >> 8), (uint8_t)word};
        memcpy(out->place, bytes, sizeof bytes);
        out->place += sizeof bytes;
    }
}

static inline void bits_add_zeros(Bits *out, uint32_t count) {
    for (; count > 32; count -= 32)
        bits_add(out, 0, 32);
    bits_add(out, 0, (int)count);
}

/* Fill the last byte up with zeros and write it. */
static inline void bits_finish(Bits *out) {
    bits_add(out, 0, -out->count & 7);
    for (; out->count; out->count -= 8)
        *out->place++ = (uint8_t)(out->waiting >> (out->count - 8));
}
