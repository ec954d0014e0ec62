/* CRCs of 16 bits that take the highest bit first, sixteen bytes at a time. */

#include <stddef.h>
#include <stdint.h>

#define CRC16_SLICES 16

typedef struct {
    uint16_t steps[CRC16_SLICES][256]; /* the register after a byte, and after up to 15 zeros behind it */
} Crc16;

/* Fill the tables for a polynomial without its highest term. */
static void crc16_make(Crc16 *tables, uint16_t polynomial) {
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

static uint16_t crc16_of(const Crc16 *tables, const uint8_t *data, size_t size, uint16_t value) {
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
