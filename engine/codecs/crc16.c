/* The crc16 of CHD hunks for the native kernel: CCITT, the same as Python's binascii.crc_hqx. By multiplication without
   carries if the processor has it, which takes a fifth of the time of tables. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#include "checksums.h"
#include "folding.h"
#include "kernel.h"

#define POLYNOMIAL 0x1021
#define LONG (64 * 1024) /* of shorter data, the lock of the interpreter would take longer than the sum */

static Crc16 tables;
static int has_tables;

#ifdef HAS_MULTIPLICATION

static Folding folding;

/* The remainder of x to this power. */
static uint64_t power_of_x(unsigned exponent) {
    unsigned value = 1;
    for (; exponent; exponent--)
        value = (value << 1 ^ (value & 0x8000 ? POLYNOMIAL : 0)) & 0xFFFF;
    return value;
}

/* The factors that move the last and the first 8 of 16 bytes on by a number of bytes. */
static void make_factors(uint64_t *factors, unsigned distance) {
    factors[0] = power_of_x(8 * distance);
    factors[1] = power_of_x(8 * distance + 64);
}

static void make_folding(void) {
    make_factors(folding.wide, WIDE);
    make_factors(folding.narrow, NARROW);
    make_factors(folding.last, FOLDED);
    folding.is_narrow = can_fold_narrow();
    folding.is_wide = can_fold_wide();
}

/* A register that the highest bits of the data are added to. */
FOR_NARROW __m128i start_of(uint16_t value) { return _mm_set_epi64x((long long)((uint64_t)value << 48), 0); }

FOR_NARROW uint16_t by_narrow(const uint8_t *data, size_t size, uint16_t value) {
    uint8_t rest[FOLDED];
    fold_narrow(&folding, data, size, start_of(value), rest, 1);
    return crc16_of(&tables, rest, sizeof rest, 0);
}

FOR_WIDE uint16_t by_wide(const uint8_t *data, size_t size, uint16_t value) {
    uint8_t piece[WIDE];
    fold_wide(&folding, data, size, start_of(value), piece, 1);
    return by_narrow(piece, sizeof piece, 0);
}

uint16_t chd_crc16_by(const uint8_t *data, size_t size, uint16_t value, Multiplication most) {
    if (most >= BY_WIDE && folding.is_wide && size >= WIDE) {
        value = by_wide(data, size, value);
        data += size - size % WIDE, size %= WIDE;
    }
    if (most >= BY_NARROW && folding.is_narrow && size >= NARROW) {
        value = by_narrow(data, size, value);
        data += size - size % NARROW, size %= NARROW;
    }
    return crc16_of(&tables, data, size, value);
}

#else

static void make_folding(void) {}

uint16_t chd_crc16_by(const uint8_t *data, size_t size, uint16_t value, Multiplication most) {
    (void)most;
    return crc16_of(&tables, data, size, value);
}

#endif

void chd_crc16_prepare(void) {
    if (!has_tables) {
        crc16_make(&tables, POLYNOMIAL);
        make_folding();
    }
    has_tables = 1;
}

uint16_t chd_crc16(const uint8_t *data, size_t size, uint16_t value) {
    return chd_crc16_by(data, size, value, BY_WIDE);
}

PyObject *crc16_one(PyObject *Py_UNUSED(module), PyObject *arguments) {
    Py_buffer data;
    unsigned int value;
    int most = BY_WIDE;
    if (!PyArg_ParseTuple(arguments, "y*I|i:crc16", &data, &value, &most))
        return NULL;
    chd_crc16_prepare();
    PyThreadState *thread = data.len < LONG ? NULL : PyEval_SaveThread();
    value = chd_crc16_by(data.buf, (size_t)data.len, (uint16_t)value, (Multiplication)most);
    if (thread)
        PyEval_RestoreThread(thread);
    PyBuffer_Release(&data);
    return PyLong_FromUnsignedLong(value);
}

PyObject *crc16_of_blocks(PyObject *Py_UNUSED(module), PyObject *arguments) {
    Py_buffer data, out;
    Py_ssize_t size;
    unsigned int start;
    int fits;
    if (!PyArg_ParseTuple(arguments, "y*nIw*:crc16_of_blocks", &data, &size, &start, &out))
        return NULL;
    fits = size > 0 && data.len % size == 0 && out.len / 2 >= data.len / size && (uintptr_t)out.buf % 2 == 0;
    if (fits) {
        chd_crc16_prepare();
        PyThreadState *thread = PyEval_SaveThread();
        const uint8_t *block = data.buf, *end = block + data.len;
        for (uint16_t *value = out.buf; block < end; block += size)
            *value++ = chd_crc16(block, (size_t)size, (uint16_t)start);
        PyEval_RestoreThread(thread);
    } else {
        PyErr_SetString(PyExc_ValueError, "crc16_of_blocks: the buffers do not fit the block size");
    }
    PyBuffer_Release(&data), PyBuffer_Release(&out);
    return fits ? Py_NewRef(Py_None) : NULL;
}
