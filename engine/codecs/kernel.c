/* The native kernel: one call packs a chunk of LZ4 blocks, or decodes a run of them, without the interpreter's lock.

   liblz4 is not part of it: bind looks its functions up in a library that is already loaded (contracts: lz4.h and
   lz4hc.h, the same from 1.9.0 on). blocks.py defines a packed chunk; native.py is the only caller. */

#define Py_LIMITED_API 0x030B0000 /* 3.11: the first with buffers in the limited API */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <dlfcn.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#define NAME "engine.codecs._kernel"
#define PLAIN_BIT 0x80000000u
#define MAX_BLOCK_SIZE (1024 * 1024)
#define MAX_SHIFT 3 /* up to 7 bytes of padding are tried, as in the plain kernel */
#define FAST_LEVEL 1
#define SLOW "LZ4_compress_HC_extStateHC"

/* Each is followed by a state of liblz4. The list contains the unused ones; it is accessed only with the interpreter's
   lock held. There are as many states as threads ever packed at once, and none is lost when a thread ends. */
typedef struct State {
    _Alignas(max_align_t) struct State *next;
} State;

typedef struct {
    int (*version_number)(void);
    int (*bound)(int);
    int (*compress_fast)(const char *, char *, int, int);
    int (*state_bytes)(void);
    void *(*init_state)(void *, size_t);
    int (*compress_slow)(void *, const char *, char *, int, int, int);
    int (*decompress)(const char *, char *, int, int);
    State *states;
} Kernel;

typedef struct {
    const char *chunk;
    size_t blocks, block_size, alignment;
    int level, probes;
    char *out;
    size_t out_bytes;
    uint32_t *lengths;
    void *state; /* of liblz4, for the HC levels */
} Packing;

static size_t align_up(size_t length, size_t alignment) { return (length + alignment - 1) & ~(alignment - 1); }

static int is_zero(const char *block, size_t size) { return !block[0] && memcmp(block, block + 1, size - 1) == 0; }

static int compress(const Kernel *kernel, const Packing *work, const char *block, char *target, int bound) {
    if (work->level <= FAST_LEVEL)
        return kernel->compress_fast(block, target, (int)work->block_size, bound);
    return kernel->compress_slow(work->state, block, target, (int)work->block_size, bound, work->level);
}

/* Pack all blocks; return the bytes used in `out`, -1 if liblz4 or malloc fails. */
static Py_ssize_t pack_blocks(const Kernel *kernel, const Packing *work) {
    size_t size = work->block_size, position = 0, zeros_at = 0, number = 0;
    int bound = kernel->bound((int)size), zeros = 0, was_plain = 0;
    char *scratch = malloc((size_t)bound); /* for the last blocks, when `out` is too short for the bound */
    for (; scratch && number < work->blocks; number++) {
        const char *block = work->chunk + number * size;
        char *place = work->out + position;
        /* Always full size: liblz4 then skips its checks, and a block's bytes do not depend on its position. */
        char *target = work->out_bytes - position >= (size_t)bound ? place : scratch;
        const char *result = target;
        int zero = is_zero(block, size), packed = INT_MAX;
        if (zero && zeros) {
            packed = zeros;
            result = work->out + zeros_at;
        } else if (zero || !was_plain || !work->probes ||
                   align_up((size_t)kernel->compress_fast(block, target, (int)size, bound), work->alignment) < size) {
            packed = compress(kernel, work, block, target, bound);
        }
        if (packed <= 0)
            break;
        if (zero && !zeros) {
            zeros = packed;
            zeros_at = position;
        }
        size_t stored = align_up((size_t)packed, work->alignment);
        was_plain = stored >= size;
        if (was_plain) {
            memcpy(place, block, stored = size);
        } else {
            if (result != place)
                memcpy(place, result, (size_t)packed);
            memset(place + packed, 0, stored - (size_t)packed);
        }
        work->lengths[number] = (uint32_t)stored | (was_plain ? PLAIN_BIT : 0);
        position += stored;
    }
    free(scratch);
    return number == work->blocks ? (Py_ssize_t)position : -1;
}

/* Any buffer may hold entries, aligned or not. */
static uint32_t entry_at(const char *entries, size_t number) {
    uint32_t entry;
    memcpy(&entry, entries + sizeof entry * number, sizeof entry);
    return entry;
}

/* Decode one packed block to exactly `size` bytes, assuming the least padding (docs/formats.md, section 1). */
static int decode_block(const Kernel *kernel, const char *block, int length, int size, int max_padding, char *out) {
    for (int end = length; end > 0 && length - end <= max_padding; end--)
        if (kernel->decompress(block, out, end, size) == size)
            return 1;
    return 0;
}

