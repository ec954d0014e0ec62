/* Packs a chunk of CHD hunks, each with the codec that makes it smallest, in one call without the interpreter's lock.

   hunks.py is the reference: the bytes are the same. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>
#include <string.h>

#include "../kernel.h"
#include "libraries.h"

#define PLAIN_BIT 0x80000000u
#define SLOT_SHIFT 24
#define TOO_LONG SIZE_MAX /* not shorter than the hunk */
#define FAILED (SIZE_MAX - 1)
#define KEPT_HUNK (64 * 1024) /* encoders of larger hunks take up to 19 times their size, so they are not kept */
#define Z_FINISH 4
#define Z_STREAM_END 1
#define Z_DEFLATED 8
#define Z_MEMORY_LEVEL 8 /* zlib's own choice, and Python's */
#define ZSTD_LEVEL 100   /* ZSTD_c_compressionLevel */
#define LZMA_RUN 0
#define LZMA_FINISH 3
#define LZMA_STREAM_END 1
#define LZMA1EXT 0x4000000000000002u
#define FIRST_UNMARKED_LZMA 50040000u /* the first liblzma that encodes without an end marker, as chdman does */
#define PROBE 1

typedef struct {
    const HunkLibraries *libraries;
    HunkState *state;
    size_t size;
} Packer;

static size_t pack_zlib(const Packer *packer, int level, const uint8_t *hunk, uint8_t *out) {
    const HunkLibraries *libraries = packer->libraries;
    HunkState *state = packer->state;
    ZlibStream *stream = &state->deflating;
    if (state->deflate_level && state->deflate_level != level) {
        libraries->deflate_end(stream);
        state->deflate_level = 0;
    }
    if (state->deflate_level) {
        if (libraries->deflate_reset(stream) != 0)
            return FAILED;
    } else {
        memset(stream, 0, sizeof *stream);
        if (libraries->deflate_init(stream, level, Z_DEFLATED, RAW_DEFLATE, Z_MEMORY_LEVEL, 0,
                                    libraries->versions[ZLIB], (int)sizeof *stream) != 0)
            return FAILED;
        state->deflate_level = level;
    }
    stream->next_in = hunk, stream->avail_in = (unsigned int)packer->size;
    stream->next_out = out, stream->avail_out = (unsigned int)packer->size;
    return libraries->deflate(stream, Z_FINISH) == Z_STREAM_END ? packer->size - stream->avail_out : TOO_LONG;
}

static size_t pack_zstd(const Packer *packer, int which, int level, const uint8_t *hunk, uint8_t *out) {
    const HunkLibraries *libraries = packer->libraries;
    HunkState *state = packer->state;
    void **encoder = &state->zstd_encoders[which];
    if (!*encoder) {
        state->zstd_levels[which] = 0;
        if (!(*encoder = libraries->zstd_create_encoder()))
            return FAILED;
    }
    if (state->zstd_levels[which] != level &&
        libraries->zstd_is_error(libraries->zstd_set(*encoder, ZSTD_LEVEL, level)))
        return FAILED;
    state->zstd_levels[which] = level;
    size_t used =
        libraries->zstd_encode(*encoder, out, libraries->zstd_bound(packer->size), hunk, packer->size);
    return libraries->zstd_is_error(used) ? FAILED : used;
}

