/* EDC and ECC of raw CD sectors for the native kernel; sector_codes.py has the same in plain Python, and describes it.
   Both take microseconds, so the interpreter's lock is held. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

#include "kernel.h"

#define EDC_POLYNOMIAL 0xD8018001u
#define FIELD_POLYNOMIAL 0x1D /* without its highest term */
#define PROTECTED_BYTES 2064
#define COLUMNS 86
#define ROWS (PROTECTED_BYTES / COLUMNS)
#define DIAGONALS 52
#define DIAGONAL_BYTES 43
#define P_BYTES (2 * COLUMNS)
#define Q_BYTES (2 * DIAGONALS)
#define PAIRS (26 * DIAGONAL_BYTES) /* Q goes by pairs of bytes: (PROTECTED_BYTES + P_BYTES) / 2 */
#define SLICES 8

static uint32_t edc_steps[SLICES][256]; /* the register after a byte, and after up to 7 zeros behind it */
static uint8_t thirds[256];
static int has_tables;

static uint8_t doubled(uint8_t value) { return (uint8_t)(value << 1 ^ (value & 0x80 ? FIELD_POLYNOMIAL : 0)); }

/* Called with the interpreter's lock held. */
static void make_tables(void) {
    if (has_tables)
        return;
    for (uint32_t number = 0; number < 256; number++) {
        uint32_t value = number;
        for (int bit = 0; bit < 8; bit++)
            value = value >> 1 ^ (value & 1 ? EDC_POLYNOMIAL : 0);
        edc_steps[0][number] = value;
        thirds[number ^ doubled((uint8_t)number)] = (uint8_t)number;
    }
    for (int slice = 1; slice < SLICES; slice++)
        for (int number = 0; number < 256; number++) {
            uint32_t before = edc_steps[slice - 1][number];
            edc_steps[slice][number] = before >> 8 ^ edc_steps[0][before & 0xFF];
        }
    has_tables = 1;
}

static uint32_t edc_of(const uint8_t *data, size_t size) {
    uint32_t value = 0;
    for (; size >= SLICES; data += SLICES, size -= SLICES) {
        value ^= data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
        value = edc_steps[7][value & 0xFF] ^ edc_steps[6][value >> 8 & 0xFF] ^ edc_steps[5][value >> 16 & 0xFF] ^
                edc_steps[4][value >> 24] ^ edc_steps[3][data[4]] ^ edc_steps[2][data[5]] ^ edc_steps[1][data[6]] ^
                edc_steps[0][data[7]];
    }
    for (; size; data++, size--)
        value = value >> 8 ^ edc_steps[0][(value ^ *data) & 0xFF];
    return value;
}

/* Write the two rows that make each column of these rows a codeword. */
static void add_parity(const uint8_t *rows, size_t count, size_t width, uint8_t *out) {
    uint8_t weighted[COLUMNS] = {0}, total[COLUMNS] = {0};
    for (; count; count--, rows += width)
        for (size_t place = 0; place < width; place++) {
            total[place] ^= rows[place];
            weighted[place] = doubled(weighted[place] ^ rows[place]);
        }
    for (size_t place = 0; place < width; place++) {
        out[place] = thirds[doubled(weighted[place]) ^ total[place]];
        out[width + place] = out[place] ^ total[place];
    }
}

static void ecc_of(const uint8_t *protected, uint8_t *out) {
    uint8_t with_p[PROTECTED_BYTES + P_BYTES], diagonals[DIAGONAL_BYTES * DIAGONALS];
    memcpy(with_p, protected, PROTECTED_BYTES);
    add_parity(protected, ROWS, COLUMNS, with_p + PROTECTED_BYTES);
    memcpy(out, with_p + PROTECTED_BYTES, P_BYTES);
    uint8_t *place = diagonals;
    for (size_t number = 0; number < DIAGONAL_BYTES; number++)
        for (size_t row = 0; row < DIAGONALS / 2; row++, place += 2)
            memcpy(place, with_p + 2 * ((number * (DIAGONAL_BYTES + 1) + row * DIAGONAL_BYTES) % PAIRS), 2);
    add_parity(diagonals, DIAGONAL_BYTES, DIAGONALS, out + P_BYTES);
}

PyObject *sector_edc(PyObject *Py_UNUSED(module), PyObject *data) {
    Py_buffer buffer;
    if (PyObject_GetBuffer(data, &buffer, PyBUF_SIMPLE))
        return NULL;
    make_tables();
    uint32_t value = edc_of(buffer.buf, (size_t)buffer.len);
    PyBuffer_Release(&buffer);
    char stored[4] = {(char)value, (char)(value >> 8), (char)(value >> 16), (char)(value >> 24)};
    return PyBytes_FromStringAndSize(stored, 4);
}

PyObject *sector_ecc(PyObject *Py_UNUSED(module), PyObject *protected) {
    Py_buffer buffer;
    if (PyObject_GetBuffer(protected, &buffer, PyBUF_SIMPLE))
        return NULL;
    Py_ssize_t size = buffer.len;
    uint8_t out[P_BYTES + Q_BYTES];
    make_tables();
    if (size == PROTECTED_BYTES)
        ecc_of(buffer.buf, out);
    PyBuffer_Release(&buffer);
    if (size != PROTECTED_BYTES)
        return PyErr_Format(PyExc_ValueError, "expected %d bytes, got %zd", PROTECTED_BYTES, size);
    return PyBytes_FromStringAndSize((char *)out, sizeof out);
}
