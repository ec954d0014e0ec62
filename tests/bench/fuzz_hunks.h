/* The part of fuzz_kernel.c for chunks, runs, maps and notes of CHD hunks, by the system's zlib, Zstandard, liblzma and
   libdeflate.

   These libraries are not instrumented. Their memory therefore ends at a page that nobody may touch. */

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../engine/codecs/chd/libraries.h"

#define MAX_HUNKS 12
#define GUARDED_BYTES (256 * 1024)

static HunkLibraries hunk_codecs;
static int has_libdeflate; /* it is optional, and is left out of every other case */
static size_t (*zstd_pack)(void *, size_t, const void *, size_t, int);
static int (*lzma_pack)(const LzmaFilter *, const void *, const uint8_t *, size_t, uint8_t *, size_t *, size_t);
static int (*zlib_begin)(ZlibStream *, int, int, int, int, int, const char *, int);
static int (*zlib_pack)(ZlibStream *, int);
static int (*zlib_finish)(ZlibStream *);

static void *found(void *library, const char *name) {
    void *function = dlsym(library, name);
    must(function != NULL);
    return function;
}

static void find_hunk_codecs(void) {
    if (hunk_codecs.has[ZLIB])
        return;
    static const char *const names[] = {[ZLIB] = "libz.so.1", [ZSTD] = "libzstd.so.1", [LZMA] = "liblzma.so.5"};
    void *libraries[LZMA + 1];
    const char *missing;
    for (int codec = ZLIB; codec <= LZMA; codec++) {
        libraries[codec] = dlopen(names[codec], RTLD_NOW | RTLD_LOCAL);
        must(libraries[codec] && find_hunk_library(&hunk_codecs, codec, libraries[codec], &missing));
    }
    void *libdeflate = dlopen("libdeflate.so.0", RTLD_NOW | RTLD_LOCAL);
    has_libdeflate = libdeflate && find_hunk_library(&hunk_codecs, LIBDEFLATE, libdeflate, &missing);
    *(void **)&zstd_pack = found(libraries[ZSTD], "ZSTD_compress");
    *(void **)&lzma_pack = found(libraries[LZMA], "lzma_raw_buffer_encode");
    *(void **)&zlib_begin = found(libraries[ZLIB], "deflateInit2_");
    *(void **)&zlib_pack = found(libraries[ZLIB], "deflate");
    *(void **)&zlib_finish = found(libraries[ZLIB], "deflateEnd");
    chd_crc16_prepare();
}

