/* The crc32 of zlib for the native kernel, by multiplication without carries: a seventh to a third of zlib's time. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

#include "folding.h"
#include "kernel.h"

#define POLYNOMIAL 0xEDB88320u /* reflected: bit 31 is the constant term */
#define LONG (64 * 1024)       /* of shorter data, the lock of the interpreter would take longer than the sum */

static uint32_t steps[256]; /* the register after a byte */

/* Called with the interpreter's lock held. */
static void make_steps(void) {
    for (uint32_t number = 0; !steps[255] && number < 256; number++) {
        uint32_t value = number;
        for (int bit = 0; bit < 8; bit++)
            value = value >> 1 ^ (value & 1 ? POLYNOMIAL : 0);
        steps[number] = value;
    }
}

static uint32_t by_table(const uint8_t *data, size_t size, uint32_t value) {
    for (; size; data++, size--)
        value = value >> 8 ^ steps[(value ^ *data) & 0xFF];
    return value;
}

#ifdef HAS_MULTIPLICATION

static Folding folding;

/* The remainder of x to this power, at least 32, as a factor of reflected data: one place up, because the product of
   two reflected numbers is one place down. */
static uint64_t power_of_x(unsigned exponent) {
    uint32_t value = 0x80000000u;
    for (; exponent; exponent--)
        value = value >> 1 ^ (value & 1 ? POLYNOMIAL : 0);
    return (uint64_t)value << 1;
}

/* The factors that move the first and the last 8 of 16 bytes on by a number of bytes. */
static void make_factors(uint64_t *factors, unsigned distance) {
    factors[0] = power_of_x(8 * distance + 32);
    factors[1] = power_of_x(8 * distance - 32);
}

/* Called with the interpreter's lock held. */
static void make_folding(void) {
    if (folding.is_made)
        return;
    make_factors(folding.wide, WIDE);
    make_factors(folding.narrow, NARROW);
    make_factors(folding.last, FOLDED);
    folding.is_narrow = can_fold_narrow();
    folding.is_wide = can_fold_wide();
    folding.is_made = 1;
}

FOR_NARROW uint32_t by_narrow(const uint8_t *data, size_t size, uint32_t value) {
    uint8_t rest[FOLDED];
    fold_narrow(&folding, data, size, _mm_cvtsi32_si128((int)value), rest, 0);
    return by_table(rest, sizeof rest, 0);
}

FOR_WIDE uint32_t by_wide(const uint8_t *data, size_t size, uint32_t value) {
    uint8_t piece[WIDE];
    fold_wide(&folding, data, size, _mm_cvtsi32_si128((int)value), piece, 0);
    return by_narrow(piece, sizeof piece, 0);
}

int crc32_is_fast(void) {
    make_steps();
    make_folding();
    return folding.is_narrow;
}

uint32_t crc32_of(const uint8_t *data, size_t size, uint32_t value, int is_wide) {
    value = ~value;
    if (is_wide && folding.is_wide && size >= WIDE) {
        value = by_wide(data, size, value);
        data += size - size % WIDE, size %= WIDE;
    }
    if (folding.is_narrow && size >= NARROW) {
        value = by_narrow(data, size, value);
        data += size - size % NARROW, size %= NARROW;
    }
    return ~by_table(data, size, value);
}

#else

int crc32_is_fast(void) {
    make_steps();
    return 0;
}

uint32_t crc32_of(const uint8_t *data, size_t size, uint32_t value, int is_wide) {
    (void)is_wide;
    return ~by_table(data, size, ~value);
}

#endif

PyObject *crc32_pays(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none)) {
    return PyBool_FromLong(crc32_is_fast());
}

PyObject *crc32_one(PyObject *Py_UNUSED(module), PyObject *arguments) {
    Py_buffer data;
    unsigned int value = 0;
    int is_wide = 1;
    if (!PyArg_ParseTuple(arguments, "y*|Ip:crc32", &data, &value, &is_wide))
        return NULL;
    crc32_is_fast();
    PyThreadState *thread = data.len < LONG ? NULL : PyEval_SaveThread();
    value = crc32_of(data.buf, (size_t)data.len, value, is_wide);
    if (thread)
        PyEval_RestoreThread(thread);
    PyBuffer_Release(&data);
    return PyLong_FromUnsignedLong(value);
}
