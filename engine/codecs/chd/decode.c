/* Decodes a run of CHD hunks and compares their crc16, in one call without the interpreter's lock. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#include "../kernel.h"
#include "libraries.h"

#define PLAIN 4
#define SELF 5
#define CRC_START 0xFFFF
#define Z_FINISH 4
#define Z_STREAM_END 1
#define LZMA_RUN 0
#define LZMA_STREAM_END 1
#define LZMA_LEVEL 6 /* the decoder takes any */

static int decode_zlib(const HunkLibraries *libraries, HunkState *state, const uint8_t *stored, size_t length,
                       uint8_t *out, size_t size) {
    ZlibStream *stream = &state->inflating;
    if (!state->inflates)
        state->inflates =
            libraries->inflate_init(stream, RAW_DEFLATE, libraries->versions[ZLIB], (int)sizeof *stream) == 0;
    else if (libraries->inflate_reset(stream) != 0)
        return 0;
    if (!state->inflates)
        return 0;
    stream->next_in = stored, stream->avail_in = (unsigned int)length;
    stream->next_out = out, stream->avail_out = (unsigned int)size;
    return libraries->inflate(stream, Z_FINISH) == Z_STREAM_END && stream->avail_out == 0;
}

/* In half of zlib's time. What libdeflate refuses goes to zlib, which decides. */
static int decode_libdeflate(const HunkLibraries *libraries, HunkState *state, const uint8_t *stored, size_t length,
                             uint8_t *out, size_t size) {
    if (!libraries->has[LIBDEFLATE] || (!state->libinflate && !(state->libinflate = libraries->libinflate_create())))
        return 0;
    return libraries->libinflate(state->libinflate, stored, length, out, size, NULL) == 0;
}

static int decode_zstd(const HunkLibraries *libraries, HunkState *state, const uint8_t *stored, size_t length,
                       uint8_t *out, size_t size) {
    if (!state->zstd_decoder && !(state->zstd_decoder = libraries->zstd_create_decoder()))
        return 0;
    return libraries->zstd_content_size(stored, length) == size &&
           libraries->zstd_decode(state->zstd_decoder, out, size, stored, length) == size;
}

static int decode_lzma(const HunkLibraries *libraries, HunkState *state, const uint8_t *stored, size_t length,
                       uint8_t *out, size_t size) {
    LzmaStream *stream = &state->unpacking;
    LzmaOptions options;
    if (!lzma_options_of(libraries, size, LZMA_LEVEL, &options))
        return 0;
    const LzmaFilter filters[] = LZMA_FILTER_OF(&options);
    if (libraries->lzma_decoder(stream, filters) != 0)
        return 0;
    stream->next_in = stored, stream->avail_in = length;
    stream->next_out = out, stream->avail_out = size;
    int result = libraries->lzma_code(stream, LZMA_RUN);
    return (result == 0 || result == LZMA_STREAM_END) && stream->avail_out == 0;
}

/* Decode what a hunk's row places in the file to exactly `size` bytes. */
static int decode_stored(const HunkLibraries *libraries, HunkState *state, int codec, const uint8_t *stored,
                         size_t length, uint8_t *out, size_t size) {
    if (!libraries->has[codec])
        return 0;
    if (codec == ZLIB)
        return decode_libdeflate(libraries, state, stored, length, out, size) ||
               decode_zlib(libraries, state, stored, length, out, size);
    if (codec == ZSTD)
        return decode_zstd(libraries, state, stored, length, out, size);
    return codec == LZMA && decode_lzma(libraries, state, stored, length, out, size);
}

static uint8_t kind_of(const HunkRun *run, size_t number) {
    return run->rows[number * sizeof(HunkRow) + offsetof(HunkRow, kind)];
}

/* Decode one hunk; return 0 if that is up to the plain path, which also finds the reason. */
static int decode_hunk(const HunkLibraries *libraries, HunkState *state, const HunkRun *run, size_t number) {
    size_t size = run->hunk_size;
    uint8_t *out = run->out + number * size;
    HunkRow row;
    memcpy(&row, run->rows + number * sizeof row, sizeof row);
    if (row.kind == SELF) {
        uint64_t origin = row.offset - run->first;
        if (row.offset < run->first || origin >= number || !run->done[origin] || kind_of(run, (size_t)origin) == SELF)
            return 0;
        memcpy(out, run->out + (size_t)origin * size, size);
        return 1;
    }
    if (row.kind > PLAIN || row.offset < run->start || row.offset - run->start > run->stored_bytes ||
        row.length > run->stored_bytes - (size_t)(row.offset - run->start) || row.length > size || !row.length)
        return 0;
    const uint8_t *stored = run->stored + (size_t)(row.offset - run->start);
    if (row.kind < PLAIN) {
        if (!decode_stored(libraries, state, run->codecs[row.kind], stored, row.length, out, size))
            return 0;
    } else if (row.length == size) {
        memcpy(out, stored, size);
    } else {
        return 0;
    }
    return !run->has_crcs || chd_crc16(out, size, CRC_START) == row.crc;
}

size_t hunks_decode_run(const HunkLibraries *libraries, HunkState *state, const HunkRun *run) {
    size_t decoded = 0;
    for (size_t number = 0; number < run->count; number++) {
        run->done[number] = (uint8_t)decode_hunk(libraries, state, run, number);
        decoded += run->done[number];
    }
    return decoded;
}

PyObject *hunk_decode(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *capsule;
    Py_buffer stored, rows, codecs, out, done;
    unsigned long long start, first;
    Py_ssize_t size, decoded = -1;
    int has_crcs;
    if (!PyArg_ParseTuple(arguments, "Oy*Ky*Ky*npw*w*:hunk_decode", &capsule, &stored, &start, &rows, &first, &codecs,
                          &size, &has_crcs, &out, &done))
        return NULL;
    HunkLibraries *libraries = hunk_libraries_of(capsule);
    Py_ssize_t count = rows.len / (Py_ssize_t)sizeof(HunkRow);
    int fits = size >= 1 && size <= MAX_HUNK_SIZE && codecs.len == CODEC_SLOTS && out.len / size >= count &&
               done.len >= count;
    for (Py_ssize_t slot = 0; fits && slot < CODEC_SLOTS; slot++)
        fits = ((const uint8_t *)codecs.buf)[slot] < CODECS;
    HunkState *state = libraries && fits ? take_hunk_state(libraries) : NULL;
    if (state) {
        HunkRun run = {stored.buf, rows.buf,   codecs.buf, out.buf,         done.buf, (size_t)stored.len,
                       start,      (size_t)size, first,    (size_t)count, has_crcs};
        chd_crc16_prepare();
        PyThreadState *thread = PyEval_SaveThread();
        decoded = (Py_ssize_t)hunks_decode_run(libraries, state, &run);
        PyEval_RestoreThread(thread);
        put_hunk_state(libraries, state);
    } else if (libraries && !fits) {
        PyErr_SetString(PyExc_ValueError, "hunk_decode: the buffers do not fit the size of a hunk");
    } else if (libraries) {
        PyErr_NoMemory();
    }
    PyBuffer_Release(&stored), PyBuffer_Release(&rows), PyBuffer_Release(&codecs);
    PyBuffer_Release(&out), PyBuffer_Release(&done);
    return decoded < 0 ? NULL : PyLong_FromSsize_t(decoded);
}
