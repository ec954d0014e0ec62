/* Coverage-guided fuzzing of the native kernel and of the liblz4 below it: `sanitize.sh` builds and runs it.

   An input is one of these:
   - a run: shift, block size and number of blocks, an entry for each (a length, or any 32 bits), and what is stored; the
     kernel may decode as much of it as it likes, into memory of exactly the size that it was promised;
   - a chunk: it is packed at some level and alignment, must decode to itself, and is decoded once more with one byte and
     one entry damaged;
   - samples: they are encoded as FLAC in blocks of some size, must decode to themselves, and are decoded once more with
     one byte damaged;
   - subframes of FLAC: behind a right head, of some block size and pair of channels, so that all of them are read;
   - frames of a CD, some of them with right sync and ECC: split into streams, and joined again.
   - bytes for a crc32 and a crc16: by each of their loops they are those of single bits, and in two steps those of one;
   - hunks of a CHD, see fuzz_hunks.h.
   Every other input reaches a decoder. */

#include "../../engine/codecs/kernel.c"

#include <lz4.h>
#define LZ4_HC_STATIC_LINKING_ONLY
#include <lz4hc.h>

#define MAX_BLOCKS 16

static Kernel kernel = {
    .version_number = LZ4_versionNumber,
    .bound = LZ4_compressBound,
    .compress_fast = LZ4_compress_default,
    .state_bytes = LZ4_sizeofStateHC,
    .init_state = (void *(*)(void *, size_t))LZ4_initStreamHC,
    .compress_slow = LZ4_compress_HC_extStateHC_fastReset,
    .decompress = LZ4_decompress_safe,
};

static void must(int holds) {
    if (!holds)
        abort();
}

/* Memory of exactly this size, so that one byte beyond it is found. */
static void *exact(size_t size) {
    void *memory = malloc(size ? size : 1);
    must(memory != NULL);
    return memory;
}

static void *copy_of(const void *data, size_t size) {
    void *copy = exact(size);
    memcpy(copy, data, size);
    return copy;
}

#include "fuzz_hunks.h"

static void decode_run(const uint8_t *data, size_t size) {
    int shift = data[0] & 3, raw = data[0] & 4;
    size_t block_size = (size_t)16 << (data[1] % 8), count = 1 + data[2] % MAX_BLOCKS;
    uint32_t position = data[3], entries[MAX_BLOCKS + 1];
    data += 4, size -= 4;
    for (size_t number = 0; number <= count; number++) {
        uint32_t word = 0;
        size_t taken = size < 4 ? size : 4;
        memcpy(&word, data, taken);
        data += taken, size -= taken;
        entries[number] = raw ? word : (position & ~PLAIN_BIT) | (word & PLAIN_BIT);
        position += (uint32_t)(word % (block_size + 9)) >> shift;
    }
    char *stored = copy_of(data, size), *out = exact(count * block_size);
    Py_buffer buffer = {.buf = stored, .len = (Py_ssize_t)size};
    char *table = copy_of(entries, 4 * (count + 1));
    must(decode_blocks(&kernel, &buffer, table, count, shift, block_size, out) <= count);
    free(stored), free(out), free(table);
}

static void pack_chunk(const uint8_t *data, size_t size) {
    size_t block_size = (size_t)16 << (data[1] % 8), count = (size - 4) / block_size;
    int shift = data[0] & 3, level = data[2] % 14, probes = data[3] & 1;
    if (count > MAX_BLOCKS || !count)
        return;
    char *chunk = copy_of(data + 4, count * block_size), *out = exact(count * block_size);
    uint32_t *lengths = exact(4 * count), entries[MAX_BLOCKS + 1] = {0};
    State *state = take_state(&kernel);
    must(state != NULL);
    Packing work = {chunk, count, block_size, (size_t)1 << shift, level, probes, out, count * block_size, lengths,
                    state + 1};
    Py_ssize_t used = pack_blocks(&kernel, &work);
    must(used >= 0 && (size_t)used <= count * block_size);
    state->next = kernel.states;
    kernel.states = state;
    uint32_t position = 0;
    for (size_t number = 0; number < count; number++) {
        entries[number] = position >> shift | (lengths[number] & PLAIN_BIT);
        position += lengths[number] & ~PLAIN_BIT;
    }
    entries[count] = position >> shift;
    must(position == (uint32_t)used);
    char *stored = copy_of(out, (size_t)used), *back = exact(count * block_size);
    Py_buffer buffer = {.buf = stored, .len = used};
    must(decode_blocks(&kernel, &buffer, (char *)entries, count, shift, block_size, back) == count);
    must(memcmp(back, chunk, count * block_size) == 0);
    uint32_t damage = data[3] >> 1 | (uint32_t)data[4] << 7 | (uint32_t)data[5] << 15;
    stored[damage % (uint32_t)used] ^= (char)(1 + damage % 255);
    entries[damage % (count + 1)] ^= damage & 8 ? damage : 0;
    must(decode_blocks(&kernel, &buffer, (char *)entries, count, shift, block_size, back) <= count);
    free(chunk), free(out), free(lengths), free(stored), free(back);
}

static void encode_samples(const uint8_t *data, size_t size) {
    size_t block = 1 + (data[1] | (size_t)data[2] << 8) % (data[3] & 1 ? 4608 : 200);
    data += 4, size -= 4;
    size_t count = size / 4;
    uint8_t *samples = copy_of(data, count * 4), *out = exact(flac_most_bytes(count, block)), *back = exact(count * 4);
    size_t used = flac_encode_alone(samples, count, block, out);
    must(used <= flac_most_bytes(count, block) && (used || !count));
    uint8_t *stored = copy_of(out, used);
    must(flac_decode_into(stored, used, count, back, 0) == (Py_ssize_t)used);
    must(memcmp(back, samples, count * 4) == 0);
    if (used) {
        stored[(data[0] | (size_t)data[1] << 8) % used] ^= (uint8_t)(1 + data[1] % 255);
        must(flac_decode_into(stored, used, count, back, 0) <= (Py_ssize_t)used);
    }
    free(samples), free(out), free(back), free(stored);
}