/* Decode blocks in order until one is not as expected; return the number before it. */
static size_t decode_blocks(const Kernel *kernel, const Py_buffer *stored, const char *entries, size_t count,
                            int shift, size_t size, char *out) {
    uint64_t alignment = (uint64_t)1 << shift, start = 0, end;
    uint32_t entry = entry_at(entries, 0), first = entry & ~PLAIN_BIT, next;
    for (size_t number = 0; number < count; number++, entry = next, start = end, out += size) {
        next = entry_at(entries, number + 1);
        end = ((uint64_t)(next & ~PLAIN_BIT) << shift) - ((uint64_t)first << shift);
        if (end <= start || end > (uint64_t)stored->len || end - start > size + alignment)
            return number; /* an entry below the first one wraps around to far after the end */
        const char *block = (const char *)stored->buf + start;
        if (entry & PLAIN_BIT && end - start >= size)
            memcpy(out, block, size);
        else if (entry & PLAIN_BIT ||
                 !decode_block(kernel, block, (int)(end - start), (int)size, (int)alignment - 1, out))
            return number;
    }
    return count;
}

/* Take a state from the list, or make one; on failure, NULL with an exception set. */
static State *take_state(Kernel *kernel) {
    State *state = kernel->states;
    if (state) {
        kernel->states = state->next;
        return state;
    }
    size_t bytes = (size_t)kernel->state_bytes();
    state = malloc(sizeof(State) + bytes);
    if (state && kernel->init_state(state + 1, bytes))
        return state;
    free(state);
    PyErr_NoMemory();
    return NULL;
}

static PyObject *kernel_pack(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *capsule;
    Py_buffer chunk, out, lengths;
    Py_ssize_t size, alignment, used = -1;
    int level, probes;
    State *state;
    if (!PyArg_ParseTuple(arguments, "Oy*nniiw*w*:pack", &capsule, &chunk, &size, &alignment, &level, &probes,
                          &out, &lengths))
        return NULL;
    Kernel *kernel = PyCapsule_GetPointer(capsule, NAME);
    if (kernel && (size < 1 || size > MAX_BLOCK_SIZE || alignment < 1 || alignment > MAX_BLOCK_SIZE ||
                   alignment & (alignment - 1) || chunk.len % size || out.len < chunk.len ||
                   lengths.len / 4 < chunk.len / size || (chunk.len && (uintptr_t)lengths.buf % 4))) {
        PyErr_SetString(PyExc_ValueError, "pack: the buffers do not fit block size and alignment");
    } else if (kernel && (state = take_state(kernel))) {
        Packing work = {chunk.buf, (size_t)(chunk.len / size), (size_t)size, (size_t)alignment, level, probes, out.buf,
                        (size_t)out.len, lengths.buf, state + 1};
        PyThreadState *thread = PyEval_SaveThread();
        used = pack_blocks(kernel, &work);
        PyEval_RestoreThread(thread);
        state->next = kernel->states;
        kernel->states = state;
        if (used < 0)
            PyErr_SetString(PyExc_RuntimeError, "pack: no memory, or liblz4 packed a block to nothing");
    }
    PyBuffer_Release(&chunk), PyBuffer_Release(&out), PyBuffer_Release(&lengths);
    return used < 0 ? NULL : PyLong_FromSsize_t(used);
}

static PyObject *kernel_decode(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *capsule;
    Py_buffer stored, entries, out;
    Py_ssize_t size, decoded = -1;
    int shift;
    if (!PyArg_ParseTuple(arguments, "Oy*y*niw*:decode", &capsule, &stored, &entries, &size, &shift, &out))
        return NULL;
    Kernel *kernel = PyCapsule_GetPointer(capsule, NAME);
    Py_ssize_t count = entries.len / 4 - 1;
    if (kernel && (size < 1 || size > MAX_BLOCK_SIZE || shift < 0 || shift > MAX_SHIFT || count < 0 ||
                   out.len / size < count)) {
        PyErr_SetString(PyExc_ValueError, "decode: the buffers do not fit block size and shift");
    } else if (kernel) {
        PyThreadState *thread = PyEval_SaveThread();
        decoded = (Py_ssize_t)decode_blocks(kernel, &stored, entries.buf, (size_t)count, shift, (size_t)size, out.buf);
        PyEval_RestoreThread(thread);
    }
    PyBuffer_Release(&stored), PyBuffer_Release(&entries), PyBuffer_Release(&out);
    return decoded < 0 ? NULL : PyLong_FromSsize_t(decoded);
}

static void kernel_free(PyObject *capsule) {
    Kernel *kernel = PyCapsule_GetPointer(capsule, NAME);
    for (State *state; (state = kernel->states); free(state))
        kernel->states = state->next;
    free(kernel); /* the library stays loaded, because the lz4 package uses it too */
}

