/* EDC and ECC of raw CD sectors for the native kernel; sector_codes.py has the same in plain Python, and describes it.
   Both take microseconds, so the interpreter's lock is held. cd/frames.py describes the frames, whose ECC is checked or
   made anew without it. */

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
#define SECTOR_BYTES 2352
#define SUBCODE_BYTES 96
#define FRAME_BYTES (SECTOR_BYTES + SUBCODE_BYTES)
#define SYNC_BYTES 12
#define HEADER_BYTES 4
#define MODE_OFFSET 15
#define ECC_START (SYNC_BYTES + PROTECTED_BYTES)
#define ECC_BYTES (P_BYTES + Q_BYTES)

static const uint8_t sync_bytes[SYNC_BYTES] = {0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0};
static uint32_t edc_steps[SLICES][256]; /* the register after a byte, and after up to 7 zeros behind it */
static uint8_t thirds[256];
static int has_tables;

static uint8_t doubled(uint8_t value) { return (uint8_t)(value << 1 ^ (value & 0x80 ? FIELD_POLYNOMIAL : 0)); }

/* Called with the interpreter's lock held. */
void sectors_make_tables(void) {
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
    for (size_t number = 0; number < DIAGONAL_BYTES; number++) {
        size_t pair = number * (DIAGONAL_BYTES + 1) % PAIRS;
        for (size_t row = 0; row < DIAGONALS / 2; row++, place += 2) {
            memcpy(place, with_p + 2 * pair, 2);
            pair += DIAGONAL_BYTES;
            pair -= pair < PAIRS ? 0 : PAIRS;
        }
    }
    add_parity(diagonals, DIAGONAL_BYTES, DIAGONALS, out + P_BYTES);
}

/* Write the ECC of a sector; its mode byte decides whether the header counts. */
static void ecc_of_sector(const uint8_t *sector, uint8_t *out) {
    uint8_t protected[PROTECTED_BYTES];
    memcpy(protected, sector + SYNC_BYTES, PROTECTED_BYTES);
    if (sector[MODE_OFFSET] == 2)
        memset(protected, 0, HEADER_BYTES);
    ecc_of(protected, out);
}

static int has_right_ecc(const uint8_t *sector) {
    uint8_t ecc[ECC_BYTES];
    if (memcmp(sector, sync_bytes, SYNC_BYTES))
        return 0;
    ecc_of_sector(sector, ecc);
    return !memcmp(sector + ECC_START, ecc, ECC_BYTES);
}

/* `sectors_make_tables` must have been called before these two. */
void frames_split_into(const uint8_t *frames, size_t count, uint8_t *bitmap, uint8_t *sectors,
                       uint8_t *subcode) {
    memset(bitmap, 0, (count + 7) / 8);
    for (size_t number = 0; number < count; number++) {
        memcpy(sectors, frames, SECTOR_BYTES);
        memcpy(subcode, frames + SECTOR_BYTES, SUBCODE_BYTES);
        if (has_right_ecc(frames)) {
            bitmap[number / 8] |= (uint8_t)(1 << number % 8);
            memset(sectors, 0, SYNC_BYTES);
            memset(sectors + ECC_START, 0, ECC_BYTES);
        }
        frames += FRAME_BYTES, sectors += SECTOR_BYTES, subcode += SUBCODE_BYTES;
    }
}

void frames_join_into(const uint8_t *bitmap, const uint8_t *sectors, const uint8_t *subcode, size_t count,
                      uint8_t *frames) {
    for (size_t number = 0; number < count; number++) {
        memcpy(frames, sectors, SECTOR_BYTES);
        memcpy(frames + SECTOR_BYTES, subcode, SUBCODE_BYTES);
        if (bitmap[number / 8] >> number % 8 & 1) {
            memcpy(frames, sync_bytes, SYNC_BYTES);
            ecc_of_sector(frames, frames + ECC_START);
        }
        frames += FRAME_BYTES, sectors += SECTOR_BYTES, subcode += SUBCODE_BYTES;
    }
}

PyObject *frames_split(PyObject *Py_UNUSED(module), PyObject *argument) {
    Py_buffer frames;
    if (PyObject_GetBuffer(argument, &frames, PyBUF_SIMPLE))
        return NULL;
    Py_ssize_t count = frames.len / FRAME_BYTES;
    PyObject *parts[3] = {NULL, NULL, NULL}, *result = NULL;
    const Py_ssize_t sizes[3] = {(count + 7) / 8, count * SECTOR_BYTES, count * SUBCODE_BYTES};
    int is_whole = frames.len % FRAME_BYTES == 0;
    if (!is_whole)
        PyErr_Format(PyExc_ValueError, "expected whole frames of %d bytes, got %zd bytes", FRAME_BYTES, frames.len);
    for (int part = 0; part < 3 && is_whole; part++)
        is_whole = (parts[part] = PyBytes_FromStringAndSize(NULL, sizes[part])) != NULL;
    if (is_whole) {
        uint8_t *places[3];
        for (int part = 0; part < 3; part++)
            places[part] = (uint8_t *)PyBytes_AsString(parts[part]);
        sectors_make_tables();
        PyThreadState *thread = PyEval_SaveThread();
        frames_split_into(frames.buf, (size_t)count, places[0], places[1], places[2]);
        PyEval_RestoreThread(thread);
        result = PyTuple_Pack(3, parts[0], parts[1], parts[2]);
    }
    for (int part = 0; part < 3; part++)
        Py_XDECREF(parts[part]);
    PyBuffer_Release(&frames);
    return result;
}

PyObject *frames_join(PyObject *Py_UNUSED(module), PyObject *arguments) {
    Py_buffer bitmap, sectors, subcode;
    PyObject *frames = NULL;
    if (!PyArg_ParseTuple(arguments, "y*y*y*:join", &bitmap, &sectors, &subcode))
        return NULL;
    Py_ssize_t count = sectors.len / SECTOR_BYTES;
    if (sectors.len % SECTOR_BYTES || subcode.len != count * SUBCODE_BYTES || bitmap.len != (count + 7) / 8) {
        PyErr_SetString(PyExc_ValueError, "the lengths of bitmap, sectors and subcode do not fit");
    } else if ((frames = PyBytes_FromStringAndSize(NULL, count * FRAME_BYTES))) {
        uint8_t *place = (uint8_t *)PyBytes_AsString(frames);
        sectors_make_tables();
        PyThreadState *thread = PyEval_SaveThread();
        frames_join_into(bitmap.buf, sectors.buf, subcode.buf, (size_t)count, place);
        PyEval_RestoreThread(thread);
    }
    PyBuffer_Release(&bitmap), PyBuffer_Release(&sectors), PyBuffer_Release(&subcode);
    return frames;
}

PyObject *sector_edc(PyObject *Py_UNUSED(module), PyObject *data) {
    Py_buffer buffer;
    if (PyObject_GetBuffer(data, &buffer, PyBUF_SIMPLE))
        return NULL;
    sectors_make_tables();
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
    sectors_make_tables();
    if (size == PROTECTED_BYTES)
        ecc_of(buffer.buf, out);
    PyBuffer_Release(&buffer);
    if (size != PROTECTED_BYTES)
        return PyErr_Format(PyExc_ValueError, "expected %d bytes, got %zd", PROTECTED_BYTES, size);
    return PyBytes_FromStringAndSize((char *)out, sizeof out);
}
