/* Replaces data by fewer bytes with the same remainder, by multiplication without carries, for the CRCs of crc16.c and
   crc32.c: first 128 and then 64 bytes at a time, until 16 are left for a table.

   Method: Gopal and others, Fast CRC Computation for Generic Polynomials Using PCLMULQDQ, Intel 2009. */

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) && (defined(__clang__) || __GNUC__ >= 9)
#define HAS_MULTIPLICATION 1
#include <immintrin.h>

#define NARROW 64 /* bytes that the four registers of a loop hold */
#define WIDE 128
#define FOLDED 16 /* bytes that are left */
#define FOR_NARROW __attribute__((target("pclmul,ssse3"))) static inline
#define FOR_WIDE __attribute__((target("avx2,vpclmulqdq"))) static inline

typedef struct {
    int is_made, is_narrow, is_wide; /* what the processor can do */
    uint64_t wide[2], narrow[2], last[2]; /* factors that move the halves of a register on by WIDE, NARROW and 16 bytes */
} Folding;

static int can_fold_narrow(void) { return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("ssse3"); }

static int can_fold_wide(void) {
    return can_fold_narrow() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("vpclmulqdq");
}

/* The bytes of a register; with `highest_first`, for a CRC that takes the highest bit first, in the other order. */
FOR_NARROW __m128i ordered(__m128i data, int highest_first) {
    return highest_first ? _mm_shuffle_epi8(data, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)) : data;
}

FOR_NARROW __m128i loaded(const uint8_t *data, int highest_first) {
    return ordered(_mm_loadu_si128((const __m128i *)data), highest_first);
}

FOR_NARROW __m128i moved(__m128i data, __m128i factors) {
    return _mm_xor_si128(_mm_clmulepi64_si128(data, factors, 0x00), _mm_clmulepi64_si128(data, factors, 0x11));
}

/* Replace the whole NARROW pieces of the data, at least one, by FOLDED bytes; the register before them is `start`. */
FOR_NARROW void fold_narrow(const Folding *folding, const uint8_t *data, size_t size, __m128i start, uint8_t *out,
                            int highest_first) {
    __m128i sums[4], factors = _mm_loadu_si128((const __m128i *)folding->narrow);
    for (int each = 0; each < 4; each++)
        sums[each] = loaded(data + 16 * each, highest_first);
    sums[0] = _mm_xor_si128(sums[0], start);
    for (data += NARROW, size -= NARROW; size >= NARROW; data += NARROW, size -= NARROW)
        for (int each = 0; each < 4; each++)
            sums[each] = _mm_xor_si128(moved(sums[each], factors), loaded(data + 16 * each, highest_first));
    factors = _mm_loadu_si128((const __m128i *)folding->last);
    for (int each = 1; each < 4; each++)
        sums[each] = _mm_xor_si128(sums[each], moved(sums[each - 1], factors));
    _mm_storeu_si128((__m128i *)out, ordered(sums[3], highest_first));
}

FOR_WIDE __m256i ordered_wide(__m256i data, int highest_first) {
    const __m128i order = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return highest_first ? _mm256_shuffle_epi8(data, _mm256_broadcastsi128_si256(order)) : data;
}

FOR_WIDE __m256i loaded_wide(const uint8_t *data, int highest_first) {
    return ordered_wide(_mm256_loadu_si256((const __m256i *)data), highest_first);
}

FOR_WIDE __m256i moved_wide(__m256i data, __m256i factors) {
    return _mm256_xor_si256(_mm256_clmulepi64_epi128(data, factors, 0x00),
                            _mm256_clmulepi64_epi128(data, factors, 0x11));
}

/* Replace the whole WIDE pieces of the data, at least one, by one. */
FOR_WIDE void fold_wide(const Folding *folding, const uint8_t *data, size_t size, __m128i start, uint8_t *out,
                        int highest_first) {
    __m256i sums[4], factors = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)folding->wide));
    for (int each = 0; each < 4; each++)
        sums[each] = loaded_wide(data + 32 * each, highest_first);
    sums[0] = _mm256_xor_si256(sums[0], _mm256_zextsi128_si256(start));
    for (data += WIDE, size -= WIDE; size >= WIDE; data += WIDE, size -= WIDE)
        for (int each = 0; each < 4; each++)
            sums[each] = _mm256_xor_si256(moved_wide(sums[each], factors), loaded_wide(data + 32 * each, highest_first));
    for (int each = 0; each < 4; each++)
        _mm256_storeu_si256((__m256i *)(out + 32 * each), ordered_wide(sums[each], highest_first));
}

#endif