/* Return memory of exactly this size before a page that nobody may touch; `number` chooses one of two. */
static uint8_t *guarded(int number, size_t size) {
    static uint8_t *ends[2];
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (!ends[number]) {
        uint8_t *memory = mmap(NULL, GUARDED_BYTES + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        must(memory != MAP_FAILED && mprotect(memory + GUARDED_BYTES, page, PROT_NONE) == 0);
        ends[number] = memory + GUARDED_BYTES;
    }
    must(size <= GUARDED_BYTES);
    return ends[number] - size;
}

/* Pack a hunk; return the bytes, 0 if they are more than `most`. */
static size_t pack_hunk(int codec, const uint8_t *hunk, size_t size, uint8_t *out, size_t most) {
    size_t used = 0;
    if (codec == ZSTD) {
        used = zstd_pack(out, most, hunk, size, 3);
        return used > most ? 0 : used;
    }
    if (codec == LZMA) {
        LzmaOptions options;
        must(lzma_options_of(&hunk_codecs, size, 1, &options));
        const LzmaFilter filters[] = LZMA_FILTER_OF(&options);
        return lzma_pack(filters, NULL, hunk, size, out, &used, most) == 0 ? used : 0;
    }
    ZlibStream stream = {.next_in = hunk, .avail_in = (unsigned)size, .next_out = out, .avail_out = (unsigned)most};
    must(zlib_begin(&stream, 6, 8, RAW_DEFLATE, 8, 0, hunk_codecs.versions[ZLIB], (int)sizeof stream) == 0);
    int result = zlib_pack(&stream, 4);
    zlib_finish(&stream);
    return result == 1 ? (size_t)stream.total_out : 0;
}

/* Sound hunks must decode to themselves, and damaged ones to anything that their crc16 allows. */
static void decode_hunks(const uint8_t *data, size_t size) {
    static HunkState *state;
    size_t hunk_size = (size_t)64 << (data[1] % 7), count = 1 + data[2] % MAX_HUNKS, used = 0;
    uint64_t first = data[3], start = (uint64_t)data[4] << data[5] % 56;
    uint8_t codecs[CODEC_SLOTS] = {ZLIB, ZSTD, LZMA, NO_CODEC}, done[MAX_HUNKS], is_sound[MAX_HUNKS];
    HunkRow rows[MAX_HUNKS] = {0};
    if (!state)
        find_hunk_codecs(), state = take_hunk_state(&hunk_codecs);
    hunk_codecs.has[LIBDEFLATE] = has_libdeflate && data[4] & 1;
    data += 6, size -= 6;
    uint8_t *hunks = exact(count * hunk_size), *packed = exact(count * hunk_size);
    for (size_t number = 0; number < count; number++) {
        const uint8_t *how = data + number % (size ? size : 1);
        uint8_t choice = size ? (uint8_t)(*how + number) : 0, *hunk = hunks + number * hunk_size;
        for (size_t place = 0; place < hunk_size; place++)
            hunk[place] = size ? data[(place * (1 + choice % 3) + number) % size] : 0;
        size_t length = choice % 5 < 3 ? pack_hunk(1 + choice % 5, hunk, hunk_size, packed + used, hunk_size - 1) : 0;
        rows[number] = (HunkRow){start + used, (uint32_t)length, chd_crc16(hunk, hunk_size, 0xFFFF), choice % 5, 0};
        is_sound[number] = 1;
        if (choice % 5 == 4 && number && choice & 64) {
            size_t origin = choice % number;
            is_sound[number] = is_sound[origin] && rows[origin].kind != 5;
            rows[number] = (HunkRow){first + origin, 0, 0, 5, 0};
            memcpy(hunk, hunks + origin * hunk_size, hunk_size);
        } else if (!length) {
            memcpy(packed + used, hunk, length = hunk_size);
            rows[number].kind = 4, rows[number].length = (uint32_t)length;
        }
        used += rows[number].kind == 5 ? 0 : length;
    }
    uint8_t *stored = guarded(0, used), *out = guarded(1, count * hunk_size);
    memcpy(stored, packed, used);
    HunkRun run = {stored, (uint8_t *)rows, codecs, out, done, used, start, hunk_size, first, count, 1};
    hunks_decode_run(&hunk_codecs, state, &run);
    for (size_t number = 0; number < count; number++)
        must(!is_sound[number] || (done[number] && !memcmp(out + number * hunk_size, hunks + number * hunk_size, hunk_size)));
    for (size_t place = 0; place + 2 < size && place < 12; place += 3) { /* damage; then, without checksums */
        if (used && data[place] & 1)
            stored[(data[place + 1] | (size_t)data[place] << 7) % used] ^= data[place + 2];
        else
            ((uint8_t *)rows)[(data[place + 1] | (size_t)data[place] << 7) % (count * sizeof *rows)] ^= data[place + 2];
    }
    hunks_decode_run(&hunk_codecs, state, &run);
    for (size_t number = 0; number < count; number++)
        must(!done[number] || rows[number].kind == 5 || chd_crc16(out + number * hunk_size, hunk_size, 0xFFFF) == rows[number].crc);
    run.has_crcs = 0;
    hunks_decode_run(&hunk_codecs, state, &run);
    free(hunks), free(packed);
}

/* A packed chunk must decode to itself, and be the same in a used state as in a new one. */
static void pack_hunks(const uint8_t *data, size_t size) {
    static HunkState *used_state;
    size_t hunk_size = (size_t)64 << (data[1] % 7), count = 1 + data[2] % MAX_HUNKS, total = count * hunk_size;
    uint8_t codecs[CODEC_SLOTS] = {0}, levels[CODEC_SLOTS] = {0}, done[MAX_HUNKS];
    uint32_t methods = 0, lengths[2][MAX_HUNKS];
    HunkRow rows[MAX_HUNKS] = {0};
    if (!used_state)
        find_hunk_codecs(), used_state = take_hunk_state(&hunk_codecs);
    for (int codec = ZLIB; codec <= LZMA; codec++)
        if (data[3] >> codec & 1 || (codec == LZMA && !methods))
            codecs[methods] = (uint8_t)codec, levels[methods++] = 1 + data[4] % 9;
    data += 6, size -= 6;
    uint8_t *chunk = guarded(0, total), *packed = exact(total);
    for (size_t place = 0; place < total; place++)
        chunk[place] = size && data[place / hunk_size % size] & 3 ? data[place * (1 + place / hunk_size) % size] : 0;
    Py_ssize_t used[2];
    for (int each = 0; each < 2; each++) {
        HunkState *state = each ? used_state : take_hunk_state(&hunk_codecs);
        HunkPacking work = {chunk, codecs, levels, guarded(1, total), lengths[each], hunk_size, count, methods,
                            levels[0] > 2};
        used[each] = hunks_pack_chunk(&hunk_codecs, state, &work);
        must(used[each] > 0 && (size_t)used[each] <= total);
        must(!each || (used[0] == used[1] && !memcmp(packed, work.out, (size_t)used[0]) &&
                       !memcmp(lengths[0], lengths[1], count * 4)));
        memcpy(packed, work.out, (size_t)used[each]);
        if (!each) {
            put_hunk_state(&hunk_codecs, state);
            free_hunk_states(&hunk_codecs);
        }
    }
    uint64_t position = 0;
    for (size_t number = 0; number < count; number++) {
        uint32_t entry = lengths[0][number];
        uint8_t kind = entry & PLAIN_BIT ? 4 : entry >> 24 & 3;
        rows[number] = (HunkRow){position, entry & 0xFFFFFF, chd_crc16(chunk + number * hunk_size, hunk_size, 0xFFFF),
                                 kind, 0};
        position += entry & 0xFFFFFF;
    }
    must(position == (uint64_t)used[0]);
    HunkRun run = {packed, (uint8_t *)rows, codecs, guarded(1, total), done, (size_t)used[0], 0, hunk_size, 0, count, 1};
    must(hunks_decode_run(&hunk_codecs, used_state, &run) == count && !memcmp(run.out, chunk, total));
    free(packed);
}

/* Stands in for XXH3-128, and finds equal hunks where there are none more often. */
static HunkDigest few_digests(const void *data, size_t size) {
    uint16_t sum = chd_crc16(data, size, 0);
    return (HunkDigest){sum, sum >> 5};
}

/* Packed hunks and the references among them must be those of the map that is read back. */
static void note_hunks(const uint8_t *data, size_t size) {
    static const HunkLibraries libraries = {.xxh3 = few_digests};
    size_t hunk_size = (size_t)16 << (data[1] % 7), count = data[2] % (MAX_HUNKS + 1), total = count * hunk_size;
    size_t slots = (size_t)1 << data[3] % 6, packed_bytes = 0;
    unsigned length_bits = 4 + data[1] % 7 + (data[5] >> 3 & 1), self_bits = 4 + data[3] % 29, lead_bits = data[5] & 7;
    int raw = data[5] & 16;
    chd_crc16_prepare();
    uint8_t *source = exact(total), *kinds = exact(count);
    uint32_t *lengths = exact(4 * count), *numbers = exact(4 * slots);
    uint64_t *marks = exact(8 * slots);
    memset(numbers, 0, 4 * slots), memset(marks, 0, 8 * slots);
    data += 6, size -= 6;
    for (size_t number = 0; number < count; number++) {
        uint8_t choice = size ? data[number % size] : 0;
        memset(source + number * hunk_size, choice & 31, hunk_size);
        lengths[number] = choice & 64 ? PLAIN_BIT | (uint32_t)hunk_size : (choice & 3u) << 24 | (1 + choice % (uint32_t)(hunk_size - 1));
        if (raw)
            memcpy(lengths + number, data + (size > 4 ? number % (size - 3) : 0), size < 4 ? size : 4);
        packed_bytes += lengths[number] & 0xFFFFFF;
    }
    if (raw)
        packed_bytes %= 4096;
    uint8_t *packed = exact(packed_bytes), *stored = exact(packed_bytes);
    for (size_t place = 0; place < packed_bytes; place++)
        packed[place] = stored[place] = (uint8_t)(place ^ place >> 8);
    size_t widest = length_bits + 16 > self_bits ? length_bits + 16 : self_bits, room = slots * 3 / 4;
    size_t field_bytes = (lead_bits + count * widest + 7) / 8;
    uint8_t *fields = exact(field_bytes);
    memset(fields, 0, field_bytes ? field_bytes : 1);
    HunkNotes notes = {marks, numbers, slots, room, source, packed, packed_bytes, lengths, hunk_size, count, 0,
                       length_bits, self_bits, lead_bits, kinds, fields, 0};
    Py_ssize_t kept = hunks_note(&libraries, &notes);
    must(kept >= 0 || raw);
    must(kept <= (Py_ssize_t)packed_bytes && notes.room <= room);
    HunkRow *rows = exact(count * sizeof *rows);
    HunkFields written = {fields, notes.bits, length_bits, self_bits, (uint32_t)hunk_size};
    HunkPosition position = {.bit = lead_bits};
    size_t before = 0, after = 0;
    must(kept < 0 || raw || (hunks_read_map(&written, &position, kinds, count, (uint8_t *)rows) && position.bit == notes.bits &&
                             position.offset == (uint64_t)kept));
    for (size_t number = 0; kept >= 0 && !raw && number < count; number++) {
        size_t length = lengths[number] & 0xFFFFFF;
        if (kinds[number] == 5) {
            must(rows[number].offset < number && kinds[rows[number].offset] != 5);
            must(!memcmp(source + rows[number].offset * hunk_size, source + number * hunk_size, hunk_size));
        } else {
            must(rows[number].length == length && rows[number].crc == chd_crc16(source + number * hunk_size, hunk_size, 0xFFFF));
            must(rows[number].offset == after && !memcmp(packed + after, stored + before, length));
            after += length;
        }
        before += length;
    }
    free(source), free(kinds), free(lengths), free(numbers), free(marks), free(packed), free(stored), free(fields), free(rows);
}

/* Any bits are places or the end of the map; passed by, they lead to the same position. */
static void read_map(const uint8_t *data, size_t size) {
    size_t count = 1 + data[1] % 64, bytes = size - 6;
    HunkFields fields = {copy_of(data + 6, bytes), 8 * (uint64_t)bytes, data[2] % 25, data[3] % 33, 1u << data[4] % 21};
    HunkPosition start = {data[5] % (8 * bytes + 1), (uint64_t)data[5] << data[4] % 57, data[3], 0}, read = start, passed = start;
    uint8_t *kinds = exact(count), *rows = exact(count * sizeof(HunkRow));
    for (size_t number = 0; number < count; number++)
        kinds[number] = data[number % size] % (data[0] & 1 ? 11 : 6);
    chd_crc16_prepare();
    int is_read = hunks_read_map(&fields, &read, kinds, count, rows);
    must(hunks_read_map(&fields, &passed, kinds, count, NULL) == is_read && read.bit <= fields.size_bits);
    must(read.bit == passed.bit && read.offset == passed.offset && read.last_self == passed.last_self);
    free((void *)fields.bytes), free(kinds), free(rows);
}
