/* Finds the functions of compression libraries for CHD hunks, and keeps their contexts: libraries.py is the caller. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "../kernel.h"
#include "libraries.h"

#define NAME "engine.codecs._kernel.hunks"
#define LEAST_DICTIONARY 4096

HunkLibraries *hunk_libraries_of(PyObject *capsule) { return PyCapsule_GetPointer(capsule, NAME); }

HunkState *take_hunk_state(HunkLibraries *libraries) {
    HunkState *state = libraries->states;
    if (!state)
        return calloc(1, sizeof *state);
    libraries->states = state->next;
    return state;
}

void put_hunk_state(HunkLibraries *libraries, HunkState *state) {
    state->next = libraries->states;
    libraries->states = state;
}

void drop_hunk_encoders(const HunkLibraries *libraries, HunkState *state) {
    if (state->deflate_level)
        libraries->deflate_end(&state->deflating);
    if (state->libdeflate)
        libraries->libdeflate_free(state->libdeflate);
    for (int each = 0; each < 2; each++) {
        if (state->zstd_encoders[each])
            libraries->zstd_free_encoder(state->zstd_encoders[each]);
        free(state->scratch[each]);
        state->zstd_encoders[each] = state->scratch[each] = NULL;
    }
    state->libdeflate = NULL;
    state->deflate_level = 0, state->scratch_hunk = 0;
}

void free_hunk_states(HunkLibraries *libraries) {
    for (HunkState *state; (state = libraries->states); free(state)) {
        libraries->states = state->next;
        if (state->inflates)
            libraries->inflate_end(&state->inflating);
        drop_hunk_encoders(libraries, state);
        if (libraries->has[ZSTD])
            libraries->zstd_free_decoder(state->zstd_decoder);
        if (state->libinflate)
            libraries->libinflate_free(state->libinflate);
        if (libraries->has[LZMA])
            libraries->lzma_end(&state->unpacking);
    }
}

int lzma_options_of(const HunkLibraries *libraries, size_t hunk_size, uint32_t level, LzmaOptions *options) {
    memset(options, 0, sizeof *options);
    if (libraries->lzma_preset(options, level))
        return 0;
    options->dictionary_bytes = hunk_size < LEAST_DICTIONARY ? LEAST_DICTIONARY : (uint32_t)hunk_size;
    options->lc = 3, options->lp = 0, options->pb = 2;
    return 1;
}

static void free_libraries(PyObject *capsule) {
    HunkLibraries *libraries = hunk_libraries_of(capsule);
    free_hunk_states(libraries);
    free(libraries); /* the libraries stay loaded, because their packages use them too */
}

PyObject *hunk_libraries(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none)) {
    HunkLibraries *libraries = calloc(1, sizeof *libraries);
    if (!libraries)
        return PyErr_NoMemory();
    PyObject *capsule = PyCapsule_New(libraries, NAME, free_libraries);
    if (!capsule)
        free(libraries);
    return capsule;
}

typedef struct {
    void *function; /* the place of its pointer */
    const char *name;
} Wanted;

/* Find all functions; return the name of the first missing one, or NULL. */
static const char *first_missing(void *library, const Wanted *wanted, size_t count) {
    for (size_t each = 0; each < count; each++) {
        void *found = dlsym(library, wanted[each].name);
        if (!found)
            return wanted[each].name;
        memcpy(wanted[each].function, &found, sizeof found);
    }
    return NULL;
}

#define FIRST_MISSING(library, wanted) first_missing(library, wanted, sizeof(wanted) / sizeof *(wanted))

static const char *find_zlib(HunkLibraries *into, void *library, const char *(**version)(void)) {
    const Wanted wanted[] = {
        {version, "zlibVersion"},
        {&into->inflate_init, "inflateInit2_"},
        {&into->inflate_reset, "inflateReset"},
        {&into->inflate, "inflate"},
        {&into->inflate_end, "inflateEnd"},
        {&into->deflate_init, "deflateInit2_"},
        {&into->deflate_reset, "deflateReset"},
        {&into->deflate, "deflate"},
        {&into->deflate_end, "deflateEnd"},
    };
    return FIRST_MISSING(library, wanted);
}

