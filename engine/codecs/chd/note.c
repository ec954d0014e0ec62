/* Notes a chunk of packed CHD hunks for the map: their kinds and fields, and which of them equal earlier ones.

   notes.py is the reference: the results are the same. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#include "../kernel.h"
#include "libraries.h"

#define PLAIN_BIT 0x80000000u
#define LENGTH_MASK 0xFFFFFFu
#define SLOT_SHIFT 24
#define PLAIN 4
#define SELF 5
#define CRC_BITS 16
#define CRC_START 0xFFFF

typedef struct {
    uint8_t *next;
    uint64_t rest; /* bits of an incomplete byte */
    unsigned rest_bits;
} Bits;

static void put(Bits *bits, uint64_t value, unsigned width) {
    bits->rest = bits->rest << width | value;
    for (bits->rest_bits += width; bits->rest_bits >= 8;)
        *bits->next++ = (uint8_t)(bits->rest >> (bits->rest_bits -= 8));
    bits->rest &= ((uint64_t)1 << bits->rest_bits) - 1;
}

/* Return the slot of an equal hunk, or the free slot where the search ends; `slots` if the table has neither. */
static size_t slot_of(const HunkNotes *notes, HunkDigest digest) {
    size_t slot = (size_t)digest.high & (notes->slots - 1);
    for (size_t tried = 0; tried < notes->slots; tried++, slot = (slot + 1) & (notes->slots - 1))
        if (!notes->numbers[slot] || notes->marks[slot] == digest.low)
            return slot;
    return notes->slots;
}

Py_ssize_t hunks_note(const HunkLibraries *libraries, HunkNotes *notes) {
    size_t position = 0, kept = 0;
    Bits bits = {notes->fields, notes->lead_bits ? notes->fields[0] >> (8 - notes->lead_bits) : 0, notes->lead_bits};
    for (size_t number = 0; number < notes->count; number++) {
        const uint8_t *hunk = notes->source + number * notes->hunk_size;
        uint32_t entry = notes->lengths[number], length = entry & LENGTH_MASK, slot = entry >> SLOT_SHIFT;
        int is_plain = (entry & PLAIN_BIT) != 0;
        if (length > notes->packed_bytes - position ||
            (!is_plain && (slot >= CODEC_SLOTS || (uint64_t)length >> notes->length_bits)))
            return -1;
        HunkDigest digest = libraries->xxh3(hunk, notes->hunk_size);
        size_t place = slot_of(notes, digest);
        if (place < notes->slots && notes->numbers[place]) {
            uint32_t origin = notes->numbers[place] - 1;
            if ((uint64_t)origin >> notes->self_bits)
                return -1;
            notes->kinds[number] = SELF;
            put(&bits, origin, notes->self_bits);
            position += length;
            continue;
        }
        if (place < notes->slots && notes->room) {
            notes->room--;
            notes->marks[place] = digest.low;
            notes->numbers[place] = notes->first + (uint32_t)number + 1;
        }
        notes->kinds[number] = is_plain ? PLAIN : (uint8_t)slot;
        if (!is_plain)
            put(&bits, length, notes->length_bits);
        put(&bits, chd_crc16(hunk, notes->hunk_size, CRC_START), CRC_BITS);
        if (kept != position)
            memmove(notes->packed + kept, notes->packed + position, length);
        position += length, kept += length;
    }
    notes->bits = 8 * (size_t)(bits.next - notes->fields) + bits.rest_bits;
    if (bits.rest_bits)
        *bits.next = (uint8_t)(bits.rest << (8 - bits.rest_bits));
    return (Py_ssize_t)kept;
}

static int do_fit(const HunkNotes *notes, Py_ssize_t size, const Py_buffer *marks, const Py_buffer *numbers,
                  const Py_buffer *source, const Py_buffer *lengths, const Py_buffer *kinds, const Py_buffer *fields) {
    if (size < 1 || size > MAX_HUNK_SIZE || source->len % size || notes->length_bits > 24 || notes->self_bits > 32 ||
        notes->lead_bits > 7 || notes->slots < 1 || notes->slots & (notes->slots - 1))
        return 0;
    size_t count = (size_t)(source->len / size), field = notes->length_bits + CRC_BITS;
    size_t widest = field > notes->self_bits ? field : notes->self_bits;
    return (size_t)marks->len / 8 == notes->slots && (size_t)numbers->len / 4 == notes->slots &&
           (size_t)lengths->len / 4 >= count && (size_t)kinds->len >= count && fields->len >= 1 &&
           (size_t)fields->len >= (notes->lead_bits + count * widest + 7) / 8 && (uintptr_t)marks->buf % 8 == 0 &&
           (uintptr_t)numbers->buf % 4 == 0 && (!count || (uintptr_t)lengths->buf % 4 == 0) &&
           notes->first <= UINT32_MAX - count;
}

PyObject *hunk_note(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *capsule;
    Py_buffer marks, numbers, source, packed, lengths, kinds, fields;
    Py_ssize_t size, room, kept = -1;
    unsigned int first, length_bits, self_bits, lead_bits;
    if (!PyArg_ParseTuple(arguments, "Ow*w*ny*w*y*nIIIIw*w*:hunk_note", &capsule, &marks, &numbers, &room, &source,
                          &packed, &lengths, &size, &first, &length_bits, &self_bits, &lead_bits, &kinds, &fields))
        return NULL;
    HunkLibraries *libraries = hunk_libraries_of(capsule);
    HunkNotes notes = {marks.buf,  numbers.buf, (size_t)marks.len / 8, room > 0 ? (size_t)room : 0,
                       source.buf, packed.buf,  (size_t)packed.len,    lengths.buf,
                       0,          0,           first,                 length_bits,
                       self_bits,  lead_bits,   kinds.buf,             fields.buf, 0};
    int fits = libraries && libraries->has[XXH3] &&
               do_fit(&notes, size, &marks, &numbers, &source, &lengths, &kinds, &fields);
    if (fits) {
        notes.hunk_size = (size_t)size, notes.count = (size_t)(source.len / size);
        chd_crc16_prepare();
        PyThreadState *thread = PyEval_SaveThread();
        kept = hunks_note(libraries, &notes);
        PyEval_RestoreThread(thread);
    }
    if (libraries && kept < 0)
        PyErr_SetString(PyExc_ValueError, "hunk_note: the buffers or the lengths do not fit the size of a hunk");
    PyBuffer_Release(&marks), PyBuffer_Release(&numbers), PyBuffer_Release(&source), PyBuffer_Release(&packed);
    PyBuffer_Release(&lengths), PyBuffer_Release(&kinds), PyBuffer_Release(&fields);
    return kept < 0 ? NULL : Py_BuildValue("nnn", kept, (Py_ssize_t)notes.room, (Py_ssize_t)notes.bits);
}
