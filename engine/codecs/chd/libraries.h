/* What the native kernel calls of zlib, Zstandard, liblzma, libdeflate and xxHash, and what it keeps of them between hunks.

   None of them is part of the kernel: libraries.c looks the functions up in libraries that Python packages have loaded.
   The structures are those of zlib.h (the same since 1.2.0) and lzma/base.h, lzma/filter.h, lzma/lzma12.h (since 5.0). */

#include <stddef.h>
#include <stdint.h>

#define MAX_HUNK_SIZE (1024 * 1024)
#define CODEC_SLOTS 4

enum { NO_CODEC, ZLIB, ZSTD, LZMA, LIBDEFLATE, CODECS, XXH3 = CODECS, LIBRARIES };

typedef struct {
    const uint8_t *next_in;
    unsigned int avail_in;
    unsigned long total_in;
    uint8_t *next_out;
    unsigned int avail_out;
    unsigned long total_out;
    const char *message;
    void *state, *(*allocate)(void *, unsigned int, unsigned int), (*release)(void *, void *), *opaque;
    int data_type;
    unsigned long adler, reserved;
} ZlibStream;

typedef struct {
    const uint8_t *next_in;
    size_t avail_in;
    uint64_t total_in;
    uint8_t *next_out;
    size_t avail_out;
    uint64_t total_out;
    const void *allocator;
    void *internal, *reserved_pointers[4];
    uint64_t seek_position, reserved_integer;
    size_t reserved_sizes[2];
    int reserved_enums[2];
} LzmaStream;

typedef struct {
    uint32_t dictionary_bytes;
    const uint8_t *preset_dictionary;
    uint32_t preset_bytes, lc, lp, pb;
    int mode;
    uint32_t nice_length;
    int match_finder;
    uint32_t depth, reserved_integers[8];
    int reserved_enums[4];
    void *reserved_pointers[2];
} LzmaOptions;

typedef struct {
    uint64_t id;
    void *options;
} LzmaFilter;

/* What one thread works with; each part is made when it is first needed. */
typedef struct HunkState {
    struct HunkState *next;
    ZlibStream inflating, deflating;
    LzmaStream unpacking, packing;
    void *zstd_decoder, *zstd_encoders[2], *libdeflate, *libinflate; /* the second encoder is for the probe */
    int inflates, deflate_level, zstd_levels[2], libdeflate_level;
    uint8_t *scratch[2];
    size_t scratch_hunk; /* the longest hunk whose packings fit the scratch buffers */
} HunkState;

typedef struct {
    uint64_t low, high;
} HunkDigest;

typedef struct {
    int has[LIBRARIES];
    const char *versions[LIBRARIES];
    int (*inflate_init)(ZlibStream *, int, const char *, int);
    int (*inflate_reset)(ZlibStream *);
    int (*inflate)(ZlibStream *, int);
    int (*inflate_end)(ZlibStream *);
    int (*deflate_init)(ZlibStream *, int, int, int, int, int, const char *, int);
    int (*deflate_reset)(ZlibStream *);
    int (*deflate)(ZlibStream *, int);
    int (*deflate_end)(ZlibStream *);
    void *(*zstd_create_decoder)(void);
    size_t (*zstd_free_decoder)(void *);
    size_t (*zstd_decode)(void *, void *, size_t, const void *, size_t);
    unsigned long long (*zstd_content_size)(const void *, size_t);
    void *(*zstd_create_encoder)(void);
    size_t (*zstd_free_encoder)(void *);
    size_t (*zstd_set)(void *, int, int);
    size_t (*zstd_encode)(void *, void *, size_t, const void *, size_t);
    size_t (*zstd_bound)(size_t);
    unsigned (*zstd_is_error)(size_t);
    int (*lzma_decoder)(LzmaStream *, const LzmaFilter *);
    int (*lzma_encoder)(LzmaStream *, const LzmaFilter *);
    unsigned char (*lzma_preset)(LzmaOptions *, uint32_t);
    int (*lzma_code)(LzmaStream *, int);
    void (*lzma_end)(LzmaStream *);
    uint32_t (*lzma_version_number)(void);
    void *(*libdeflate_create)(int);
    void (*libdeflate_free)(void *);
    size_t (*libdeflate_bound)(void *, size_t);
    size_t (*libdeflate_encode)(void *, const void *, size_t, void *, size_t);
    void *(*libinflate_create)(void);
    void (*libinflate_free)(void *);
    int (*libinflate)(void *, const void *, size_t, void *, size_t, size_t *);
    HunkDigest (*xxh3)(const void *, size_t);
    HunkState *states; /* the unused ones, as in kernel.c */
} HunkLibraries;

