/* The crc16 of CHD hunks for the native kernel: CCITT, the same as Python's binascii.crc_hqx. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#include "checksums.h"
#include "kernel.h"

#define POLYNOMIAL 0x1021
#define LONG (64 * 1024) /* of shorter data, the lock of the interpreter would take longer than the sum */

static Crc16 tables;
static int has_tables;

void chd_crc16_prepare(void) {
    if (!has_tables)
        crc16_make(&tables, POLYNOMIAL);
    has_tables = 1;
}

uint16_t chd_crc16(const uint8_t *data, size_t size, uint16_t value) { return crc16_of(&tables, data, size, value); }

PyObject *crc16_one(PyObject *Py_UNUSED(module), PyObject *arguments) {
    Py_buffer data;
    unsigned int value;
    if (!PyArg_ParseTuple(arguments, "y*I:crc16", &data, &value))
        return NULL;
    chd_crc16_prepare();
    PyThreadState *thread = data.len < LONG ? NULL : PyEval_SaveThread();
    value = chd_crc16(data.buf, (size_t)data.len, (uint16_t)value);
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