/* Return a function of the library; the first missing one sets an exception. */
static void *find(void *library, const char *name) {
    void *function = dlsym(library, name);
    if (!function && !PyErr_Occurred())
        PyErr_Format(PyExc_ImportError, "%s is not exported by liblz4", name);
    return function;
}

static PyObject *kernel_bind(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *path;
    int fast_reset;
    if (!PyArg_ParseTuple(arguments, "O&p:bind", PyUnicode_FSConverter, &path, &fast_reset))
        return NULL;
    void *library = dlopen(PyBytes_AsString(path), RTLD_NOW | RTLD_LOCAL);
    Py_DECREF(path);
    if (!library)
        return PyErr_Format(PyExc_ImportError, "%s", dlerror());
    Kernel *kernel = calloc(1, sizeof *kernel);
    if (!kernel)
        return PyErr_NoMemory();
    *(void **)&kernel->version_number = find(library, "LZ4_versionNumber");
    *(void **)&kernel->bound = find(library, "LZ4_compressBound");
    *(void **)&kernel->compress_fast = find(library, "LZ4_compress_default");
    *(void **)&kernel->state_bytes = find(library, "LZ4_sizeofStateHC");
    *(void **)&kernel->init_state = find(library, "LZ4_initStreamHC");
    *(void **)&kernel->compress_slow = find(library, fast_reset ? SLOW "_fastReset" : SLOW);
    *(void **)&kernel->decompress = find(library, "LZ4_decompress_safe");
    PyObject *capsule = PyErr_Occurred() ? NULL : PyCapsule_New(kernel, NAME, kernel_free);
    if (!capsule)
        free(kernel);
    return capsule ? Py_BuildValue("Ni", capsule, kernel->version_number()) : NULL;
}

static PyMethodDef methods[] = {
    {"bind", kernel_bind, METH_VARARGS, "bind(path, fast_reset): the kernel and the version number of its liblz4"},
    {"pack", kernel_pack, METH_VARARGS, "pack(kernel, chunk, block_size, alignment, level, probes, out, lengths)"},
    {"decode", kernel_decode, METH_VARARGS, "decode(kernel, stored, entries, block_size, shift, out): blocks decoded"},
    {"edc", sector_edc, METH_O, "edc(data): the EDC of a CD sector's bytes, 4 bytes"},
    {"ecc", sector_ecc, METH_O, "ecc(protected): the ECC of a CD sector's 2,064 bytes from its header on, 276 bytes"},
    {"split", frames_split, METH_O, "split(frames): bitmap, sectors without sync and ECC, subcode"},
    {"join", frames_join, METH_VARARGS, "join(bitmap, sectors, subcode): frames"},
    {"flac_encode", flac_encode, METH_VARARGS, "flac_encode(samples, block_size): FLAC frames of big-endian stereo"},
    {"flac_decode", flac_decode, METH_VARARGS, "flac_decode(stored, samples): the samples and the bytes used, or None"},
    {"crc16", crc16_one, METH_VARARGS, "crc16(data, start, most=2): binascii.crc_hqx"},
    {"crc16_of_blocks", crc16_of_blocks, METH_VARARGS, "crc16_of_blocks(data, block_size, start, out): one of each"},
    {"crc32", crc32_one, METH_VARARGS, "crc32(data, start=0, is_wide=True): zlib.crc32"},
    {"crc32_pays", crc32_pays, METH_NOARGS, "crc32_pays(): whether this processor has what makes crc32 fast"},
    {"hunk_libraries", hunk_libraries, METH_NOARGS, "hunk_libraries(): no library yet, for hunk_bind"},
    {"hunk_bind", hunk_bind, METH_VARARGS, "hunk_bind(libraries, number, path): the version of the library"},
    {"hunk_decode", hunk_decode, METH_VARARGS,
     "hunk_decode(libraries, stored, start, rows, first, codecs, hunk_size, has_crcs, out, done): hunks decoded"},
    {"hunk_map", hunk_map, METH_VARARGS,
     "hunk_map(fields, bit, kinds, length_bits, self_bits, hunk_size, offset, last_self, has_rows): rows, bit, offset, "
     "last_self and crc16, or None"},
    {"hunk_note", hunk_note, METH_VARARGS,
     "hunk_note(libraries, marks, numbers, room, source, packed, lengths, hunk_size, first, length_bits, self_bits, "
     "lead_bits, kinds, fields): bytes that stay, room and bits"},
    {"hunk_pack", hunk_pack, METH_VARARGS,
     "hunk_pack(libraries, chunk, hunk_size, codecs, levels, probe_level, out, lengths): bytes used"},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_kernel", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__kernel(void) { return PyModuleDef_Init(&definition); }