/* A hunk's place as the map gives it; of a reference, `offset` is the number of the equal hunk. */
typedef struct {
    uint64_t offset;
    uint32_t length;
    uint16_t crc;
    uint8_t kind, unused;
} HunkRow;

typedef struct {
    const uint8_t *stored, *rows, *codecs; /* rows may be anywhere in memory, aligned or not */
    uint8_t *out, *done;                   /* for each hunk of the run, whether it was decoded */
    size_t stored_bytes;
    uint64_t start; /* the place of `stored` in the file */
    size_t hunk_size;
    uint64_t first; /* the number of the first hunk */
    size_t count;
    int has_crcs;
} HunkRun;

/* Decode the hunks that can be decoded here; return their number. */
size_t hunks_decode_run(const HunkLibraries *libraries, HunkState *state, const HunkRun *run);

typedef struct {
    const uint8_t *bytes;
    uint64_t size_bits;
    unsigned length_bits, self_bits; /* widths of a length and a hunk's number, at most 24 and 32 */
    uint32_t hunk_size;
} HunkFields;

typedef struct {
    uint64_t bit, offset, last_self; /* of the next hunk: its field, its first byte, and the last reference before it */
    uint16_t crc;                    /* of the expanded entries so far */
} HunkPosition;

/* Read the places of hunks of these kinds into rows, or pass by them if that is NULL; return 0 if the bits end before,
   or a kind is not one of this file. The caller holds the interpreter's lock. */
int hunks_read_map(const HunkFields *fields, HunkPosition *position, const uint8_t *kinds, size_t count, uint8_t *rows);

typedef struct {
    const uint8_t *chunk, *codecs, *levels;
    uint8_t *out; /* as long as the chunk */
    uint32_t *lengths;
    size_t hunk_size, count;
    uint32_t methods;
    int probe_level; /* of Zstandard; 0 for no probe */
} HunkPacking;

/* Pack all hunks; return the bytes used in `out`, -1 if a library or malloc fails. */
Py_ssize_t hunks_pack_chunk(const HunkLibraries *libraries, HunkState *state, const HunkPacking *work);

typedef struct {
    uint64_t *marks; /* the table of dedup.py */
    uint32_t *numbers;
    size_t slots, room;
    const uint8_t *source;
    uint8_t *packed;
    size_t packed_bytes;
    const uint32_t *lengths;
    size_t hunk_size, count;
    uint32_t first; /* the number of the first hunk */
    unsigned length_bits, self_bits, lead_bits; /* the last: bits before the first field, in the first byte of `fields` */
    uint8_t *kinds, *fields;
    size_t bits; /* of `fields` */
} HunkNotes;

/* Note all hunks, and move those that stay together; return the bytes that stay, -1 for lengths that cannot be. */
Py_ssize_t hunks_note(const HunkLibraries *libraries, HunkNotes *notes);

/* Bytes of a scratch buffer: more than any library asks for. */
static inline size_t hunk_bound(size_t hunk_size) { return hunk_size + hunk_size / 8 + 1024; }

/* Find all functions of a library; return the library's version, or NULL and the name of the first missing function. */
const char *find_hunk_library(HunkLibraries *into, int number, void *library, const char **missing);

/* Called with the interpreter's lock held; take_hunk_state returns NULL without memory. */
HunkLibraries *hunk_libraries_of(PyObject *capsule);
HunkState *take_hunk_state(HunkLibraries *libraries);
void put_hunk_state(HunkLibraries *libraries, HunkState *state);
void drop_hunk_encoders(const HunkLibraries *libraries, HunkState *state);
void free_hunk_states(HunkLibraries *libraries);

/* The raw LZMA of a hunk: lc 3, lp 0, pb 2, and a dictionary of the hunk's size; 0 if the level does not exist. */
int lzma_options_of(const HunkLibraries *libraries, size_t hunk_size, uint32_t level, LzmaOptions *options);

#define LZMA_FILTER_OF(options) {{0x4000000000000001u, (options)}, {UINT64_MAX, NULL}}
#define RAW_DEFLATE (-15)