static size_t pack_lzma(const Packer *packer, int level, const uint8_t *hunk, uint8_t *out) {
    const HunkLibraries *libraries = packer->libraries;
    LzmaStream *stream = &packer->state->packing;
    LzmaOptions options;
    if (!lzma_options_of(libraries, packer->size, (uint32_t)level, &options))
        return FAILED;
    LzmaFilter filters[] = LZMA_FILTER_OF(&options);
    if (libraries->lzma_version_number() >= FIRST_UNMARKED_LZMA) {
        filters[0].id = LZMA1EXT;
        options.reserved_integers[1] = (uint32_t)packer->size; /* ext_size_low, and no flag that allows a marker */
    }
    if (libraries->lzma_encoder(stream, filters) != 0)
        return FAILED;
    stream->next_in = hunk, stream->avail_in = packer->size;
    stream->next_out = out, stream->avail_out = packer->size;
    int result = 0;
    while (result == 0 && stream->avail_in && stream->avail_out)
        result = libraries->lzma_code(stream, LZMA_RUN);
    while (result == 0 && stream->avail_out)
        result = libraries->lzma_code(stream, LZMA_FINISH);
    if (result != 0 && result != LZMA_STREAM_END)
        return FAILED;
    return result == LZMA_STREAM_END ? packer->size - stream->avail_out : TOO_LONG;
}

static size_t pack_libdeflate(const Packer *packer, int level, const uint8_t *hunk, uint8_t *out) {
    const HunkLibraries *libraries = packer->libraries;
    HunkState *state = packer->state;
    if (state->libdeflate && state->libdeflate_level != level) {
        libraries->libdeflate_free(state->libdeflate);
        state->libdeflate = NULL;
    }
    if (!state->libdeflate && !(state->libdeflate = libraries->libdeflate_create(level)))
        return FAILED;
    state->libdeflate_level = level;
    size_t bound = libraries->libdeflate_bound(state->libdeflate, packer->size);
    size_t used = bound > hunk_bound(packer->size)
                      ? 0
                      : libraries->libdeflate_encode(state->libdeflate, hunk, packer->size, out, bound);
    return used ? used : FAILED;
}

static size_t pack_by(const Packer *packer, int codec, int level, const uint8_t *hunk, uint8_t *out) {
    if (codec == ZLIB)
        return pack_zlib(packer, level, hunk, out);
    if (codec == ZSTD)
        return pack_zstd(packer, 0, level, hunk, out);
    if (codec == LZMA)
        return pack_lzma(packer, level, hunk, out);
    return pack_libdeflate(packer, level, hunk, out);
}

/* Put the smallest packing of a hunk into the first scratch buffer; return its length, and its slot. */
static size_t pack_best(const Packer *packer, const HunkPacking *work, const uint8_t *hunk, uint32_t *slot) {
    size_t best = TOO_LONG;
    HunkState *state = packer->state;
    *slot = 0;
    for (uint32_t number = 0; number < work->methods; number++) {
        uint8_t *out = state->scratch[number ? 1 : 0];
        size_t length = pack_by(packer, work->codecs[number], work->levels[number], hunk, out);
        if (length == FAILED)
            return FAILED;
        if (number && length < best) {
            state->scratch[1] = state->scratch[0];
            state->scratch[0] = out;
        }
        if (length < best) {
            best = length;
            *slot = number;
        }
    }
    return best;
}

static int is_zero(const uint8_t *hunk, size_t size) { return !hunk[0] && memcmp(hunk, hunk + 1, size - 1) == 0; }

/* Make both scratch buffers long enough for a hunk. */
static int has_scratch(HunkState *state, size_t size) {
    if (state->scratch_hunk >= size)
        return 1;
    for (int each = 0; each < 2; each++) {
        free(state->scratch[each]);
        state->scratch[each] = malloc(hunk_bound(size));
    }
    state->scratch_hunk = state->scratch[0] && state->scratch[1] ? size : 0;
    return state->scratch_hunk == size;
}