static const char *find_zstd(HunkLibraries *into, void *library, const char *(**version)(void)) {
    const Wanted wanted[] = {
        {version, "ZSTD_versionString"},
        {&into->zstd_create_decoder, "ZSTD_createDCtx"},
        {&into->zstd_free_decoder, "ZSTD_freeDCtx"},
        {&into->zstd_decode, "ZSTD_decompressDCtx"},
        {&into->zstd_content_size, "ZSTD_getFrameContentSize"},
        {&into->zstd_create_encoder, "ZSTD_createCCtx"},
        {&into->zstd_free_encoder, "ZSTD_freeCCtx"},
        {&into->zstd_set, "ZSTD_CCtx_setParameter"},
        {&into->zstd_encode, "ZSTD_compress2"},
        {&into->zstd_bound, "ZSTD_compressBound"},
        {&into->zstd_is_error, "ZSTD_isError"},
    };
    return FIRST_MISSING(library, wanted);
}

static const char *find_lzma(HunkLibraries *into, void *library, const char *(**version)(void)) {
    const Wanted wanted[] = {
        {version, "lzma_version_string"},
        {&into->lzma_decoder, "lzma_raw_decoder"},
        {&into->lzma_encoder, "lzma_raw_encoder"},
        {&into->lzma_preset, "lzma_lzma_preset"},
        {&into->lzma_code, "lzma_code"},
        {&into->lzma_end, "lzma_end"},
        {&into->lzma_version_number, "lzma_version_number"},
    };
    return FIRST_MISSING(library, wanted);
}

static const char *no_version(void) { return ""; }

static const char *find_libdeflate(HunkLibraries *into, void *library, const char *(**version)(void)) {
    const Wanted wanted[] = {
        {&into->libdeflate_create, "libdeflate_alloc_compressor"},
        {&into->libdeflate_free, "libdeflate_free_compressor"},
        {&into->libdeflate_bound, "libdeflate_deflate_compress_bound"},
        {&into->libdeflate_encode, "libdeflate_deflate_compress"},
        {&into->libinflate_create, "libdeflate_alloc_decompressor"},
        {&into->libinflate_free, "libdeflate_free_decompressor"},
        {&into->libinflate, "libdeflate_deflate_decompress"},
    };
    *version = no_version;
    return FIRST_MISSING(library, wanted);
}

static const char *find_xxh3(HunkLibraries *into, void *library, const char *(**version)(void)) {
    const Wanted wanted[] = {{&into->xxh3, "XXH3_128bits"}};
    *version = no_version;
    return FIRST_MISSING(library, wanted);
}

const char *find_hunk_library(HunkLibraries *into, int number, void *library, const char **missing) {
    static const char *(*const finders[LIBRARIES])(HunkLibraries *, void *, const char *(**)(void)) = {
        [ZLIB] = find_zlib, [ZSTD] = find_zstd, [LZMA] = find_lzma, [LIBDEFLATE] = find_libdeflate, [XXH3] = find_xxh3};
    const char *(*version)(void);
    *missing = finders[number](into, library, &version);
    if (*missing)
        return NULL;
    into->has[number] = 1;
    into->versions[number] = version();
    return into->versions[number];
}

PyObject *hunk_bind(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *capsule, *path;
    const char *missing;
    int number;
    if (!PyArg_ParseTuple(arguments, "OiO&:hunk_bind", &capsule, &number, PyUnicode_FSConverter, &path))
        return NULL;
    void *library = dlopen(PyBytes_AsString(path), RTLD_NOW | RTLD_LOCAL);
    Py_DECREF(path);
    HunkLibraries *into = hunk_libraries_of(capsule);
    if (!into)
        return NULL;
    if (number <= NO_CODEC || number >= LIBRARIES || into->has[number])
        return PyErr_Format(PyExc_ValueError, "hunk_bind: library %d is unknown or bound already", number);
    if (!library)
        return PyErr_Format(PyExc_ImportError, "%s", dlerror());
    const char *version = find_hunk_library(into, number, library, &missing);
    if (!version)
        return PyErr_Format(PyExc_ImportError, "%s is not exported", missing);
    return PyUnicode_FromString(version);
}
