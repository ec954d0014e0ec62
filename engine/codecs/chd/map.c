/* Reads a window of a CHD's compressed map: the place of each hunk from its bits, and their crc16 in the expanded map. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#include "../kernel.h"
#include "libraries.h"

#define CODEC_3 3
#define PLAIN 4
#define SELF 5
#define SELF_SAME 9
#define SELF_NEXT 10
#define CRC_BITS 16
#define EXPANDED_SIZE 12

/* Return `width` bits from bit `first` on, the highest first; both lie within the bytes. */
static uint64_t bits_at(const uint8_t *bytes, uint64_t first, unsigned width) {
    uint64_t value = 0, end = first + width, last = (end + 7) / 8;
    for (uint64_t place = first / 8; place < last; place++)
        value = value << 8 | bytes[place];
    return value >> (8 * last - end) & (((uint64_t)1 << width) - 1);
}

static void expand(const HunkRow *row, uint8_t *out) {
    out[0] = row->kind;
    for (int place = 0; place < 3; place++)
        out[1 + place] = (uint8_t)(row->length >> (16 - 8 * place));
    for (int place = 0; place < 6; place++)
        out[4 + place] = (uint8_t)(row->offset >> (40 - 8 * place));
    out[10] = (uint8_t)(row->crc >> 8);
    out[11] = (uint8_t)row->crc;
}

int hunks_read_map(const HunkFields *fields, HunkPosition *position, const uint8_t *kinds, size_t count, uint8_t *rows) {
    for (size_t number = 0; number < count; number++) {
        uint8_t kind = kinds[number], expanded[EXPANDED_SIZE];
        unsigned width = kind <= CODEC_3 ? fields->length_bits + CRC_BITS
                         : kind == PLAIN ? CRC_BITS
                         : kind == SELF  ? fields->self_bits
                                         : 0;
        if ((kind > SELF && kind != SELF_SAME && kind != SELF_NEXT) || width > fields->size_bits - position->bit)
            return 0;
        uint64_t field = width ? bits_at(fields->bytes, position->bit, width) : 0;
        HunkRow row = {0, 0, 0, SELF, 0};
        position->bit += width;
        if (kind <= PLAIN) {
            row.length = kind == PLAIN ? fields->hunk_size : (uint32_t)(field >> CRC_BITS);
            row.crc = (uint16_t)field;
            row.kind = kind;
            row.offset = position->offset;
            position->offset += row.length;
        } else {
            position->last_self = kind == SELF ? field : position->last_self + (kind == SELF_NEXT);
            row.offset = position->last_self;
        }
        if (!rows)
            continue;
        memcpy(rows + number * sizeof row, &row, sizeof row);
        expand(&row, expanded);
        position->crc = chd_crc16(expanded, sizeof expanded, position->crc);
    }
    return 1;
}

PyObject *hunk_map(PyObject *Py_UNUSED(module), PyObject *arguments) {
    Py_buffer bytes, kinds;
    HunkPosition position = {0};
    unsigned long long bit, offset, last_self;
    unsigned int length_bits, self_bits, hunk_size;
    int has_rows;
    if (!PyArg_ParseTuple(arguments, "y*Ky*IIIKKp:hunk_map", &bytes, &bit, &kinds, &length_bits, &self_bits,
                          &hunk_size, &offset, &last_self, &has_rows))
        return NULL;
    position.bit = bit, position.offset = offset, position.last_self = last_self;
    HunkFields fields = {bytes.buf, 8 * (uint64_t)bytes.len, length_bits, self_bits, hunk_size};
    PyObject *result = NULL, *rows = NULL;
    if (length_bits > 24 || self_bits > 32 || bit > fields.size_bits) {
        PyErr_SetString(PyExc_ValueError, "hunk_map: the fields are too wide, or begin after the end");
    } else if ((rows = PyBytes_FromStringAndSize(NULL, has_rows ? kinds.len * (Py_ssize_t)sizeof(HunkRow) : 0))) {
        chd_crc16_prepare();
        if (hunks_read_map(&fields, &position, kinds.buf, (size_t)kinds.len,
                           has_rows ? (uint8_t *)PyBytes_AsString(rows) : NULL))
            result = Py_BuildValue("OKKKI", rows, (unsigned long long)position.bit, (unsigned long long)position.offset,
                                   (unsigned long long)position.last_self, (unsigned int)position.crc);
        else
            result = Py_NewRef(Py_None);
    }
    Py_XDECREF(rows);
    PyBuffer_Release(&bytes), PyBuffer_Release(&kinds);
    return result;
}