Py_ssize_t hunks_pack_chunk(const HunkLibraries *libraries, HunkState *state, const HunkPacking *work) {
    Packer packer = {libraries, state, work->hunk_size};
    size_t size = work->hunk_size, position = 0, zeros = 0, zeros_at = 0, number = 0;
    uint32_t slot = 0, zeros_slot = 0;
    int was_plain = 0;
    if (!has_scratch(state, size) || (libraries->has[ZSTD] && libraries->zstd_bound(size) > hunk_bound(size)))
        return -1;
    for (; number < work->count; number++) {
        const uint8_t *hunk = work->chunk + number * size, *packed = state->scratch[0];
        uint8_t *place = work->out + position;
        int zero = is_zero(hunk, size);
        size_t length = TOO_LONG;
        if (zero && zeros) {
            length = zeros, slot = zeros_slot;
            packed = work->out + zeros_at;
        } else if (!zero && was_plain && work->probe_level) {
            length = pack_zstd(&packer, PROBE, work->probe_level, hunk, state->scratch[0]);
            length = length == FAILED ? FAILED : length >= size ? TOO_LONG : pack_best(&packer, work, hunk, &slot);
            packed = state->scratch[0];
        } else {
            length = pack_best(&packer, work, hunk, &slot);
            packed = state->scratch[0];
        }
        if (length == FAILED)
            break;
        was_plain = length >= size;
        if (was_plain) {
            memcpy(place, hunk, length = size);
            work->lengths[number] = (uint32_t)size | PLAIN_BIT;
        } else {
            memcpy(place, packed, length);
            work->lengths[number] = (uint32_t)length | slot << SLOT_SHIFT;
            if (zero && !zeros)
                zeros = length, zeros_slot = slot, zeros_at = position;
        }
        position += length;
    }
    if (libraries->has[LZMA])
        libraries->lzma_end(&state->packing);
    if (size > KEPT_HUNK)
        drop_hunk_encoders(libraries, state);
    return number == work->count ? (Py_ssize_t)position : -1;
}

PyObject *hunk_pack(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *capsule;
    Py_buffer chunk, codecs, levels, out, lengths;
    Py_ssize_t size, used = -1;
    int probe_level;
    if (!PyArg_ParseTuple(arguments, "Oy*ny*y*iw*w*:hunk_pack", &capsule, &chunk, &size, &codecs, &levels, &probe_level,
                          &out, &lengths))
        return NULL;
    HunkLibraries *libraries = hunk_libraries_of(capsule);
    int fits = libraries && size >= 1 && size <= MAX_HUNK_SIZE && chunk.len % size == 0 && out.len >= chunk.len &&
               lengths.len / 4 >= chunk.len / size && (uintptr_t)lengths.buf % 4 == 0 && codecs.len >= 1 &&
               codecs.len <= CODEC_SLOTS && levels.len == codecs.len && probe_level >= 0 &&
               (!probe_level || libraries->has[ZSTD]);
    for (Py_ssize_t slot = 0; fits && slot < codecs.len; slot++) {
        uint8_t codec = ((const uint8_t *)codecs.buf)[slot], level = ((const uint8_t *)levels.buf)[slot];
        fits = codec < CODECS && libraries->has[codec] && level >= 1 && level <= 22;
    }
    HunkState *state = fits ? take_hunk_state(libraries) : NULL;
    if (state) {
        HunkPacking work = {chunk.buf, codecs.buf,    levels.buf,   out.buf,
                            lengths.buf, (size_t)size, (size_t)(chunk.len / size), (uint32_t)codecs.len, probe_level};
        PyThreadState *thread = PyEval_SaveThread();
        used = hunks_pack_chunk(libraries, state, &work);
        PyEval_RestoreThread(thread);
        put_hunk_state(libraries, state);
        if (used < 0)
            PyErr_SetString(PyExc_RuntimeError, "hunk_pack: no memory, or a library packed a hunk to nothing");
    } else if (libraries && !fits) {
        PyErr_SetString(PyExc_ValueError, "hunk_pack: the buffers do not fit the size of a hunk");
    } else if (libraries) {
        PyErr_NoMemory();
    }
    PyBuffer_Release(&chunk), PyBuffer_Release(&codecs), PyBuffer_Release(&levels);
    PyBuffer_Release(&out), PyBuffer_Release(&lengths);
    return used < 0 ? NULL : PyLong_FromSsize_t(used);
}