static void decode_subframes(const uint8_t *data, size_t size) {
    static const uint8_t pairs[] = {1, 8, 9, 10};
    size_t count = 1 + (data[1] | (size_t)data[2] << 8) % 700, head = 7;
    uint8_t *stored = exact(head + 1 + size), *out = exact(count * 4), checksum = 0;
    uint8_t start[7] = {0xFF, 0xF8, 0x79, (uint8_t)(pairs[data[3] & 3] << 4 | 8), 0, (uint8_t)((count - 1) >> 8),
                        (uint8_t)(count - 1)};
    memcpy(stored, start, head);
    for (size_t place = 0; place < head; place++) {
        checksum ^= start[place];
        for (int bit = 0; bit < 8; bit++)
            checksum = (uint8_t)(checksum << 1 ^ (checksum & 0x80 ? 7 : 0));
    }
    stored[head] = checksum;
    memcpy(stored + head + 1, data + 4, size - 4);
    must(flac_decode_into(stored, head + 1 + size - 4, count, out, 0) <= (Py_ssize_t)(head + 1 + size));
    free(stored), free(out);
}

/* Give a frame right sync and ECC. */
static void mark_frame(uint8_t *frame) {
    uint8_t sector[2352], subcode[96], bitmap = 1;
    memcpy(sector, frame, sizeof sector);
    memcpy(subcode, frame + sizeof sector, sizeof subcode);
    frames_join_into(&bitmap, sector, subcode, 1, frame);
}

static void split_frames(const uint8_t *data, size_t size) {
    size_t count = 1 + data[1] % 10;
    uint8_t *frames = exact(count * 2448), *bitmap = exact((count + 7) / 8), *sectors = exact(count * 2352);
    uint8_t *subcode = exact(count * 96), *back = exact(count * 2448);
    sectors_make_tables();
    for (size_t place = 0; place < count * 2448; place++)
        frames[place] = data[4 + place % (size - 4)];
    for (size_t number = 0; number < count; number++) /* some get sync and ECC */
        if (data[2] >> number % 8 & 1)
            mark_frame(frames + number * 2448);
    frames_split_into(frames, count, bitmap, sectors, subcode);
    frames_join_into(bitmap, sectors, subcode, count, back);
    must(memcmp(back, frames, count * 2448) == 0);
    for (size_t number = 0; number < count; number++)
        must(!(data[2] >> number % 8 & 1) || bitmap[number / 8] >> number % 8 & 1);
    free(frames), free(bitmap), free(sectors), free(subcode), free(back);
}

static uint32_t crc32_by_bits(const uint8_t *data, size_t size, uint32_t value) {
    for (value = ~value; size; data++, size--) {
        value ^= *data;
        for (int bit = 0; bit < 8; bit++)
            value = value >> 1 ^ (value & 1 ? 0xEDB88320u : 0);
    }
    return ~value;
}

static uint16_t crc16_by_bits(const uint8_t *data, size_t size, uint16_t value) {
    for (; size; data++, size--) {
        value ^= (uint16_t)(*data << 8);
        for (int bit = 0; bit < 8; bit++)
            value = (uint16_t)(value << 1 ^ (value & 0x8000 ? 0x1021 : 0));
    }
    return value;
}

static void sum_up(const uint8_t *data, size_t size) {
    uint32_t start = data[1] | (uint32_t)data[2] << 24;
    size_t first = (data[3] | (size_t)data[4] << 8) % (size - 4);
    data += 5, size -= 5;
    uint8_t *exactly = copy_of(data, size);
    uint32_t expected = crc32_by_bits(exactly, size, start);
    crc32_is_fast();
    for (int is_wide = 0; is_wide < 2; is_wide++) {
        uint32_t begun = crc32_of(exactly, first, start, is_wide);
        must(crc32_of(exactly, size, start, is_wide) == expected);
        must(crc32_of(exactly + first, size - first, begun, is_wide) == expected);
    }
    uint16_t expected16 = crc16_by_bits(exactly, size, (uint16_t)start);
    chd_crc16_prepare();
    for (Multiplication most = BY_TABLES; most <= BY_WIDE; most++) {
        uint16_t begun = chd_crc16_by(exactly, first, (uint16_t)start, most);
        must(chd_crc16_by(exactly, size, (uint16_t)start, most) == expected16);
        must(chd_crc16_by(exactly + first, size - first, begun, most) == expected16);
    }
    free(exactly);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 8)
        return 0;
    if (data[0] >> 4 == 1)
        encode_samples(data, size);
    else if (data[0] >> 4 == 2)
        decode_subframes(data, size);
    else if (data[0] >> 4 == 3)
        split_frames(data, size);
    else if (data[0] >> 4 == 4)
        sum_up(data, size);
    else if (data[0] >> 4 == 5)
        decode_hunks(data, size);
    else if (data[0] >> 4 == 6)
        pack_hunks(data, size);
    else if (data[0] >> 4 == 7)
        read_map(data, size);
    else if (data[0] >> 4 == 8)
        note_hunks(data, size);
    else if (data[0] & 8)
        pack_chunk(data, size);
    else
        decode_run(data, size);
    return 0;
}
