/* CRCs that take the highest bit first: of 16 bits, sixteen bytes at a time, and those of FLAC frames. */

#include <stddef.h>
#include <stdint.h>

#define CRC16_SLICES 16

typedef struct {
    uint16_t steps[CRC16_SLICES][256]; /* the register after a byte, and after up to 15 zeros behind it */
} Crc16;

/* Fill the tables for a polynomial without its highest term. */
static inline void crc16_make(Crc16 *tables, uint16_t polynomial) {
    for (unsigned number = 0; number < 256; number++) {
        unsigned value = number << 8;
        for (int bit = 0; bit < 8; bit++)
            value = value << 1 ^ (value & 0x8000 ? polynomial : 0u);
        tables->steps[0][number] = (uint16_t)value;
    }
    for (int slice = 1; slice < CRC16_SLICES; slice++)
        for (int number = 0; number < 256; number++) {
            unsigned before = tables->steps[slice - 1][number];
            tables->steps[slice][number] = (uint16_t)(before << 8 ^ tables->steps[0][before >> 8]);
        }
}

static inline uint16_t crc16_of(const Crc16 *tables, const uint8_t *data, size_t size, uint16_t value) {
    for (; size >= CRC16_SLICES; data += CRC16_SLICES, size -= CRC16_SLICES) {
        unsigned next = tables->steps[15][data[0] ^ value >> 8] ^ tables->steps[14][data[1] ^ (value & 0xFF)];
        for (int place = 2; place < CRC16_SLICES; place++)
            next ^= tables->steps[15 - place][data[place]];
        value = (uint16_t)next;
    }
    for (; size; data++, size--)
        value = (uint16_t)(value << 8 ^ tables->steps[0][value >> 8 ^ *data]);
    return value;
}

typedef struct {
    Crc16 frame;
    uint8_t head[256]; /* the register of the CRC-8 after a byte */
    int are_made;
} FlacChecksums;

/* Called with the interpreter's lock held. */
static inline void flac_checksums_make(FlacChecksums *checksums) {
    if (checksums->are_made)
        return;
    crc16_make(&checksums->frame, 0x8005);
    for (unsigned number = 0; number < 256; number++) {
        unsigned value = number;
        for (int bit = 0; bit < 8; bit++)
            value = value << 1 ^ (value & 0x80 ? 0x107u : 0);
        checksums->head[number] = (uint8_t)value;
    }
    checksums->are_made = 1;
}

static inline uint8_t flac_head_checksum(const FlacChecksums *checksums, const uint8_t *data, size_t size) {
    uint8_t value = 0;
    for (; size; data++, size--)
        value = checksums->head[value ^ *data];
    return value;
}
